/* SPDX-License-Identifier: MIT */
/* The caller's grant table and its mappings of others' (grants.h). */
#include "grants.h"

#define TABLE_VA	0xffffff2000000000ul
#define NR_PAGES	64

volatile struct grant_entry_v1 *grants;
unsigned long grant_table_mfn;
static uint64_t *pages[NR_PAGES];

void grants_open(void)
{
	struct gnttab_setup_table s = {
		.dom = DOMID_SELF, .nr_frames = GRANT_FRAMES,
	};
	xen_pfn_t frame[GRANT_FRAMES] = { 0 };
	unsigned long i;

	handle_set(s.frame_list, frame);
	if (HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &s, 1) || s.status)
		error("no grant table: %d", s.status);
	for (i = 0; i < 3; i++)
		pt_build(TABLE_VA + i * 512 * PAGE_SIZE);
	for (i = 0; i < GRANT_FRAMES; i++)
		if (map_va(TABLE_VA + i * PAGE_SIZE, mfn_pte(frame[i],
							     PTE_KERN)))
			error("the grant table can't be mapped");
	grants = (struct grant_entry_v1 *)TABLE_VA;
	grant_table_mfn = frame[0];
}

void grant(unsigned int ref, domid_t to, unsigned long mfn, unsigned int flags)
{
	grants[ref].flags = 0;
	grants[ref].domid = to;
	grants[ref].frame = (uint32_t)mfn;
	asm volatile("" : : : "memory");
	grants[ref].flags = (uint16_t)flags;
}

int map_grant(struct mapping *m)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = m->va, .flags = m->flags, .ref = m->ref,
		.dom = m->dom,
	};
	long rc = HYPERVISOR_grant_table_op(GNTTABOP_map_grant_ref, &op, 1);

	m->handle = op.handle;
	m->bus = op.dev_bus_addr;
	return rc ? (int)rc - 1000 : op.status;
}

int unmap_grant(uint32_t handle, uint64_t va, uint64_t bus)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = va, .dev_bus_addr = bus, .handle = handle,
	};
	long rc = HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1);

	return rc ? (int)rc - 1000 : op.status;
}

/* ---- for peer_call ---- */

uint64_t *my_page(unsigned int i)
{
	if (!pages[i])
		pages[i] = page_alloc();
	return pages[i];
}

long p_open(void *arg)
{
	(void)arg;
	grants_open();
	return 0;
}

long p_grant(void *arg)
{
	struct grant_call *g = arg;

	if (!g->mfn)
		g->mfn = va_to_mfn(my_page(g->page));
	grant(g->ref, g->to, g->mfn, g->flags);
	return (long)g->mfn;
}

long p_entry(void *arg)
{
	return grants[*(unsigned int *)arg].flags;
}

long p_map(void *arg)
{
	return map_grant(arg);
}

long p_unmap(void *arg)
{
	const struct mapping *m = arg;

	return unmap_grant(m->handle, m->va, m->bus);
}

unsigned long grant_page(struct peer *p, unsigned int ref, unsigned int i,
			 domid_t to, unsigned int flags)
{
	struct grant_call g = {
		.ref = ref, .page = i, .to = to, .flags = flags,
	};

	return (unsigned long)peer_do(p, p_grant, &g);
}

void grant_frame(struct peer *p, unsigned int ref, unsigned long mfn,
		 domid_t to, unsigned int flags)
{
	struct grant_call g = {
		.ref = ref, .mfn = mfn, .to = to, .flags = flags,
	};

	peer_do(p, p_grant, &g);
}

void check_none(long bits, const char *what)
{
	if (!check(!bits, "%s", what))
		note("bits %lx", bits);
}
