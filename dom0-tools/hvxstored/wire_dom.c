/* SPDX-License-Identifier: MIT */
#include "wire.h"
#include "dom.h"
#include "state.h"
#include "watch.h"

#include <errno.h>

static bool domid_of(const char *s, unsigned int *domid)
{
	uint64_t v;

	if (!req_number(s, DOMID_FIRST_RESERVED - 1, &v))
		return false;
	*domid = v;
	return true;
}

static bool only_domid(const struct req *r, unsigned int *domid)
{
	const char *v[1];

	return req_strings(r, v, 1) && domid_of(v[0], domid);
}

static void fire_introduced(struct req *r)
{
	watch_fire_special("@introduceDomain", r->domid);
}

/* A fourth string is reserved; frame numbers may come as signed ones. */
int wire_introduce(struct req *r)
{
	const char *v[4];
	uint64_t gfn, port;
	bool was;
	int rc;

	if (!req_strings(r, v, 3) && !req_strings(r, v, 4))
		return EINVAL;
	if (!domid_of(v[0], &r->domid) || !r->domid ||
	    !req_number(v[1] + (*v[1] == '-'), UINT64_MAX, &gfn) ||
	    !req_number(v[2], UINT32_MAX, &port) || !port)
		return EINVAL;
	if (*v[1] == '-')
		gfn = (uint32_t)-gfn;
	was = dom_find(r->domid);
	rc = dom_introduce(r->domid, gfn, port);
	if (rc)
		return rc;
	state_put_introduce(r->domid, gfn, port);
	if (!was)
		r->after = fire_introduced;
	return 0;
}

static void release(struct req *r)
{
	dom_end(r->domid);
	watch_fire_special("@releaseDomain", r->domid);
}

int wire_release(struct req *r)
{
	if (!only_domid(r, &r->domid) || !r->domid)
		return EINVAL;
	if (!dom_find(r->domid))
		return ENOENT;
	state_put_release(r->domid);
	r->after = release;
	return 0;
}

int wire_resume(struct req *r)
{
	struct dom *d;

	if (!only_domid(r, &r->domid) || !r->domid)
		return EINVAL;
	d = dom_find(r->domid);
	if (!d)
		return ENOENT;
	d->shut_down = false;
	state_put_shutdown(r->domid, false);
	return 0;
}

int wire_set_target(struct req *r)
{
	unsigned int target;
	const char *v[2];

	if (!req_strings(r, v, 2) || !domid_of(v[0], &r->domid) ||
	    !domid_of(v[1], &target))
		return EINVAL;
	if (!r->domid || !target)
		return EPERM;
	if (!dom_find(r->domid) || !dom_find(target))
		return ENOENT;
	dom_set_target(r->domid, target);
	state_put_target(r->domid, target);
	return 0;
}

int wire_is_introduced(struct req *r)
{
	if (!only_domid(r, &r->domid))
		return EINVAL;
	req_answer(r, "%c", dom_find(r->domid) ? 'T' : 'F');
	return 0;
}

int wire_domain_path(struct req *r)
{
	if (!only_domid(r, &r->domid))
		return EINVAL;
	req_answer(r, "/local/domain/%u", r->domid);
	return 0;
}
