/* SPDX-License-Identifier: MIT */
/*
 * Rings and the log of requests in flight: indices that lie, and a process that
 * is killed between any two instructions.
 */
#include "backends/common/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <abi/io/blkif.h>

#define SLOT	sizeof(union blkif_sring_entry)
#define PAGE	4096

/* What the guest shares and what the back end leaves behind. */
struct shared {
	uint8_t page[PAGE];
	struct replay_log log;
};

static struct shared *share(void)
{
	void *at = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

static struct ring_head *head_of(struct shared *sh)
{
	return (struct ring_head *)(void *)sh->page;
}

static union blkif_sring_entry *slot_of(struct shared *sh, uint32_t i)
{
	return (union blkif_sring_entry *)(void *)
		(sh->page + sizeof(struct ring_head) + i % 32 * SLOT);
}

static void test_slots(void **arg)
{
	(void)arg;
	assert_int_equal(ring_slots(4096, SLOT), 32);
	assert_int_equal(ring_slots(8192, SLOT), 64);
	assert_int_equal(ring_slots(65536, SLOT), 512);
	assert_true(ring_slots(65536, SLOT) <= REPLAY_MAX);
}

/* BK-01: every distance that can't be true is found, also around the wrap. */
static void test_producer_jump(void **arg)
{
	static const uint32_t starts[] = { 0, 1, 1000, UINT32_MAX - 40,
					   UINT32_MAX - 1, UINT32_MAX };
	struct shared *sh = share();
	unsigned int i, unanswered;
	struct ring r;

	(void)arg;
	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		for (unanswered = 0; unanswered <= 32; unanswered++) {
			ring_init(&r, sh->page, PAGE, SLOT);
			r.rsp_prod = starts[i];
			r.req_cons = starts[i] + unanswered;
			head_of(sh)->req_prod = r.req_cons;
			assert_int_equal(ring_peek(&r), 0);
			head_of(sh)->req_prod = r.rsp_prod + 32;
			assert_int_equal(ring_peek(&r), 32 - unanswered);
			head_of(sh)->req_prod = r.rsp_prod + 33;
			assert_int_equal(ring_peek(&r), -1);
			head_of(sh)->req_prod = r.req_cons - 1;
			assert_int_equal(ring_peek(&r), -1);
			head_of(sh)->req_prod = r.req_cons + 0x80000000;
			assert_int_equal(ring_peek(&r), -1);
		}
	munmap(sh, sizeof(*sh));
}

static void test_notify(void **arg)
{
	struct shared *sh = share();
	struct ring r;

	(void)arg;
	ring_init(&r, sh->page, PAGE, SLOT);
	head_of(sh)->rsp_event = 1;
	r.rsp_prod = 1;
	assert_true(ring_publish(&r));
	r.rsp_prod = 2;
	assert_false(ring_publish(&r));
	head_of(sh)->rsp_event = 5;
	r.rsp_prod = 4;
	assert_false(ring_publish(&r));
	r.rsp_prod = 7;
	assert_true(ring_publish(&r));
	assert_int_equal(head_of(sh)->rsp_prod, 7);
	munmap(sh, sizeof(*sh));
}

/* ---- killed at each instruction ----------------------------------------- */

#define REQUESTS	6

/* Six requests, answered in another order than they came. Ids are 100 and up. */
static void serve(struct shared *sh)
{
	static const uint8_t order[REQUESTS] = { 1, 0, 3, 2, 5, 4 };
	uint32_t entry[REQUESTS], i;
	struct blkif_response rsp;
	struct replay p;
	struct ring r;

	ring_init(&r, sh->page, PAGE, SLOT);
	replay_start(&p, &sh->log, &r);
	raise(SIGSTOP);
	for (i = 0; i < REQUESTS; i++) {
		if (ring_peek(&r) <= 0)
			_exit(3);
		entry[i] = replay_take(&p, &r);
		if (i % 2 == 0)
			continue;
		memset(&rsp, 0, sizeof(rsp));
		rsp.id = 100 + order[i - 1];
		replay_answer(&p, &r, entry[order[i - 1]], &rsp, sizeof(rsp));
		rsp.id = 100 + order[i];
		replay_answer(&p, &r, entry[order[i]], &rsp, sizeof(rsp));
		ring_publish(&r);
	}
	raise(SIGSTOP);
	_exit(0);
}

static void ask(struct shared *sh)
{
	uint32_t i;

	for (i = 0; i < REQUESTS; i++) {
		slot_of(sh, i)->req.operation = BLKIF_OP_READ;
		slot_of(sh, i)->req.id = 100 + i;
	}
	head_of(sh)->req_prod = REQUESTS;
}

static void finish(struct replay *p, struct ring *r, uint32_t entry)
{
	const struct blkif_request *req = replay_slot(p, entry);
	struct blkif_response rsp;

	memset(&rsp, 0, sizeof(rsp));
	rsp.id = req->id;
	replay_answer(p, r, entry, &rsp, sizeof(rsp));
}

/* A successor takes over from a copy of what is there; the guest must have one
 * answer for each request, and those it was shown already are the same. */
static void check_successor(const struct shared *now)
{
	static struct shared sh;
	uint16_t taken[REPLAY_MAX];
	uint32_t shown, i;
	unsigned int seen = 0;
	uint64_t before[REQUESTS];
	struct replay p;
	struct ring r;
	int n, k;

	memcpy(&sh, now, sizeof(sh));
	shown = head_of(&sh)->rsp_prod;
	assert_true(shown <= REQUESTS);
	for (i = 0; i < shown; i++)
		before[i] = slot_of(&sh, i)->rsp.id;
	ring_init(&r, sh.page, PAGE, SLOT);
	n = replay_recover(&p, &sh.log, &r, taken);
	assert_true(n >= 0);
	for (k = 0; k < n; k++)
		finish(&p, &r, taken[k]);
	while (ring_peek(&r) > 0)
		finish(&p, &r, replay_take(&p, &r));
	ring_publish(&r);
	assert_int_equal(head_of(&sh)->rsp_prod, REQUESTS);
	for (i = 0; i < REQUESTS; i++) {
		uint64_t id = slot_of(&sh, i)->rsp.id;

		assert_in_range(id, 100, 100 + REQUESTS - 1);
		assert_false(seen & 1u << (id - 100));
		seen |= 1u << (id - 100);
		if (i < shown)
			assert_int_equal(id, before[i]);
	}
	assert_int_equal(p.unused_count, 32);
}

static void test_killed_anywhere(void **arg)
{
	struct shared *sh = share();
	unsigned long steps = 0, changes = 0;
	static struct shared last;
	int status;
	pid_t pid;

	(void)arg;
	ask(sh);
	pid = fork();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(4);
		serve(sh);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	for (;;) {
		if (memcmp(&last, sh, sizeof(last))) {
			memcpy(&last, sh, sizeof(last));
			check_successor(sh);
			changes++;
		}
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSTOPPED(status));
		if (WSTOPSIG(status) == SIGSTOP)
			break;
		assert_int_equal(WSTOPSIG(status), SIGTRAP);
		steps++;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	print_message("%lu steps, %lu states\n", steps, changes);
	/* At least: two marks to take it, five to answer it. */
	assert_true(changes > 7 * REQUESTS);
	munmap(sh, sizeof(*sh));
}

/* A log that a captured predecessor made up is refused or taken as it is, but
 * leads nowhere outside. */
static void test_forged_log(void **arg)
{
	static struct shared sh;
	uint16_t taken[REPLAY_MAX];
	unsigned int i, round;
	struct replay p;
	struct ring r;

	(void)arg;
	srandom(1);
	for (round = 0; round < 20000; round++) {
		int n;

		memset(&sh, 0, sizeof(sh));
		for (i = 0; i < 1u + random() % 40; i++)
			sh.log.entry[random() % (round % 2 ? 32 : REPLAY_MAX)]
				.state = random() % 4 |
					 (uint64_t)(random() % 8) << 32;
		sh.log.req_cons = random() % 8;
		sh.log.rsp_prod = random() % 8;
		ring_init(&r, sh.page, PAGE, SLOT);
		n = replay_recover(&p, &sh.log, &r, taken);
		if (n < 0)
			continue;
		assert_true(n <= 32);
		assert_int_equal(r.req_cons - r.rsp_prod, n);
		assert_int_equal(p.unused_count, 32 - n);
		for (i = 0; i < (unsigned int)n; i++)
			assert_true(taken[i] < 32);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_producer_jump),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_killed_anywhere),
		cmocka_unit_test(test_forged_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
