/* SPDX-License-Identifier: MIT */
#include "fake_blk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGE	GRANT_PAGE

struct fake *fake;
struct service fake_service;
int fake_state;
bool fake_persistent;
static int memory;		/* the guest's, as a file */
static uint8_t *guest;

static struct fake_front *front_of(const struct nodes *n)
{
	return &fake->front[n->device - 1];
}

/* ---- grants ------------------------------------------------------------- */

struct grants {
	int dummy;
};
static struct grants the_grants;

static bool granted(uint32_t ref, bool write)
{
	return ref < FAKE_PAGES &&
		fake->grant[ref] >= (write ? GRANT_WRITE : GRANT_READ);
}

struct grants *grants_open(uint32_t domid)
{
	(void)domid;
	return &the_grants;
}

void grants_close(struct grants *g)
{
	(void)g;
}

void *grants_map(struct grants *g, const uint32_t *refs, unsigned int count,
		 bool writable)
{
	uint8_t *at;
	unsigned int i;

	(void)g;
	for (i = 0; i < count; i++)
		if (!granted(refs[i], writable)) {
			errno = EINVAL;
			return NULL;
		}
	at = mmap(NULL, count * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		  -1, 0);
	for (i = 0; i < count; i++)
		assert_ptr_not_equal(MAP_FAILED,
			mmap(at + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, memory,
			     (off_t)refs[i] * PAGE));
	fake->mapped += count;
	return at;
}

void grants_unmap(struct grants *g, void *at, unsigned int count)
{
	(void)g;
	munmap(at, count * PAGE);
	fake->mapped -= count;
}

void grants_copy(struct grants *g, struct grant_copy *ops, unsigned int count)
{
	unsigned int i;

	(void)g;
	for (i = 0; i < count; i++) {
		struct grant_copy *c = &ops[i];
		uint8_t *there = guest + (size_t)c->ref * PAGE + c->offset;

		fake->copies++;
		c->failed = c->offset + c->len > PAGE ||
			!granted(c->ref, c->to_guest);
		if (c->failed)
			continue;
		if (c->to_guest)
			memcpy(there, c->local, c->len);
		else
			memcpy(c->local, there, c->len);
	}
}

/* ---- event channels ----------------------------------------------------- */

struct ports {
	int dummy;
};
static struct ports the_ports;

struct ports *ports_open(uint32_t domid)
{
	(void)domid;
	return &the_ports;
}

int ports_bind(struct ports *p, uint32_t remote)
{
	(void)p;
	if (remote >= 100 && remote < 100 + FAKE_DEVICES)
		return remote;
	errno = EINVAL;
	return -1;
}

void ports_unbind(struct ports *p, uint32_t port)
{
	(void)p;
	(void)port;
}

void ports_notify(struct ports *p, uint32_t port)
{
	(void)p;
	fake->front[port - 100].notified++;
}

int ports_next(struct ports *p)
{
	int port = fake->event;

	(void)p;
	fake->event = 0;
	return port ? port : -1;
}

void ports_unmask(struct ports *p, uint32_t port)
{
	(void)p;
	(void)port;
	fake->unmasked++;
}

/* ---- the store and the parent ------------------------------------------- */

bool nodes_follow(const struct nodes *n)
{
	(void)n;
	return true;
}

void nodes_unfollow(const struct nodes *n)
{
	(void)n;
}

enum bus_state nodes_own_state(const struct nodes *n)
{
	return front_of(n)->own;
}

enum bus_state nodes_front_state(const struct nodes *n)
{
	return front_of(n)->state;
}

bool nodes_set_state(const struct nodes *n, enum bus_state state)
{
	front_of(n)->own = state;
	return true;
}

struct nodes xs_nodes(const struct service *s, uint32_t device)
{
	(void)s;
	return (struct nodes){ .device = device };
}

bool xs_offer(struct vbd *v)
{
	(void)v;
	return true;
}

bool xs_describe(struct vbd *v)
{
	(void)v;
	return true;
}

bool xs_set_size(struct vbd *v)
{
	(void)v;
	return true;
}

bool xs_read_front(struct vbd *v, struct front *f, const char **why)
{
	*why = "bad choice";
	*f = front_of(&v->dev.nodes)->choice;
	return !front_of(&v->dev.nodes)->bad_choice;
}

void control_event(struct service *s, const char *event, const struct vbd *v,
		   int error, const char *text)
{
	static const char *const names[] = { "connected", "disconnected",
					     "broken", "io-error" };
	unsigned int i;

	(void)s;
	(void)v;
	(void)error;
	(void)text;
	for (i = 0; i < 4; i++)
		if (!strcmp(event, names[i]))
			fake->events[i]++;
}

void control_detached(struct service *s, int64_t id)
{
	(void)s;
	fake->detached = id;
}

/* ---- the guest ---------------------------------------------------------- */

void fake_begin(void)
{
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(fake, MAP_FAILED);
	memory = memfd_create("guest", 0);
	assert_int_equal(ftruncate(memory, (off_t)FAKE_PAGES * PAGE), 0);
	guest = mmap(NULL, (size_t)FAKE_PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED, memory, 0);
	assert_ptr_not_equal(guest, MAP_FAILED);
	fake_state = memfd_create("state", 0);
	memset(fake->grant, GRANT_WRITE, FAKE_PAGES);
	fake->detached = -1;
}

static void nothing(void *arg)
{
	(void)arg;
}

void fake_open(void)
{
	struct service *s = &fake_service;
	int held;

	memset(s, 0, sizeof(*s));
	/* Never used: the parent is played here. */
	s->parent = (struct parent *)s;
	list_init(&s->ready);
	list_init(&s->starved);
	s->loop = loop_new();
	s->again = loop_add_timer(s->loop, nothing, s);
	s->slow = loop_add_timer(s->loop, nothing, s);
	s->idle = loop_add_timer(s->loop, nothing, s);
	s->later = loop_add_timer(s->loop, nothing, s);
	s->state = state_open(fake_state, &held);
	assert_non_null(s->state);
	s->grants = grants_open(1);
	s->ports = ports_open(1);
	s->io = io_open(512, held);
	assert_non_null(s->io);
	close(held);
	assert_int_equal(pool_init(&s->pool), 0);
	io_area(s->io, s->pool.area, POOL_PART * POOL_PAGE,
		POOL_PAGES / POOL_PART);
}

void fake_close(void)
{
	struct service *s = &fake_service;

	while (s->disks) {
		struct vbd *v = s->disks;

		vbd_detach(v, true, 0);
		fake_run();
		assert_ptr_not_equal(s->disks, v);
	}
	io_close(s->io);
	pool_destroy(&s->pool);
	munmap(s->state, sizeof(*s->state));
	loop_free(s->loop);
}

void fake_end(void)
{
	munmap(guest, (size_t)FAKE_PAGES * PAGE);
	munmap(fake, sizeof(*fake));
	close(memory);
	close(fake_state);
}

uint8_t *fake_page(uint32_t n)
{
	return guest + (size_t)n * PAGE;
}

int fake_image(size_t bytes, int byte)
{
	char path[] = "/tmp/hvx-blk-XXXXXX";
	int fd = mkstemp(path);
	uint8_t block[4096];
	size_t at;

	assert_true(fd >= 0);
	unlink(path);
	memset(block, byte, sizeof(block));
	for (at = 0; at < bytes; at += sizeof(block))
		assert_int_equal(pwrite(fd, block, sizeof(block), at),
				 sizeof(block));
	return fd;
}

struct vbd *fake_attach(unsigned int i, int image, const struct disk_spec *s)
{
	static const struct disk_spec whole = { .discard = true };
	char why[DISK_WHY], path[40];
	struct vbd *v;
	int fd;

	if (fake->front[i].state == BUS_UNKNOWN)
		fake->front[i].state = fake->front[i].own = BUS_INITIALISING;
	/* A fresh open file, as the parent's is; sockets can't be opened. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", image);
	fd = s && s->image ? dup(image) :
		open(path, s && s->readonly ? O_RDONLY : O_RDWR);
	assert_true(fd >= 0);
	v = vbd_attach(&fake_service, i + 1, "xvd", fd, s ? s : &whole, why);
	if (!v)
		print_message("%s\n", why);
	return v;
}

static struct ring_head *ring_of(unsigned int i)
{
	return (struct ring_head *)(void *)fake_page(1 + i * 16);
}

void fake_connect(unsigned int i, uint32_t ring_pages)
{
	struct fake_front *f = &fake->front[i];
	struct vbd *v = vbd_find(&fake_service, i + 1);
	uint32_t p;

	memset(f, 0, sizeof(*f));
	f->own = v->dev.own;
	f->state = BUS_INITIALISED;
	f->choice.queues = 1;
	f->choice.persistent = fake_persistent;
	f->choice.ring_pages = ring_pages;
	f->choice.port[0] = 100 + i;
	for (p = 0; p < ring_pages; p++) {
		f->choice.refs[0][p] = 1 + i * 16 + p;
		memset(fake_page(1 + i * 16 + p), 0, PAGE);
	}
	ring_of(i)->rsp_event = 1;
	vbd_step(v);
	f->state = BUS_CONNECTED;
	vbd_step(v);
}

static uint32_t size_of(unsigned int i)
{
	return ring_slots((size_t)fake->front[i].choice.ring_pages * PAGE,
			  sizeof(union blkif_sring_entry));
}

static union blkif_sring_entry *slot_at(unsigned int i, uint32_t index)
{
	return (union blkif_sring_entry *)(void *)(ring_of(i) + 1) +
		index % size_of(i);
}

union blkif_sring_entry *fake_slot(unsigned int i)
{
	return slot_at(i, fake->front[i].req_prod);
}

void fake_push(unsigned int i)
{
	struct vbd *v = vbd_find(&fake_service, i + 1);

	__atomic_store_n(&ring_of(i)->req_prod, ++fake->front[i].req_prod,
			 __ATOMIC_RELEASE);
	if (v)
		v->queue[0].kicked = true;
}

static unsigned int in_flight(void)
{
	unsigned int n = 0;
	struct vbd *v;

	for (v = fake_service.disks; v; v = v->next)
		n += v->queue[0].in_flight + v->queue[0].kicked;
	return n;
}

/* What the loop does: the first disk's image, too. */
static void wait_and_serve(void)
{
	struct vbd *v = fake_service.disks;
	struct pollfd p[2] = { { io_fd(fake_service.io), POLLIN, 0 } };

	p[1].fd = v->image ? v->disk.image->fd : -1;
	p[1].events = v->image_events;
	poll(p, 2, 1000);
	if (p[1].revents)
		service_on_image(v, p[1].revents);
	else
		service_round(&fake_service);
}

void fake_run(void)
{
	service_round(&fake_service);
	while (in_flight())
		wait_and_serve();
}

bool fake_response(unsigned int i, struct blkif_response *rsp)
{
	struct fake_front *f = &fake->front[i];

	if (f->rsp_cons == __atomic_load_n(&ring_of(i)->rsp_prod,
					   __ATOMIC_ACQUIRE))
		return false;
	memcpy(rsp, &slot_at(i, f->rsp_cons++)->rsp, sizeof(*rsp));
	__atomic_store_n(&ring_of(i)->rsp_event, f->rsp_cons + 1,
			 __ATOMIC_SEQ_CST);
	return true;
}

int fake_ask(unsigned int i, const struct blkif_request *req)
{
	struct blkif_response rsp;

	memcpy(&fake_slot(i)->req, req, sizeof(*req));
	fake_push(i);
	fake_run();
	assert_true(fake_response(i, &rsp));
	assert_int_equal(rsp.id, req->id);
	assert_false(fake_response(i, &rsp));
	return rsp.status;
}
