/* SPDX-License-Identifier: MIT */
/*
 * Lists of CPUs, as xl has them: all, 3, 0-5, node:1, nodes:0-2, each with ^
 * before it to take away from what came before.
 */
#include <string.h>
#include "cfg.h"
#include "cfg_text.h"

struct range {
	unsigned int first, last;
	bool nodes;
};

static bool parse_range(struct piece p, struct range *r)
{
	const char *dash;
	uint64_t first, last;

	r->nodes = piece_takes(&p, "nodes:") || piece_takes(&p, "node:");
	dash = memchr(p.at, '-', p.len);
	if (dash) {
		struct piece from = { p.at, dash - p.at };
		struct piece to = { dash + 1, p.len - from.len - 1 };

		if (!piece_number(from, GUEST_CPUS_MAX - 1, &first) ||
		    !piece_number(to, GUEST_CPUS_MAX - 1, &last) ||
		    last < first)
			return false;
	} else {
		if (!piece_number(p, GUEST_CPUS_MAX - 1, &first))
			return false;
		last = first;
	}
	r->first = first;
	r->last = last;
	return true;
}

static void drop(struct guest_cpus *set, unsigned int cpu)
{
	if (cpu < set->count)
		set->bits[cpu / 8] &= ~(1u << cpu % 8);
}

static int change(struct guest_cpus *set, unsigned int cpu, bool out,
		  char *why)
{
	if (out)
		drop(set, cpu);
	else if (guest_cpus_add(set, cpu))
		return spec_bad(why, "no memory");
	return 0;
}

static int change_nodes(struct guest_cpus *set, const struct cfg_host *host,
			const struct range *r, bool out, char *why)
{
	bool any = false;

	if (!host || !host->node_of_cpu)
		return spec_bad(why, "expected CPUs: which node they belong "
				"to isn't known here");
	for (unsigned int cpu = 0; cpu < host->cpus; cpu++) {
		uint32_t node = host->node_of_cpu[cpu];

		if (node == ~0u || node < r->first || node > r->last)
			continue;
		any = true;
		if (change(set, cpu, out, why))
			return -1;
	}
	if (!any)
		spec_warn(why, "no CPU belongs to node %u", r->first);
	return 0;
}

static int change_all(struct guest_cpus *set, const struct cfg_host *host,
		      bool out, char *why)
{
	if (!host || !host->cpus)
		return spec_bad(why, "expected CPUs by their numbers: how "
				"many there are isn't known here");
	for (unsigned int cpu = 0; cpu < host->cpus; cpu++)
		if (change(set, cpu, out, why))
			return -1;
	return 0;
}

static int change_range(struct guest_cpus *set, const struct cfg_host *host,
			const struct range *r, bool out, char *why)
{
	for (unsigned int cpu = r->first; cpu <= r->last; cpu++) {
		if (host && host->cpus && cpu >= host->cpus) {
			spec_warn(why, "there is no CPU %u: this machine has "
				  "0 to %u", cpu, host->cpus - 1);
			break;
		}
		if (change(set, cpu, out, why))
			return -1;
	}
	return 0;
}

static bool is_empty(const struct guest_cpus *set)
{
	for (unsigned int cpu = 0; cpu < set->count; cpu++)
		if (guest_cpus_has(set, cpu))
			return false;
	return true;
}

int cfg_parse_cpus(const char *text, const struct cfg_host *host,
		   struct guest_cpus *out, char *why)
{
	struct piece rest = { text, strlen(text) };

	*out = (struct guest_cpus){ NULL, 0 };
	*why = '\0';
	while (rest.at) {
		struct piece p = piece_trim(piece_next(&rest)), item = p;
		bool minus = piece_takes(&p, "^");
		struct range r;
		int rc;

		if (piece_is(p, "all"))
			rc = change_all(out, host, minus, why);
		else if (!parse_range(p, &r))
			rc = spec_bad(why, "expected CPUs like all, 0-3, ^2 or "
				      "node:1, found \"%.*s\"",
				      piece_shown(item), item.at);
		else if (r.nodes)
			rc = change_nodes(out, host, &r, minus, why);
		else
			rc = change_range(out, host, &r, minus, why);
		if (rc)
			return rc;
	}
	if (!is_empty(out))
		return 0;
	if (*why)
		return -1;
	return spec_bad(why, "expected at least one CPU, found \"%.60s\"",
			text);
}
