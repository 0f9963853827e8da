/*
 * ptcalls: the arguments of the page-table calls (PT-17, PT-18, PT-21, PT-24).
 *
 * What must hold: an update of an address goes to the table in force, also when
 * the way to it has just changed and nothing was flushed; odd commands, frames
 * and domains are refused, with an exact count of what was done; unpin and the
 * base registers take only what they should. A broken hypervisor writes through
 * a stale walk, drops a pin that isn't there, or loads what is no L4.
 */
#include "../common/tables.h"

#define VA(i)	(AREA + (unsigned long)(i) * 512 * PAGE_SIZE)

/* Two trees below an entry of @level + 1; the entry goes from one to the other
 * while the address is in use. */
static void structure_then_leaf(unsigned int level)
{
	uint64_t *slot = area_slot(level, 9), *page = page_alloc();
	unsigned long va = AREA + (9ul << (12 + 9 * level));
	struct tree a, b;
	uint64_t was;

	tree_build(&a, level);
	tree_build(&b, level);
	a.table[0][0] = 0xaaaa;
	b.table[0][0] = 0xbbbb;
	check_allowed(pt_write(slot, va_pte(a.table[level], PTE_TABLE)),
		      "PT-17 L%u through A", level);
	map_va(va, va_pte(a.table[0], PTE_KERN));
	check(try_read(va) == 0xaaaa, "PT-17 and it is read");
	was = a.table[1][0];
	pt_write(slot, va_pte(b.table[level], PTE_TABLE));
	check_allowed(map_va(va, va_pte(page, PTE_KERN)),
		      "PT-17 a leaf right after L%u goes through B", level);
	check((b.table[1][0] & PTE_ADDR) == (va_pte(page, 0) & PTE_ADDR),
	      "PT-17 is written to B");
	check(a.table[1][0] == was, "PT-17 and not to A");
	page[0] = 0xcccc;
	check(try_read(va) == 0xcccc, "PT-17 and in force");
	pt_write(slot, 0);
	tree_free(&a, "PT-17");
	tree_free(&b, "PT-17");
	page_free(page);
}

static long update_in(uint64_t ptr, uint64_t val, unsigned int *done,
		      unsigned int dom)
{
	struct mmu_update req = { .ptr = ptr, .val = val };

	return HYPERVISOR_mmu_update(&req, 1, done, dom);
}

static void update_commands(void)
{
	uint64_t *slot = area_slot(0, 60), *page = page_alloc();
	uint64_t value = va_pte(page, PTE_KERN_RO);
	unsigned int cmd, done;
	long rc;

	for (cmd = 4; cmd < 8; cmd++) {
		done = 99;
		rc = update_in(pt_entry_maddr(slot) | cmd, value, &done,
			       DOMID_SELF);
		check(rc == -XEN_ENOSYS && !*slot && done == 0,
		      "PT-18 command %u is unknown", cmd);
	}
	page_free(page);
}

static void update_frames(void)
{
	uint64_t *page = page_alloc();
	unsigned long mfn = va_to_mfn(page), other = freed_mfn();
	unsigned int i, sum = 0;

	check_allowed(update_in(mfn * PAGE_SIZE + 80, 0x1234567, NULL,
				DOMID_SELF), "PT-18 a plain writable frame");
	for (i = 0; i < 512; i++)
		sum += page[i] != 0;
	check(page[10] == 0x1234567 && sum == 1, "PT-18 and only that word");
	page_set_ro(page);
	update_in(mfn * PAGE_SIZE + 88, 5, NULL, DOMID_SELF);
	check(page[12] == 0 && page[9] == 0, "PT-18 a read-only one");
	page_set_rw(page);
	check_refused(update_in(other * PAGE_SIZE, 5, NULL, DOMID_SELF), NULL,
		      0, "PT-18 a frame given back");
	check_refused(update_in(foreign_mfn(1, 2) * PAGE_SIZE, 5, NULL,
				DOMID_SELF), NULL, 0, "PT-18 not owned");
	check_refused(update_in((mfn_limit() - 1) * PAGE_SIZE, 5, NULL,
				DOMID_SELF), NULL, 0, "PT-18 past RAM");
	check_refused(update_in(0xfee00000, 5, NULL, DOMID_SELF), NULL, 0,
		      "PT-18 the local APIC");
	check_refused(update_in(~7ul, 5, NULL, DOMID_SELF), NULL, 0,
		      "PT-18 the last frame there can be");
	page_free(page);
}

static void update_domains(void)
{
	uint64_t *slot = area_slot(0, 61), *page = page_alloc();
	uint64_t ptr = pt_entry_maddr(slot), value = va_pte(page, PTE_KERN_RO);

	check(update_in(ptr, value, NULL, 0x7abc) == -XEN_ESRCH && !*slot,
	      "PT-18 a domain that isn't");
	check_refused(update_in(ptr, value, NULL, DOMID_XEN), slot, 0,
		      "PT-18 own frame as the hypervisor's");
	check_refused(update_in(ptr, value, NULL, DOMID_IO), slot, 0,
		      "PT-18 own frame as a device's");
	check_refused(update_in(ptr, value, NULL, DOMID_INVALID), slot, 0,
		      "PT-18 the invalid domain");
	check_refused(update_in(ptr, value, NULL, 0x7abdu << 16 | DOMID_SELF),
		      slot, 0, "PT-18 tables of a domain that isn't");
	check(update_in(ptr, value, NULL, 0) == (*slot ? 0 : -XEN_ESRCH),
	      "PT-18 own id written out: done, or refused as foreign");
	check_allowed(update_in(ptr, value, NULL, 1u << 16 | DOMID_SELF),
		      "PT-18 own id as the tables'");
	map_va(area_va(61), 0);
	page_free(page);
}

static void update_counts(void)
{
	uint64_t *slot = area_slot(0, 64), *page = page_alloc();
	struct mmu_update req[8];
	unsigned int i, bad, done, good;

	for (bad = 0; bad < 8; bad++) {
		for (i = 0; i < 8; i++) {
			req[i].ptr = pt_entry_maddr(slot + i);
			req[i].val = i == bad ? mfn_pte(mfn_limit(), PTE_KERN) :
						va_pte(page, PTE_KERN_RO);
		}
		done = 99;
		check_quiet(HYPERVISOR_mmu_update(req, 8, &done, DOMID_SELF) < 0 &&
			    done == bad, "PT-18 bad at %u: %u done", bad, done);
		for (good = 0, i = 0; i < 8; i++) {
			good += slot[i] != 0;
			pt_write(slot + i, 0);
		}
		check_quiet(good == bad, "PT-18 bad at %u: %u written", bad,
			    good);
	}
	check(true, "PT-18 the count of what was done");
	check(hypercall4(__HYPERVISOR_mmu_update, HV_START, 1, 0, DOMID_SELF) ==
	      -XEN_EFAULT, "PT-18 the list in the reserved range");
	page_free(page);
}

static void unpin_misuse(void)
{
	uint64_t *page = page_alloc(), *table = table_alloc();
	uint64_t *root = page_alloc(), *old = pt_root();
	unsigned int i;

	check_refused(unpin_table(page), NULL, 0, "PT-21 unpin of a page");
	check_refused(unpin_table(table), NULL, 0, "PT-21 never pinned");
	pin_table(table, 1);
	check_allowed(unpin_table(table), "PT-21 pinned");
	check_refused(unpin_table(table), NULL, 0, "PT-21 a second time");
	check_refused(mmuext_mfn(MMUEXT_UNPIN_TABLE, foreign_mfn(1, 3)), NULL,
		      0, "PT-21 a frame of another");
	check_refused(mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn_limit() - 1), NULL, 0,
		      "PT-21 a frame past RAM");
	check_refused(mmuext_mfn(MMUEXT_UNPIN_TABLE, ~0ul), NULL, 0,
		      "PT-21 no frame");

	for (i = 0; i < 512; i++)
		root[i] = i < 256 || i > 271 ? old[i] : 0;
	page_set_ro(root);
	pin_table(root, 4);
	mmuext_mfn(MMUEXT_NEW_BASEPTR, va_to_mfn(root));
	check_allowed(unpin_table(root), "PT-21 the table in CR3");
	check_refused(page_set_rw(root), NULL, 0, "PT-21 writing it still");
	check(read_cr3() == va_to_mfn(root) * PAGE_SIZE, "PT-21 it runs on");
	mmuext_mfn(MMUEXT_NEW_BASEPTR, va_to_mfn(old));
	check_allowed(page_set_rw(root), "PT-21 when out of CR3, writing it");
	table_free(table, "PT-21");
	page_free(root);
	page_free(page);
}

static void bad_base(unsigned int cmd, const char *what)
{
	uint64_t *page = page_alloc();
	unsigned int level;
	struct tree t;

	check_refused(mmuext_mfn(cmd, va_to_mfn(page)), NULL, 0,
		      "PT-24 %s a writable page", what);
	for (level = 1; level < 4; level++) {
		tree_build(&t, level);
		pin_table(t.table[level], level);
		check_refused(mmuext_mfn(cmd, va_to_mfn(t.table[level])), NULL,
			      0, "PT-24 %s an L%u", what, level);
		unpin_table(t.table[level]);
		tree_free(&t, "PT-24");
	}
	check_refused(mmuext_mfn(cmd, freed_mfn()), NULL, 0,
		      "PT-24 %s a frame given back", what);
	check_refused(mmuext_mfn(cmd, foreign_mfn(1, 3)), NULL, 0,
		      "PT-24 %s a frame of another", what);
	check_refused(mmuext_mfn(cmd, mfn_limit() - 1), NULL, 0,
		      "PT-24 %s past RAM", what);
	check_refused(mmuext_mfn(cmd, ~0ul), NULL, 0, "PT-24 %s no frame", what);
	if (cmd == MMUEXT_NEW_BASEPTR)
		check_refused(mmuext_mfn(cmd, 0), NULL, 0, "PT-24 %s 0", what);
	else
		check_allowed(mmuext_mfn(cmd, 0), "PT-24 %s 0", what);
	page_free(page);
}

static void all_checks(void)
{
	unsigned int level;

	for (level = 1; level <= 3; level++)
		structure_then_leaf(level);
	update_commands();
	update_frames();
	update_domains();
	update_counts();
	unpin_misuse();
	bad_base(MMUEXT_NEW_BASEPTR, "base");
	bad_base(MMUEXT_NEW_USER_BASEPTR, "user base");
	skip("PT-24 an L4 without the kernel: the guest would be gone");
}

void guest_main(void)
{
	mem_extend(512);
	all_checks();
	note("the same inside a multicall");
	mem_by_multicall(true);
	all_checks();
}
