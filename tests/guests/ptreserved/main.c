/*
 * ptreserved: the hypervisor's part of the address space (PT-10, PT-11).
 *
 * What must hold: L4 slots 256 to 271 can't be written; what a guest put there
 * before a pin is replaced and never used; every access to the range from
 * guest kernel or user faults to the guest as hardware would have it, apart
 * from reads of the machine-to-physical window. A broken hypervisor lets the
 * guest see or write it, or takes the fault itself.
 */
#include <pv/cpu.h>
#include "../common/tables.h"

#define USER_VA	0x400000ul

static uint64_t try_read8(unsigned long va)
{
	uint8_t value = 0;

	asm volatile(FIX("movb (%1), %0") : "+r" (value) : "r" (va) : "memory");
	return value;
}

static void try_write8(unsigned long va)
{
	asm volatile(FIX("movb $0, (%0)") : : "r" (va) : "memory");
}

static void slots_by_update(void)
{
	uint64_t *root = pt_root(), *l3 = table_alloc();
	uint64_t value[3] = { 0, va_pte(l3, PTE_TABLE), root[288] };
	unsigned int slot, i;

	for (slot = 256; slot <= 271; slot++)
		for (i = 0; i < 3; i++)
			check_refused_quiet(pt_write(&root[slot], value[i]),
					    &root[slot], root[slot],
					    "PT-10 slot %u to %lx", slot,
					    value[i]);
	check(true, "PT-10 slots 256 to 271 by mmu_update");
	table_free(l3, "PT-10");
}

static void slots_by_pin(void)
{
	uint64_t *old = pt_root(), *root = page_alloc(), *l3 = table_alloc();
	uint64_t mine = va_pte(l3, PTE_TABLE);
	unsigned int i, bad = 0;

	for (i = 0; i < 512; i++)
		root[i] = i >= 256 && i <= 271 ? mine : old[i];
	page_set_ro(root);
	check_allowed(pin_table(root, 4), "PT-10 pin with slots filled");
	check(!page_set_rw(l3), "PT-10 what they name is no table");
	check_allowed(mmuext_mfn(MMUEXT_NEW_BASEPTR, va_to_mfn(root)),
		      "PT-10 load it");
	for (i = 256; i <= 271; i++)
		bad += (((volatile uint64_t *)root)[i] & PTE_ADDR) ==
		       (mine & PTE_ADDR);
	check(!bad, "PT-10 no slot has the guest's value");
	fault_clear();
	check(mfn_to_pfn(va_to_mfn(root)) == va_to_pfn((unsigned long)root),
	      "PT-10 the m2p window is still there");
	fault_clear();
	try_read(HV_END - 4096);
	check(fault_was(TRAP_PF), "PT-10 the end of the range isn't ours");
	mmuext_mfn(MMUEXT_NEW_BASEPTR, va_to_mfn(old));
	unpin_table(root);
	table_free(root, "PT-10");
	page_free(l3);
}

/* @error is what must be set of write 2, user 4, fetch 16. */
static void judge(unsigned long va, unsigned int vector, uint64_t got,
		  unsigned long cr2, uint64_t error, const char *how)
{
	check_quiet(vector == TRAP_PF && cr2 == va &&
		    (got & 0x1e) == error, "PT-11 %s %lx: vector %u error %lx cr2 %lx",
		    how, va, vector, got, cr2);
}

static void judge_kernel(unsigned long va, uint64_t error, const char *how)
{
	const struct fault *f = fault_last();

	judge(va, f->count ? f->vector : 0, f->error, f->cr2, error, how);
}

static void from_kernel(unsigned long va, bool readable)
{
	if (!readable) {
		fault_clear();
		check_quiet(try_read8(va) == 0, "PT-11 a value from %lx", va);
		judge_kernel(va, 0, "kernel read");
	}
	fault_clear();
	try_write8(va);
	judge_kernel(va, 2, "kernel write");
	if (readable)
		return;
	fault_clear();
	trap_call(va, 0);
	judge_kernel(va, 0x10, "kernel jump");
}

static uint8_t *code;

static void build_user(void)
{
	uint64_t *table[5];
	unsigned int level;

	code = page_alloc();
	for (level = 1; level <= 4; level++) {
		table[level] = page_alloc();
		table[level][pt_index(USER_VA, level)] = level == 1 ?
			va_pte(code, PTE_KERN_RO) :
			va_pte(table[level - 1], PTE_TABLE);
		page_set_ro(table[level]);
	}
	if (mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, va_to_mfn(table[4])))
		error("the user's table doesn't load");
}

static void user_code(const char *bytes, size_t n, unsigned long va,
		      uint64_t error, const char *how)
{
	const struct regs *r;

	memcpy(code, bytes, n);
	r = user_run(USER_VA, 0, va);
	judge(va, (unsigned int)r->vector, r->error, this_cpu()->user_cr2,
	      error, how);
}

static void from_user(unsigned long va, bool readable)
{
	/* mov (%rdi),%al; mov %al,(%rdi); jmp *%rdi */
	if (!readable)
		user_code("\x8a\x07\x0f\x0b", 4, va, 4, "user read");
	user_code("\x88\x07\x0f\x0b", 4, va, 6, "user write");
	if (!readable)
		user_code("\xff\xe7", 2, va, 0x14, "user jump");
}

static void reserved_range(void)
{
	struct xen_machphys_mapping m2p = { 0 };
	unsigned long va, pace = (HV_END - HV_START) / 64;
	unsigned int i;

	HYPERVISOR_memory_op(XENMEM_machphys_mapping, &m2p);
	for (i = 0; i < 66; i++) {
		bool window;

		va = i < 64 ? HV_START + i * pace + (i * 0x1238) % pace :
		     i == 64 ? HV_END - 1 : HV_START;
		window = va >= m2p.v_start && va < m2p.v_end;
		from_kernel(va, window);
		from_user(va, window);
	}
	check(true, "PT-11 the range from kernel and user");
	fault_clear();
	try_write(HV_START, 1);
	check(fault_was(TRAP_PF) && (fault_last()->error & 2),
	      "PT-11 a write to the m2p window");
}

static void non_canonical(void)
{
	static const unsigned long va[] = {
		0x0000800000000000ul, 0x1000000000000000ul,
		0x7fffffffffffffffl, 0x8000000000000000ul,
		0xffff7ffffffffffful,
	};
	unsigned int i;

	for (i = 0; i < 5; i++) {
		fault_clear();
		try_read8(va[i]);
		check_quiet(fault_was(TRAP_GP) || fault_was(TRAP_PF),
			    "PT-11 read of %lx", va[i]);
		fault_clear();
		try_write8(va[i]);
		check_quiet(fault_was(TRAP_GP) || fault_was(TRAP_PF),
			    "PT-11 write to %lx", va[i]);
	}
	check(true, "PT-11 addresses that aren't canonical");
}

void guest_main(void)
{
	slots_by_update();
	slots_by_pin();
	build_user();
	reserved_range();
	non_canonical();
}
