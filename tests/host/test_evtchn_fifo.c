/*
 * FIFO event channels: set-up and its refusals, order and priorities as a
 * guest sees them, and what a guest that scribbles over its words can do (to
 * itself at most).  The consumer here is what the ABI asks of a guest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "evtchn_rig.h"
#include <hvx/hypercall.h>

#define VCPUS 2

static struct domain *d1, *d2;
static struct vcpu *v1, *v2;
static mfn_t control_mfn[VCPUS], array_mfn[4];
static struct evtchn_fifo_control_block *control[VCPUS];
static unsigned int nr_array;
static uint32_t head[VCPUS][EVTCHN_FIFO_MAX_QUEUES];

static long call(struct vcpu *v, int cmd, void *arg)
{
	long rc = hc_event_channel_op(v, cmd, (gva_t)arg);

	assert_int_equal(evtchn_audit(d1) + evtchn_audit(d2), 0);
	return rc;
}

static int setup(void **state)
{
	(void)state;
	host_reset(2);
	host.quiet = true;
	d1 = evtchn_make(1, VCPUS + 1);	/* the last has no control block */
	d2 = evtchn_make(2, 1);
	v1 = d1->vcpu[0];
	v2 = d2->vcpu[0];
	for (unsigned int i = 0; i < VCPUS; i++) {
		control_mfn[i] = host_give_frame(d1);
		control[i] = mfn_to_virt(control_mfn[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(array_mfn); i++)
		array_mfn[i] = host_give_frame(d1);
	nr_array = 0;
	memset(head, 0, sizeof(head));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	evtchn_unmake(d2);
	/* Nothing is held any more: each frame is freed by its owner's word. */
	d1->is_dying = true;
	assert_int_equal(evtchn_destroy_domain(d1), 0);
	for (unsigned int i = 0; i < VCPUS; i++)
		assert_true(frame_release(control_mfn[i], d1));
	for (unsigned int i = 0; i < ARRAY_SIZE(array_mfn); i++)
		assert_true(frame_release(array_mfn[i], d1));
	evtchn_unmake(d1);
	assert_int_equal(host.pages_out, 0);
	assert_int_equal(host.heap_out, 0);
	return 0;
}

static long init_control(unsigned int vcpu, mfn_t mfn, unsigned int offset)
{
	struct evtchn_init_control op = { .control_gfn = mfn_x(mfn),
					  .offset = offset,
					  .vcpu = vcpu };
	long rc = call(v1, EVTCHNOP_init_control, &op);

	if (!rc)
		assert_int_equal(op.link_bits, EVTCHN_FIFO_LINK_BITS);
	return rc;
}

static long expand(mfn_t mfn)
{
	struct evtchn_expand_array op = { .array_gfn = mfn_x(mfn) };

	return call(v1, EVTCHNOP_expand_array, &op);
}

static void start_fifo(void)
{
	for (unsigned int i = 0; i < VCPUS; i++)
		assert_int_equal(init_control(i, control_mfn[i], 0), 0);
	assert_int_equal(expand(array_mfn[0]), 0);
	nr_array = 1;
}

static event_word_t *word(unsigned int port)
{
	event_word_t *page = mfn_to_virt(array_mfn[port / 1024]);

	return &page[port % 1024];
}

static unsigned int bind_ipi(unsigned int vcpu)
{
	struct evtchn_bind_ipi op = { .vcpu = vcpu };

	assert_int_equal(call(v1, EVTCHNOP_bind_ipi, &op), 0);
	return op.port;
}

static void on_port(int cmd, unsigned int port)
{
	assert_int_equal(call(v1, cmd, &port), 0);
}

static long set_priority(unsigned int port, unsigned int priority)
{
	struct evtchn_set_priority op = { .port = port, .priority = priority };

	return call(v1, EVTCHNOP_set_priority, &op);
}

/* Take the next event as a guest does; 0: there is none. */
static unsigned int consume(unsigned int vcpu)
{
	struct evtchn_fifo_control_block *cb = control[vcpu];
	unsigned int q, port;

	while (cb->ready) {
		q = (unsigned int)__builtin_ctz(cb->ready);
		port = head[vcpu][q];
		if (!port)
			port = cb->head[q];
		head[vcpu][q] = *word(port) & EVTCHN_FIFO_LINK_MASK;
		*word(port) &= ~(uint32_t)(BIT(EVTCHN_FIFO_LINKED) |
					   EVTCHN_FIFO_LINK_MASK);
		if (!head[vcpu][q])
			cb->ready &= ~(1U << q);
		if ((*word(port) & BIT(EVTCHN_FIFO_PENDING)) &&
		    !(*word(port) & BIT(EVTCHN_FIFO_MASKED))) {
			*word(port) &= ~(uint32_t)BIT(EVTCHN_FIFO_PENDING);
			return port;
		}
	}
	return 0;
}

/* ---- tests ----------------------------------------------------------------- */

static void test_control_block_refusals(void **state)
{
	mfn_t foreign = host_give_frame(d2);

	(void)state;
	assert_int_equal(expand(array_mfn[0]), -EOPNOTSUPP);
	assert_int_equal(init_control(3, control_mfn[0], 0), -ENOENT);
	assert_int_equal(init_control(~0U, control_mfn[0], 0), -ENOENT);
	assert_int_equal(init_control(0, control_mfn[0], 4095), -EINVAL);
	assert_int_equal(init_control(0, control_mfn[0], 4), -EINVAL);
	assert_int_equal(init_control(0, control_mfn[0], ~0U), -EINVAL);
	assert_int_equal(init_control(0, foreign, 0), -EINVAL);
	assert_int_equal(init_control(0, d1->shared_mfn, ~7U), -EINVAL);
	assert_int_equal(init_control(0, _mfn(0x7fffffff), 0), -EINVAL);
	assert_int_equal(init_control(0, INVALID_MFN, 0), -EINVAL);
	assert_int_equal(expand(array_mfn[0]), -EOPNOTSUPP);

	assert_int_equal(init_control(0, control_mfn[0], 0), 0);
	assert_int_equal(init_control(0, control_mfn[0], 0), -EINVAL);
	/* Two vCPUs at one place harm nobody else. */
	assert_int_equal(init_control(1, control_mfn[0], 0), 0);
	assert_true(frame_release(foreign, d2));
}

static void test_expand_refusals(void **state)
{
	mfn_t foreign = host_give_frame(d2);

	(void)state;
	d1->evtchn.max_ports = 2047 + 1;	/* two pages of words */
	assert_int_equal(init_control(0, control_mfn[0], 0), 0);
	assert_int_equal(expand(foreign), -EINVAL);
	assert_int_equal(expand(INVALID_MFN), -EINVAL);
	assert_int_equal(expand(array_mfn[0]), 0);
	assert_int_equal(expand(array_mfn[0]), 0);	/* the same again */
	assert_int_equal(expand(array_mfn[0]), -ENOSPC);
	assert_true(frame_release(foreign, d2));
}

static void test_order(void **state)
{
	unsigned int p[10];

	(void)state;
	start_fifo();
	for (unsigned int i = 0; i < 10; i++)
		p[i] = bind_ipi(0);
	host.upcalls = 0;
	for (unsigned int i = 0; i < 10; i++)
		on_port(EVTCHNOP_send, p[9 - i]);
	assert_int_equal(host.upcalls, 1);
	assert_int_equal(v1->info->evtchn_upcall_pending, 1);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(consume(0), p[9 - i]);
	assert_int_equal(consume(0), 0);

	/* Again after the queue was empty: the tail is stale now, be it another
	 * port or the same. */
	on_port(EVTCHNOP_send, p[5]);
	assert_int_equal(consume(0), p[5]);
	v1->info->evtchn_upcall_pending = 0;
	on_port(EVTCHNOP_send, p[5]);
	assert_int_equal(v1->info->evtchn_upcall_pending, 1);
	assert_int_equal(consume(0), p[5]);
	v1->info->evtchn_upcall_pending = 0;
	on_port(EVTCHNOP_send, p[0]);
	assert_int_equal(v1->info->evtchn_upcall_pending, 1);
	on_port(EVTCHNOP_send, p[3]);
	assert_int_equal(consume(0), p[0]);
	on_port(EVTCHNOP_send, p[0]);
	assert_int_equal(consume(0), p[3]);
	assert_int_equal(consume(0), p[0]);
	assert_int_equal(consume(0), 0);
}

static void test_priorities(void **state)
{
	unsigned int low = 0, mid, high;

	(void)state;
	start_fifo();
	low = bind_ipi(0);
	mid = bind_ipi(0);
	high = bind_ipi(0);
	assert_int_equal(set_priority(low, 15), 0);
	assert_int_equal(set_priority(high, 0), 0);
	assert_int_equal(set_priority(high, 16), -EINVAL);
	assert_int_equal(set_priority(high, ~0U), -EINVAL);
	on_port(EVTCHNOP_send, low);
	on_port(EVTCHNOP_send, mid);
	on_port(EVTCHNOP_send, high);
	assert_int_equal(consume(0), high);
	assert_int_equal(consume(0), mid);
	assert_int_equal(consume(0), low);
	assert_int_equal(consume(0), 0);
}

static void test_no_priorities_in_2l(void **state)
{
	(void)state;
	assert_int_equal(set_priority(bind_ipi(0), 3), -ENOSYS);
}

/* A port that was the end of one queue goes to another. */
static void test_tail_moves_to_other_queue(void **state)
{
	unsigned int a, b;

	(void)state;
	start_fifo();
	a = bind_ipi(0);
	b = bind_ipi(0);
	on_port(EVTCHNOP_send, a);
	assert_int_equal(consume(0), a);
	assert_int_equal(set_priority(a, 2), 0);
	on_port(EVTCHNOP_send, a);	/* now the end of queue 2 */
	on_port(EVTCHNOP_send, b);	/* must not be linked behind it */
	assert_int_equal(control[0]->ready, 1U << 2 | 1U << 7);
	assert_int_equal(consume(0), a);
	assert_int_equal(consume(0), b);
	assert_int_equal(consume(0), 0);
}

static void test_masked(void **state)
{
	unsigned int p;

	(void)state;
	start_fifo();
	p = bind_ipi(0);
	*word(p) |= BIT(EVTCHN_FIFO_MASKED);
	on_port(EVTCHNOP_send, p);
	assert_true(evtchn_port_pending(d1, p));
	assert_true(evtchn_port_masked(d1, p));
	assert_int_equal(control[0]->ready, 0);
	on_port(EVTCHNOP_unmask, p);
	assert_false(evtchn_port_masked(d1, p));
	assert_int_equal(consume(0), p);
	/* Nothing pending: unmask links nothing. */
	on_port(EVTCHNOP_unmask, p);
	assert_int_equal(consume(0), 0);
}

static void test_close_clears_pending(void **state)
{
	unsigned int p;

	(void)state;
	start_fifo();
	p = bind_ipi(0);
	on_port(EVTCHNOP_send, p);
	on_port(EVTCHNOP_close, p);
	assert_int_equal(consume(0), 0);
	assert_int_equal(bind_ipi(0), p);
	on_port(EVTCHNOP_send, p);
	assert_int_equal(consume(0), p);
}

/* Closed while linked, opened for another vCPU: it stays where it is until
 * the guest takes it, then goes where it belongs. */
static void test_reopened_while_linked(void **state)
{
	unsigned int p, q;

	(void)state;
	start_fifo();
	p = bind_ipi(0);
	on_port(EVTCHNOP_send, p);
	on_port(EVTCHNOP_close, p);
	assert_int_equal(bind_ipi(1), p);
	on_port(EVTCHNOP_send, p);
	assert_int_equal(consume(0), p);
	on_port(EVTCHNOP_send, p);
	assert_int_equal(consume(1), p);
	q = bind_ipi(0);
	on_port(EVTCHNOP_send, q);
	assert_int_equal(consume(0), q);
}

static void test_pending_before_fifo(void **state)
{
	unsigned int a, b;

	(void)state;
	a = bind_ipi(0);
	b = bind_ipi(1);
	on_port(EVTCHNOP_send, a);		/* still 2-level */
	assert_int_equal(init_control(0, control_mfn[0], 0), 0);
	assert_int_equal(init_control(1, control_mfn[1], 0), 0);
	on_port(EVTCHNOP_send, b);		/* FIFO, no word yet */
	assert_int_equal(expand(array_mfn[0]), 0);
	assert_int_equal(consume(0), a);
	assert_int_equal(consume(1), b);
	assert_int_equal(consume(0), 0);
}

static void test_no_control_block(void **state)
{
	unsigned int p;

	(void)state;
	start_fifo();
	p = bind_ipi(VCPUS);
	on_port(EVTCHNOP_send, p);
	assert_true(evtchn_port_pending(d1, p));
	assert_false(*word(p) & BIT(EVTCHN_FIFO_LINKED));
}

static void test_many_ports(void **state)
{
	unsigned int p = 0, n;

	(void)state;
	d1->evtchn.max_ports = 4095 + 1000 + 1;
	start_fifo();
	for (n = 0; !evtchn_alloc_unbound(d1, 2, &p); n++)
		;
	assert_int_equal(n, 4095 + 1000);
	assert_int_equal(evtchn_audit(d1), 0);
	/* A port without a word can be closed and asked for. */
	assert_false(evtchn_port_pending(d1, p));
	on_port(EVTCHNOP_close, p);
}

static void test_reset_goes_back(void **state)
{
	struct evtchn_reset op = { .dom = DOMID_SELF };
	unsigned int p;

	(void)state;
	start_fifo();
	p = bind_ipi(0);
	on_port(EVTCHNOP_send, p);
	assert_int_equal(call(v1, EVTCHNOP_reset, &op), 0);
	/* 2-level again, the guest's pages are its own. */
	memset(control[0], 0xee, PAGE_SIZE);
	memset(word(0), 0xee, PAGE_SIZE);
	p = bind_ipi(0);
	on_port(EVTCHNOP_send, p);
	assert_true(d1->shared->evtchn_pending[0] & BIT(p));
	assert_int_equal(*word(p), 0xeeeeeeee);
	/* And once more from the start. */
	memset(control[0], 0, PAGE_SIZE);
	memset(word(0), 0, PAGE_SIZE);
	assert_int_equal(call(v1, EVTCHNOP_reset, &op), 0);
	memset(head, 0, sizeof(head));
	start_fifo();
	p = bind_ipi(0);
	on_port(EVTCHNOP_send, p);
	assert_int_equal(consume(0), p);
}

/* Words, links and heads of random content, while events come and go.  What
 * must hold is in the audit; the sanitizers watch the rest. */
static void test_hostile_words(void **state)
{
	unsigned int ports[40];

	(void)state;
	srand(1);
	start_fifo();
	for (unsigned int i = 0; i < ARRAY_SIZE(ports); i++)
		ports[i] = bind_ipi(i % VCPUS);
	for (unsigned int round = 0; round < 20000; round++) {
		unsigned int p = ports[(unsigned int)rand() % 40];
		uint32_t *block = (uint32_t *)(void *)control[rand() % VCPUS];

		switch (rand() % 6) {
		case 0:
			*word(p) = (uint32_t)rand() * 2654435761U;
			break;
		case 1:
			block[rand() % 18] = (uint32_t)rand();
			break;
		case 2:
			(void)set_priority(p, (unsigned int)rand() % 16);
			break;
		case 3:
			on_port(EVTCHNOP_unmask, p);
			break;
		default:
			on_port(EVTCHNOP_send, p);
		}
	}
	/* An honest start afterwards works. */
	for (unsigned int i = 0; i < ARRAY_SIZE(ports); i++)
		on_port(EVTCHNOP_close, ports[i]);
}

static void test_every_allocation_fails_once(void **state)
{
	long n, rc;

	(void)state;
	for (n = 0; n < 10; n++) {
		host.allocs_left = n;
		rc = init_control(0, control_mfn[0], 0);
		host.allocs_left = -1;
		if (!rc)
			break;
		assert_int_equal(rc, -ENOMEM);
		assert_int_equal(expand(array_mfn[0]), -EOPNOTSUPP);
	}
	assert_int_equal(n, 2);	/* the domain's part, the vCPU's */
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_control_block_refusals),
		T(test_expand_refusals),
		T(test_order),
		T(test_priorities),
		T(test_no_priorities_in_2l),
		T(test_tail_moves_to_other_queue),
		T(test_masked),
		T(test_close_clears_pending),
		T(test_reopened_while_linked),
		T(test_pending_before_fifo),
		T(test_no_control_block),
		T(test_many_ports),
		T(test_reset_goes_back),
		T(test_hostile_words),
		T(test_every_allocation_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
