/*
 * ptshape: tables linked in ways no kernel would (PT-12, PT-13, PT-14).
 *
 * What must hold: a table linked from its own level is refused, or is one step
 * and read-only, so that nothing recurses on a guest's chain; a count that
 * many links push up comes down again; a tree with one bad entry, wherever it
 * is, is refused and everything taken on the way is given back. A broken
 * hypervisor overflows its stack or a count, or leaves pages stuck as tables.
 */
#include "../common/tables.h"

#define CHAIN	100

static const uint64_t peer_ro = PTE_P | PTE_US | PTE_A;

static void self_link(unsigned int level)
{
	uint64_t *table = table_alloc();
	long rc;

	check_allowed(pin_table(table, level), "PT-12 an empty L%u", level);
	check_refused(pt_write(&table[3], va_pte(table, PTE_TABLE)), &table[3],
		      0, "PT-12 L%u to itself, writable", level);
	rc = pt_write(&table[3], va_pte(table, peer_ro));
	note("L%u to itself, read-only: %ld", level, rc);
	check_quiet(rc == 0 || !table[3], "PT-12 L%u to itself", level);
	pt_write(&table[3], 0);
	unpin_table(table);
	table_free(table, "PT-12 self");
}

/* Links from each table of a row to the next, from the front or the end. */
static void chain(unsigned int level, bool backwards)
{
	static uint64_t *row[CHAIN];
	unsigned int i, at, links = 0, pairs = 0;

	for (i = 0; i < CHAIN; i++) {
		row[i] = table_alloc();
		if (pin_table(row[i], level))
			error("an empty table doesn't pin");
	}
	for (i = 0; i + 1 < CHAIN; i++) {
		at = backwards ? CHAIN - 2 - i : i;
		check_refused_quiet(pt_write(&row[at][3], va_pte(row[at + 1],
								 PTE_TABLE)),
				    &row[at][3], 0, "PT-12 L%u %u, writable",
				    level, at);
		if (pt_write(&row[at][3], va_pte(row[at + 1], peer_ro)) == 0)
			links++;
	}
	for (i = 0; i + 2 < CHAIN; i++)
		pairs += row[i][3] && row[i + 1][3];
	note("L%u: %u links of %u", level, links, CHAIN - 1);
	check(!pairs, "PT-12 no L%u both links and is linked, from the %s",
	      level, backwards ? "end" : "front");
	for (i = 0; i < CHAIN; i++) {
		pt_write(&row[i][3], 0);
		unpin_table(row[i]);
	}
	for (i = 0; i < CHAIN; i++)
		table_free(row[i], "PT-12 chain");
}

static void many_links(void)
{
	uint64_t *l2 = area_slot(1, 0), *l1 = table_alloc(), *page = page_alloc();
	uint64_t *leaf = area_slot(0, 0);
	unsigned int i, links = 0, maps = 0;

	for (i = 100; i < 400; i++) {
		links += !pt_write(&l2[i], va_pte(l1, PTE_TABLE));
		maps += !pt_write(&leaf[i], va_pte(page, PTE_KERN));
	}
	note("%u links, %u maps of 300", links, maps);
	check(links && maps, "PT-13 many links to one table and page");
	for (i = 100; i < 400; i++) {
		check_quiet(!pt_write(&l2[i], 0) && !pt_write(&leaf[i], 0),
			    "PT-13 link %u goes away", i);
	}
	table_free(l1, "PT-13");
	check_allowed(page_set_ro(page), "PT-13 the page can become");
	check_allowed(pin_table(page, 1), "PT-13 a table");
	unpin_table(page);
	page_set_rw(page);
	page_free(page);
}

static uint64_t *many[512];

static void fill_l2(uint64_t *l2, unsigned int bad)
{
	unsigned int i;

	page_set_rw(l2);
	for (i = 0; i < 512; i++)
		l2[i] = i == bad ? mfn_pte(mfn_limit(), PTE_TABLE) :
				   va_pte(many[i], PTE_TABLE);
	page_set_ro(l2);
}

/* Every L1 must be free to be written, and goes back to being read-only. */
static void all_released(const char *what)
{
	unsigned int i, stuck = 0;

	for (i = 0; i < 512; i++) {
		stuck += page_set_rw(many[i]) != 0;
		page_set_ro(many[i]);
	}
	check(!stuck, "PT-14 %s: all 512 are released", what);
}

static void rollback(void)
{
	uint64_t *l2 = table_alloc(), *l3 = table_alloc(), *l4 = table_alloc();
	uint64_t *slot = area_slot(2, 4);
	unsigned int i;

	for (i = 0; i < 512; i++)
		many[i] = table_alloc();
	fill_l2(l2, 511);
	check_refused(pt_write(slot, va_pte(l2, PTE_TABLE)), slot, 0,
		      "PT-14 the last of an L2 bad");
	all_released("last");
	check_refused(pin_table(l2, 2), NULL, 0, "PT-14 pin of it");
	all_released("pin");
	fill_l2(l2, 0);
	check_refused(pt_write(slot, va_pte(l2, PTE_TABLE)), slot, 0,
		      "PT-14 the first of an L2 bad");
	all_released("first");
	fill_l2(l2, 300);
	table_set(l3, 9, va_pte(l2, PTE_TABLE));
	table_set(l4, 9, va_pte(l3, PTE_TABLE));
	check_refused(pin_table(l4, 4), NULL, 0, "PT-14 deep in a tree");
	all_released("deep");
	check(!page_set_rw(l2) && !page_set_rw(l3) && !page_set_rw(l4),
	      "PT-14 and the tables above");
	page_set_ro(l2);
	page_set_ro(l3);
	page_set_ro(l4);
	fill_l2(l2, 512);
	check_allowed(pin_table(l4, 4), "PT-14 with nothing bad");
	check_refused(page_set_rw(many[77]), NULL, 0,
		      "PT-14 then the L1s are tables, and writing");
	unpin_table(l4);
	all_released("unpin");
}

static void all_checks(void)
{
	unsigned int level;

	for (level = 2; level <= 4; level++) {
		self_link(level);
		chain(level, false);
		chain(level, true);
	}
	many_links();
	rollback();
}

void guest_main(void)
{
	mem_extend(1536);
	all_checks();
	note("the same inside a multicall");
	mem_by_multicall(true);
	all_checks();
}
