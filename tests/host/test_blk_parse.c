/* SPDX-License-Identifier: MIT */
/* Block requests, each field at its limits (BK-03, BK-04, BK-06), the states of
 * the handshake (BK-08), and the order of writes. */
#include "backends/blkback/blkif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "backends/blkback/order.h"
#include "backends/common/bus.h"

#define SECTORS	1000u

static const struct blk_limits limits = { SECTORS, 512, false, true };
static const struct blk_limits readonly = { SECTORS, 512, true, false };
static const struct blk_limits big_sectors = { SECTORS, 4096, false, true };

/* What becomes of a request: 0 or the status. */
static int verdict(const struct blkif_request *slot,
		   const struct blk_limits *l, struct blk_op *op)
{
	struct blkif_request_segment seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
	int rc = blkif_parse(slot, l, op, seg);

	if (rc || op->indirect)
		return rc;
	return blkif_check_segments(op, l, seg);
}

static struct blkif_request request(uint8_t operation, uint8_t segments,
				    uint64_t sector)
{
	struct blkif_request r = { .operation = operation, .id = 77,
				   .nr_segments = segments,
				   .sector_number = sector };
	unsigned int i;

	for (i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++)
		r.seg[i].last_sect = 7;
	return r;
}

static int status_of(uint8_t operation, uint8_t segments, uint64_t sector,
		     const struct blk_limits *l)
{
	struct blkif_request r = request(operation, segments, sector);
	struct blk_op op;
	int rc = verdict(&r, l, &op);

	assert_int_equal(op.id, 77);
	assert_int_equal(op.asked, operation);
	return rc;
}

static void test_segment_count(void **arg)
{
	int n;

	(void)arg;
	for (n = 0; n < 256; n++) {
		int good = n >= 1 && n <= 11;

		assert_int_equal(status_of(BLKIF_OP_READ, n, 0, &limits),
				 good ? 0 : BLKIF_RSP_ERROR);
		assert_int_equal(status_of(BLKIF_OP_WRITE, n, 0, &limits),
				 good ? 0 : BLKIF_RSP_ERROR);
		assert_int_equal(status_of(BLKIF_OP_WRITE_BARRIER, n, 0,
					   &limits),
				 n <= 11 ? 0 : BLKIF_RSP_ERROR);
		assert_int_equal(status_of(BLKIF_OP_FLUSH_DISKCACHE, n, 0,
					   &limits), n ? BLKIF_RSP_ERROR : 0);
	}
}

static void test_sector_range(void **arg)
{
	static const uint64_t bad[] = {
		SECTORS - 7, SECTORS, SECTORS + 1, UINT64_MAX, UINT64_MAX - 7,
		UINT64_MAX - 8, 1ull << 63, UINT64_MAX / 512,
		UINT64_MAX / 512 + 1 };
	unsigned int i;

	(void)arg;
	assert_int_equal(status_of(BLKIF_OP_READ, 1, SECTORS - 8, &limits), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(status_of(BLKIF_OP_WRITE, 1, bad[i], &limits),
				 BLKIF_RSP_ERROR);
}

static void test_segment_shape(void **arg)
{
	unsigned int first, last;
	struct blk_op op;

	(void)arg;
	for (first = 0; first < 256; first++)
		for (last = 0; last < 256; last++) {
			struct blkif_request r = request(BLKIF_OP_READ, 2, 0);
			int good = first <= last && last < 8;
			int whole = first == 0 && last == 7;

			r.seg[1].first_sect = first;
			r.seg[1].last_sect = last;
			assert_int_equal(verdict(&r, &limits, &op),
					 good ? 0 : BLKIF_RSP_ERROR);
			if (good)
				assert_int_equal(op.sectors,
						 8 + last - first + 1);
			assert_int_equal(verdict(&r, &big_sectors, &op),
					 whole ? 0 : BLKIF_RSP_ERROR);
		}
	assert_int_equal(status_of(BLKIF_OP_READ, 1, 4, &big_sectors),
			 BLKIF_RSP_ERROR);
}

static void test_indirect(void **arg)
{
	static const uint16_t counts[] = { 0, 1, 11, 12, 256, 257, 512, 65535 };
	struct blkif_request slot;
	struct blkif_request_indirect in = { .operation = BLKIF_OP_INDIRECT,
					     .indirect_op = BLKIF_OP_WRITE,
					     .id = 5 };
	struct blk_op op;
	unsigned int i;

	(void)arg;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		in.nr_segments = counts[i];
		memcpy(&slot, &in, sizeof(in));
		assert_int_equal(verdict(&slot, &limits, &op), counts[i] &&
				 counts[i] <= 256 ? 0 : BLKIF_RSP_ERROR);
		assert_int_equal(op.id, 5);
		assert_int_equal(op.asked, BLKIF_OP_WRITE);
	}
	in.nr_segments = 4;
	for (i = 0; i < 256; i++) {
		in.indirect_op = i;
		memcpy(&slot, &in, sizeof(in));
		assert_int_equal(verdict(&slot, &limits, &op),
				 i <= BLKIF_OP_WRITE ? 0 :
				 BLKIF_RSP_EOPNOTSUPP);
	}
}

static void test_readonly(void **arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < 256; i++) {
		int rc;

		if (i == BLKIF_OP_INDIRECT)
			continue;	/* see below */
		rc = status_of(i, i == BLKIF_OP_FLUSH_DISKCACHE ? 0 : 1, 0,
			       &readonly);
		if (i == BLKIF_OP_READ)
			assert_int_equal(rc, 0);
		else
			assert_true(rc == BLKIF_RSP_ERROR ||
				    rc == BLKIF_RSP_EOPNOTSUPP);
	}
}

static void test_readonly_indirect(void **arg)
{
	struct blkif_request_indirect in = { .operation = BLKIF_OP_INDIRECT,
					     .indirect_op = BLKIF_OP_WRITE,
					     .nr_segments = 3 };
	struct blkif_request slot;
	struct blk_op op;

	(void)arg;
	memcpy(&slot, &in, sizeof(in));
	assert_int_equal(verdict(&slot, &readonly, &op), BLKIF_RSP_ERROR);
	in.indirect_op = BLKIF_OP_READ;
	memcpy(&slot, &in, sizeof(in));
	assert_int_equal(verdict(&slot, &readonly, &op), 0);
}

static int discard(uint64_t sector, uint64_t count, uint8_t how,
		   const struct blk_limits *l)
{
	struct blkif_request_discard d = { .operation = BLKIF_OP_DISCARD,
					   .flag = how, .sector_number = sector,
					   .nr_sectors = count };
	struct blkif_request slot;
	struct blk_op op;

	memset(&slot, 0, sizeof(slot));
	memcpy(&slot, &d, sizeof(d));
	return verdict(&slot, l, &op);
}

static void test_discard(void **arg)
{
	(void)arg;
	assert_int_equal(discard(0, SECTORS, 0, &limits), 0);
	assert_int_equal(discard(1, SECTORS, 0, &limits), BLKIF_RSP_ERROR);
	assert_int_equal(discard(8, UINT64_MAX, 0, &limits), BLKIF_RSP_ERROR);
	assert_int_equal(discard(UINT64_MAX, 2, 0, &limits), BLKIF_RSP_ERROR);
	assert_int_equal(discard(0, 0, 0, &limits), BLKIF_RSP_ERROR);
	assert_int_equal(discard(0, 8, BLKIF_DISCARD_SECURE, &limits),
			 BLKIF_RSP_EOPNOTSUPP);
	assert_int_equal(discard(0, 8, 0, &readonly), BLKIF_RSP_EOPNOTSUPP);
	assert_int_equal(discard(4, 8, 0, &big_sectors), BLKIF_RSP_ERROR);
}

/* ---- states ------------------------------------------------------------- */

static void test_bus_text(void **arg)
{
	(void)arg;
	assert_int_equal(bus_parse("4"), BUS_CONNECTED);
	assert_int_equal(bus_parse(NULL), BUS_UNKNOWN);
	assert_int_equal(bus_parse(""), BUS_UNKNOWN);
	assert_int_equal(bus_parse("44"), BUS_UNKNOWN);
	assert_int_equal(bus_parse("9"), BUS_UNKNOWN);
	assert_int_equal(bus_parse("-1"), BUS_UNKNOWN);
}

/* The state that an act leads to. */
static enum bus_state after(enum bus_act what, enum bus_state own)
{
	switch (what) {
	case BUS_OFFER: return BUS_INIT_WAIT;
	case BUS_CONNECT: return BUS_CONNECTED;
	case BUS_CLOSE: return BUS_CLOSING;
	case BUS_LEAVE: return BUS_CLOSED;
	default: return own;
	}
}

/* The usual life. */
static void test_bus_life(void **arg)
{
	static const struct {
		enum bus_state front;
		bool going;
		enum bus_act act;
	} life[] = {
		{ BUS_INITIALISING, false, BUS_OFFER },
		{ BUS_INITIALISING, false, BUS_NOTHING },
		{ BUS_INITIALISED, false, BUS_CONNECT },
		{ BUS_INITIALISED, false, BUS_NOTHING },
		{ BUS_CONNECTED, false, BUS_NOTHING },
		{ BUS_CLOSING, false, BUS_CLOSE },
		{ BUS_CLOSED, false, BUS_LEAVE },
		{ BUS_CLOSED, false, BUS_NOTHING },
		{ BUS_INITIALISING, false, BUS_OFFER },
		{ BUS_INITIALISED, false, BUS_CONNECT },
		{ BUS_CONNECTED, true, BUS_CLOSE },
		{ BUS_CONNECTED, true, BUS_NOTHING },
		{ BUS_CLOSING, true, BUS_NOTHING },
		{ BUS_CLOSED, true, BUS_LEAVE },
		{ BUS_INITIALISING, true, BUS_NOTHING },
	};
	enum bus_state own = BUS_INITIALISING;
	unsigned int i;

	(void)arg;
	for (i = 0; i < sizeof(life) / sizeof(life[0]); i++) {
		assert_int_equal(bus_next(own, life[i].front, life[i].going),
				 life[i].act);
		own = after(life[i].act, own);
	}
}

/* In whatever order states come: it is connected only out of InitWait, and
 * leaving it is never skipped before it is offered again. */
static void test_bus_any_order(void **arg)
{
	enum bus_state own = BUS_INITIALISING;
	bool connected = false;
	unsigned int i;

	(void)arg;
	srandom(7);
	for (i = 0; i < 1000000; i++) {
		enum bus_state front = random() % 7;
		enum bus_act act = bus_next(own, front, random() % 64 == 0);

		if (act == BUS_CONNECT) {
			assert_int_equal(own, BUS_INIT_WAIT);
			assert_false(connected);
			connected = true;
		} else if (act == BUS_OFFER) {
			assert_false(connected);
		} else if (act == BUS_LEAVE) {
			connected = false;
		}
		own = after(act, own);
		assert_int_equal(connected, own == BUS_CONNECTED ||
				 (own == BUS_CLOSING && connected));
	}
}

/* ---- order -------------------------------------------------------------- */

static void test_order(void **arg)
{
	struct order_item w1 = { .alone = false }, w2 = w1, w3 = w1;
	struct order_item f1 = { .alone = true }, f2 = f1;
	struct order o;

	(void)arg;
	order_init(&o);
	assert_true(order_enter(&o, &w1));
	assert_true(order_enter(&o, &w2));
	assert_false(order_enter(&o, &f1));
	/* Nothing overtakes a flush, not even while it waits. */
	assert_false(order_enter(&o, &w3));
	assert_false(order_enter(&o, &f2));
	order_leave(&o);
	assert_null(order_next(&o));
	order_leave(&o);
	assert_ptr_equal(order_next(&o), &f1);
	assert_null(order_next(&o));
	order_leave(&o);
	assert_ptr_equal(order_next(&o), &w3);
	assert_null(order_next(&o));
	order_leave(&o);
	assert_ptr_equal(order_next(&o), &f2);
	order_leave(&o);
	assert_null(order_next(&o));
	assert_true(order_enter(&o, &w1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segment_count),
		cmocka_unit_test(test_sector_range),
		cmocka_unit_test(test_segment_shape),
		cmocka_unit_test(test_indirect),
		cmocka_unit_test(test_readonly),
		cmocka_unit_test(test_readonly_indirect),
		cmocka_unit_test(test_discard),
		cmocka_unit_test(test_bus_text),
		cmocka_unit_test(test_bus_life),
		cmocka_unit_test(test_bus_any_order),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
