/* SPDX-License-Identifier: MIT */
/*
 * peerkill: a domain dies in the middle of its work (PT-25).
 *
 * On two vCPUs it pins and unpins, links and maps, exchanges and frees pages,
 * opens and closes ports, maps its own grants; every third check for something
 * more urgent says yes, so that all long work is left half done again and
 * again, its destruction too. At a random moment it is destroyed, by one call or (on
 * hvx, every other time) by pieces. What must hold: nothing is left of it, each
 * time. A broken hypervisor loses a table half built or a reference taken for its
 * rest.
 *
 * The seed is printed, and given by seed=N on the guest's command line.
 */
#include "../common/churn.h"
#include "../common/peer.h"
#include "../common/tables.h"

#define LIVES	(on_hvx() ? 200u : 10u)
#define TABLE_VA	0xffffff2000000000ul
#define GRANT_VA	0xffffff2000010000ul

/* ---- in the peer ---- */

static struct peer_work {
	uint64_t seed;
	unsigned long foreign;
} work;
static volatile struct grant_entry_v1 *grants;

static void open_grants(void)
{
	struct gnttab_setup_table s = { .dom = DOMID_SELF, .nr_frames = 1 };
	xen_pfn_t frame = 0;
	unsigned int i;

	handle_set(s.frame_list, &frame);
	HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1);
	pt_build(TABLE_VA);
	map_va(TABLE_VA, mfn_pte(frame, PTE_KERN));
	grants = (struct grant_entry_v1 *)TABLE_VA;
	for (i = 16; i < 32; i++) {
		grants[i].domid = peer_self();
		grants[i].frame = (uint32_t)va_to_mfn(page_alloc());
		grants[i].flags = GTF_permit_access;
	}
}

static void use_grant(struct random *r)
{
	struct gnttab_map_grant_ref m = {
		.host_addr = GRANT_VA + pick(r, 16) * PAGE_SIZE,
		.flags = GNTMAP_host_map |
			 (pick(r, 2) ? GNTMAP_readonly : 0),
		.ref = 16 + pick(r, 16), .dom = peer_self(),
	};
	struct gnttab_unmap_grant_ref u = { .host_addr = m.host_addr };

	if (HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &m, 1) ||
	    m.status || pick(r, 4) == 0)
		return;
	u.handle = m.handle;
	HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &u, 1);
}

/* Frames come, go, and are changed for others. */
static void use_memory(struct random *r)
{
	static xen_pfn_t list[2][8];
	xen_pfn_t *mine = list[this_cpu()->id];
	struct xen_memory_reservation res = {
		.nr_extents = 8, .domid = DOMID_SELF,
	};
	struct xen_memory_exchange e = { 0 };

	handle_set(res.extent_start, mine);
	if (HYPERVISOR_memory_op(XENMEM_increase_reservation, &res) != 8)
		return;
	if (pick(r, 2)) {
		e.in = e.out = res;
		HYPERVISOR_memory_op(XENMEM_exchange, &e);
	}
	if (pick(r, 8))
		HYPERVISOR_memory_op(XENMEM_decrease_reservation, &res);
}

static void use_ports(struct random *r)
{
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	long port = event_alloc_unbound(peer_self()), other;

	if (port < 0) {
		HYPERVISOR_event_channel_op(EVTCHNOP_reset, &reset);
		return;
	}
	other = event_bind_interdomain(peer_self(), (unsigned int)port);
	event_send((unsigned int)port);
	if (pick(r, 4) && other > 0)
		event_close((unsigned int)other);
	if (pick(r, 4))
		event_close((unsigned int)port);
}

static void work_for_ever(void *arg)
{
	struct random r = { *(uint64_t *)arg + this_cpu()->id * 2 };

	for (;;) {
		churn(&r, 20);
		use_grant(&r);
		use_memory(&r);
		use_ports(&r);
	}
}

static long p_work(void *arg)
{
	work = *(struct peer_work *)arg;
	mem_init(start_info);
	churn_prepare(work.foreign);
	open_grants();
	cpu_start(1, work_for_ever, &work.seed);
	work_for_ever(&work.seed);
	return 0;
}

/* ---- in the builder ---- */

static uint64_t seed_given(void)
{
	const char *s = (const char *)start_info->cmd_line;
	uint64_t n = 0;

	for (; *s && strncmp(s, "seed=", 5); s++)
		;
	for (s += *s ? 5 : 0; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	return n ? n : 1;
}

static bool nobody(void *arg)
{
	struct xen_domctl_getdomaininfo info;

	return domain_info(*(domid_t *)arg, &info) == -XEN_ESRCH;
}

/* How many ended by themselves, before they were destroyed; pieces of those
 * destroyed by pieces. */
static unsigned int ended, pieces;

static bool destroy(struct peer *p, unsigned int life)
{
	long n;

	if (life % 2 == 0 || !on_hvx())
		return !peer_destroy(p);
	n = peer_destroy_by_pieces(p);
	if (n > 0)
		pieces += (unsigned int)n;
	return n > 0;
}

static uint64_t work_done(domid_t id)
{
	struct xen_domctl_getdomaininfo info;

	if (domain_info(id, &info))
		return 0;
	ended += !!(info.flags & XEN_DOMINF_shutdown);
	return info.cpu_time;
}

/* One life; the time in ns that it had. */
static uint64_t live(struct random *r, unsigned int i)
{
	struct peer_config two = {
		.vcpus = 2, .max_pages = PEER_PAGES + 256,
	};
	struct peer_work w = {
		.seed = (uint64_t)pick(r, 1u << 30) * 2 + 1,
		.foreign = foreign_mfn(1, 2),
	};
	uint64_t until, did;
	static struct peer p;

	peer_start(&p, &two);
	peer_post(&p, p_work, &w, sizeof(w));
	until = time_now() + pick(r, 30) * 1000000ull;
	while (time_now() < until)
		relax();
	did = work_done(p.id);
	check_quiet(destroy(&p, i), "PT-25 life %u: destroy", i);
	check_quiet(wait_until(nobody, &p.id, 2000), "PT-25 life %u: gone", i);
	return did;
}

void guest_main(void)
{
	struct random r = { seed_given() * 2 + 1 };
	unsigned long before = 0, left;
	uint64_t worked = 0;
	unsigned int i;

	note("seed=%lu", (unsigned long)r.state / 2);
	for (i = 0; i < LIVES; i++) {
		worked += live(&r, i);
		left = free_pages_of_machine();
		/* The first brings what the builder needs itself. */
		before = i ? before : left;
		if (on_hvx() && !check_quiet(left == before,
				"PT-25 life %u: %ld pages are lost", i,
				(long)(before - left)))
			break;
	}
	note("%u lives of %lu us each; %u ended by themselves", i,
	     (unsigned long)worked / i / 1000, ended);
	if (on_hvx())
		check(pieces > 2 * LIVES, "PT-25 in %u pieces", pieces);
	/* Some break a rule that costs them their life. */
	check(ended < i, "PT-25 some were at work");
	check(i == LIVES, "PT-25 destroyed in the middle of its work");
}
