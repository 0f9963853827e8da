/*
 * FIFO delivery: an event word for each port in pages of the guest's, and for
 * each vCPU sixteen queues, by priority, that link such words.
 *
 * The guest owns all those words and may write nonsense at any time.  So:
 *  - the core keeps by itself what it must know: where each queue ends, and
 *    on which queue it last put a port; both name ports of this domain whose
 *    words exist, never what a guest wrote;
 *  - each word is read once a step; a link is never followed, only written;
 *  - linking tries a fixed number of times, then gives up as if the queue had
 *    been empty: at worst this guest loses events of its own.
 *
 * One lock a domain orders all senders, and keeps the pages in place: every
 * use of a word is under it, and reset takes the pages away under it.  It
 * nests inside the domain's event lock and outside the run queue's.
 */
#include "private.h"

#include <asm/bitops.h>
#include <hvx/frame.h>
#include <hvx/machine.h>

#define WORDS_PER_PAGE (PAGE_SIZE / sizeof(event_word_t))
#define LINK_TRIES     16

struct evtchn_fifo_domain {
	struct lock lock;
	unsigned int nr_pages, max_pages;
	event_word_t *page[];
};

/* Until reset; control NULL: the guest gave no page (yet). */
struct evtchn_fifo_vcpu {
	struct evtchn_fifo_control_block *control;
	uint32_t tail[EVTCHN_FIFO_MAX_QUEUES];
};

static event_word_t *find_word(struct evtchn_fifo_domain *f, unsigned int port)
{
	unsigned int page = port / WORDS_PER_PAGE;

	return page < f->nr_pages ? &f->page[page][port % WORDS_PER_PAGE]
				  : NULL;
}

/* Let a queue's last word point at port; false if that queue is empty, which
 * the guest says by having cleared its LINKED. */
static bool link_after(event_word_t *tail, unsigned int port)
{
	for (int i = 0; i < LINK_TRIES; i++) {
		event_word_t old = READ_ONCE(*tail);
		event_word_t new = (old & ~EVTCHN_FIFO_LINK_MASK) | port;

		if (!(old & BIT(EVTCHN_FIFO_LINKED)))
			return false;
		if (__atomic_compare_exchange_n(tail, &old, new, false,
						__ATOMIC_SEQ_CST,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* The port goes to another queue than last time: the old one, if the port was
 * its last, is empty now, or the port would still be linked there. */
static void leave_old_queue(struct domain *d, struct evtchn *c,
			    unsigned int port, unsigned int queue)
{
	struct evtchn_fifo_vcpu *old;

	if (c->queue == queue)
		return;
	old = d->vcpu[c->queue / EVTCHN_FIFO_MAX_QUEUES]->evtchn.fifo;
	if (old && old->tail[c->queue % EVTCHN_FIFO_MAX_QUEUES] == port)
		old->tail[c->queue % EVTCHN_FIFO_MAX_QUEUES] = 0;
	c->queue = queue;
}

/* Put a port whose LINKED bit was just set at the end of its queue; true if
 * the vCPU has to be told. */
static bool enqueue(struct domain *d, struct evtchn *c, unsigned int port,
		    const struct vcpu *v)
{
	struct evtchn_fifo_vcpu *fv = v->evtchn.fifo;
	unsigned int prio = c->priority;
	event_word_t *tail;

	leave_old_queue(d, c, port, v->id * EVTCHN_FIFO_MAX_QUEUES + prio);
	tail = fv->tail[prio] && fv->tail[prio] != port
		       ? find_word(d->evtchn.fifo, fv->tail[prio])
		       : NULL;
	fv->tail[prio] = port;
	if (tail && link_after(tail, port))
		return false;
	WRITE_ONCE(fv->control->head[prio], port);
	return !bit32_test_and_set(&fv->control->ready, prio);
}

/* The fifo lock is held and the port is pending: link it, unless it is masked
 * or linked already.  True if v has to be told. */
static bool try_link(struct domain *d, struct evtchn *c, unsigned int port,
		     event_word_t *word, const struct vcpu *v)
{
	event_word_t w = READ_ONCE(*word);

	if (w & (BIT(EVTCHN_FIFO_MASKED) | BIT(EVTCHN_FIFO_LINKED)))
		return false;
	if (!v->evtchn.fifo || !v->evtchn.fifo->control)
		return false;
	if (bit32_test_and_set(word, EVTCHN_FIFO_LINKED))
		return false;
	return enqueue(d, c, port, v);
}

static void set_pending_fifo(struct domain *d, struct evtchn *c,
			     unsigned int port)
{
	struct evtchn_fifo_domain *f = d->evtchn.fifo;
	struct vcpu *v = d->vcpu[READ_ONCE(c->vcpu)];
	event_word_t *word;
	bool tell = false;

	spin_lock(&f->lock);
	word = find_word(f, port);
	if (likely(word)) {
		bit32_test_and_set(word, EVTCHN_FIFO_PENDING);
		tell = try_link(d, c, port, word, v);
	} else {
		c->early = true;
	}
	spin_unlock(&f->lock);

	if (tell)
		evtchn_notify(v);
	evtchn_check_pollers(d, port);
}

static void init_port_fifo(struct domain *d, struct evtchn *c,
			   unsigned int port)
{
	struct evtchn_fifo_domain *f = d->evtchn.fifo;

	(void)port;
	c->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
	spin_lock(&f->lock);
	c->early = false;
	spin_unlock(&f->lock);
}

static void clear_pending_fifo(struct domain *d, unsigned int port)
{
	struct evtchn_fifo_domain *f = d->evtchn.fifo;
	event_word_t *word;

	spin_lock(&f->lock);
	word = find_word(f, port);
	if (word)
		bit32_test_and_clear(word, EVTCHN_FIFO_PENDING);
	spin_unlock(&f->lock);
}

static void unmask_fifo(struct domain *d, struct evtchn *c, unsigned int port)
{
	struct evtchn_fifo_domain *f = d->evtchn.fifo;
	struct vcpu *v = d->vcpu[c->vcpu];
	event_word_t *word;
	bool tell = false;

	spin_lock(&f->lock);
	word = find_word(f, port);
	if (word) {
		bit32_test_and_clear(word, EVTCHN_FIFO_MASKED);
		if (READ_ONCE(*word) & BIT(EVTCHN_FIFO_PENDING))
			tell = try_link(d, c, port, word, v);
	}
	spin_unlock(&f->lock);
	if (tell)
		evtchn_notify(v);
}

static bool word_has(struct domain *d, unsigned int port, unsigned int bit)
{
	struct evtchn_fifo_domain *f = d->evtchn.fifo;
	event_word_t *word;
	bool has;

	spin_lock(&f->lock);
	word = find_word(f, port);
	has = word && (READ_ONCE(*word) & BIT(bit));
	spin_unlock(&f->lock);
	return has;
}

static bool is_pending_fifo(struct domain *d, unsigned int port)
{
	return word_has(d, port, EVTCHN_FIFO_PENDING);
}

static bool is_masked_fifo(struct domain *d, unsigned int port)
{
	return word_has(d, port, EVTCHN_FIFO_MASKED);
}

/* Counts from the next event on: one that is linked stays where it is. */
static int set_priority_fifo(struct evtchn *c, unsigned int priority)
{
	if (priority > EVTCHN_FIFO_PRIORITY_MIN)
		return -EINVAL;
	c->priority = priority;
	return 0;
}

const struct evtchn_ops evtchn_fifo_ops = {
	.max_ports = EVTCHN_FIFO_NR_CHANNELS,
	.set_pending = set_pending_fifo,
	.init_port = init_port_fifo,
	.clear_pending = clear_pending_fifo,
	.unmask = unmask_fifo,
	.is_pending = is_pending_fifo,
	.is_masked = is_masked_fifo,
	.set_priority = set_priority_fifo,
};

static bool is_active(const struct domain *d)
{
	return d->evtchn.ops == &evtchn_fifo_ops;
}

static int alloc_domain_part(struct domain *d)
{
	unsigned int ports = d->evtchn.max_ports;
	unsigned int pages;
	struct evtchn_fifo_domain *f;

	if (d->evtchn.fifo)
		return 0;
	if (!ports || ports > EVTCHN_FIFO_NR_CHANNELS)
		ports = EVTCHN_FIFO_NR_CHANNELS;
	pages = DIV_ROUND_UP(ports, WORDS_PER_PAGE);
	f = heap_alloc(sizeof(*f) + pages * sizeof(f->page[0]));
	if (!f)
		return -ENOMEM;
	f->max_pages = pages;
	d->evtchn.fifo = f;	/* seen by others once ops is FIFO */
	return 0;
}

/* What was pending by the 2-level bits is pending as soon as there is a word
 * for it. */
static void take_over_ports(struct domain *d)
{
	for (unsigned int port = 1; port < d->evtchn.nr_ports &&
	     port < EVTCHN_2L_NR_CHANNELS; port++) {
		struct evtchn *c = evtchn_find(d, port);

		if (c->state == PORT_FREE)
			continue;
		c->priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
		c->early = evtchn_2l_ops.is_pending(d, port);
	}
}

int evtchn_fifo_init_control(struct vcpu *v, mfn_t mfn, unsigned int offset)
{
	struct evtchn_fifo_vcpu *fv = v->evtchn.fifo;
	struct domain *d = v->d;

	if (offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) ||
	    offset % 8)
		return -EINVAL;
	if (fv && fv->control)
		return -EINVAL;
	if (alloc_domain_part(d))
		return -ENOMEM;
	if (!fv)
		fv = heap_alloc(sizeof(*fv));
	if (!fv)
		return -ENOMEM;
	v->evtchn.fifo = fv;
	if (!frame_get_writable(mfn, d))
		return -EINVAL;

	spin_lock(&d->evtchn.fifo->lock);
	fv->control = (void *)((char *)mfn_to_virt(mfn) + offset);
	spin_unlock(&d->evtchn.fifo->lock);
	if (!is_active(d)) {
		take_over_ports(d);
		__atomic_store_n(&d->evtchn.ops, &evtchn_fifo_ops,
				 __ATOMIC_RELEASE);
	}
	return 0;
}

static void send_early(struct domain *d, unsigned int first)
{
	for (unsigned int i = 0; i < WORDS_PER_PAGE; i++) {
		struct evtchn *c = evtchn_find(d, first + i);

		if (!c)
			break;
		if (c->early && c->state != PORT_FREE)
			set_pending_fifo(d, c, first + i);
		c->early = false;
	}
}

int evtchn_fifo_expand(struct domain *d, mfn_t mfn)
{
	struct evtchn_fifo_domain *f = d->evtchn.fifo;

	if (!is_active(d))
		return -EOPNOTSUPP;
	if (f->nr_pages >= f->max_pages)
		return -ENOSPC;
	if (!frame_get_writable(mfn, d))
		return -EINVAL;

	spin_lock(&f->lock);
	f->page[f->nr_pages++] = mfn_to_virt(mfn);
	spin_unlock(&f->lock);
	send_early(d, (f->nr_pages - 1) * WORDS_PER_PAGE);
	return 0;
}

static void put_page_of(const void *p)
{
	frame_put_writable(virt_to_mfn(p));
}

static void reset_vcpu(struct vcpu *v)
{
	struct evtchn_fifo_vcpu *fv = v->evtchn.fifo;

	if (fv && fv->control)
		put_page_of(fv->control);
	v->evtchn.fifo = NULL;
	heap_free(fv);
}

void evtchn_fifo_reset(struct domain *d)
{
	struct evtchn_fifo_domain *f = d->evtchn.fifo;
	struct vcpu *v;

	if (!f)
		return;
	__atomic_store_n(&d->evtchn.ops, &evtchn_2l_ops, __ATOMIC_RELEASE);
	spin_lock(&f->lock);
	while (f->nr_pages)
		put_page_of(f->page[--f->nr_pages]);
	for_each_vcpu(d, v)
		reset_vcpu(v);
	spin_unlock(&f->lock);
}

/* After a reset; there may be no vCPUs any more. */
void evtchn_fifo_free(struct domain *d)
{
	heap_free(d->evtchn.fifo);
	d->evtchn.fifo = NULL;
}

/* Every queue's end is a port that has a word and was put there last. */
static unsigned long audit_vcpu(struct domain *d, const struct vcpu *v)
{
	const struct evtchn_fifo_vcpu *fv = v->evtchn.fifo;
	unsigned long bad = 0;

	for (unsigned int i = 0; fv && i < EVTCHN_FIFO_MAX_QUEUES; i++) {
		struct evtchn *c;

		if (!fv->tail[i])
			continue;
		c = evtchn_find(d, fv->tail[i]);
		if (!is_active(d) || !fv->control || !c ||
		    !find_word(d->evtchn.fifo, fv->tail[i]) ||
		    c->queue != v->id * EVTCHN_FIFO_MAX_QUEUES + i)
			bad++;
	}
	return bad;
}

unsigned long evtchn_fifo_audit(struct domain *d)
{
	struct evtchn_fifo_domain *f = d->evtchn.fifo;
	unsigned long bad = 0;
	struct vcpu *v;

	if (is_active(d) && !f)
		return 1;
	if (f)
		bad += f->nr_pages > f->max_pages ||
		       (!is_active(d) && f->nr_pages);
	for_each_vcpu(d, v)
		bad += audit_vcpu(d, v);
	return bad;
}

void evtchn_each_ref(struct domain *d, frame_ref_fn fn, void *ctx)
{
	struct evtchn_fifo_domain *f = d->evtchn.fifo;
	struct vcpu *v;

	for (unsigned int i = 0; f && i < f->nr_pages; i++)
		fn(ctx, virt_to_mfn(f->page[i]), true);
	for_each_vcpu(d, v)
		if (v->evtchn.fifo && v->evtchn.fifo->control)
			fn(ctx, virt_to_mfn(v->evtchn.fifo->control), true);
}
