/* SPDX-License-Identifier: MIT */
#include "fake_hyper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>
#include <hvxconsoled/hyper.h>

struct fake_guest guests[FAKE_DOMAINS];
unsigned int hyper_listed;

/* Readable while a port is pending that isn't masked */
static int event = -1;

struct hyper {
	int unused;
};

static struct hyper the_hyper;

void fake_hyper_reset(void)
{
	int i;

	for (i = 0; i < FAKE_DOMAINS; i++)
		if (guests[i].ring)
			munmap(guests[i].ring, 4096);
	memset(guests, 0, sizeof(guests));
	if (event >= 0)
		close(event);
	event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

struct fake_guest *fake_guest_new(uint32_t domid)
{
	guests[domid].ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return &guests[domid];
}

static void signal_pending(void)
{
	uint64_t n = 1;

	if (write(event, &n, sizeof(n)) < 0)
		abort();
}

void fake_guest_notify(uint32_t domid)
{
	guests[domid].pending = true;
	if (guests[domid].bound && !guests[domid].masked)
		signal_pending();
}

size_t fake_guest_print(uint32_t domid, const char *data, size_t len)
{
	struct xencons_interface *r = guests[domid].ring;
	size_t n = 0;

	while (n < len && r->out_prod - r->out_cons < sizeof(r->out))
		r->out[MASK_XENCONS_IDX(r->out_prod++, r->out)] = data[n++];
	fake_guest_notify(domid);
	return n;
}

void fake_guest_say(uint32_t domid, const char *text)
{
	fake_guest_print(domid, text, strlen(text));
}

size_t fake_guest_read(uint32_t domid, char *buf, size_t size)
{
	struct xencons_interface *r = guests[domid].ring;
	size_t n = 0;

	while (n < size && r->in_cons != r->in_prod)
		buf[n++] = r->in[MASK_XENCONS_IDX(r->in_cons++, r->in)];
	if (n)
		fake_guest_notify(domid);
	return n;
}

/* ---- what hvxconsoled calls ---- */

struct hyper *hyper_open(const char **what)
{
	(void)what;
	return &the_hyper;
}

void hyper_close(struct hyper *h)
{
	(void)h;
}

int hyper_fd(struct hyper *h)
{
	(void)h;
	return event;
}

int hyper_pending(struct hyper *h)
{
	static int next;
	uint64_t n;
	int i;

	(void)h;
	/* In turn, as the kernel's queue has them */
	for (i = 0; i < FAKE_DOMAINS; i++) {
		int port = next++ % FAKE_DOMAINS;
		struct fake_guest *g = &guests[port];

		if (g->bound && g->pending && !g->masked) {
			g->pending = false;
			g->masked = true;
			return port;
		}
	}
	if (read(event, &n, sizeof(n)) < 0 && errno != EAGAIN)
		abort();
	return -1;
}

void hyper_unmask(struct hyper *h, int port)
{
	(void)h;
	guests[port].masked = false;
	if (guests[port].pending)
		signal_pending();
}

void hyper_notify(struct hyper *h, int port)
{
	(void)h;
	guests[port].notified++;
}

int hyper_bind(struct hyper *h, uint32_t domid, uint32_t remote)
{
	(void)h;
	(void)remote;
	if (guests[domid].no_bind) {
		errno = EINVAL;
		return -1;
	}
	guests[domid].bound = true;
	guests[domid].masked = false;
	return domid;
}

void hyper_unbind(struct hyper *h, int port)
{
	(void)h;
	guests[port].bound = false;
}

void *hyper_map_console(struct hyper *h, uint32_t domid, unsigned long mfn,
			bool *granted)
{
	(void)h;
	(void)mfn;
	*granted = true;
	if (!guests[domid].ring || guests[domid].no_map) {
		errno = ESRCH;
		return NULL;
	}
	guests[domid].mapped = true;
	return guests[domid].ring;
}

void hyper_unmap_console(struct hyper *h, void *page, bool granted)
{
	int i;

	(void)h;
	(void)granted;
	for (i = 0; i < FAKE_DOMAINS; i++)
		if (guests[i].ring == page)
			guests[i].mapped = false;
}

int hyper_domains(struct hyper *h, uint32_t first, struct hyper_domain **list)
{
	int i, n = 0;

	(void)h;
	*list = calloc(FAKE_DOMAINS, sizeof(**list));
	for (i = first; i < FAKE_DOMAINS; i++) {
		if (!guests[i].ring)
			continue;
		hyper_listed++;
		(*list)[n].domid = i;
		(*list)[n].uuid[0] = guests[i].uuid ? guests[i].uuid : i;
		(*list)[n++].dying = guests[i].dying;
	}
	return n;
}
