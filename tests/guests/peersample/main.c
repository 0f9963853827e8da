/* SPDX-License-Identifier: MIT */
/*
 * peersample: a domain's working set is watched without end, while it does what
 * it likes to its page tables.
 *
 * What must hold: only the control domain may ask; what is touched is seen;
 * nothing that the domain may do to its tables is refused because somebody
 * looks at them; its access bits are as before once nobody does; a page that
 * was a table isn't written any more when it is none; it can die in between.
 * A broken hypervisor clears a bit in the guest's data, loses a reference, or
 * says no to a kernel that can't take it.
 */
#include "../common/churn.h"
#include "../common/peer.h"
#include "../common/tables.h"

#define TOUCHED	300u

/* ---- in the peer ---- */

static long p_ask(void *arg)
{
	struct xen_domctl op = { 0 };

	(void)arg;
	op.u.hvx_working_set.samples = 10;
	return domctl(&op, XEN_DOMCTL_hvx_working_set, peer_self());
}

static volatile uint8_t *page[TOUCHED];

static long p_prepare(void *arg)
{
	unsigned int i;

	mem_init(start_info);
	churn_prepare(*(unsigned long *)arg);
	HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	for (i = 0; i < TOUCHED; i++)
		page[i] = page_alloc();
	return 0;
}

/* Writes to so many pages again and again, for so long. */
struct touch {
	unsigned int pages, ms;
};

static long p_touch(void *arg)
{
	const struct touch *t = arg;
	uint64_t end = time_now() + t->ms * 1000000ull;
	unsigned int i;

	do {
		for (i = 0; i < t->pages; i++)
			page[i][0]++;
	} while (time_now() < end);
	return 0;
}

/* Entries for our pages that say accessed. */
static long p_accessed(void *arg)
{
	long n = 0;

	(void)arg;
	for (unsigned int i = 0; i < TOUCHED; i++)
		n += !!(*pt_entry((unsigned long)page[i], 1) & PTE_A);
	return n;
}

/* Of so many pages: entries that say where a page is instead, and back; by calls,
 * and by stores that are emulated. Entries of nothing in between are neither. */
static long p_swap(void *arg)
{
	unsigned int i, n = *(unsigned int *)arg;
	long bad = 0;

	for (i = 0; i < n; i++) {
		uint64_t *e = pt_entry((unsigned long)page[i], 1), was = *e;

		bad += pt_write(e, 0) != 0;
		bad += pt_write(e, 0x1234000) != 0;
		if (i % 2)
			bad += pt_write(e, was) != 0;
		else
			*(volatile uint64_t *)e = was;
		bad += pt_write(e, 0) != 0 || pt_write(e, was) != 0;
		asm volatile("invlpg (%0)" : : "r"(page[i]) : "memory");
	}
	return bad;
}

/* What kernels do to their tables, and never expect to be refused: the number
 * of times that they are. */
static long p_make_tables(void *arg)
{
	uint64_t end = time_now() + *(unsigned int *)arg * 1000000ull;
	uint64_t *table = page_alloc(), *data = page_alloc(), value;
	long bad = 0;

	do {
		value = va_pte(data, PTE_KERN);
		table[7] = value;
		bad += page_set_ro(table) != 0;
		bad += pin_table(table, 1) != 0;
		bad += pt_write(&table[8], va_pte(data, PTE_KERN)) != 0;
		bad += unpin_table(table) != 0;
		bad += page_set_rw(table) != 0;
		/* Ours alone again, and so is what it mapped. */
		bad += page_set_ro(data) != 0;
		bad += pin_table(data, 1) != 0;
		bad += unpin_table(data) != 0;
		bad += page_set_rw(data) != 0;
		table[7] = table[8] = value = 0x5554;
		bad += table[7] != value || table[8] != value;
	} while (time_now() < end);
	return bad;
}

/* Lists of calls, while it is paused now and then in the middle of one: each
 * answers. The number of those that didn't. */
static long p_multicalls(void *arg)
{
	uint64_t end = time_now() + *(unsigned int *)arg * 1000000ull;
	static uint64_t *e[8];
	struct mmu_update u[8];
	struct multicall_entry call[8];
	long bad = 0;
	unsigned int i;

	for (i = 0; i < 8; i++)
		e[i] = pt_entry((unsigned long)page[i], 1);
	do {
		for (i = 0; i < 8; i++) {
			u[i] = (struct mmu_update){ pt_entry_maddr(e[i]), *e[i] };
			call[i] = (struct multicall_entry){
				.op = __HYPERVISOR_mmu_update,
				.result = (unsigned long)-1,
				.args = { (unsigned long)&u[i], 1, 0,
					  DOMID_SELF },
			};
		}
		bad += HYPERVISOR_multicall(call, 8) != 0;
		for (i = 0; i < 8; i++)
			bad += call[i].result != 0;
	} while (time_now() < end);
	return bad;
}

static void churn_for_ever(void *arg)
{
	for (;;)
		churn(arg, 100);
}

static long p_churn(void *arg)
{
	static struct random its = { 77 };
	struct random mine = { 55 };
	uint64_t end = time_now() + *(unsigned int *)arg * 1000000ull;

	if (cpu_start(1, churn_for_ever, &its))
		return -1;
	while (time_now() < end)
		churn(&mine, 100);
	return 0;
}

/* ---- in the builder ---- */

/* One call; `more` or the error. */
static long piece(domid_t id, unsigned int samples, struct xen_domctl *op)
{
	long rc;

	memset(op, 0, sizeof(*op));
	op->u.hvx_working_set.samples = samples;
	rc = domctl(op, XEN_DOMCTL_hvx_working_set, id);
	return rc ? rc : (long)op->u.hvx_working_set.more;
}

static long turn(domid_t id, unsigned int samples, struct xen_domctl *op)
{
	long rc;

	while ((rc = piece(id, samples, op)) > 0)
		relax();
	return rc;
}

static long peek(domid_t id, struct xen_domctl *op)
{
	long rc;

	do {
		memset(op, 0, sizeof(*op));
		op->u.hvx_working_set.keep = 1;
		rc = domctl(op, XEN_DOMCTL_hvx_working_set, id);
		relax();
	} while (!rc && op->u.hvx_working_set.more);
	return rc;
}

static void check_refusals(struct peer *p)
{
	struct xen_domctl op;

	check(peer_call(p, p_ask, NULL, 0) == -XEN_EPERM,
	      "a guest may not ask, not even about itself");
	check(piece(0, 10, &op) == -XEN_EINVAL, "nobody asks about himself");
	check(piece(p->id, XEN_DOMCTL_HVX_WS_MAX_SAMPLES + 1, &op) ==
	      -XEN_EINVAL, "too many samples");
	check(piece(4711, 10, &op) == -XEN_ESRCH, "no such domain");
	check(!turn(p->id, 0, &op) && !op.u.hvx_working_set.watched,
	      "nothing was watched yet");
}

/* All frames are watched, so what is told is exact but for the peer's own
 * text, stack and variables, of which it uses one or two more when it works. */
static void check_estimate(struct peer *p)
{
	static const unsigned int sizes[] = { 0, 100, TOUCHED };
	unsigned int i, all = 4 * PEER_PAGES, base = 0, seen;
	struct xen_domctl op;

	for (i = 0; i < 3; i++) {
		struct touch t = { sizes[i], 20 };

		turn(p->id, all, &op);
		peer_do(p, p_touch, &t);
		turn(p->id, 0, &op);
		seen = op.u.hvx_working_set.touched;
		base = i ? base : seen;
		note("%u frames, %u seen", sizes[i], seen);
		check(seen >= base + sizes[i] && seen <= base + sizes[i] + 3,
		      "%u pages touched are seen", sizes[i]);
	}
	check(base < 40, "few are when it does nothing");
	check(op.u.hvx_working_set.pages >= PEER_PAGES,
	      "it is told how many there are");
}

static void check_swaps(struct peer *p)
{
	static unsigned int n[] = { 0, 7, TOUCHED };
	struct xen_domctl op;
	unsigned int i;

	turn(p->id, 10, &op);
	for (i = 0; i < 3; i++) {
		check(peer_call(p, p_swap, &n[i], sizeof(n[i])) == 0,
		      "a domain may swap pages out and in");
		turn(p->id, i < 2 ? 10 : 0, &op);
		check(op.u.hvx_working_set.paged_out == n[i] &&
		      op.u.hvx_working_set.paged_in == n[i],
		      "%u pages swapped: %u out, %u in", n[i],
		      op.u.hvx_working_set.paged_out,
		      op.u.hvx_working_set.paged_in);
	}
}

/* What was touched so far is told, and watching goes on. */
static void check_so_far(struct peer *p)
{
	struct touch some = { 100, 5 }, all = { TOUCHED, 5 };
	struct xen_domctl op;
	unsigned int so_far;

	turn(p->id, 4 * PEER_PAGES, &op);
	peer_do(p, p_touch, &some);
	check(!peek(p->id, &op), "told so far");
	so_far = op.u.hvx_working_set.touched;
	peer_do(p, p_touch, &all);
	check(!peek(p->id, &op), "told so far again");
	check(so_far >= 100 && so_far < 140 &&
	      op.u.hvx_working_set.touched >= so_far + TOUCHED - 100 &&
	      op.u.hvx_working_set.touched <= so_far + TOUCHED - 100 + 3,
	      "%u touched, then %u", so_far, op.u.hvx_working_set.touched);
	so_far = op.u.hvx_working_set.touched;
	turn(p->id, 0, &op);
	check(op.u.hvx_working_set.touched >= so_far &&
	      op.u.hvx_working_set.touched <= so_far + 3,
	      "%u in all", op.u.hvx_working_set.touched);
}

static void check_bits(struct peer *p)
{
	struct touch t = { TOUCHED, 1 };
	struct xen_domctl op;
	long meanwhile;

	peer_do(p, p_touch, &t);
	turn(p->id, 4 * PEER_PAGES, &op);
	meanwhile = peer_call(p, p_accessed, NULL, 0);
	turn(p->id, 0, &op);
	check(meanwhile < (long)TOUCHED / 4, "watched, bits are cleared");
	check(peer_call(p, p_accessed, NULL, 0) == (long)TOUCHED,
	      "and come back");
}

/* Watch without a pause until the peer's work is done. */
static long watch_while(struct peer *p, peer_fn fn, unsigned int ms)
{
	struct xen_domctl op;
	unsigned long n = 0;

	peer_post(p, fn, &ms, sizeof(ms));
	while (!peer_answered(p)) {
		if (piece(p->id, n % 3 ? 4 * PEER_PAGES : 50, &op) < 0)
			return -1;
		n++;
		relax();
	}
	note("%lu pieces meanwhile", n);
	return n < 100 ? -1 : peer_wait(p, &ms, sizeof(ms));
}

static bool nobody(void *arg)
{
	struct xen_domctl_getdomaininfo info;

	return domain_info(*(domid_t *)arg, &info) == -XEN_ESRCH;
}

void guest_main(void)
{
	struct peer_config two = { .vcpus = 2, .max_pages = PEER_PAGES + 512 };
	static struct peer p, first;
	unsigned long before, foreign;
	struct xen_domctl op;

	if (!on_hvx()) {
		skip("only hvx has this operation");
		return;
	}
	/* What the builder keeps for itself is taken by the first. */
	peer_start(&first, &two);
	peer_destroy(&first);
	wait_until(nobody, &first.id, 2000);
	before = free_pages_of_machine();

	peer_start(&p, &two);
	check_refusals(&p);
	foreign = foreign_mfn(1, 2);
	peer_do(&p, p_prepare, &foreign);
	check_estimate(&p);
	check_so_far(&p);
	check_swaps(&p);
	check_bits(&p);
	check(watch_while(&p, p_make_tables, 3000) == 0,
	      "no change of its tables is refused");
	check(watch_while(&p, p_multicalls, 3000) == 0,
	      "each call of a list answers");
	check(watch_while(&p, p_churn, 3000) == 0, "any change, on two vCPUs");
	turn(p.id, 100, &op);
	check(!peer_destroy(&p) && wait_until(nobody, &p.id, 2000),
	      "destroyed while watched");
	check(free_pages_of_machine() == before, "nothing is left");
	check(turn(p.id, 100, &op) == -XEN_ESRCH, "nor told of the dead");
}
