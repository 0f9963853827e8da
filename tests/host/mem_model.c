/* The model of mem_model.h: guests' memory, calls made of bytes, the count. */
#include "mem_model.h"

#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include <abi/memory.h>
#include <hvx/boot.h>
#include <hvx/console.h>
#include <hvx/gnttab.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/pv.h>

#define NR_DOMAINS 3		/* 0 is dom0 */
#define LIST	   64		/* numbers on a guest's list */
#define ALLOC_BIT  (1ULL << 45)

/* What the core is told about, it may use: a list of frames and two
 * structures of each guest. */
static struct guest {
	struct domain *d;
	struct vcpu *v;
	xen_pfn_t in[LIST], out[LIST];
} guest[NR_DOMAINS];

static const uint8_t *input, *input_end;

/* The structure that the call now made is about. */
static gva_t arg_from, arg_to;

/* ---- guests' memory ---------------------------------------------------------- */

static bool within(gva_t p, unsigned long n, const void *from, size_t size)
{
	gva_t start = (gva_t)from;

	return p >= start && n <= size && p - start <= size - n;
}

/* Guests have no memory but their lists and what they call with. */
static bool is_mapped(gva_t p, unsigned long n)
{
	if (p >= arg_from && p + n >= p && p + n <= arg_to)
		return true;
	for (unsigned int i = 0; i < NR_DOMAINS; i++)
		if (within(p, n, guest[i].in, sizeof(guest[i].in)) ||
		    within(p, n, guest[i].out, sizeof(guest[i].out)))
			return true;
	return false;
}

unsigned long machine_copy_from_guest(void *to, gva_t from, unsigned long n)
{
	if (!is_mapped(from, n))
		return n;
	memcpy(to, (const void *)from, n);
	return 0;
}

unsigned long machine_copy_to_guest(gva_t to, const void *from, unsigned long n)
{
	if (!is_mapped(to, n))
		return n;
	memcpy((void *)to, from, n);
	return 0;
}

/* ---- input ------------------------------------------------------------------ */

static uint8_t byte(void)
{
	return input < input_end ? *input++ : 0;
}

/* Mostly small, sometimes anything: where arithmetic might go wrong. */
static uint64_t number(void)
{
	uint8_t kind = byte();

	switch (kind >> 5) {
	case 6:
		return ~0ULL - (kind & 31);
	case 7:
		return 1ULL << (byte() & 63);
	default:
		return kind & 31;
	}
}

/* A frame: of this guest's list, of somebody's, or made up. */
static xen_pfn_t some_frame(const struct guest *g)
{
	uint8_t b = byte();

	if (b < 200)
		return g->out[b % LIST];
	return b < 240 ? HOST_FIRST_MFN + (unsigned long)b * 8 : number();
}

static gva_t some_list(xen_pfn_t *list)
{
	switch (byte() & 31) {
	case 0:
		return 0;
	case 1:
		return HYPERVISOR_VIRT_START;
	case 2:
		return 0x800000000000UL;
	case 3:
		return ~0UL - 15;
	default:
		return (gva_t)list;
	}
}

static domid_t some_domid(void)
{
	uint8_t b = byte();

	if (b < 160)
		return DOMID_SELF;
	return b < 240 ? b % (NR_DOMAINS + 1) : (domid_t)(DOMID_SELF + b % 16);
}

static void some_reservation(struct xen_memory_reservation *r, xen_pfn_t *list)
{
	r->extent_start = (xen_pfn_t *)some_list(list);
	r->nr_extents = number();
	r->extent_order = byte() & 7 ? byte() & 3 : (unsigned int)number();
	r->mem_flags = byte() & 7 ? 0 : (unsigned int)number();
	r->domid = some_domid();
}

/* ---- checks -------------------------------------------------------------------- */

#define CHECK(c)                                                               \
	do {                                                                   \
		if (!(c))                                                      \
			panic("%s:%d: %s\n", __FILE__, __LINE__, #c);          \
	} while (0)

static void check_books(void)
{
	unsigned long owned[NR_DOMAINS] = { 0 }, sum = 0;

	for (unsigned long i = 0; i < HOST_FRAMES; i++) {
		mfn_t mfn = _mfn(HOST_FIRST_MFN + i);
		uint64_t w = mfn_to_frame(mfn)->word;

		if (w & ALLOC_BIT)
			owned[w >> 52]++;
	}
	for (unsigned int i = 0; i < NR_DOMAINS; i++) {
		CHECK(owned[i] == guest[i].d->tot_pages);
		CHECK(guest[i].d->tot_pages <= guest[i].d->max_pages);
		CHECK(!guest[i].d->lock.taken);
		sum += owned[i];
	}
	/* Each has one page more, the shared one. */
	CHECK(host.pages_out == (long)(sum + NR_DOMAINS));
}

/* ---- calls ---------------------------------------------------------------------- */

static long call(struct guest *g, unsigned int op, void *arg, size_t size)
{
	unsigned long cmd = op;
	long ret;

	arg_from = (gva_t)arg;
	arg_to = arg_from + size;
	if (!(byte() & 15))
		cmd |= number() << 6;
	host.preempt_after = byte() & 1 ? 1 + (byte() & 3) : -1;
	host.allocs_left = byte() & 7 ? -1 : byte() & 15;
	for (unsigned int tries = 0;; tries++) {
		host.continued = false;
		ret = hc_memory_op(g->v, cmd, (gva_t)arg);
		check_books();
		if (!host.continued)
			break;
		CHECK(tries < 10000);
		/* Forged now and then, as a guest could. */
		cmd = byte() & 31 ? host.cont_args[0] : number() << 6 | op;
	}
	host.preempt_after = -1;
	host.allocs_left = -1;
	return ret;
}

static long call_reservation(struct guest *g, unsigned int op)
{
	struct xen_memory_reservation r;
	long ret;

	for (unsigned int i = 0; i < 4; i++)
		g->in[i] = some_frame(g);
	memset(&r, 0, sizeof(r));
	some_reservation(&r, op == XENMEM_decrease_reservation ? g->in :
								    g->out);
	ret = call(g, op, &r, sizeof(r));
	CHECK(ret <= 0 || (unsigned long)ret <= r.nr_extents);
	return ret;
}

static long call_exchange(struct guest *g)
{
	struct xen_memory_exchange e;
	uint32_t tot = g->d->tot_pages;
	long ret;

	for (unsigned int i = 0; i < 16; i++)
		g->in[i] = some_frame(g);
	memset(&e, 0, sizeof(e));
	some_reservation(&e.in, g->in);
	some_reservation(&e.out, g->out);
	if (byte() & 7) {
		/* Sizes that fit, so that something may happen. */
		e.in.extent_order = byte() & 1;
		e.in.nr_extents = 16 >> e.in.extent_order;
		e.out.extent_order = byte() & 3;
		e.out.nr_extents = 16 >> e.out.extent_order;
		e.out.domid = e.in.domid;
	}
	if (!(byte() & 7))
		e.nr_exchanged = number();
	ret = call(g, XENMEM_exchange, &e, sizeof(e));
	CHECK(ret <= 0);
	CHECK(g->d->tot_pages == tot);
	return ret;
}

static long call_other(struct guest *g, unsigned int op)
{
	union {
		struct xen_memory_reservation reservation;
		struct xen_memory_domain domain;
		struct xen_machphys_mfn_list mfn_list;
		struct xen_foreign_memory_map map;
		struct xen_mem_acquire_resource resource;
		uint64_t words[16];
	} a;

	for (unsigned int i = 0; i < 16; i++)
		a.words[i] = number();
	switch (op) {
	case XENMEM_claim_pages:
		some_reservation(&a.reservation, g->in);
		if (byte() & 3) {
			a.reservation.extent_start = NULL;
			a.reservation.extent_order = 0;
			a.reservation.mem_flags = 0;
		}
		break;
	case XENMEM_machphys_mfn_list:
		a.mfn_list.extent_start = (xen_pfn_t *)some_list(g->in);
		break;
	case XENMEM_set_memory_map:
		a.map.domid = some_domid();
		a.map.map.buffer = (void *)some_list(g->in);
		break;
	case XENMEM_memory_map:
	case XENMEM_machine_memory_map:
		a.map.map.buffer = (void *)some_list(g->in);
		memmove(&a, &a.map.map, sizeof(a.map.map));
		break;
	case XENMEM_acquire_resource:
		a.resource.domid = some_domid();
		a.resource.type = XENMEM_resource_grant_table;
		a.resource.frame_list = (xen_pfn_t *)some_list(g->in);
		a.resource.pad = byte() & 7 ? 0 : 1;
		break;
	case XENMEM_exchange:
		return 0;
	}
	return call(g, op, &a, sizeof(a));
}

static long one_call(void)
{
	struct guest *g = &guest[byte() % NR_DOMAINS];
	uint8_t what = byte();

	switch (what & 7) {
	case 0:
	case 1:
		return call_reservation(g, XENMEM_populate_physmap);
	case 2:
		return call_reservation(g, XENMEM_increase_reservation);
	case 3:
	case 4:
		return call_reservation(g, XENMEM_decrease_reservation);
	case 5:
		return call_exchange(g);
	case 6:
		/* Somebody keeps a frame in use; or lets go. */
		if (frame_get(_mfn(g->out[what >> 3]), g->d))
			frame_put(_mfn(g->out[what >> 3]));
		g->d->max_pages = MAX(g->d->tot_pages, (uint32_t)what);
		return 0;
	default:
		return call_other(g, what >> 3);
	}
}

/* ---- all of it -------------------------------------------------------------------- */

static void begin(void)
{
	host_reset(1);
	host.quiet = true;
	memset(guest, 0, sizeof(guest));
	for (unsigned int i = 0; i < NR_DOMAINS; i++) {
		guest[i].d = host_make_domain((domid_t)i, 1);
		guest[i].v = host_make_vcpu(guest[i].d, 0);
		guest[i].d->max_pages = 300;
		guest[i].d->dirty_cpus = 1;
		for (unsigned int k = 0; k < LIST; k++)
			guest[i].out[k] = k;
	}
	guest[0].d->is_hw = true;
	hw_domain = guest[0].d;
}

static void end(void)
{
	for (unsigned int i = 0; i < NR_DOMAINS; i++) {
		struct domain *d = guest[i].d;

		for (unsigned long k = 0; k < HOST_FRAMES; k++)
			if (!frame_release(_mfn(HOST_FIRST_MFN + k), d))
				continue;
		CHECK(d->tot_pages == 0);
		CHECK(d->refs == 1);
		if (domain_claim_pages(d, 0))
			CHECK(0);
		heap_free(d->e820);
		host_free_domain(d);
	}
	CHECK(domain_claims_total() == 0);
	CHECK(host.pages_out == 0);
	CHECK(host.heap_out == 0);
}

unsigned long mem_model_run(const uint8_t *bytes, size_t n)
{
	unsigned long done = 0;

	input = bytes;
	input_end = bytes + n;
	begin();
	while (input < input_end)
		done += one_call() > 0;
	end();
	return done;
}
