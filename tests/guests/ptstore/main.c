/*
 * ptstore: stores straight to a table in use (PT-20).
 *
 * What must hold: a store of a whole entry through a read-only mapping of a
 * live table is emulated with the full check, or faults; a part of an entry, a
 * misaligned one, or more than one at once faults to the guest and writes
 * nothing. At no time is an entry there that the check would refuse. A broken
 * hypervisor emulates a torn store or checks a value that it doesn't write.
 */
#include "../common/tables.h"

static uint64_t *l1;		/* a live L1, mapped read-only */
static uint64_t good, bad, *page;

typedef void (*store_t)(void *at, uint64_t value);

static void store8(void *at, uint64_t value)
{
	asm volatile(FIX("movq %1, (%0)") : : "r" (at), "r" (value) : "memory");
}

static void store4(void *at, uint64_t value)
{
	asm volatile(FIX("movl %k1, (%0)") : : "r" (at), "r" (value) : "memory");
}

static void store2(void *at, uint64_t value)
{
	asm volatile(FIX("movw %w1, (%0)") : : "r" (at), "r" (value) : "memory");
}

static void store1(void *at, uint64_t value)
{
	asm volatile(FIX("movb %b1, (%0)") : : "r" (at), "q" (value) : "memory");
}

static void store_cmpxchg(void *at, uint64_t value)
{
	uint64_t old = *(volatile uint64_t *)at;

	asm volatile(FIX("lock cmpxchgq %1, (%0)") : : "r" (at), "r" (value),
		     "a" (old) : "memory", "cc");
}

static void store_xchg(void *at, uint64_t value)
{
	asm volatile(FIX("xchgq %1, (%0)") : : "r" (at), "r" (value) : "memory");
}

static void store_cmpxchg16(void *at, uint64_t value)
{
	const volatile uint64_t *old = at;

	asm volatile(FIX("lock cmpxchg16b (%4)") : : "a" (old[0]),
		     "d" (old[1]), "b" (value), "c" (value), "r" (at)
		     : "memory", "cc");
}

static void store_stos(void *at, uint64_t value)
{
	unsigned long n = 2;

	asm volatile(FIX("rep stosq") : "+D" (at), "+c" (n) : "a" (value)
		     : "memory");
}

static void store_stosb(void *at, uint64_t value)
{
	unsigned long n = 8;

	asm volatile(FIX("rep stosb") : "+D" (at), "+c" (n) : "a" (value)
		     : "memory");
}

static void store_sse(void *at, uint64_t value)
{
	asm volatile("movq %1, %%xmm0\n\tpunpcklqdq %%xmm0, %%xmm0\n\t"
		     FIX("movups %%xmm0, (%0)")
		     : : "r" (at), "r" (value) : "memory");
}

static void store_or(void *at, uint64_t value)
{
	asm volatile(FIX("lock orq %1, (%0)") : : "r" (at), "r" (value)
		     : "memory", "cc");
}

static const struct form {
	const char *name;
	store_t fn;
	bool whole;		/* stores one or more whole entries */
	unsigned int offset;
} forms[] = {
	{ "8 bytes", store8, true, 0 },
	{ "xchg", store_xchg, true, 0 },
	{ "cmpxchg", store_cmpxchg, true, 0 },
	{ "lock or", store_or, true, 0 },
	{ "rep stosq", store_stos, true, 0 },
	{ "4 bytes", store4, false, 0 },
	{ "2 bytes", store2, false, 0 },
	{ "1 byte", store1, false, 0 },
	{ "rep stosb", store_stosb, false, 0 },
	{ "8 bytes misaligned", store8, false, 4 },
	{ "4 bytes of the upper half", store4, false, 4 },
	{ "cmpxchg16b", store_cmpxchg16, false, 0 },
	{ "16 bytes by SSE", store_sse, false, 0 },
	{ "8 bytes across pages", store8, false, 0xffc },
};

#define NR_FORMS (sizeof(forms) / sizeof(forms[0]))

static void clear(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		pt_write(&l1[i], 0);
	pt_write(&l1[511], 0);
}

/* Every entry there must be one that the check takes: absent, or the page. */
static bool table_sound(void)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		if ((l1[i] & PTE_P) && (l1[i] & PTE_ADDR) != (good & PTE_ADDR))
			return false;
	return true;
}

static bool table_empty(void)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		if (l1[i])
			return false;
	return true;
}

static void whole(const struct form *f)
{
	clear();
	fault_clear();
	f->fn((char *)l1 + f->offset, good);
	if (fault_last()->count)
		check(fault_was(TRAP_PF) && table_empty(),
		      "PT-20 %s, good: emulated or faults", f->name);
	else
		check((l1[0] & PTE_ADDR) == (good & PTE_ADDR) && table_sound(),
		      "PT-20 %s, good: emulated or faults", f->name);
	clear();
	fault_clear();
	f->fn((char *)l1 + f->offset, bad);
	check(fault_was(TRAP_PF) && (fault_last()->error & 3) == 3 &&
	      table_empty(), "PT-20 %s, bad: faults", f->name);
}

static void partial(const struct form *f)
{
	uint64_t value[2] = { good, bad };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		clear();
		fault_clear();
		f->fn((char *)l1 + f->offset, value[i]);
		check(fault_was(TRAP_PF), "PT-20 %s, %s: faults", f->name,
		      i ? "bad" : "good");
		check(table_empty(), "PT-20 %s, %s: writes nothing", f->name,
		      i ? "bad" : "good");
	}
}

void guest_main(void)
{
	unsigned int i;
	struct tree t;

	mem_extend(512);
	HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	HYPERVISOR_fpu_taskswitch(0);
	write_cr4(read_cr4() | 0x600);
	tree_build(&t, 1);
	page = t.table[0];
	l1 = t.table[1];
	good = va_pte(page, PTE_KERN);
	bad = mfn_pte(foreign_mfn(1, 2), PTE_KERN);
	if (pt_write(area_slot(1, 3), va_pte(l1, PTE_TABLE)))
		error("the table isn't taken into use");
	for (i = 0; i < NR_FORMS; i++) {
		if (forms[i].whole)
			whole(&forms[i]);
		else
			partial(&forms[i]);
	}
	clear();
	check_allowed(pt_write(area_slot(1, 3), 0), "PT-20 out of use");
	check_allowed(page_set_rw(page), "PT-20 the page is still ours, writing");
	tree_free(&t, "PT-20");
}
