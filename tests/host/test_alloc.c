/* SPDX-License-Identifier: MIT */
/* The allocator's policy: what must hold for any observation, on random ones,
 * and what it does in plain cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <hvxallocd/policy.h>

#define MIB	1024u
#define MAX	12

static uint32_t seed = 2463534242;

static uint32_t any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

struct scene {
	struct alloc_rules r;
	struct alloc_host h;
	struct alloc_guest g[MAX];
	struct alloc_move m[MAX];
	unsigned int n;
};

static struct alloc_guest guest(uint64_t has, uint64_t floor, uint64_t max)
{
	struct alloc_guest g = {
		.floor = floor * MIB, .max = max * MIB, .current = has * MIB,
		.target = has * MIB, .weight = 256, .source = USE_NONE,
	};

	return g;
}

static struct scene scene(uint64_t free)
{
	struct scene s = { .r = alloc_default_rules,
			   .h = { .free = free * MIB, .now = 1000000 } };

	return s;
}

static void add(struct scene *s, struct alloc_guest g)
{
	g.domid = s->n + 1;
	s->g[s->n++] = g;
}

static void turn(struct scene *s)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		policy_observe(&s->r, s->h.now, &s->g[i]);
	policy_targets(&s->r, &s->h, s->g, s->n, s->m);
}

/* ---- random observations ---- */

static struct alloc_guest random_guest(void)
{
	struct alloc_guest g = {
		.floor = any(1 << 20), .current = any(1 << 22),
		.weight = 1 + any(any(2) ? 512 : 65535),
		.source = any(USE_SOURCES), .used = any(1 << 22),
		.fixed = !any(6),
	};

	g.max = g.floor + any(1 << 22);
	g.target = any(3) ? g.current : g.floor + any(g.max - g.floor + 1);
	g.past.known = any(2);
	g.past.set = any(1000000);
	g.past.direction = (int)any(3) - 1;
	g.past.moved = any(1000000);
	g.past.source = g.source;
	g.past.now.most[0] = g.past.lately.most[0] = any(1 << 22);
	g.past.now.least[0] = any(1 << 22);
	if (!any(5))
		g.past.wont_shrink = any(2000000);
	if (!any(5))
		g.past.wont_grow = any(2000000);
	return g;
}

/* What was promised is there: no scene begins broken. */
static struct scene random_scene(void)
{
	struct scene s = scene(0);
	unsigned int i, n = any(MAX + 1);
	uint64_t promised = 0;

	for (i = 0; i < n; i++) {
		add(&s, random_guest());
		if (s.g[i].target > s.g[i].current)
			promised += s.g[i].target - s.g[i].current;
	}
	s.h.slack = any(1 << 16);
	s.h.reserved = any(2) ? any(1 << 21) : 0;
	/* Reserved may be more than is free: it is being freed. */
	s.h.free = promised + (any(2) ? s.h.slack + s.h.reserved : 0) +
		   any(1 << 22);
	s.r.tax = any(100);
	s.r.headroom = any(200);
	return s;
}

static uint64_t held(const struct scene *s, bool after)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < s->n; i++) {
		uint64_t t = after ? s->m[i].target : s->g[i].target;

		sum += t > s->g[i].current ? t : s->g[i].current;
	}
	return sum;
}

static void check_bounds(const struct alloc_guest *g, const struct alloc_move *m)
{
	if (g->fixed)
		assert_int_equal(m->target, g->target);
	/* Never moved below the floor, nor above the most. */
	assert_true(m->target >= g->floor || m->target >= g->target);
	assert_true(m->target <= g->max || m->target <= g->target);
	/* What isn't moved has a reason that says so. */
	if (m->target > g->target)
		assert_true(m->why == WHY_NEED || m->why == WHY_SHARE ||
			    m->why == WHY_FLOOR ||
			    (m->why == WHY_WONT_SHRINK &&
			     m->target <= g->current));
	if (m->target < g->target)
		assert_true(m->why == WHY_IDLE || m->why == WHY_YIELD ||
			    m->why == WHY_RESERVE || m->why == WHY_WONT_GROW);
}

static void nothing_is_promised_twice(void **state)
{
	unsigned int round, i;

	(void)state;
	for (round = 0; round < 20000; round++) {
		struct scene s = random_scene();
		uint64_t all, before;

		turn(&s);
		all = s.h.free;
		for (i = 0; i < s.n; i++)
			all += s.g[i].current;
		before = held(&s, false);
		/* Not above what there is; where a reservation asks for more
		 * than is free, not above what was held already. */
		if (held(&s, true) + s.h.slack + s.h.reserved > all)
			assert_true(held(&s, true) <= before);
		for (i = 0; i < s.n; i++)
			check_bounds(&s.g[i], &s.m[i]);
	}
}

/* More to deal out, more need, more weight: never less for the guest. */
static void more_is_never_less(void **state)
{
	unsigned int round, i;

	(void)state;
	for (round = 0; round < 5000; round++) {
		struct scene s = random_scene(), t;
		unsigned int who = s.n ? any(s.n) : 0;

		turn(&s);
		t = s;
		t.h.free += any(1 << 21);
		policy_targets(&t.r, &t.h, t.g, t.n, t.m);
		for (i = 0; i < s.n; i++)
			assert_true(t.m[i].share + 1 >= s.m[i].share);
		if (!s.n)
			continue;
		t = s;
		t.g[who].past.now.most[0] += any(1 << 20);
		policy_targets(&t.r, &t.h, t.g, t.n, t.m);
		assert_true(t.m[who].share + 1 >= s.m[who].share);
		t = s;
		t.g[who].weight += any(65536 - t.g[who].weight);
		policy_targets(&t.r, &t.h, t.g, t.n, t.m);
		assert_true(t.m[who].share + 1 >= s.m[who].share);
	}
}

/* Guests that do what they are told, and a use that stays: targets come to
 * rest, and on the way none turns round more than once. */
static void constant_load_comes_to_rest(void **state)
{
	unsigned int round, i, turns[MAX], last;
	int way[MAX];

	(void)state;
	for (round = 0; round < 300; round++) {
		struct scene s = random_scene();

		s.h.reserved = 0;
		memset(turns, 0, sizeof(turns));
		memset(way, 0, sizeof(way));
		for (i = 0; i < s.n; i++)
			memset(&s.g[i].past, 0, sizeof(s.g[i].past));
		for (last = 0; s.h.now < 1300000; s.h.now += 1000) {
			turn(&s);
			for (i = 0; i < s.n; i++) {
				struct alloc_guest *g = &s.g[i];
				int d = (s.m[i].target > g->target) -
					(s.m[i].target < g->target);

				if (d)
					last = s.h.now;
				turns[i] += d && way[i] == -d;
				way[i] = d ? d : way[i];
				policy_applied(s.h.now, s.m[i].target, g);
				s.h.free += g->current;
				if (!g->fixed || g->target < g->current)
					g->current = g->target;
				s.h.free -= g->current;
			}
		}
		assert_true(last < 1200000);
		for (i = 0; i < s.n; i++)
			assert_true(turns[i] <= 2);
	}
}

/* ---- plain cases ---- */

static void idle_memory_goes_to_who_needs_it(void **state)
{
	struct scene s = scene(0);

	(void)state;
	add(&s, guest(800, 100, 2000));
	add(&s, guest(800, 100, 2000));
	s.g[0].source = s.g[1].source = USE_AGENT;
	s.g[0].used = 100 * MIB;
	s.g[1].used = 780 * MIB;
	turn(&s);
	assert_true(s.m[0].target < 800 * MIB);
	assert_int_equal(s.m[0].why, WHY_IDLE);
	/* Nothing is free yet: it isn't promised what the other is to give. */
	assert_int_equal(s.m[1].target, 800 * MIB);
	assert_int_equal(s.m[1].why, WHY_NO_ROOM);
	s.h.free = 100 * MIB;
	turn(&s);
	assert_int_equal(s.m[1].target, 900 * MIB);
	assert_int_equal(s.m[1].why, WHY_NEED);
}

static void weights_alone_without_use(void **state)
{
	struct scene s = scene(300);

	(void)state;
	s.r.band = MIB;
	s.r.rate = 1 << 30;
	add(&s, guest(0, 0, 4000));
	add(&s, guest(0, 0, 4000));
	s.g[1].weight = 512;
	turn(&s);
	assert_in_range(s.m[0].target, 99 * MIB, 100 * MIB);
	assert_in_range(s.m[1].target, 199 * MIB, 200 * MIB);
	/* Without a tax use doesn't matter; with most of it only what all need
	 * leaves is dealt out by weight. */
	s.g[0].source = s.g[1].source = USE_AGENT;
	s.g[0].used = 200 * MIB;
	s.r.headroom = 0;
	s.r.tax = 0;
	turn(&s);
	assert_in_range(s.m[0].share, 99 * MIB, 100 * MIB);
	s.r.tax = 99;
	turn(&s);
	assert_in_range(s.m[0].share, 230 * MIB, 235 * MIB);
}

static void who_does_not_follow_is_let_be(void **state)
{
	struct scene s = scene(0);
	char text[160];

	(void)state;
	add(&s, guest(800, 100, 800));
	add(&s, guest(400, 100, 1600));
	s.g[0].source = s.g[1].source = USE_AGENT;
	s.g[0].used = 50 * MIB;
	s.g[1].used = 700 * MIB;
	turn(&s);
	policy_applied(s.h.now, s.m[0].target, &s.g[0]);
	s.h.now += s.r.follow - 1000;
	turn(&s);
	assert_int_equal(policy_stuck(s.h.now, &s.g[0]), WHY_STEADY);
	policy_applied(s.h.now, s.m[0].target, &s.g[0]);
	s.h.now += 2000;
	turn(&s);
	assert_int_equal(s.m[0].why, WHY_WONT_SHRINK);
	assert_string_equal(policy_reason(&s.m[0], &s.g[0], text),
			    "it doesn't give back what it was asked for: it "
			    "has 800 MiB, and its target is 288");
	/* The other isn't thought to get anything. */
	assert_int_equal(s.m[1].share, 400 * MIB);
	/* Its floor may be raised to what it keeps anyway. */
	s.g[0].floor = 500 * MIB;
	turn(&s);
	assert_int_equal(s.m[0].target, 500 * MIB);
	s.g[0].floor = 100 * MIB;
	/* It moves all the same: it is counted on again. */
	s.g[0].current -= 100 * MIB;
	s.h.free += 100 * MIB;
	turn(&s);
	assert_int_equal(policy_stuck(s.h.now, &s.g[0]), WHY_STEADY);
	assert_int_equal(s.m[1].target, 500 * MIB);
}

static void a_promise_is_taken_back(void **state)
{
	struct scene s = scene(600);

	(void)state;
	add(&s, guest(200, 100, 1000));
	s.g[0].source = USE_AGENT;
	s.g[0].used = 190 * MIB;
	turn(&s);
	assert_true(s.m[0].target > 200 * MIB);
	policy_applied(s.h.now, s.m[0].target, &s.g[0]);
	s.h.now += s.r.follow + 1000;
	turn(&s);
	assert_int_equal(s.m[0].why, WHY_WONT_GROW);
	assert_int_equal(s.m[0].target, 200 * MIB);
	policy_applied(s.h.now, s.m[0].target, &s.g[0]);
	s.h.now += 1000;
	turn(&s);
	assert_int_equal(s.m[0].target, 200 * MIB);
	/* After a while it is asked again. */
	s.h.now += s.r.retry;
	turn(&s);
	assert_true(s.m[0].target > 200 * MIB);
}

static void a_target_moves_at_its_rate(void **state)
{
	struct scene s = scene(4000);

	(void)state;
	add(&s, guest(200, 100, 4000));
	s.r.rate = 50 * MIB;
	turn(&s);
	assert_int_equal(s.m[0].target, 250 * MIB);
	policy_applied(s.h.now, s.m[0].target, &s.g[0]);
	s.h.now += 500;
	turn(&s);
	assert_int_equal(s.m[0].target, 275 * MIB);
}

static uint64_t need_after(struct scene *s, int64_t ms, uint64_t mib)
{
	s->h.now += ms;
	s->g[0].used = mib * MIB;
	turn(s);
	return policy_need(&s->r, &s->g[0]) / MIB;
}

/* While it grows it has room to grow on; and no more than a third of its use. */
static void who_grows_has_room_ahead(void **state)
{
	struct scene s = scene(0);

	(void)state;
	add(&s, guest(400, 10, 1000));
	s.g[0].source = USE_AGENT;
	assert_int_equal(need_after(&s, 0, 100), 125);
	assert_false(policy_hurries(&s.r, &s.h, s.g, 1));
	assert_int_equal(need_after(&s, 1000, 140), 180);
	assert_true(policy_hurries(&s.r, &s.h, s.g, 1));
	assert_int_equal(need_after(&s, 500, 300), 400);
	assert_int_equal(policy_look_every(&s.g[0], 5000), 500);
	assert_int_equal(need_after(&s, 5000, 300), 400);
	assert_int_equal(need_after(&s, 5000, 300), 375);
	assert_false(policy_hurries(&s.r, &s.h, s.g, 1));
	/* Another who tells hasn't seen it grow. */
	s.g[0].source = USE_SAMPLED;
	assert_int_equal(need_after(&s, 1000, 200), 250);
	assert_int_equal(policy_look_every(&s.g[0], 5000), 5000);
}

/* A peak's memory stays for a while, but for one in need. */
static void what_was_used_lately_is_kept(void **state)
{
	struct scene s = scene(0);
	uint64_t alone;

	(void)state;
	add(&s, guest(600, 50, 1000));
	add(&s, guest(400, 50, 1000));
	s.g[0].source = s.g[1].source = USE_AGENT;
	s.g[0].used = 440 * MIB;
	s.g[1].used = 100 * MIB;
	turn(&s);
	s.h.now += 5000;
	s.g[0].used = 100 * MIB;
	turn(&s);
	s.h.now += 2000;
	turn(&s);
	alone = s.m[0].share;
	assert_int_equal(policy_need(&s.r, &s.g[0]), 125 * MIB);
	assert_true(alone >= 550 * MIB);
	assert_true(s.m[0].target >= 550 * MIB);
	s.g[1].used = 395 * MIB;
	turn(&s);
	assert_in_range(s.m[0].share, 150 * MIB, alone - 1);
	assert_int_equal(s.m[0].why, WHY_IDLE);
	assert_int_equal(s.m[1].why, WHY_NO_ROOM);
	/* What was given in that moment is taken back a little later. */
	s.g[0].past.direction = 1;
	s.g[0].past.set = s.h.now;
	turn(&s);
	assert_int_equal(s.m[0].why, WHY_SETTLE);
	s.h.now += s.r.settle / 4;
	turn(&s);
	assert_int_equal(s.m[0].why, WHY_IDLE);
}

static void a_plan_says_who_gives(void **state)
{
	struct scene s = scene(100);
	struct alloc_plan p;
	uint64_t give[MAX];

	(void)state;
	s.h.slack = 50 * MIB;
	add(&s, guest(800, 300, 800));
	add(&s, guest(500, 500, 500));
	add(&s, guest(700, 100, 700));
	s.g[2].fixed = true;
	turn(&s);
	policy_plan(&s.r, &s.h, s.g, s.n, 40 * MIB, give, &p);
	assert_int_equal(p.missing, 0);
	assert_int_equal(give[0], 0);
	policy_plan(&s.r, &s.h, s.g, s.n, 450 * MIB, give, &p);
	assert_int_equal(p.missing, 0);
	assert_in_range(give[0], 400 * MIB, 401 * MIB);
	policy_plan(&s.r, &s.h, s.g, s.n, 600 * MIB, give, &p);
	assert_int_equal(p.there, 50 * MIB);
	assert_int_equal(p.could, 500 * MIB);
	assert_int_equal(p.missing, 50 * MIB);
	assert_int_equal(give[0], 500 * MIB);
	assert_int_equal(give[1] + give[2], 0);
}

/* Of random scenes: a plan that fits is enough, and keeps the floors. */
static void a_plan_is_enough(void **state)
{
	unsigned int round, i;

	(void)state;
	for (round = 0; round < 5000; round++) {
		struct scene s = random_scene();
		uint64_t give[MAX], sum = 0, need = any(1 << 23), wanted;
		struct alloc_plan p;

		turn(&s);
		policy_plan(&s.r, &s.h, s.g, s.n, need, give, &p);
		for (i = 0; i < s.n; i++) {
			sum += give[i];
			if (give[i] && s.g[i].current > s.g[i].target)
				assert_true(s.g[i].current - give[i] >=
					    s.g[i].floor);
		}
		wanted = need + policy_spoken_for(&s.h, s.g, s.n);
		if (p.missing)
			assert_int_equal(s.h.free + sum + p.missing, wanted);
		else if (p.there < need)
			assert_true(s.h.free + sum >= wanted);
		else
			assert_int_equal(sum, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_promised_twice),
		cmocka_unit_test(more_is_never_less),
		cmocka_unit_test(constant_load_comes_to_rest),
		cmocka_unit_test(idle_memory_goes_to_who_needs_it),
		cmocka_unit_test(weights_alone_without_use),
		cmocka_unit_test(who_does_not_follow_is_let_be),
		cmocka_unit_test(a_promise_is_taken_back),
		cmocka_unit_test(a_target_moves_at_its_rate),
		cmocka_unit_test(who_grows_has_room_ahead),
		cmocka_unit_test(what_was_used_lately_is_kept),
		cmocka_unit_test(a_plan_says_who_gives),
		cmocka_unit_test(a_plan_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
