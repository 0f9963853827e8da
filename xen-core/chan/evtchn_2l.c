/*
 * Two-level delivery: a pending and a mask bit for each port in shared_info,
 * and in each vCPU's vcpu_info a selector with a bit for each word of 64.
 *
 * The guest can write all of it, so nothing here is believed: the bits are
 * only ever set, cleared and tested, one locked instruction each.  No lock is
 * needed: of two senders one finds the pending bit set and has nothing to do.
 */
#include "private.h"

#include <asm/bitops.h>

#define WORD_BITS 64

static bool has_bits(unsigned int port)
{
	return port < EVTCHN_2L_NR_CHANNELS;
}

static uint64_t *pending_word(struct domain *d, unsigned int port)
{
	return &d->shared->evtchn_pending[port / WORD_BITS];
}

static uint64_t *mask_word(struct domain *d, unsigned int port)
{
	return &d->shared->evtchn_mask[port / WORD_BITS];
}

static bool test_bit_of(const uint64_t *word, unsigned int port)
{
	return READ_ONCE(*word) >> port % WORD_BITS & 1;
}

static void select_port(struct vcpu *v, unsigned int port)
{
	struct vcpu_info *info = READ_ONCE(v->info);

	if (info && !bit64_test_and_set(&info->evtchn_pending_sel,
					port / WORD_BITS))
		evtchn_notify(v);
}

static void set_pending_2l(struct domain *d, struct evtchn *c,
			   unsigned int port)
{
	if (!has_bits(port) ||
	    bit64_test_and_set(pending_word(d, port), port % WORD_BITS))
		return;
	if (!test_bit_of(mask_word(d, port), port))
		select_port(d->vcpu[READ_ONCE(c->vcpu)], port);
	evtchn_check_pollers(d, port);
}

static void init_port_2l(struct domain *d, struct evtchn *c, unsigned int port)
{
	(void)d;
	(void)c;
	(void)port;
}

static void clear_pending_2l(struct domain *d, unsigned int port)
{
	if (has_bits(port))
		bit64_test_and_clear(pending_word(d, port), port % WORD_BITS);
}

static void unmask_2l(struct domain *d, struct evtchn *c, unsigned int port)
{
	if (has_bits(port) &&
	    bit64_test_and_clear(mask_word(d, port), port % WORD_BITS) &&
	    test_bit_of(pending_word(d, port), port))
		select_port(d->vcpu[c->vcpu], port);
}

static bool is_pending_2l(struct domain *d, unsigned int port)
{
	return has_bits(port) && test_bit_of(pending_word(d, port), port);
}

static bool is_masked_2l(struct domain *d, unsigned int port)
{
	return has_bits(port) && test_bit_of(mask_word(d, port), port);
}

const struct evtchn_ops evtchn_2l_ops = {
	.max_ports = EVTCHN_2L_NR_CHANNELS,
	.set_pending = set_pending_2l,
	.init_port = init_port_2l,
	.clear_pending = clear_pending_2l,
	.unmask = unmask_2l,
	.is_pending = is_pending_2l,
	.is_masked = is_masked_2l,
};
