/* SPDX-License-Identifier: MIT */
/*
 * mem-set and mem-max. mem-set tells the guest's balloon driver its target in
 * the store, and moves the hypervisor's limit by as much, so that the guest can
 * neither keep nor take what it was not given. mem-max sets the limit alone.
 */
#include "cmds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libhvxs/hvxs.h>
#include "args.h"
#include "hvxl.h"

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

static int put_target(uint32_t domid, uint64_t kib)
{
	char *path = xformat("/local/domain/%u/memory/target", domid);
	char *value = xformat("%lu", kib);
	int rc = store_put(path, value);

	free(path);
	free(value);
	if (rc)
		return fail("mem-set: the store refuses domain %u's target: %s",
			    domid, strerror(errno));
	return 0;
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
		return fail("mem-set: domain %u was given maxmem=%lu MiB at "
			    "its start, which is the most it can have; it needs "
			    "a new start for %s", domid, most / 1024, rest[1]);
	why = target_unwise(domid, kib);
	if (why)
		return fail("mem-set: %s; -f before mem-set does it all the "
			    "same", why);
	limit = info.max_pages * 4 - now + kib;
	/* dom0 without a limit keeps having none. */
	if (info.max_pages < UINT32_MAX / 4 &&
	    hvctl_domain_max_mem(hv(), domid, limit))
		return fail_domain("mem-set: the hypervisor's limit", domid);
	return put_target(domid, kib);
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
	if (hvctl_domain_max_mem(hv(), domid, kib + LIMIT_SLACK_KIB))
		return fail_domain("mem-max", domid);
	return 0;
}
