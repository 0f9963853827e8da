/* SPDX-License-Identifier: MIT */
/*
 * blkback's data path and life on a guest in memory, with real files and
 * io_uring: what it must do for a good guest, and what for a hostile one.
 */
#include "fake_blk.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "common/log.h"

#define MIB		(1u << 20)
#define DATA		200u		/* first page for data */
#define BYTES		(4 * MIB)

static int begin(void **state)
{
	(void)state;
	log_init("test", 0);
	fake_begin();
	fake_open();
	return 0;
}

/* The same guest with grants that stay. */
static int begin_kept(void **state)
{
	fake_persistent = true;
	return begin(state);
}

static int end(void **state)
{
	(void)state;
	fake_persistent = false;
	fake_close();
	assert_int_equal(fake->mapped, 0);
	fake_end();
	return 0;
}

static struct blkif_request io(uint8_t op, uint64_t sector, unsigned int pages,
			       uint32_t first_page)
{
	static uint64_t id = 1000;
	struct blkif_request r = { .operation = op, .nr_segments = pages,
				   .id = id++, .sector_number = sector };
	unsigned int i;

	for (i = 0; i < pages && i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++) {
		r.seg[i].gref = first_page + i;
		r.seg[i].last_sect = 7;
	}
	return r;
}

/* Segments come from a page of the guest. */
static struct blkif_request indirect(uint8_t op, uint64_t sector,
				     unsigned int count, uint32_t list,
				     uint32_t first_page)
{
	struct blkif_request_indirect in = {
		.operation = BLKIF_OP_INDIRECT, .indirect_op = op,
		.nr_segments = count, .id = 7 + sector,
		.sector_number = sector, .indirect_grefs = { list } };
	struct blkif_request_segment *seg = (void *)fake_page(list);
	struct blkif_request r;
	unsigned int i;

	for (i = 0; i < count && i < 512; i++)
		seg[i] = (struct blkif_request_segment){ first_page + i, 0, 7 };
	memset(&r, 0, sizeof(r));
	memcpy(&r, &in, sizeof(in));
	/* As io's: where fake_ask looks. */
	r.id = in.id;
	return r;
}

static int ask_indirect(unsigned int i, struct blkif_request *r)
{
	struct blkif_request_indirect in;
	struct blkif_response rsp;

	memcpy(&in, r, sizeof(in));
	memcpy(&fake_slot(i)->req, r, sizeof(*r));
	fake_push(i);
	fake_run();
	assert_true(fake_response(i, &rsp));
	assert_int_equal(rsp.id, in.id);
	assert_int_equal(rsp.operation, in.indirect_op);
	return rsp.status;
}

static void pattern(uint32_t page, unsigned int count, unsigned int seed)
{
	uint32_t *p = (void *)fake_page(page);
	unsigned int i;

	for (i = 0; i < count * 1024; i++)
		p[i] = seed * 2654435761u + i;
}

static bool same(int image, uint64_t at, uint32_t page, unsigned int count)
{
	uint8_t *b = malloc((size_t)count * 4096);
	bool eq;

	assert_int_equal(pread(image, b, (size_t)count * 4096, at),
			 (ssize_t)count * 4096);
	eq = !memcmp(b, fake_page(page), (size_t)count * 4096);
	free(b);
	return eq;
}

static bool untouched(int image, size_t bytes, int byte)
{
	uint8_t *b = malloc(bytes);
	bool ok = true;
	size_t i;

	assert_int_equal(pread(image, b, bytes, 0), (ssize_t)bytes);
	for (i = 0; i < bytes; i++)
		ok &= b[i] == byte;
	free(b);
	return ok;
}

/* ---- good guests -------------------------------------------------------- */

static void test_write_read(void **arg)
{
	int image = fake_image(BYTES, 0);
	struct blkif_request r;

	(void)arg;
	assert_non_null(fake_attach(0, image, NULL));
	fake_connect(0, 1);
	assert_int_equal(fake->front[0].own, BUS_CONNECTED);
	pattern(DATA, 11, 1);
	r = io(BLKIF_OP_WRITE, 80, 11, DATA);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_true(same(image, 80 * 512, DATA, 11));
	r = io(BLKIF_OP_READ, 80, 11, DATA + 20);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_memory_equal(fake_page(DATA), fake_page(DATA + 20), 11 * 4096);
	r = io(BLKIF_OP_FLUSH_DISKCACHE, 0, 0, 0);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	pattern(DATA, 2, 2);
	r = io(BLKIF_OP_WRITE_BARRIER, 8, 2, DATA);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_true(same(image, 8 * 512, DATA, 2));
	r = io(BLKIF_OP_WRITE_BARRIER, 0, 0, 0);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	close(image);
}

/* Parts of pages, put together on the disk. */
static void test_parts(void **arg)
{
	int image = fake_image(BYTES, 0);
	uint8_t b[3 * 512];
	struct blkif_request r;

	(void)arg;
	fake_attach(0, image, NULL);
	fake_connect(0, 1);
	pattern(DATA, 2, 3);
	r = io(BLKIF_OP_WRITE, 100, 2, DATA);
	r.seg[0].first_sect = 6;
	r.seg[1].last_sect = 0;
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_int_equal(pread(image, b, sizeof(b), 100 * 512), sizeof(b));
	assert_memory_equal(b, fake_page(DATA) + 6 * 512, 1024);
	assert_memory_equal(b + 1024, fake_page(DATA + 1), 512);
	memset(fake_page(DATA + 5), 0xee, 4096);
	r = io(BLKIF_OP_READ, 102, 1, DATA + 5);
	r.seg[0].first_sect = r.seg[0].last_sect = 3;
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_memory_equal(fake_page(DATA + 5) + 3 * 512, b + 1024, 512);
	assert_int_equal(fake_page(DATA + 5)[3 * 512 - 1], 0xee);
	assert_int_equal(fake_page(DATA + 5)[4 * 512], 0xee);
	close(image);
}

/* A MiB there and back, so many times. */
static void move(int image, unsigned int times, unsigned int seed)
{
	struct blkif_request r;

	while (times--) {
		pattern(DATA, 256, seed + times);
		r = indirect(BLKIF_OP_WRITE, 64, 256, 150, DATA);
		assert_int_equal(ask_indirect(0, &r), BLKIF_RSP_OKAY);
		assert_true(same(image, 64 * 512, DATA, 256));
		r = indirect(BLKIF_OP_READ, 64, 256, 150, DATA + 300);
		assert_int_equal(ask_indirect(0, &r), BLKIF_RSP_OKAY);
		assert_memory_equal(fake_page(DATA), fake_page(DATA + 300),
				    256 * 4096);
	}
}

static void test_indirect(void **arg)
{
	int image = fake_image(BYTES, 0);

	(void)arg;
	fake_attach(0, image, NULL);
	fake_connect(0, 16);
	move(image, 1, 4);
	close(image);
}

static long pinned_kib(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[200];
	long kib = -1;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "VmPin: %ld", &kib);
	fclose(f);
	return kib;
}

/* Buffers that are used much are pinned, until nobody uses any; the data is right
 * all the while. */
static void test_pinned(void **arg)
{
	int image = fake_image(BYTES, 0);

	(void)arg;
	fake_attach(0, image, NULL);
	fake_connect(0, 16);
	move(image, 1, 1);
	assert_int_equal(pinned_kib(), 0);
	move(image, 4, 10);
	assert_int_equal(pinned_kib(), 1024);
	service_on_idle(&fake_service);
	assert_int_equal(pinned_kib(), 0);
	/* These are other pages of the system's. */
	move(image, 1, 20);
	assert_int_equal(pinned_kib(), 0);
	move(image, 4, 30);
	assert_int_equal(pinned_kib(), 1024);
	close(image);
}

static void test_discard(void **arg)
{
	struct blkif_request_discard d = { .operation = BLKIF_OP_DISCARD,
					   .id = 9, .sector_number = 64,
					   .nr_sectors = 128 };
	int image = fake_image(BYTES, 0x77);
	struct blkif_request r;
	uint8_t b[4096];

	(void)arg;
	fake_attach(0, image, NULL);
	fake_connect(0, 1);
	memset(&r, 0, sizeof(r));
	memcpy(&r, &d, sizeof(d));
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_int_equal(pread(image, b, 4096, 64 * 512), 4096);
	assert_int_equal(b[0] | b[4095], 0);
	assert_int_equal(pread(image, b, 4096, 192 * 512), 4096);
	assert_int_equal(b[0], 0x77);
	close(image);
}

/* More data than there are buffers: all is served in the end. */
static void test_more_than_buffers(void **arg)
{
	int image = fake_image(BYTES, 0);
	struct blkif_request r;
	struct blkif_response rsp;
	unsigned int i, answers = 0;

	(void)arg;
	fake_attach(0, image, NULL);
	fake_connect(0, 1);
	for (i = 0; i < 32; i++) {
		r = indirect(i % 2 ? BLKIF_OP_READ : BLKIF_OP_WRITE,
			     i * 8, 256, 150, DATA);
		memcpy(&fake_slot(0)->req, &r, sizeof(r));
		fake_push(0);
	}
	fake_run();
	while (fake_response(0, &rsp)) {
		assert_int_equal(rsp.status, BLKIF_RSP_OKAY);
		answers++;
	}
	assert_int_equal(answers, 32);
	assert_int_equal(fake_service.pool.used_pages, 0);
	close(image);
}

static void test_region(void **arg)
{
	struct disk_spec spec = { .offset = MIB, .length = MIB };
	int image = fake_image(BYTES, 0x11);
	uint8_t b[4096];
	struct blkif_request r;

	(void)arg;
	assert_non_null(fake_attach(0, image, &spec));
	fake_connect(0, 1);
	memset(fake_page(DATA), 0x22, 4096);
	r = io(BLKIF_OP_WRITE, MIB / 512 - 8, 1, DATA);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	r = io(BLKIF_OP_WRITE, MIB / 512 - 7, 1, DATA);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_ERROR);
	r = io(BLKIF_OP_WRITE, 0, 1, DATA);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_true(untouched(image, MIB, 0x11));
	assert_int_equal(pread(image, b, 4096, 2 * MIB), 4096);
	assert_int_equal(b[0], 0x11);
	assert_int_equal(pread(image, b, 4096, MIB), 4096);
	assert_int_equal(b[0], 0x22);
	close(image);
}

static void test_overlap(void **arg)
{
	struct disk_spec a = { .offset = MIB, .length = MIB };
	struct disk_spec b = { .offset = 2 * MIB - 4096, .length = MIB };
	struct disk_spec c = { .offset = 2 * MIB, .length = MIB };
	struct disk_spec all = { .readonly = true };
	struct disk_spec shared = { .offset = MIB, .length = MIB,
				    .shared = true };
	int image = fake_image(BYTES, 0);

	(void)arg;
	assert_non_null(fake_attach(0, image, &a));
	assert_null(fake_attach(1, image, &b));
	assert_null(fake_attach(1, image, &all));
	assert_non_null(fake_attach(1, image, &c));
	assert_non_null(fake_attach(2, image, &shared));
	vbd_detach(vbd_find(&fake_service, 1), true, 5);
	fake_run();
	assert_int_equal(fake->detached, 5);
	vbd_detach(vbd_find(&fake_service, 2), true, 6);
	fake_run();
	assert_non_null(fake_attach(0, image, &all));
	assert_non_null(fake_attach(1, image, &all));
	close(image);
}

static void test_refused_images(void **arg)
{
	struct disk_spec odd = { .offset = 100 };
	struct disk_spec far = { .offset = BYTES, .length = 4096 };
	struct disk_spec wrap = { .offset = 4096, .length = UINT64_MAX - 511 };
	struct disk_spec size = { .sector_size = 520 };
	int image = fake_image(BYTES, 0), empty = fake_image(0, 0);
	char why[DISK_WHY];
	int p[2];

	(void)arg;
	assert_null(fake_attach(0, image, &odd));
	assert_null(fake_attach(0, image, &far));
	assert_null(fake_attach(0, image, &wrap));
	assert_null(fake_attach(0, image, &size));
	assert_null(fake_attach(0, empty, NULL));
	assert_int_equal(pipe(p), 0);
	assert_null(vbd_attach(&fake_service, 1, "x", p[0],
			       &(struct disk_spec){ .discard = true }, why));
	close(p[1]);
	assert_null(vbd_attach(&fake_service, 1, "x", open("/dev/null", O_RDWR),
			       &(struct disk_spec){ .discard = true }, why));
	close(image);
	close(empty);
}

static void test_resize(void **arg)
{
	int image = fake_image(BYTES, 0);
	struct vbd *v = fake_attach(0, image, NULL);
	char why[DISK_WHY];
	struct blkif_request r = io(BLKIF_OP_READ, BYTES / 512, 1, DATA);

	(void)arg;
	fake_connect(0, 1);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_ERROR);
	assert_int_equal(ftruncate(image, BYTES + MIB), 0);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_ERROR);
	assert_int_equal(disk_resize(&v->disk, why), 0);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	/* A file that shrinks under us is an I/O error, and told. */
	assert_int_equal(ftruncate(image, MIB), 0);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_ERROR);
	assert_int_equal(fake->events[3], 1);
	close(image);
}

/* ---- hostile ones ------------------------------------------------------- */

/* BK-05 */
static void test_bad_grants(void **arg)
{
	int image = fake_image(BYTES, 0x33);
	struct blkif_request r;
	unsigned int i;

	(void)arg;
	fake_attach(0, image, NULL);
	fake_connect(0, 1);
	fake->grant[DATA + 3] = GRANT_NONE;
	fake->grant[DATA + 4] = GRANT_READ;
	for (i = 0; i < 2; i++) {
		r = io(i ? BLKIF_OP_READ : BLKIF_OP_WRITE, 0, 4, DATA);
		assert_int_equal(fake_ask(0, &r), BLKIF_RSP_ERROR);
		r.seg[3].gref = UINT32_MAX;
		assert_int_equal(fake_ask(0, &r), BLKIF_RSP_ERROR);
	}
	r = io(BLKIF_OP_READ, 0, 1, DATA + 4);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_ERROR);
	assert_true(untouched(image, BYTES, 0x33));
	r = io(BLKIF_OP_READ, 0, 11, DATA);
	for (i = 0; i < 11; i++)
		r.seg[i].gref = DATA;
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	close(image);
}

/* BK-10: events with nothing in them are heard ever later, one with a request
 * at once again. */
static void test_idle_kicks(void **arg)
{
	int image = fake_image(BYTES, 0);
	struct blkif_request r = io(BLKIF_OP_READ, 0, 1, DATA);
	unsigned int i;

	(void)arg;
	fake_attach(0, image, NULL);
	fake_connect(0, 1);
	for (i = 0; i < IDLE_KICKS; i++) {
		fake->event = 100;
		service_on_ports(&fake_service, EPOLLIN);
		assert_int_equal(fake->unmasked, i + 1);
	}
	fake->event = 100;
	service_on_ports(&fake_service, EPOLLIN);
	assert_int_equal(fake->unmasked, IDLE_KICKS);
	service_on_slow(&fake_service);
	assert_int_equal(fake->unmasked, IDLE_KICKS + 1);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	fake->event = 100;
	service_on_ports(&fake_service, EPOLLIN);
	assert_int_equal(fake->unmasked, IDLE_KICKS + 2);
	close(image);
}

/* BK-10: a guest that takes no response. BK-09: one that is gone while its
 * requests are in flight. */
static void test_silent_then_dead(void **arg)
{
	int image = fake_image(BYTES, 0);
	struct vbd *v = fake_attach(0, image, NULL);
	unsigned int i;

	(void)arg;
	fake_connect(0, 1);
	for (i = 0; i < 64; i++) {
		struct blkif_request r = io(BLKIF_OP_WRITE, i * 8, 8, DATA);

		memcpy(&fake_slot(0)->req, &r, sizeof(r));
		fake_push(0);
		if (i == 31)
			fake_run();
	}
	service_round(&fake_service);
	fake->front[0].state = BUS_UNKNOWN;
	vbd_step(v);
	fake_run();
	assert_int_equal(fake->mapped, 0);
	assert_int_equal(fake->front[0].own, BUS_CLOSED);
	assert_int_equal(fake_service.pool.used_pages, 0);
	close(image);
}

/* The parent is gone, then the guest: nobody is left to serve. */
static void test_orphan(void **arg)
{
	int image = fake_image(BYTES, 0);
	struct vbd *v = fake_attach(0, image, NULL);

	(void)arg;
	fake_connect(0, 1);
	fake_service.parent = NULL;
	fake->front[0].state = BUS_CLOSED;
	vbd_step(v);
	fake_run();
	assert_ptr_equal(fake_service.disks, v);
	fake->front[0].state = BUS_UNKNOWN;
	vbd_step(v);
	fake_run();
	assert_null(fake_service.disks);
	close(image);
}

/* Once mapped, no call copies; what can't be mapped writable is copied as far
 * as its grant allows. */
static void test_kept(void **arg)
{
	int image = fake_image(BYTES, 0);
	struct blkif_request r;
	unsigned int copies;

	(void)arg;
	fake_attach(0, image, NULL);
	fake_connect(0, 1);
	pattern(DATA, 4, 9);
	fake->grant[DATA + 2] = GRANT_READ;
	r = io(BLKIF_OP_WRITE, 0, 2, DATA);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_int_equal(fake->copies, 0);
	assert_int_equal(fake->mapped, 1 + 2);
	r = io(BLKIF_OP_WRITE, 0, 4, DATA);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_int_equal(fake->copies, 2);
	assert_true(same(image, 0, DATA, 4));
	copies = fake->copies;
	r = io(BLKIF_OP_READ, 0, 2, DATA);
	r.seg[1].gref = DATA;
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_int_equal(fake->copies, copies);
	assert_int_equal(fake->mapped, 1 + 2);
	close(image);
}

/* A guest that uses ever more pages is served, and maps no more than is
 * allowed. */
static void test_kept_limit(void **arg)
{
	struct kept *k = kept_new(fake_service.grants);
	uint32_t i;

	(void)arg;
	for (i = 0; i < 3 * KEPT_MAX; i++) {
		uint32_t ref = i < 100 ? UINT32_MAX - i : i % FAKE_PAGES;

		kept_map(k, &ref, 1);
		assert_true(fake->mapped <= KEPT_MAX);
		if (i < 100)
			assert_null(kept_find(k, ref));
	}
	assert_int_equal(fake->mapped, FAKE_PAGES);
	kept_free(k);
	assert_int_equal(fake->mapped, 0);
}

/* BK-03: the last of the segments is bad, or their page is. */
static void test_bad_indirect(void **arg)
{
	int image = fake_image(BYTES, 0x44);
	struct blkif_request_segment *seg = (void *)fake_page(150);
	struct blkif_request r;

	(void)arg;
	fake_attach(0, image, NULL);
	fake_connect(0, 1);
	r = indirect(BLKIF_OP_WRITE, 0, 256, 150, DATA);
	seg[255].gref = UINT32_MAX;
	assert_int_equal(ask_indirect(0, &r), BLKIF_RSP_ERROR);
	seg[255].gref = DATA;
	seg[255].last_sect = 8;
	assert_int_equal(ask_indirect(0, &r), BLKIF_RSP_ERROR);
	r = indirect(BLKIF_OP_WRITE, 0, 257, 150, DATA);
	assert_int_equal(ask_indirect(0, &r), BLKIF_RSP_ERROR);
	r = indirect(BLKIF_OP_WRITE, 0, 10, FAKE_PAGES - 1, DATA);
	fake->grant[FAKE_PAGES - 1] = GRANT_NONE;
	assert_int_equal(ask_indirect(0, &r), BLKIF_RSP_ERROR);
	assert_true(untouched(image, BYTES, 0x44));
	close(image);
}

/* BK-06 */
static void test_readonly(void **arg)
{
	struct disk_spec spec = { .readonly = true, .discard = true };
	int image = fake_image(BYTES, 0x55);
	struct blkif_request r;
	unsigned int op;

	(void)arg;
	assert_non_null(fake_attach(0, image, &spec));
	fake_connect(0, 1);
	for (op = 1; op < 256; op++) {
		struct blkif_response rsp;

		r = io(op, 0, op == BLKIF_OP_FLUSH_DISKCACHE ? 0 : 1, DATA);
		memcpy(&fake_slot(0)->req, &r, sizeof(r));
		fake_push(0);
		fake_run();
		assert_true(fake_response(0, &rsp));
		assert_true(rsp.status == BLKIF_RSP_ERROR ||
			    rsp.status == BLKIF_RSP_EOPNOTSUPP);
	}
	r = io(BLKIF_OP_READ, 0, 1, DATA);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	assert_true(untouched(image, BYTES, 0x55));
	close(image);
}

/* BK-01: this device stops, another goes on. */
static void test_producer_jump(void **arg)
{
	int image = fake_image(BYTES, 0), other = fake_image(BYTES, 0);
	struct ring_head *head = (void *)fake_page(1);
	struct blkif_request r;
	struct vbd *v;

	(void)arg;
	v = fake_attach(0, image, NULL);
	fake_attach(1, other, NULL);
	fake_connect(0, 1);
	fake_connect(1, 1);
	head->req_prod = 33;
	v->queue[0].kicked = true;
	fake_run();
	assert_int_equal(fake->events[2], 1);
	assert_int_equal(fake->front[0].own, BUS_CLOSED);
	assert_int_equal(fake->mapped, 1);
	r = io(BLKIF_OP_READ, 0, 1, DATA);
	assert_int_equal(fake_ask(1, &r), BLKIF_RSP_OKAY);
	/* Its front end starts over. */
	fake->front[0].state = BUS_INITIALISING;
	vbd_step(v);
	assert_int_equal(fake->front[0].own, BUS_INIT_WAIT);
	fake_connect(0, 1);
	assert_int_equal(fake_ask(0, &r), BLKIF_RSP_OKAY);
	close(image);
	close(other);
}

/* BK-07 */
static void test_padding(void **arg)
{
	int image = fake_image(BYTES, 0);
	union blkif_sring_entry *slot;
	struct blkif_request r = io(BLKIF_OP_READ, 0, 1, DATA);
	const uint8_t *b;

	(void)arg;
	fake_attach(0, image, NULL);
	fake_connect(0, 1);
	slot = fake_slot(0);
	memset(slot, 0xaa, sizeof(*slot));
	memcpy(&slot->req, &r, sizeof(r));
	fake_push(0);
	fake_run();
	b = (const uint8_t *)slot;
	assert_int_equal(b[9], 0);
	assert_int_equal(b[12] | b[13] | b[14] | b[15], 0);
	close(image);
}

/* BK-02: all that a slot says is rewritten while it is being read. */
static int rewrite;

static void *rewriter(void *arg)
{
	struct blkif_request a = io(BLKIF_OP_READ, 8, 3, DATA);
	struct blkif_request b = io(BLKIF_OP_WRITE, 16, 11, DATA + 50);
	union blkif_sring_entry *slot = arg;
	unsigned int i;

	a.id = 1;
	b.id = 2;
	b.seg[7].gref = UINT32_MAX;
	b.seg[8].last_sect = 255;
	while (__atomic_load_n(&rewrite, __ATOMIC_RELAXED))
		for (i = 0; i < 32; i++) {
			struct blkif_request *r = i % 3 ? &a : &b;

			r->nr_segments++;
			r->sector_number = r->sector_number * 7 + 1;
			memcpy(&slot[(i * 5) % 32].req, r, sizeof(*r));
		}
	return NULL;
}

static void test_double_fetch(void **arg)
{
	struct disk_spec spec = { .offset = MIB, .length = MIB };
	int image = fake_image(BYTES, 0x66);
	struct ring_head *head = (void *)fake_page(1);
	struct blkif_response rsp;
	unsigned int i, answers = 0;
	pthread_t thread;
	uint8_t b[4096];

	(void)arg;
	fake_attach(0, image, &spec);
	fake_connect(0, 1);
	__atomic_store_n(&rewrite, 1, __ATOMIC_RELAXED);
	assert_int_equal(pthread_create(&thread, NULL, rewriter, head + 1), 0);
	for (i = 0; i < 3000; i++) {
		fake_push(0);
		if (i % 8 == 7)
			fake_run();
		while (fake_response(0, &rsp))
			answers++;
	}
	fake_run();
	while (fake_response(0, &rsp))
		answers++;
	__atomic_store_n(&rewrite, 0, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(answers, 3000);
	assert_int_equal(fake->events[2], 0);
	assert_true(untouched(image, MIB, 0x66));
	assert_int_equal(pread(image, b, 4096, 2 * MIB), 4096);
	assert_int_equal(b[0], 0x66);
	assert_int_equal(fake_service.pool.used_pages, 0);
	close(image);
}

/* BK-08: states in any order, with bad choices, under load. */
static void test_states(void **arg)
{
	int image = fake_image(BYTES, 0);
	struct fake_front *f = &fake->front[0];
	struct vbd *v = fake_attach(0, image, NULL);
	struct blkif_response rsp;
	unsigned int i, connected = 0;

	(void)arg;
	srandom(3);
	fake_connect(0, 1);
	for (i = 0; i < 20000; i++) {
		struct blkif_request r = io(BLKIF_OP_WRITE, 0, 4, DATA);

		f->state = random() % 8 ? random() % 7 : BUS_CLOSED;
		f->bad_choice = random() % 8 == 0;
		f->choice.port[0] = random() % 8 ? 100 : 7;
		f->choice.refs[0][0] = random() % 8 ? 1 : UINT32_MAX;
		/* Its haste is the next test's matter. */
		v->second = 0;
		v->connects = 0;
		vbd_step(v);
		if (v->dev.own == BUS_CONNECTED && v->queue[0].v) {
			connected++;
			/* The guest's own indices are of no interest. */
			((struct ring_head *)(void *)fake_page(1))->req_prod =
				v->queue[0].ring.req_cons;
			f->req_prod = v->queue[0].ring.req_cons;
			f->rsp_cons = v->queue[0].ring.rsp_prod;
			memcpy(&fake_slot(0)->req, &r, sizeof(r));
			fake_push(0);
		}
		if (random() % 4 == 0)
			fake_run();
		while (fake->front[0].choice.ring_pages && random() % 2 &&
		       fake_response(0, &rsp))
			;
	}
	assert_true(connected > 100);
	fake_run();
	close(image);
}

/* BK-08: a guest that connects a thousand times a second has to wait. */
static void test_haste(void **arg)
{
	int image = fake_image(BYTES, 0);
	struct fake_front *f = &fake->front[0];
	struct vbd *v = fake_attach(0, image, NULL);
	unsigned int i, before;

	(void)arg;
	fake_connect(0, 1);
	v->second = loop_now();
	before = fake->events[0];
	for (i = 0; i < 100; i++) {
		v->second = loop_now();		/* no second passes */
		f->state = BUS_CLOSED;
		vbd_step(v);
		fake_run();
		f->state = BUS_INITIALISING;
		vbd_step(v);
		f->state = BUS_INITIALISED;
		vbd_step(v);
	}
	assert_true(fake->events[0] - before <= 4);
	assert_int_equal(v->dev.own, BUS_INIT_WAIT);
	v->second = 0;				/* one has passed */
	vbd_on_later(&fake_service);
	assert_int_equal(v->dev.own, BUS_CONNECTED);
	close(image);
}

/* ---- killed ------------------------------------------------------------- */

static bool can_lock(void)
{
	char path[40];
	bool locked;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fake_state);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	locked = !flock(fd, LOCK_EX | LOCK_NB);
	close(fd);
	return locked;
}

/* The state stays locked for as long as the io_uring lives, although nobody
 * has its descriptor any more: a successor waits for what was submitted. */
static void test_successor_waits(void **arg)
{
	(void)arg;
	fake_begin();
	assert_true(can_lock());
	fake_open();
	assert_false(can_lock());
	fake_close();
	while (!can_lock())
		usleep(1000);
	fake_end();
}

#define KILLS		60

static void serve_for_ever(int image)
{
	fake_open();
	if (!fake_attach(0, image, NULL))
		_exit(9);
	for (;;) {
		struct vbd *v = vbd_find(&fake_service, 1);

		v->queue[0].kicked = true;
		service_round(&fake_service);
	}
}

static pid_t start_process(int image)
{
	pid_t pid = fork();

	if (pid == 0)
		serve_for_ever(image);
	return pid;
}

/* A back end that is killed again and again: each request gets one answer, and
 * what was answered is on the disk. */
static void test_killed(void **arg)
{
	int image = fake_image(BYTES, 0);
	unsigned int i, kills = 0, sent = 0, answered = 0, until = 10;
	int status;
	unsigned int written[256] = { 0 };
	bool busy[256] = { false };
	struct blkif_response rsp;
	pid_t pid;

	(void)arg;
	fake_begin();
	pid = fork();
	if (pid == 0) {
		fake_open();
		fake_attach(0, image, NULL);
		fake_connect(0, 1);
		_exit(0);	/* nothing is undone */
	}
	waitpid(pid, NULL, 0);
	srandom(5);
	pid = start_process(image);
	while (kills < KILLS) {
		struct blkif_request r;
		unsigned int place = random() % 64;

		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);

		if (!busy[place] && sent - answered < 32) {
			pattern(DATA + place, 1, ++written[place] * 64 + place);
			r = io(BLKIF_OP_WRITE, place * 8, 1, DATA + place);
			r.id = place;
			memcpy(&fake_slot(0)->req, &r, sizeof(r));
			fake->front[0].req_prod++;
			__atomic_store_n((uint32_t *)(void *)fake_page(1),
					 fake->front[0].req_prod,
					 __ATOMIC_RELEASE);
			busy[place] = true;
			sent++;
		}
		while (fake_response(0, &rsp)) {
			assert_int_equal(rsp.status, BLKIF_RSP_OKAY);
			assert_in_range(rsp.id, 0, 63);
			assert_true(busy[rsp.id]);
			busy[rsp.id] = false;
			answered++;
			assert_true(same(image, rsp.id * 4096,
					 DATA + rsp.id, 1));
		}
		if (answered >= until) {
			until = answered + random() % 40;
			usleep(random() % 2000);
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			assert_true(WIFSIGNALED(status));
			assert_int_equal(WTERMSIG(status), SIGKILL);
			pid = start_process(image);
			kills++;
		}
	}
	for (i = 0; i < 2000 && answered < sent; i++) {
		usleep(5000);
		while (fake_response(0, &rsp)) {
			assert_true(busy[rsp.id]);
			busy[rsp.id] = false;
			answered++;
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(answered, sent);
	for (i = 0; i < 64; i++)
		if (written[i])
			assert_true(same(image, i * 4096, DATA + i, 1));
	print_message("%u kills, %u requests\n", kills, sent);
	fake_end();
	close(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_write_read, begin, end),
		cmocka_unit_test_setup_teardown(test_parts, begin, end),
		cmocka_unit_test_setup_teardown(test_indirect, begin, end),
		cmocka_unit_test_setup_teardown(test_pinned, begin, end),
		cmocka_unit_test_setup_teardown(test_pinned, begin_kept, end),
		cmocka_unit_test_setup_teardown(test_discard, begin, end),
		cmocka_unit_test_setup_teardown(test_more_than_buffers, begin,
						end),
		cmocka_unit_test_setup_teardown(test_region, begin, end),
		cmocka_unit_test_setup_teardown(test_overlap, begin, end),
		cmocka_unit_test_setup_teardown(test_refused_images, begin,
						end),
		cmocka_unit_test_setup_teardown(test_resize, begin, end),
		cmocka_unit_test_setup_teardown(test_bad_grants, begin, end),
		cmocka_unit_test_setup_teardown(test_bad_indirect, begin, end),
		cmocka_unit_test_setup_teardown(test_readonly, begin, end),
		cmocka_unit_test_setup_teardown(test_producer_jump, begin,
						end),
		cmocka_unit_test_setup_teardown(test_padding, begin, end),
		cmocka_unit_test_setup_teardown(test_double_fetch, begin, end),
		cmocka_unit_test_setup_teardown(test_states, begin, end),
		cmocka_unit_test_setup_teardown(test_haste, begin, end),
		cmocka_unit_test_setup_teardown(test_orphan, begin, end),
		cmocka_unit_test_setup_teardown(test_idle_kicks, begin, end),
		cmocka_unit_test_setup_teardown(test_silent_then_dead, begin,
						end),
		cmocka_unit_test_setup_teardown(test_silent_then_dead,
						begin_kept, end),
		cmocka_unit_test_setup_teardown(test_kept, begin_kept, end),
		cmocka_unit_test_setup_teardown(test_kept_limit, begin_kept,
						end),
		cmocka_unit_test_setup_teardown(test_write_read, begin_kept,
						end),
		cmocka_unit_test_setup_teardown(test_parts, begin_kept, end),
		cmocka_unit_test_setup_teardown(test_indirect, begin_kept, end),
		cmocka_unit_test_setup_teardown(test_more_than_buffers,
						begin_kept, end),
		cmocka_unit_test_setup_teardown(test_bad_grants, begin_kept,
						end),
		cmocka_unit_test_setup_teardown(test_bad_indirect, begin_kept,
						end),
		cmocka_unit_test_setup_teardown(test_double_fetch, begin_kept,
						end),
		cmocka_unit_test_setup_teardown(test_states, begin_kept, end),
		cmocka_unit_test(test_successor_waits),
		cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
