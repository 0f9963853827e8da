/* SPDX-License-Identifier: MIT */
/*
 * Who lives longer, the grant or its user: GT-04, 05, 09; how many uses there
 * can be: GT-13, 14.
 */
#include "grants.h"

static long p_free_page(void *arg)
{
	xen_pfn_t mfn = va_to_mfn(my_page(*(unsigned int *)arg));
	struct xen_memory_reservation r = {
		.nr_extents = 1, .domid = DOMID_SELF,
	};

	page_set_none(my_page(*(unsigned int *)arg));
	handle_set(r.extent_start, &mfn);
	return HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r);
}

static long p_exchange_page(void *arg)
{
	xen_pfn_t in = va_to_mfn(my_page(*(unsigned int *)arg)), out = 5;
	struct xen_memory_exchange e = { 0 };

	page_set_none(my_page(*(unsigned int *)arg));
	e.in.nr_extents = e.out.nr_extents = 1;
	e.in.domid = e.out.domid = DOMID_SELF;
	handle_set(e.in.extent_start, &in);
	handle_set(e.out.extent_start, &out);
	return HYPERVISOR_memory_op(XENMEM_exchange, &e);
}

/* The builder's own mapping of the granter's page i at place 8 and up. */
static struct mapping map_here(struct peer *p, unsigned int ref, unsigned int i,
			       unsigned int flags)
{
	struct mapping m = {
		.dom = p->id, .ref = ref, .flags = flags, .va = map_va_of(i),
	};

	check_quiet(!map_grant(&m), "mapping reference %u", ref);
	return m;
}

static volatile uint64_t *mapped(const struct mapping *m)
{
	return (volatile uint64_t *)m->va;
}

/* GT-04 */
static void check_freed(void)
{
	unsigned int freed = 10, kept = 11;
	unsigned long free_before;
	struct mapping a, b;

	grant_page(&granter, REF, freed, 0, GTF_permit_access);
	grant_page(&granter, REF + 1, kept, 0, GTF_permit_access);
	a = map_here(&granter, REF, 8, RW);
	b = map_here(&granter, REF + 1, 9, RW);
	*mapped(&a) = 0x1234;
	free_before = free_pages_of_machine();
	check(peer_do(&granter, p_exchange_page, &kept) < 0,
	      "GT-04 a mapped page isn't exchanged");
	check(peer_do(&granter, p_free_page, &freed) == 1 &&
	      free_pages_of_machine() == free_before,
	      "GT-04 given back while mapped, it goes to nobody");
	check(*mapped(&a) == 0x1234, "GT-04 its user still has it");
	check(!unmap_grant(a.handle, a.va, 0) &&
	      free_pages_of_machine() == free_before + 1,
	      "GT-04 then it is free");
	check(!unmap_grant(b.handle, b.va, 0) &&
	      free_pages_of_machine() == free_before + 1,
	      "GT-04 the other isn't");
}

/* GT-05 */
static long p_pin_page(void *arg)
{
	unsigned int i = *(unsigned int *)arg, level, done = 0;
	unsigned long mfn = va_to_mfn(my_page(i));

	memset(my_page(i), 0, PAGE_SIZE);
	if (page_set_ro(my_page(i)))
		return -1;
	for (level = 1; level <= 4; level++)
		if (!pin_table(my_page(i), level)) {
			done++;
			unpin_table(my_page(i));
		}
	if (!HYPERVISOR_set_gdt(&mfn, 512))
		done++;
	page_set_rw(my_page(i));
	return done;
}

static long p_pin_l1(void *arg)
{
	bool on = *(bool *)arg;

	if (!on)
		return unpin_table(my_page(13)) ? -1 : page_set_rw(my_page(13));
	memset(my_page(13), 0, PAGE_SIZE);
	return page_set_ro(my_page(13)) ? -1 : pin_table(my_page(13), 1);
}

static void check_types(void)
{
	unsigned int page = 12;
	bool on = true, off = false;
	struct mapping m = {
		.dom = granter.id, .ref = REF, .flags = RW, .va = map_va_of(8),
	};

	grant_page(&granter, REF, page, 0, GTF_permit_access);
	m = map_here(&granter, REF, 8, RW);
	check(peer_do(&granter, p_pin_page, &page) == 0,
	      "GT-05 mapped writable, it can't be a table or a GDT");
	unmap_grant(m.handle, m.va, 0);
	m = map_here(&granter, REF, 8, RO);
	check(peer_do(&granter, p_pin_page, &page) >= 4,
	      "GT-05 mapped read-only, it can");
	unmap_grant(m.handle, m.va, 0);
	grant_page(&granter, REF, 13, 0, GTF_permit_access);
	check(!peer_do(&granter, p_pin_l1, &on), "GT-05 a granted L1");
	m.flags = RW;
	check(map_grant(&m) < 0, "GT-05 isn't mapped writable");
	m = map_here(&granter, REF, 8, RO);
	check(!unmap_grant(m.handle, m.va, 0) &&
	      !peer_do(&granter, p_pin_l1, &off), "GT-05 but read-only");
}

/* GT-13: in the mapper, whose maptrack is small. */
#define MOST	2048
static uint32_t handles[MOST];

static long p_fill_maptrack(void *arg)
{
	struct mapping m = *(struct mapping *)arg;
	unsigned int n = 0;
	int status;

	m.flags = GNTMAP_device_map | GNTMAP_readonly;
	do {
		/* Well below what an entry takes of a kind. */
		m.ref = REF + n / 100;
		status = map_grant(&m);
		if (!status)
			handles[n++] = m.handle;
	} while (!status && n < MOST);
	return status == GNTST_no_space ? (long)n : status;
}

static long p_empty_maptrack(void *arg)
{
	unsigned int n = *(unsigned int *)arg, i, k, bad = 0;

	/* An odd order that touches each once: 7 has no factor in n here. */
	for (i = 0, k = 0; i < n; i++, k = (k + 7) % n) {
		bad += unmap_grant(handles[k], 0, 0) != 0;
		bad += unmap_grant(handles[k], 0,
				   *(uint64_t *)(void *)((char *)arg + 8)) != 0;
	}
	return bad;
}

static void check_maptrack(void)
{
	struct peer_config small = { .maptrack_frames = 1 };
	static struct peer p;
	struct { unsigned int n, pad; uint64_t bus; } undo = { 0 };
	struct mapping m = { .dom = granter.id };
	unsigned long mfn = 0;
	long n, again;
	unsigned int i;

	peer_start(&p, &small);
	peer_call(&p, p_open, NULL, 0);
	for (i = 0; i <= MOST / 100; i++)
		mfn = grant_page(&granter, REF + i, 14, p.id,
				 GTF_permit_access);
	n = peer_do(&p, p_fill_maptrack, &m);
	check(n >= 128 && n < MOST && n % 7, "GT-13 handles end");
	undo.n = n > 0 ? (unsigned int)n : 0;
	undo.bus = mfn * PAGE_SIZE;
	check(!peer_do(&p, p_empty_maptrack, &undo), "GT-13 all undone");
	again = peer_do(&p, p_fill_maptrack, &m);
	check(again == n, "GT-13 and there are as many again");
	check(!peer_destroy(&p), "GT-09 dead with all of them mapped");
}

/* GT-14 */
void check_pins(void)
{
	struct mapping m[2];
	unsigned int i, n = 0, bad = 0, ref = REF;

	grant_page(&granter, REF, 15, 0, GTF_permit_access);
	m[0] = map_here(&granter, REF, 8, RW);
	for (i = 0; i < 300; i++) {
		m[1] = m[0];
		m[1].flags = GNTMAP_device_map;
		if (map_grant(&m[1]))
			break;
		handles[n++] = m[1].handle;
	}
	/* Fields of eight bits; Debian's Xen stops half way. */
	check(n == 255 || n == 128, "GT-14 a grant has so many uses at once");
	for (i = 0; i < n; i++)
		bad += unmap_grant(handles[i], 0, m[0].bus) != 0;
	check(!bad && (peer_do(&granter, p_entry, &ref) & GTF_writing),
	      "GT-14 in use until the last use ends");
	check(!unmap_grant(m[0].handle, m[0].va, 0) &&
	      !(peer_do(&granter, p_entry, &ref) &
		(GTF_reading | GTF_writing)), "GT-14 which is the mapping");
}

/* GT-09, GT-04: the granter goes first. */
static void check_granter_dies(void)
{
	unsigned long before = free_pages_of_machine();
	struct xen_domctl_getdomaininfo info;
	static struct peer p, q;
	struct mapping mine, its = { .ref = REF + 1, .flags = RW };

	peer_start(&p, NULL);
	peer_start(&q, NULL);
	peer_call(&p, p_open, NULL, 0);
	peer_call(&q, p_open, NULL, 0);
	grant_page(&p, REF, 1, 0, GTF_permit_access);
	grant_page(&p, REF + 1, 2, q.id, GTF_permit_access);
	mine = map_here(&p, REF, 8, RW);
	its.dom = p.id;
	its.va = map_va_of(3);
	check(!peer_do(&q, p_map, &its), "GT-09 mapped by a peer, too");
	*mapped(&mine) = 0x5678;
	check(!peer_destroy(&p) && !domain_info(p.id, &info) &&
	      info.tot_pages == 2, "GT-09 dead but for what is mapped");
	check(*mapped(&mine) == 0x5678, "GT-04 which stays readable");
	check(!unmap_grant(mine.handle, mine.va, 0) &&
	      !domain_info(p.id, &info) && info.tot_pages == 1,
	      "GT-09 one use ends");
	check(!peer_destroy(&q), "GT-09 the other's user dies");
	check(!on_hvx() || (domain_info(p.id, &info) == -XEN_ESRCH &&
			    free_pages_of_machine() == before),
	      "GT-09 and nothing is left of either");
}

void check_lives(void)
{
	check_freed();
	check_types();
	check_maptrack();
	check_granter_dies();
}
