/*
 * mem: the reservation, and what memory_op does to it.
 *
 * What must hold: frames given back are gone from the domain, frames populated
 * arrive, are the domain's, and are zero; exchange swaps as many as it says;
 * the counts of current and maximum reservation follow. A broken allocator
 * loses frames, hands out one that is still in use, or one with another's data.
 */
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

static long current_pages(void)
{
	domid_t self = DOMID_SELF;

	return HYPERVISOR_memory_op(XENMEM_current_reservation, &self);
}

static void check_limits(void)
{
	domid_t self = DOMID_SELF, nobody = 0x7abc;
	long max, top;

	check(current_pages() == (long)start_info->nr_pages,
	      "current_reservation is nr_pages");
	max = HYPERVISOR_memory_op(XENMEM_maximum_reservation, &self);
	check(max >= current_pages(), "maximum_reservation covers it");
	top = HYPERVISOR_memory_op(XENMEM_maximum_ram_page, NULL);
	check(top > (long)pfn_to_mfn(1), "maximum_ram_page is above our frames");
	check(HYPERVISOR_memory_op(XENMEM_current_reservation, &nobody) == -XEN_ESRCH,
	      "reservation of nobody");
	check(hypercall2(__HYPERVISOR_memory_op, XENMEM_current_reservation,
			 HV_START) == -XEN_EFAULT, "argument out of reach");
}

static void check_map(void)
{
	static struct e820 {
		uint64_t addr, size;
		uint32_t type;
	} __attribute__((packed)) map[64];
	struct xen_memory_map arg = { .nr_entries = 64 };
	struct xen_machphys_mapping m2p;

	handle_set(arg.buffer, map);
	check(!HYPERVISOR_memory_op(XENMEM_machine_memory_map, &arg) &&
	      arg.nr_entries > 1 && map[0].type == 1,
	      "machine_memory_map starts with RAM");
	check(!HYPERVISOR_memory_op(XENMEM_machphys_mapping, &m2p) &&
	      m2p.v_start == HV_START && m2p.max_mfn > 0x100,
	      "machphys_mapping");
}

static struct xen_memory_reservation reservation(xen_pfn_t *list, long n)
{
	struct xen_memory_reservation r = {
		.nr_extents = (xen_ulong_t)n, .domid = DOMID_SELF,
	};

	handle_set(r.extent_start, list);
	return r;
}

static void set_p2m(unsigned long pfn, unsigned long mfn)
{
	((unsigned long *)start_info->mfn_list)[pfn] = mfn;
}

/* Give four pages away and get four back at the same pfns. */
static void check_balloon(void)
{
	struct xen_memory_reservation r;
	xen_pfn_t list[4];
	unsigned long pfn[4], *page[4];
	unsigned int i, dirty = 0;
	long before = current_pages();

	for (i = 0; i < 4; i++) {
		page[i] = page_alloc();
		memset(page[i], 0xa5, PAGE_SIZE);
		pfn[i] = va_to_pfn((unsigned long)page[i]);
		list[i] = pfn_to_mfn(pfn[i]);
		page_set_none(page[i]);
	}
	r = reservation(list, 4);
	check(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) == 4,
	      "decrease_reservation of 4");
	check(current_pages() == before - 4, "the reservation is less by 4");
	check(map_va((unsigned long)page[0], mfn_pte(list[0], PTE_KERN)) < 0,
	      "a frame given back can't be mapped");
	check(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) == 0,
	      "nor given back twice");

	for (i = 0; i < 4; i++)
		list[i] = pfn[i];
	r = reservation(list, 4);
	check(HYPERVISOR_memory_op(XENMEM_populate_physmap, &r) == 4,
	      "populate_physmap of 4");
	check(current_pages() == before, "the reservation is as before");
	for (i = 0; i < 4; i++) {
		unsigned int w;

		check_quiet(mfn_to_pfn(list[i]) == pfn[i],
			    "m2p of the new frame %u", i);
		set_p2m(pfn[i], list[i]);
		check_quiet(!page_set_rw(page[i]), "mapping page %u", i);
		for (w = 0; w < 512; w++)
			dirty += page[i][w] != 0;
		memset(page[i], 0x5a, PAGE_SIZE);
		page_free(page[i]);
	}
	check(!dirty, "new frames arrive zero");
}

static void check_increase(void)
{
	struct xen_memory_reservation r;
	xen_pfn_t mfn[2] = { 0, 0 };
	long before = current_pages(), n;

	r = reservation(mfn, 2);
	n = HYPERVISOR_memory_op(XENMEM_increase_reservation, &r);
	if (n == 0) {
		skip("increase_reservation: the domain is at its maximum");
		return;
	}
	check(n == 2 && mfn[0] && mfn[0] != mfn[1], "increase_reservation of 2");
	check(current_pages() == before + 2, "the reservation is more by 2");
	r = reservation(mfn, 2);
	check(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) == 2,
	      "and back again");
}

static void check_exchange(void)
{
	struct xen_memory_exchange x = { 0 };
	unsigned long *page = page_alloc(), pfn = va_to_pfn((unsigned long)page);
	xen_pfn_t in = pfn_to_mfn(pfn), out = pfn;
	long before = current_pages();

	page[7] = 0x7777;
	page_set_none(page);
	x.in = reservation(&in, 1);
	x.out = reservation(&out, 1);
	x.out.mem_flags = XENMEMF_address_bits(32);
	check(!HYPERVISOR_memory_op(XENMEM_exchange, &x) && x.nr_exchanged == 1,
	      "exchange of one frame");
	check(out != in && out < (1ul << 20), "for one below 4 GiB");
	check(mfn_to_pfn(out) == pfn, "m2p names it");
	check(current_pages() == before, "the reservation is as before");
	set_p2m(pfn, out);
	check(!page_set_rw(page) && page[7] == 0, "it is ours, and zero");
	page_free(page);

	x.nr_exchanged = 2;
	check(HYPERVISOR_memory_op(XENMEM_exchange, &x) == -XEN_EINVAL,
	      "more exchanged than there are");
	x.nr_exchanged = 0;
	x.in.nr_extents = 2;
	check(HYPERVISOR_memory_op(XENMEM_exchange, &x) == -XEN_EINVAL,
	      "sizes that differ");
	x.in.nr_extents = 1;
	handle_set(x.in.extent_start, HV_START);
	check(HYPERVISOR_memory_op(XENMEM_exchange, &x) == -XEN_EFAULT,
	      "a list in the reserved range");
}

static void check_arguments(void)
{
	static const unsigned int orders[] = { 20, 52, 63, 64, ~0u };
	struct xen_memory_reservation r;
	xen_pfn_t list[2] = { 0, 0 };
	long before = current_pages(), rc;
	unsigned int i;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		r = reservation(list, 1);
		r.extent_order = orders[i];
		rc = HYPERVISOR_memory_op(XENMEM_increase_reservation, &r);
		check_quiet(rc <= 0, "increase by order %u: %ld", orders[i], rc);
		r = reservation(list, 1);
		r.extent_order = orders[i];
		rc = HYPERVISOR_memory_op(XENMEM_populate_physmap, &r);
		check_quiet(rc <= 0, "populate order %u: %ld", orders[i], rc);
		r = reservation(list, 1);
		r.extent_order = orders[i];
		rc = HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r);
		check_quiet(rc <= 0, "decrease by order %u: %ld", orders[i], rc);
	}
	r = reservation(list, 0);
	check(HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r) == 0, "no extent");
	r.nr_extents = ~0ul;
	rc = HYPERVISOR_memory_op(XENMEM_decrease_reservation, &r);
	check(rc <= 0, "2^64 - 1 extents");
	check(current_pages() == before, "no order out of range does anything");
}

void guest_main(void)
{
	check_limits();
	check_map();
	check_balloon();
	check_increase();
	check_exchange();
	check_arguments();
}
