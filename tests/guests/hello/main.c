/*
 * hello: the first guest that a new core boots.
 *
 * What must hold: the guest enters at its ELF note's address in guest kernel
 * mode with start_info in rsi; the boot mapping covers image, frame list and
 * page tables; console_io writes. A broken domain builder shows as silence, as
 * a wrong magic, or as tables that don't map what start_info says they do.
 */
#include <pv/console.h>
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

static void print_facts(const struct start_info *si)
{
	note("magic %s", si->magic);
	note("nr_pages %lu, flags %x, shared_info %lx", si->nr_pages,
	     si->flags, si->shared_info);
	note("pt_base %lx, nr_pt_frames %lu, mfn_list %lx", si->pt_base,
	     si->nr_pt_frames, si->mfn_list);
	note("mod_start %lx, mod_len %lu, first_p2m_pfn %lx, nr %lu",
	     si->mod_start, si->mod_len, si->first_p2m_pfn,
	     si->nr_p2m_frames);
	note("cmd_line \"%s\"", (const char *)si->cmd_line);
}

/* Each page of the image: its entry, the frame list and the m2p agree. */
static void check_image(void)
{
	extern char _text[], _end[];
	unsigned long va;

	for (va = (unsigned long)_text; va < (unsigned long)_end;
	     va += PAGE_SIZE) {
		unsigned long mfn = pfn_to_mfn(va_to_pfn(va));
		uint64_t *entry = pt_entry(va, 1);

		if (va == (unsigned long)shared_info)
			continue;
		if (!check_quiet(entry && (*entry & PTE_ADDR) ==
				 (uint64_t)mfn * PAGE_SIZE,
				 "entry of %lx names frame %lx", va, mfn))
			return;
		if (!check_quiet(mfn_to_pfn(mfn) == va_to_pfn(va),
				 "m2p of frame %lx is pfn of %lx", mfn, va))
			return;
	}
	check(true, "image mapped as frame list and m2p say");
}

static void check_tables(const struct start_info *si)
{
	unsigned long i, writable = 0;

	for (i = 0; i < si->nr_pt_frames; i++) {
		uint64_t *entry = pt_entry(si->pt_base + i * PAGE_SIZE, 1);

		if (!entry || !(*entry & PTE_P) || (*entry & PTE_RW))
			writable++;
	}
	check(!writable, "boot page tables are mapped read-only");
}

void guest_main(void)
{
	const struct start_info *si = start_info;
	long version = HYPERVISOR_xen_version(XENVER_version, NULL);

	printf("hello from a PV guest\n");
	print_facts(si);
	note("hypervisor version %ld.%ld", version >> 16, version & 0xffff);

	check(!strncmp(si->magic, "xen-3.0-x86_64", 14), "magic");
	check(si->flags & SIF_INITDOMAIN, "started as the initial domain");
	check(version >> 16 == 4, "version 4.x");
	check(si->nr_pages > 1024, "more than 4 MiB of pages");
	check(si->nr_pt_frames >= 4, "four levels of tables at least");
	check_image();
	check_tables(si);
}
