/* SPDX-License-Identifier: MIT */
/*
 * mem-set and mem-max. mem-set tells the guest's balloon driver its target in
 * the store, and moves the hypervisor's limit by as much, so that the guest can
 * neither keep nor take what it was not given. mem-max sets the limit alone,
 * which is also the largest target.
 */
#include "cmds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libhvxs/hvxs.h>
#include "args.h"
#include "hvxl.h"
#include "out.h"

/* What libxl adds to a domain's limit for what isn't the guest's RAM, KiB. */
#define LIMIT_SLACK_KIB		1024
/* Linux as dom0 does not live with less. */
#define DOM0_LEAST_KIB		(128 * 1024)

static uint64_t store_number(uint64_t none, const char *fmt, uint32_t domid)
{
	char *path = xformat(fmt, domid);
	char *text = store_get("%s", path), *end;
	uint64_t n = none;

	if (text && *text) {
		n = strtoull(text, &end, 10);
		if (*end)
			n = none;
	}
	free(text);
	free(path);
	return n;
}

static uint64_t read_size(const char *text)
{
	uint64_t kib;

	if (parse_size(text, 'm', &kib))
		return kib;
	tell("invalid memory size: %s", text);
	die("a size is a number of MiB, or one with k, m or g behind it");
}

static int put_number(const char *path, uint64_t n)
{
	char *value = xformat("%lu", n);
	int rc = store_put(path, value);

	free(value);
	return rc ? fail("the store refuses %s: %s", path, strerror(errno)) : 0;
}

static int put_memory(uint32_t domid, const char *what, uint64_t kib)
{
	char *path = xformat("/local/domain/%u/memory/%s", domid, what);
	int rc = put_number(path, kib);

	free(path);
	return rc;
}

/* Where libxl notes it, too, in MiB; dom0 has no such node. */
static int put_vm_memory(const xen_domain_handle_t handle, uint64_t kib)
{
	char uuid[37], *path;
	int rc;

	uuid_text(handle, uuid);
	path = xformat("/vm/%s/memory", uuid);
	rc = put_number(path, kib / 1024);
	free(path);
	return rc;
}

/* Why not, or NULL. */
static const char *target_unwise(uint32_t domid, uint64_t kib)
{
	if (hvxl.force)
		return NULL;
	if (!domid && kib < DOM0_LEAST_KIB)
		return "domain 0 would not live with less than 128 MiB";
	return kib ? NULL : "no guest lives with nothing";
}

int cmd_mem_set(int argc, char **argv)
{
	struct xen_domctl_getdomaininfo info;
	uint64_t kib, most, now, limit;
	const char *why;
	uint32_t domid;
	char **rest;

	args_plain(argc, argv, 2, 2, &rest);
	domid = domain_find(rest[0]);
	kib = read_size(rest[1]);
	if (hvctl_domain_info(hv(), domid, &info))
		return fail_domain("mem-set", domid);
	store();
	most = store_number(UINT64_MAX, "/local/domain/%u/memory/static-max",
			    domid);
	now = store_number(info.tot_pages * 4, "/local/domain/%u/memory/target",
			   domid);
	if (kib > most)
		return fail("mem-set: domain %u may have %lu MiB at most; "
			    "`%s mem-max %u %s` allows it, if its kernel was "
			    "started for as much", domid, most / 1024,
			    hvxl.prog, domid, rest[1]);
	why = target_unwise(domid, kib);
	if (why)
		return fail("mem-set: %s; -f before mem-set does it all the "
			    "same", why);
	limit = info.max_pages * 4 - now + kib;
	/* dom0 without a limit keeps having none. */
	if (info.max_pages < UINT32_MAX / 4 &&
	    hvctl_domain_max_mem(hv(), domid, limit))
		return fail_domain("mem-set: the hypervisor's limit", domid);
	if (put_memory(domid, "target", kib))
		return 1;
	return domid ? put_vm_memory(info.handle, kib) : 0;
}

int cmd_mem_max(int argc, char **argv)
{
	uint64_t kib, target;
	uint32_t domid;
	char **rest;

	args_plain(argc, argv, 2, 2, &rest);
	domid = domain_find(rest[0]);
	kib = read_size(rest[1]);
	target = store_number(0, "/local/domain/%u/memory/target", domid);
	if (kib < target)
		return fail("mem-max: domain %u was promised %lu MiB; take "
			    "them back first: %s mem-set %u %s", domid,
			    target / 1024, hvxl.prog, domid, rest[1]);
	store();
	if (hvctl_domain_max_mem(hv(), domid, kib + LIMIT_SLACK_KIB))
		return fail_domain("mem-max", domid);
	return put_memory(domid, "static-max", kib);
}
