/*
 * Two CPUs at once, as two threads: pairs of ports bound, used, closed and
 * bound again from both ends; one handle unmapped by both; a granter that
 * rewrites its entries while they are mapped.  The audits afterwards find
 * every count right, and no lock was taken in the wrong order (the test would
 * hang; it has a time limit).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evtchn_rig.h"
#include <hvx/gnttab.h>
#include <hvx/hypercall.h>

#define ROUNDS 200000

static struct domain *d1, *d2;
static struct vcpu *v1, *v2;

void machine_relax(void)
{
	sched_yield();
}

/* Let the other thread in, in the middle of things, now and then. */
static void gap(void)
{
	static __thread unsigned int n;

	if (++n % 3 == 0)
		sched_yield();
}

/* As alloc/domain.c has them: atomic. */
void domain_get(struct domain *d)
{
	gap();
	__atomic_fetch_add(&d->refs, 1, __ATOMIC_SEQ_CST);
}

void domain_put(struct domain *d)
{
	if (__atomic_sub_fetch(&d->refs, 1, __ATOMIC_SEQ_CST) == 0)
		abort();
}

struct domain *domain_get_by_id(domid_t id)
{
	struct domain *d = id == 1 ? d1 : id == 2 ? d2 : NULL;

	if (d)
		domain_get(d);
	return d;
}

struct domain *domain_get_remote_or_self(struct vcpu *v, domid_t id)
{
	return domain_get_by_id(id == DOMID_SELF ? v->d->id : id);
}

static pthread_barrier_t start;

static void run_two(void *(*a)(void *), void *(*b)(void *))
{
	void *bad[2];
	pthread_t t[2];

	pthread_barrier_init(&start, NULL, 2);
	alarm(120);
	assert_int_equal(pthread_create(&t[0], NULL, a, NULL), 0);
	assert_int_equal(pthread_create(&t[1], NULL, b, NULL), 0);
	pthread_join(t[0], &bad[0]);
	pthread_join(t[1], &bad[1]);
	alarm(0);
	pthread_barrier_destroy(&start);
	assert_null(bad[0]);
	assert_null(bad[1]);
}

/* ---- ports ----------------------------------------------------------------- */

static int setup_ports(void **state)
{
	unsigned int port;

	(void)state;
	host_reset(2);
	host.quiet = true;
	d1 = evtchn_make(1, 2);
	d2 = evtchn_make(2, 2);
	v1 = d1->vcpu[0];
	v2 = d2->vcpu[0];
	/* The pages, while only one allocates. */
	assert_int_equal(evtchn_alloc_unbound(d1, 2, &port), 0);
	assert_int_equal(evtchn_alloc_unbound(d2, 1, &port), 0);
	return 0;
}

static void unmake(struct domain *d)
{
	assert_int_equal(d->refs, 1);
	evtchn_unmake(d);
}

static int teardown_ports(void **state)
{
	(void)state;
	unmake(d2);
	unmake(d1);
	assert_int_equal(host.pages_out, 0);
	assert_int_equal(host.heap_out, 0);
	return 0;
}

/* One end's life: whatever it does may find that the other was quicker. */
static void port_life(struct vcpu *v, domid_t other, unsigned int seed)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF,
						      .remote_dom = other };
		struct evtchn_bind_interdomain bind = { .remote_dom = other };
		unsigned int port = (unsigned int)rand_r(&seed) % 8 + 1;

		switch (rand_r(&seed) % 5) {
		case 0:
			(void)hc_event_channel_op(v, EVTCHNOP_alloc_unbound,
						  (gva_t)&alloc);
			if (alloc.port > 8)
				(void)hc_event_channel_op(
					v, EVTCHNOP_close,
					(gva_t)&alloc.port);
			break;
		case 1:
			bind.remote_port = port;
			(void)hc_event_channel_op(v, EVTCHNOP_bind_interdomain,
						  (gva_t)&bind);
			break;
		case 2:
			(void)hc_event_channel_op(v, EVTCHNOP_close,
						  (gva_t)&port);
			break;
		default:
			(void)hc_event_channel_op(v, EVTCHNOP_send,
						  (gva_t)&port);
		}
	}
}

static void *life_of_1(void *arg)
{
	pthread_barrier_wait(&start);
	port_life(v1, 2, 11);
	return arg;
}

static void *life_of_2(void *arg)
{
	pthread_barrier_wait(&start);
	port_life(v2, 1, 12);
	return arg;
}

static void test_close_race(void **state)
{
	(void)state;
	run_two(life_of_1, life_of_2);
	assert_int_equal(evtchn_audit(d1) + evtchn_audit(d2), 0);
}

static void *resets_of_2(void *arg)
{
	struct evtchn_reset op = { .dom = DOMID_SELF };

	pthread_barrier_wait(&start);
	for (unsigned int i = 0; i < ROUNDS / 20; i++) {
		struct evtchn_bind_interdomain bind = { .remote_dom = 1 };

		for (bind.remote_port = 1; bind.remote_port < 9;
		     bind.remote_port++)
			(void)hc_event_channel_op(v2,
						  EVTCHNOP_bind_interdomain,
						  (gva_t)&bind);
		(void)hc_event_channel_op(v2, EVTCHNOP_reset, (gva_t)&op);
	}
	return arg;
}

static void test_reset_race(void **state)
{
	(void)state;
	run_two(life_of_1, resets_of_2);
	assert_int_equal(evtchn_audit(d1) + evtchn_audit(d2), 0);
}

/* The receiver sets FIFO up and down again under a stream of events. */
static mfn_t fifo_page[2];

static void *fifo_of_2(void *arg)
{
	struct evtchn_reset reset = { .dom = DOMID_SELF };

	pthread_barrier_wait(&start);
	for (unsigned int i = 0; i < ROUNDS / 20; i++) {
		struct evtchn_init_control ic = {
			.control_gfn = mfn_x(fifo_page[0]),
		};
		struct evtchn_expand_array ea = {
			.array_gfn = mfn_x(fifo_page[1]),
		};
		struct evtchn_bind_interdomain bind = { .remote_dom = 1 };

		(void)hc_event_channel_op(v2, EVTCHNOP_init_control,
					  (gva_t)&ic);
		(void)hc_event_channel_op(v2, EVTCHNOP_expand_array,
					  (gva_t)&ea);
		for (bind.remote_port = 1; bind.remote_port < 9;
		     bind.remote_port++)
			(void)hc_event_channel_op(v2,
						  EVTCHNOP_bind_interdomain,
						  (gva_t)&bind);
		memset(mfn_to_virt(fifo_page[1]), (int)i, 64);
		if (hc_event_channel_op(v2, EVTCHNOP_reset, (gva_t)&reset))
			continue;
		/* The core has let go: nothing is written here now. */
		memset(mfn_to_virt(fifo_page[1]), 0x5a, 64);
		for (unsigned int k = 0; k < 64; k++)
			if (((uint8_t *)mfn_to_virt(fifo_page[1]))[k] != 0x5a)
				return (void *)1;
	}
	return arg;
}

static void test_fifo_reset_race(void **state)
{
	(void)state;
	fifo_page[0] = host_give_frame(d2);
	fifo_page[1] = host_give_frame(d2);
	run_two(life_of_1, fifo_of_2);
	assert_int_equal(evtchn_audit(d1) + evtchn_audit(d2), 0);
	d2->is_dying = true;
	assert_int_equal(evtchn_destroy_domain(d2), 0);
	assert_true(frame_release(fifo_page[0], d2));
	assert_true(frame_release(fifo_page[1], d2));
}

/* ---- grants ---------------------------------------------------------------- */

static struct grant_entry_v1 *entry;
static mfn_t page;
static unsigned int removed;	/* by grant_pte_remove */

int grant_pte_install(struct vcpu *v, uint64_t va, mfn_t frame,
		      unsigned int flags)
{
	(void)v, (void)va, (void)frame, (void)flags;
	gap();
	return GNTST_okay;
}

int grant_pte_remove(struct vcpu *v, uint64_t va, mfn_t frame,
		     unsigned int flags, uint64_t new_va)
{
	(void)v, (void)va, (void)frame, (void)flags, (void)new_va;
	gap();
	__atomic_fetch_add(&removed, 1, __ATOMIC_SEQ_CST);
	return GNTST_okay;
}

void tlb_flush_mask(cpumask_t cpus)
{
	(void)cpus;
	gap();
}

static int setup_grants(void **state)
{
	mfn_t mfn;

	setup_ports(state);
	assert_int_equal(gnttab_init_domain(d1, 1, 1), 0);
	assert_int_equal(gnttab_init_domain(d2, 1, 1), 0);
	assert_int_equal(gnttab_get_frame(d1, 0, &mfn), 0);
	entry = mfn_to_virt(mfn);
	page = host_give_frame(d1);
	entry[8] = (struct grant_entry_v1){
		.flags = GTF_permit_access,
		.domid = 2,
		.frame = (uint32_t)mfn_x(page),
	};
	return 0;
}

static int teardown_grants(void **state)
{
	assert_int_equal(gnttab_audit(d1) + gnttab_audit(d2), 0);
	assert_int_equal(gnttab_release_mappings(d2), 0);
	assert_true(frame_release(page, d1));
	gnttab_destroy_domain(d1);
	gnttab_destroy_domain(d2);
	return teardown_ports(state);
}

static struct gnttab_map_grant_ref map(void)
{
	struct gnttab_map_grant_ref op = {
		.dom = 1,
		.ref = 8,
		.host_addr = 0x1000,
		.flags = GNTMAP_host_map | GNTMAP_device_map,
	};

	(void)hc_grant_table_op(v2, GNTTABOP_map_grant_ref, (gva_t)&op, 1);
	return op;
}

static struct gnttab_map_grant_ref mapped;
static pthread_barrier_t round_begins, round_ends;
static unsigned int okay[2];	/* host parts, device parts undone */

/* host, device, both: each thread in its own mixture. */
static void unmap_round(unsigned int how)
{
	struct gnttab_unmap_grant_ref op = { .handle = mapped.handle };

	if (how % 3 != 1)
		op.host_addr = 0x1000;
	if (how % 3 != 0)
		op.dev_bus_addr = mapped.dev_bus_addr;
	(void)hc_grant_table_op(v2, GNTTABOP_unmap_grant_ref, (gva_t)&op, 1);
	if (op.status == GNTST_okay && how % 3 == 0)
		__atomic_fetch_add(&okay[0], 1, __ATOMIC_SEQ_CST);
	if (op.status == GNTST_okay && how % 3 == 1)
		__atomic_fetch_add(&okay[1], 1, __ATOMIC_SEQ_CST);
}

static void unmap_racer(bool maps, unsigned int seed)
{
	for (unsigned int i = 0; i < ROUNDS / 40; i++) {
		if (maps)
			mapped = map();
		pthread_barrier_wait(&round_begins);
		unmap_round((unsigned int)rand_r(&seed));
		unmap_round((unsigned int)rand_r(&seed));
		unmap_round(0);
		unmap_round(1);
		pthread_barrier_wait(&round_ends);
	}
}

static void *racer_1(void *arg)
{
	unmap_racer(true, 21);
	return arg;
}

static void *racer_2(void *arg)
{
	unmap_racer(false, 22);
	return arg;
}

/* Each part is undone once, however many try. */
static void test_unmap_race(void **state)
{
	(void)state;
	removed = 0;
	okay[0] = okay[1] = 0;
	pthread_barrier_init(&round_begins, NULL, 2);
	pthread_barrier_init(&round_ends, NULL, 2);
	run_two(racer_1, racer_2);
	assert_int_equal(removed, ROUNDS / 40);
	assert_true(okay[0] <= ROUNDS / 40 && okay[1] <= ROUNDS / 40);
	assert_int_equal(entry[8].flags, GTF_permit_access);
	assert_int_equal(d1->refs, 1);
}

static bool stop;

static void *flipper(void *arg)
{
	uint32_t *word = (uint32_t *)(void *)&entry[8];
	unsigned int seed = 31;

	pthread_barrier_wait(&start);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		__atomic_store_n(word, 2U << 16 | (rand_r(&seed) & 7),
				 __ATOMIC_RELAXED);
		__atomic_store_n(&entry[8].frame,
				 rand_r(&seed) & 1 ? (uint32_t)mfn_x(page)
						   : 0x100,
				 __ATOMIC_RELAXED);
	}
	return arg;
}

static void *mapper(void *arg)
{
	pthread_barrier_wait(&start);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		mapped = map();
		if (mapped.status)
			continue;
		/* Nothing but what the granter owns. */
		if (mapped.dev_bus_addr != mfn_to_paddr(page))
			abort();
		unmap_round(2);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	return arg;
}

static void test_entry_flip_race(void **state)
{
	(void)state;
	stop = false;
	run_two(flipper, mapper);
	entry[8].flags = 0;
}

#define PORTS(f) cmocka_unit_test_setup_teardown(f, setup_ports, teardown_ports)
#define GRANTS(f)                                                              \
	cmocka_unit_test_setup_teardown(f, setup_grants, teardown_grants)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PORTS(test_close_race),
		PORTS(test_reset_race),
		PORTS(test_fifo_reset_race),
		GRANTS(test_unmap_race),
		GRANTS(test_entry_flip_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
