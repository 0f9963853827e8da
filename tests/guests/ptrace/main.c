/*
 * ptrace: two vCPUs at one table (PT-16, PT-17, PT-19 with two).
 *
 * What must hold: while one pins and unpins a page as an L1 and the other maps
 * it writable and writes rubbish, no pinned page ever holds an entry that the
 * check would refuse; a change of structure on one vCPU is seen by the next
 * update on the other; a preserving update loses no A or D that the processor
 * sets meanwhile. A broken hypervisor checks, then lets the page be written.
 */
#include <pv/cpu.h>
#include "../common/tables.h"

#define ROUNDS	20000

static uint64_t *page;			/* pinned by one, written by the other */
static uint64_t rubbish;
static volatile bool stop;
static volatile unsigned int writes, refusals;

static void writer(void *arg)
{
	uint64_t *entry = arg;
	volatile uint64_t *via = (uint64_t *)area_va(9);
	uint32_t seed = 1;

	while (!stop) {
		if (pt_write(entry, va_pte(page, PTE_KERN))) {
			refusals++;
			continue;
		}
		seed = seed * 1664525 + 1013904223;
		via[seed >> 23] = rubbish;
		writes++;
		via[seed >> 23] = 0;
		pt_write(entry, 0);
	}
	pt_write(entry, 0);
}

static bool holds_rubbish(void)
{
	const volatile uint64_t *p = page;
	unsigned int i;

	for (i = 0; i < 512; i++)
		if (p[i] & PTE_P)
			return true;
	return false;
}

static void promote_race(void)
{
	unsigned int i, pins = 0, broken = 0;

	page = table_alloc();
	rubbish = mfn_pte(foreign_mfn(1, 2), PTE_KERN);
	stop = false;
	if (cpu_start(1, writer, area_slot(0, 9)))
		error("no second vCPU");
	for (i = 0; i < ROUNDS; i++) {
		if (pin_table(page, 1))
			continue;
		pins++;
		broken += holds_rubbish();
		unpin_table(page);
	}
	stop = true;
	cpu_wait(1);
	note("%u rounds: %u pins, %u writes, %u refusals", ROUNDS, pins,
	     writes, refusals);
	check(pins && writes, "PT-16 both got their turn");
	check(!broken, "PT-16 no pinned table ever held a refused entry");
	table_free(page, "PT-16");
}

static volatile unsigned int turn;
static uint64_t link_b;

static void relinker(void *arg)
{
	pt_write(arg, link_b);
	turn = 1;
}

/* The other vCPU changes the way to an address that this one then updates. */
static void structure_race(void)
{
	uint64_t *slot = area_slot(1, 9), *leaf = page_alloc();
	unsigned long va = AREA + (9ul << 21);
	struct tree a, b;
	uint64_t was;

	tree_build(&a, 1);
	tree_build(&b, 1);
	pt_write(slot, va_pte(a.table[1], PTE_TABLE));
	try_read(va);
	map_va(va, va_pte(a.table[0], PTE_KERN));
	was = a.table[1][0];
	link_b = va_pte(b.table[1], PTE_TABLE);
	turn = 0;
	cpu_start(1, relinker, slot);
	while (!turn)
		cpu_relax();
	check_allowed(map_va(va, va_pte(leaf, PTE_KERN)),
		      "PT-17 a leaf after the other vCPU's change");
	check((b.table[1][0] & PTE_ADDR) == (va_pte(leaf, 0) & PTE_ADDR) &&
	      a.table[1][0] == was, "PT-17 goes to the table in force");
	cpu_wait(1);
	pt_write(slot, 0);
	tree_free(&a, "PT-17");
	tree_free(&b, "PT-17");
	page_free(leaf);
}

static void toucher(void *arg)
{
	volatile uint64_t *via = arg;

	while (!stop)
		*via = 1;
}

/*
 * The other vCPU's stores set D. An update that clears no D by its own will
 * must never leave an entry without the D of a store that came before it.
 */
static void preserve_race(void)
{
	uint64_t *entry = area_slot(0, 11), *target = page_alloc();
	uint64_t maddr = pt_entry_maddr(entry) | MMU_PT_UPDATE_PRESERVE_AD;
	uint64_t flags = PTE_P | PTE_RW | PTE_US;
	unsigned int i, lost = 0, seen = 0;

	map_va(area_va(11), va_pte(target, flags));
	stop = false;
	cpu_start(1, toucher, (void *)area_va(11));
	for (i = 0; i < ROUNDS; i++) {
		bool dirty = *(volatile uint64_t *)entry & PTE_D;

		pt_write_maddr(maddr, va_pte(target, flags |
					     (i & 1 ? PTE_NX : 0)));
		seen += dirty;
		if (dirty && !(*(volatile uint64_t *)entry & PTE_D))
			lost++;
	}
	stop = true;
	cpu_wait(1);
	check(seen && !lost, "PT-19 no D is lost under race");
	map_va(area_va(11), 0);
	page_free(target);
}

void guest_main(void)
{
	mem_extend(512);
	if (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) < 0) {
		skip("there is no second vCPU");
		return;
	}
	promote_race();
	structure_race();
	preserve_race();
}
