/*
 * mxdesc: descriptor tables (MX-01 to MX-04).
 *
 * What must hold: LDT and GDT take only page-aligned, readable, own pages
 * within the limits, and nobody can write one in use; a descriptor that could
 * raise privilege is refused or made harmless, so that no selector ever leads
 * to ring 0; a selector past the limit faults in the guest. A broken hypervisor
 * loads a gate that the guest wrote.
 */
#include "../common/tables.h"

#define DATA3	0x00cff3000000ffffull	/* flat data, DPL 3 */
#define CODE3	0x00affb000000ffffull	/* 64-bit code, DPL 3 */
#define DPL(d)	((uint64_t)(d) << 45)
#define TYPE(t)	((uint64_t)(t) << 40)

static long set_ldt(unsigned long base, unsigned int entries)
{
	struct mmuext_op op = { .cmd = MMUEXT_SET_LDT };

	op.arg1.linear_addr = base;
	op.arg2.nr_ents = entries;
	return HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static void load_fs(unsigned int selector)
{
	fault_clear();
	asm volatile(FIX("movw %w0, %%fs") : : "r" (selector) : "memory");
}

static void ldt_arguments(void)
{
	uint64_t *ldt = page_alloc();
	unsigned long va = (unsigned long)ldt;

	ldt[2] = DATA3;
	ldt[3] = DATA3;
	page_set_ro(ldt);
	check_refused(set_ldt(va + 8, 4), NULL, 0, "MX-01 base not aligned");
	check_refused(set_ldt(HV_START, 4), NULL, 0, "MX-01 base reserved");
	check_refused(set_ldt(HV_END - 4096, 4), NULL, 0,
		      "MX-01 base at the range's end");
	check_refused(set_ldt(0x0000800000000000, 4), NULL, 0,
		      "MX-01 base not canonical");
	check_refused(set_ldt(va, 8193), NULL, 0, "MX-01 8193 entries");
	check_refused(set_ldt(va, ~0u), NULL, 0, "MX-01 2^32-1 entries");
	note("no entries at a junk base: %ld", set_ldt(0x123, 0));
	check_allowed(set_ldt(va, 3), "MX-01 three entries");
	load_fs(2 << 3 | 7);
	check(!fault_last()->count, "MX-01 the last selector loads");
	load_fs(3 << 3 | 7);
	check(fault_was(TRAP_GP), "MX-01 the one past the limit faults");
	load_fs(8191 << 3 | 7);
	check(fault_was(TRAP_GP), "MX-01 the last there can be faults");
	load_fs(0);
	check_refused(page_set_rw(ldt), NULL, 0, "MX-04 writing an LDT in use");
	check_allowed(set_ldt(0, 0), "MX-01 none");
	load_fs(2 << 3 | 7);
	check(fault_was(TRAP_GP), "MX-01 then nothing of it loads");
	check_allowed(page_set_rw(ldt), "MX-04 and writing it");
	page_free(ldt);
}

/* A GDT whose entry 2 loads; the check that it is still the one in force. */
static uint64_t *old_gdt;

static void gdt_stays(const char *what)
{
	load_fs(2 << 3 | 3);
	check_quiet(!fault_last()->count, "MX-02 the old GDT stays after %s",
		    what);
	load_fs(0);
}

static void gdt_refused(const unsigned long *frames, unsigned int entries,
			const char *what)
{
	check_refused(HYPERVISOR_set_gdt(frames, entries), NULL, 0, "MX-02 %s", what);
	gdt_stays(what);
}

static void gdt_arguments(void)
{
	unsigned long old, list[16], mfn;
	uint64_t *page = page_alloc(), *table = table_alloc();
	unsigned int i;

	old_gdt = page_alloc();
	old_gdt[2] = DATA3;
	page_set_ro(old_gdt);
	old = va_to_mfn(old_gdt);
	check_allowed(HYPERVISOR_set_gdt(&old, 512), "MX-02 a GDT");
	for (i = 0; i < 16; i++)
		list[i] = old;
	gdt_refused(list, 14 * 512 + 1, "an entry past the guest's part");
	gdt_refused(list, 8192, "8192 entries");
	gdt_refused(list, ~0u, "2^32-1 entries");
	check(hypercall2(__HYPERVISOR_set_gdt, HV_START, 512) < 0,
	      "MX-02 the list in the reserved range");
	gdt_stays("a list out of reach");
	list[0] = foreign_mfn(1, 2);
	gdt_refused(list, 512, "a frame of another");
	list[0] = freed_mfn();
	gdt_refused(list, 512, "a frame given back");
	list[0] = mfn_limit() - 1;
	gdt_refused(list, 512, "a frame past RAM");
	list[0] = va_to_mfn(page);
	gdt_refused(list, 512, "a writable page");
	pin_table(table, 1);
	list[0] = va_to_mfn(table);
	gdt_refused(list, 512, "a page table");
	list[0] = old;
	list[5] = va_to_mfn(page);
	gdt_refused(list, 14 * 512, "a bad frame in the middle");
	for (i = 0; i < 14; i++)
		list[i] = old;
	check_allowed(HYPERVISOR_set_gdt(list, 14 * 512), "MX-02 one frame 14 times");
	load_fs((13 * 512 + 2) << 3 | 3);
	check(!fault_last()->count, "MX-02 and it is there the last time");
	load_fs(0);
	check_refused(page_set_rw(old_gdt), NULL, 0,
		      "MX-04 writing a GDT in use");
	mfn = old;
	check_refused(map_va(area_va(90), mfn_pte(mfn, PTE_KERN)),
		      area_slot(0, 90), 0, "MX-04 another writable mapping");
	check_allowed(HYPERVISOR_set_gdt(NULL, 0), "MX-02 no GDT");
	check_allowed(page_set_rw(old_gdt), "MX-02 then writing it");
	unpin_table(table);
	table_free(table, "MX-02");
	page_free(page);
	page_free(old_gdt);
}

static const struct {
	const char *name;
	uint64_t value;
} descriptors[] = {
	{ "DPL 0 data", DATA3 & ~DPL(3) },
	{ "DPL 0 code", CODE3 & ~DPL(3) },
	{ "DPL 1 code", (CODE3 & ~DPL(3)) | DPL(1) },
	{ "conforming DPL 0 code", (CODE3 & ~DPL(3)) | TYPE(4) },
	{ "code with L and D", CODE3 | 1ull << 54 },
	{ "call gate", 0x0000ec000008ffffull },
	{ "interrupt gate", 0x0000ee000008ffffull },
	{ "trap gate", 0x0000ef000008ffffull },
	{ "task gate", 0x0000e50000080000ull },
	{ "TSS", 0x0000e90000000067ull },
	{ "busy TSS", 0x0000eb0000000067ull },
	{ "LDT", 0x0000e2000000ffffull },
	{ "reserved type 0", 0x0000e0000000ffffull },
	{ "reserved type 8", 0x0000e8000000ffffull },
	{ "reserved type 13", 0x0000ed000000ffffull },
	{ "all ones", ~0ull },
};

/*
 * Not present, a segment of ring 3, or what ring 3 can't use: a system type of
 * DPL 0, or type 0, which no instruction takes.
 */
static bool harmless(uint64_t d)
{
	if (!(d & 1ull << 47))
		return true;
	if (d & 1ull << 44)
		return (d & DPL(3)) == DPL(3);
	return !(d & DPL(3)) || !(d & TYPE(15));
}

/* Far return to @selector, and back by another; gives the cs that it had. */
static unsigned int far_return(unsigned int selector)
{
	unsigned long cs = 0;

	fault_clear();
	asm volatile("leaq 3f(%%rip), %%rax\n\t"
		     "pushq %1\n\t"
		     "leaq 1f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     FIX("lretq")
		     "addq $16, %%rsp\n\t"
		     "jmp 3f\n"
		     "1:\tmovl %%cs, %%eax\n\t"
		     "movq %%rax, %0\n\t"
		     "pushq %2\n\t"
		     "leaq 3f(%%rip), %%rax\n\t"
		     "pushq %%rax\n\t"
		     "lretq\n"
		     "3:"
		     : "+r" (cs)
		     : "r" ((unsigned long)selector),
		       "r" ((unsigned long)FLAT_KERNEL_CS64)
		     : "rax", "memory");
	return (unsigned int)cs;
}

static void judge_entry(const uint64_t *gdt, unsigned int i, const char *name,
			const char *how)
{
	unsigned int rpl, cs;

	check_quiet(harmless(gdt[i]), "MX-03 %s by %s is harmless: %lx", name,
		    how, gdt[i]);
	for (rpl = 0; rpl < 4; rpl += 3) {
		load_fs(i << 3 | rpl);
		cs = far_return(i << 3 | rpl);
		check_quiet(cs == 0 || (cs & 3) == 3,
			    "MX-03 %s by %s: cs %x", name, how, cs);
		load_fs(0);
	}
}

static void by_update(void)
{
	uint64_t *gdt = page_alloc();
	unsigned long mfn = va_to_mfn(gdt);
	unsigned int i;
	long rc;

	page_set_ro(gdt);
	HYPERVISOR_set_gdt(&mfn, 512);
	for (i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++) {
		uint64_t value = descriptors[i].value;

		rc = HYPERVISOR_update_descriptor(mfn * PAGE_SIZE + 64 + i * 8, value);
		note("%s: %ld, %lx becomes %lx", descriptors[i].name, rc,
		     value, gdt[8 + i]);
		check(rc < 0 ? gdt[8 + i] == 0 : harmless(gdt[8 + i]),
		      "MX-03 %s by update_descriptor", descriptors[i].name);
		judge_entry(gdt, 8 + i, descriptors[i].name,
			    "update_descriptor");
	}
	check_refused(HYPERVISOR_update_descriptor(mfn * PAGE_SIZE + 4, DATA3), gdt, 0,
		      "MX-03 a misaligned address");
	check_refused(HYPERVISOR_update_descriptor(va_to_mfn(pt_root()) * PAGE_SIZE,
					   DATA3), pt_root(), pt_root()[0],
		      "MX-03 an address in a page table");
	check_refused(HYPERVISOR_update_descriptor(foreign_mfn(1, 2) * PAGE_SIZE,
					   DATA3), NULL, 0,
		      "MX-03 an address in a frame of another");
	check_refused(HYPERVISOR_update_descriptor((mfn_limit() - 1) * PAGE_SIZE,
					   DATA3), NULL, 0,
		      "MX-03 an address past RAM");
	HYPERVISOR_set_gdt(NULL, 0);
	page_set_rw(gdt);
	page_free(gdt);
}

static void by_page(void)
{
	uint64_t *gdt = page_alloc();
	unsigned long mfn = va_to_mfn(gdt);
	unsigned int i;
	long rc;

	for (i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++) {
		page_set_rw(gdt);
		gdt[8] = descriptors[i].value;
		page_set_ro(gdt);
		rc = HYPERVISOR_set_gdt(&mfn, 512);
		check(rc < 0 || harmless(gdt[8]), "MX-03 %s in a prepared page",
		      descriptors[i].name);
		if (rc)
			continue;
		judge_entry(gdt, 8, descriptors[i].name, "a page");
		HYPERVISOR_set_gdt(NULL, 0);
	}
	page_set_rw(gdt);
	page_free(gdt);
}

static void code_works(void)
{
	uint64_t *gdt = page_alloc();
	unsigned long mfn = va_to_mfn(gdt);

	gdt[8] = CODE3;
	page_set_ro(gdt);
	HYPERVISOR_set_gdt(&mfn, 512);
	check(far_return(8 << 3 | 3) == (8 << 3 | 3),
	      "MX-03 code of DPL 3 can be gone to");
	HYPERVISOR_set_gdt(NULL, 0);
	page_set_rw(gdt);
	page_free(gdt);
}

void guest_main(void)
{
	mem_extend(512);
	area_slot(0, 0);
	ldt_arguments();
	gdt_arguments();
	code_works();
	by_update();
	by_page();
}
