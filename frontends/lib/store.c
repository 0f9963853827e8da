/*
 * A client of the store for a guest with one thread of work. Messages go
 * through the ring in pieces of any size; events that come while a reply is
 * waited for are kept, the last EVENTS of them: a watch says only that something
 * has changed.
 */
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/store.h>
#include <pv/string.h>
#include <abi/io/xs_wire.h>

#define EVENTS	8

static struct xenstore_domain_interface *ring;
static char events[EVENTS][STORE_TEXT];
static unsigned int events_in, events_out;

bool store_init(void)
{
	if (start_info->flags & SIF_INITDOMAIN || !start_info->store_mfn)
		return false;
	ring = (void *)pfn_to_va(mfn_to_pfn(start_info->store_mfn));
	return true;
}

unsigned int store_port(void)
{
	return start_info->store_evtchn;
}

static uint32_t look(const XENSTORE_RING_IDX *index)
{
	return *(const volatile XENSTORE_RING_IDX *)index;
}

static void set(XENSTORE_RING_IDX *index, uint32_t value)
{
	/* The bytes before the index that announces them. */
	asm volatile("" : : : "memory");
	*(volatile XENSTORE_RING_IDX *)index = value;
	event_send(store_port());
}

/* Until the store moves index from this value. */
static void wait_for_move(const XENSTORE_RING_IDX *index, uint32_t from)
{
	evtchn_port_t port = store_port();
	struct sched_poll poll = { .nr_ports = 1 };

	handle_set(poll.ports, &port);
	for (;;) {
		event_take(port);
		if (look(index) != from)
			return;
		HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
	}
}

static void put(const void *data, size_t len)
{
	const char *p = data;
	uint32_t prod = look(&ring->req_prod), cons;

	while (len--) {
		while (prod - (cons = look(&ring->req_cons)) >=
		       XENSTORE_RING_SIZE)
			wait_for_move(&ring->req_cons, cons);
		ring->req[MASK_XENSTORE_IDX(prod++)] = *p++;
		if (!len || prod - cons == XENSTORE_RING_SIZE)
			set(&ring->req_prod, prod);
	}
}

/* What doesn't fit into the buffer is passed over. */
static void get(void *data, size_t len, size_t room)
{
	uint32_t cons = look(&ring->rsp_cons), prod;
	char *p = data;

	while (len--) {
		while ((prod = look(&ring->rsp_prod)) == cons)
			wait_for_move(&ring->rsp_prod, prod);
		if (room) {
			*p++ = ring->rsp[MASK_XENSTORE_IDX(cons)];
			room--;
		}
		cons++;
		if (!len || cons == prod)
			set(&ring->rsp_cons, cons);
	}
}

/* One message; an event is kept. Its type; text has a zero at its end. */
static uint32_t get_message(char *text)
{
	char body[STORE_TEXT] = { 0 };
	struct xsd_sockmsg head;

	get(&head, sizeof(head), sizeof(head));
	get(body, head.len, sizeof(body) - 1);
	if (head.type == XS_WATCH_EVENT)
		memcpy(events[events_in++ % EVENTS], body, sizeof(body));
	else
		memcpy(text, body, sizeof(body));
	return head.type;
}

static bool ask(uint32_t type, const char *path, const char *second,
		size_t second_len, char *answer)
{
	size_t len = strlen(path) + 1;
	struct xsd_sockmsg head = {
		.type = type, .len = (uint32_t)(len + second_len),
	};
	char text[STORE_TEXT];
	uint32_t got;

	if (!ring)
		return false;
	put(&head, sizeof(head));
	put(path, len);
	put(second, second_len);
	do {
		got = get_message(text);
	} while (got == XS_WATCH_EVENT);
	if (answer)
		memcpy(answer, text, sizeof(text));
	return got == type;
}

bool store_read(const char *path, char *buf)
{
	return ask(XS_READ, path, "", 0, buf);
}

bool store_write(const char *path, const char *value)
{
	return ask(XS_WRITE, path, value, strlen(value), NULL);
}

bool store_watch(const char *path)
{
	return ask(XS_WATCH, path, "t", 2, NULL);
}

bool store_event(char *buf)
{
	char text[STORE_TEXT];

	if (!ring)
		return false;
	while (events_in == events_out &&
	       look(&ring->rsp_prod) != look(&ring->rsp_cons))
		get_message(text);
	if (events_in == events_out)
		return false;
	if (events_in - events_out > EVENTS)
		events_out = events_in - EVENTS;
	memcpy(buf, events[events_out++ % EVENTS], STORE_TEXT);
	return true;
}
