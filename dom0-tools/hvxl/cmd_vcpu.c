/* SPDX-License-Identifier: MIT */
/* vcpu-list and vcpu-set: virtual processors, where they are and how many. */
#include "cmds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <libhvxs/hvxs.h>
#include "args.h"
#include "hvxl.h"
#include "out.h"
#include "rows.h"

struct vcpu_rows {
	struct vcpu_row *list;
	unsigned int count;
};

static void add_vcpu(struct vcpu_rows *to, const struct dom_row *dom,
		     unsigned int vcpu, unsigned int cpus)
{
	uint8_t *hard = xalloc((cpus + 7) / 8, 1);
	uint8_t *soft = xalloc((cpus + 7) / 8, 1);
	struct vcpu_row *row;

	to->list = xrealloc(to->list, to->count + 1, sizeof(*to->list));
	row = &to->list[to->count];
	row->name = dom->name;
	row->domid = dom->info.domain;
	/* A vCPU that went with its domain just now is left out. */
	if (!hvctl_vcpu_info(hv(), row->domid, vcpu, &row->info) &&
	    !hvctl_vcpu_affinity_get(hv(), row->domid, vcpu, hard, soft,
				     cpus)) {
		row->hard = set_text(hard, cpus);
		row->soft = set_text(soft, cpus);
		to->count++;
	}
	free(hard);
	free(soft);
}

static unsigned int cpu_count(void)
{
	struct xen_sysctl_physinfo phys;

	if (hvctl_physinfo(hv(), &phys))
		die("the hypervisor does not tell what the machine has: %s",
		    strerror(errno));
	return phys.max_cpu_id + 1;
}

int cmd_vcpu_list(int argc, char **argv)
{
	struct vcpu_rows vcpus = { NULL, 0 };
	unsigned int i, v, n, cpus;
	struct dom_row *rows;
	char **rest;
	int rc = 0;

	n = args_plain(argc, argv, 0, argc, &rest);
	n = rows_collect(&rows, "vcpu-list", rest, n);
	cpus = cpu_count();
	for (i = 0; i < n; i++)
		for (v = 0; v < rows[i].info.max_vcpu_id + 1; v++)
			add_vcpu(&vcpus, &rows[i], v, cpus);
	if (hvxl.json)
		rc = json_print(stdout, json_vcpus(vcpus.list, vcpus.count));
	else
		table_vcpus(stdout, vcpus.list, vcpus.count);
	for (i = 0; i < vcpus.count; i++) {
		free(vcpus.list[i].hard);
		free(vcpus.list[i].soft);
	}
	free(vcpus.list);
	dom_rows_free(rows, n);
	return rc;
}

/* ---- vcpu-set ---- */

const struct option_def vcpu_set_options[] = {
	{ 'i', "ignore-host", NULL, "More than the machine has is fine, too" },
	{ 0 }
};

/* The guest's own kernel takes processors in and out: it is asked by its store
 * nodes. All of them change at once, or none. */
static int ask_for_vcpus(uint32_t domid, unsigned int wanted, unsigned int max)
{
	struct xs_handle *xs = store();
	bool again, ok;

	do {
		xs_transaction_t t = xs_transaction_start(xs);
		unsigned int i;

		ok = t != XBT_NULL;
		for (i = 0; i < max && ok; i++) {
			char *path = xformat(
				"/local/domain/%u/cpu/%u/availability", domid,
				i);
			const char *value = i < wanted ? "online" : "offline";

			ok = xs_write(xs, t, path, value, strlen(value));
			free(path);
		}
		if (t == XBT_NULL)
			break;
		if (!ok) {
			xs_transaction_end(xs, t, true);
			break;
		}
		ok = xs_transaction_end(xs, t, false);
		again = !ok && errno == EAGAIN;
	} while (again);
	if (!ok)
		return fail("vcpu-set: the store refuses the nodes of domain "
			    "%u: %s", domid, strerror(errno));
	return 0;
}

int cmd_vcpu_set(int argc, char **argv)
{
	struct xen_domctl_getdomaininfo info;
	bool any_number = hvxl.force;
	unsigned long wanted;
	const char *arg;
	uint32_t domid;
	char **rest;
	int c;

	while ((c = args_next(argc, argv, &arg)) >= 0)
		any_number |= c == 'i';
	args_rest(argc, argv, 2, 2, &rest);
	domid = domain_find(rest[0]);
	if (!parse_number(rest[1], 1 << 20, &wanted) || !wanted) {
		tell("Error: Invalid argument.");
		return fail("vcpu-set: %s is no number of processors", rest[1]);
	}
	if (hvctl_domain_info(hv(), domid, &info))
		return fail_domain("vcpu-set", domid);
	if (wanted > info.max_vcpu_id + 1)
		return fail("vcpu-set: domain %u has %u vCPUs, not %lu; give "
			    "it more by maxvcpus= in its configuration", domid,
			    info.max_vcpu_id + 1, wanted);
	if (!any_number && wanted > cpu_count())
		return fail("vcpu-set: the machine has %u processors, %lu are "
			    "too many; --ignore-host does it all the same",
			    cpu_count(), wanted);
	return ask_for_vcpus(domid, wanted, info.max_vcpu_id + 1);
}
