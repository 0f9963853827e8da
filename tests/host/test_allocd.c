/* SPDX-License-Identifier: MIT */
/*
 * hvxallocd but for its socket, in a dom0 that is played: what it reads, what it
 * tells guests and the hypervisor, reservations, settings, and what a restart
 * keeps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>
#include <abi/vcpu.h>
#include <hvxallocd/allocd.h>
#include "fake_dom0.h"

#define MIB	256u	/* pages */

static struct allocd a;

/* ---- clients and the hypervisor's other calls ---- */

struct request {
	char answer[4096];
	struct fault fault;
	bool ok, failed;
	req_gone_fn *gone;
	void *arg;
};

static struct request requests[32];
static unsigned int nr_requests;
static char events[16384];
static uint64_t sampled, swapped_out, swapped_in;
static uint64_t look_kib;	/* that a look goes over */
static uint64_t interval_ns;
static unsigned int looks, glances, cpu_calls;
static unsigned int looks_at[FAKE_DOMAINS];
static uint64_t run_states[FAKE_DOMAINS][4];

void req_tell(struct request *r, struct json_object *answer)
{
	r->ok = true;
	snprintf(r->answer, sizeof(r->answer), "%s",
		 answer ? json_object_to_json_string_ext(
				  answer, JSON_C_TO_STRING_PLAIN) : "");
	json_object_put(answer);
}

void req_ok(struct request *r, struct json_object *answer)
{
	req_tell(r, answer);
}

void req_fail(struct request *r, const struct fault *f)
{
	r->failed = true;
	r->gone = NULL;
	r->fault = *f;
}

void req_hold(struct request *r, req_gone_fn *gone, void *arg)
{
	r->gone = gone;
	r->arg = arg;
}

void req_follow(struct request *r)
{
	(void)r;
}

void server_event(struct server *s, struct json_object *event)
{
	size_t n = strlen(events);

	(void)s;
	snprintf(events + n, sizeof(events) - n, "%s\n",
		 json_object_to_json_string_ext(event,
						JSON_C_TO_STRING_PLAIN));
	json_object_put(event);
}

int hvctl_share_get(struct hvctl *h, uint32_t domid,
		    struct xen_domctl_sched_credit *out)
{
	cpu_calls++;
	return hvctl_credit_get(h, domid, out);
}

int hvctl_share_set(struct hvctl *h, uint32_t domid,
		    const struct xen_domctl_sched_credit *in)
{
	return hvctl_credit_set(h, domid, in);
}

static int working_set(uint32_t samples, struct hvctl_working_set *out)
{
	if (!sampled) {
		errno = EOPNOTSUPP;
		return -1;
	}
	memset(out, 0, sizeof(*out));
	out->watched = samples;
	out->kib = sampled;
	out->total_kib = look_kib;
	out->out_kib = swapped_out;
	out->in_kib = swapped_in;
	out->interval_ns = interval_ns;
	return 0;
}

int hvctl_working_set(struct hvctl *h, uint32_t domid, uint32_t samples,
		      struct hvctl_working_set *out)
{
	(void)h;
	looks++;
	looks_at[domid]++;
	return working_set(samples, out);
}

int hvctl_working_set_so_far(struct hvctl *h, uint32_t domid,
			     struct hvctl_working_set *out)
{
	(void)h;
	(void)domid;
	glances++;
	return working_set(512, out);
}

int hvctl_run_states(struct hvctl *h, uint32_t domid, uint64_t *time)
{
	(void)h;
	cpu_calls++;
	memcpy(time, run_states[domid], sizeof(run_states[domid]));
	return 0;
}

/* ---- scenes ---- */

static void on_round(void *arg)
{
	round_run(arg);
}

static void start(void)
{
	memset(&a, 0, sizeof(a));
	a.rules = alloc_default_rules;
	a.interval = 1000;
	a.sample = 1;
	a.samples = 64;
	a.loop = loop_new();
	a.timer = loop_add_timer(a.loop, on_round, &a);
	a.hv = hvctl_open_sized(8);
	a.xs = xs_open(0);
	settings_load(&a);
}

static void stop(void)
{
	loop_free(a.loop);
	free(a.guests);
	free(a.infos);
	free(a.moves);
	free(a.gives);
}

static int set_up(void **state)
{
	(void)state;
	fake_dom0_reset();
	dom0->free_pages = 0;
	events[0] = 0;
	sampled = look_kib = looks = cpu_calls = 0;
	swapped_out = swapped_in = 0;
	interval_ns = 1000000000;
	glances = 0;
	memset(looks_at, 0, sizeof(looks_at));
	memset(run_states, 0, sizeof(run_states));
	start();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	while (a.reservations)
		a.reservations->req->gone(a.reservations->req->arg);
	stop();
	return 0;
}

static void put(unsigned int domid, const char *node, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, node);
	fake_node_set(path, value);
}

static unsigned long target(unsigned int domid)
{
	char path[96];
	const char *value;

	snprintf(path, sizeof(path), "/local/domain/%u/memory/target", domid);
	value = fake_node(path);
	return value ? strtoul(value, NULL, 10) >> 10 : 0;
}

static struct fake_domain *guest(unsigned int id, const char *name,
				 unsigned int mib, unsigned int floor,
				 unsigned int max)
{
	struct fake_domain *d = fake_domain_add(id, name, mib, 2);
	char text[32];

	snprintf(text, sizeof(text), "%u", mib << 10);
	put(id, "memory/target", text);
	snprintf(text, sizeof(text), "%u", floor << 10);
	put(id, "memory/dynamic-min", text);
	snprintf(text, sizeof(text), "%u", max << 10);
	put(id, "memory/dynamic-max", text);
	put(id, "memory/static-max", text);
	return d;
}

/* Guests do what they were told. */
static void obey(void)
{
	unsigned int i;

	for (i = 1; i < FAKE_DOMAINS; i++) {
		struct fake_domain *d = &dom0->domains[i];

		if (!d->there || !target(i))
			continue;
		dom0->free_pages += d->info.tot_pages;
		d->info.tot_pages = target(i) * MIB;
		dom0->free_pages -= d->info.tot_pages;
	}
}

static struct request *ask(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

static struct request *ask(const char *fmt, ...)
{
	struct request *r = &requests[nr_requests++ % 32];
	struct proto_request p;
	char line[512];
	struct fault f;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	assert_int_equal(proto_parse(line, strlen(line), &p, &f), 0);
	memset(r, 0, sizeof(*r));
	request_serve(&a, r, &p);
	json_object_put(p.obj);
	return r;
}

static struct request *want(unsigned int id, unsigned int mib)
{
	return ask("{\"do\":\"reserve\",\"name\":\"n%u\",\"kib\":%u,\"uuid\":"
	    "\"00000000-0000-0000-0000-0000000000%02x\"}", id, mib << 10, id);
}

/* ---- rounds ---- */

static void guests_are_told_and_limited(void **state)
{
	struct fake_domain *d = guest(1, "web", 200, 100, 400);

	(void)state;
	guest(2, "plain", 100, 100, 100);
	dom0->free_pages = 50 * MIB;
	put(1, "memory/meminfo", "190000");
	round_run(&a);
	assert_int_equal(target(1), 250);
	assert_int_equal(d->max_kib, (250 << 10) + 1024);
	assert_int_equal(target(2), 100);
	assert_non_null(strstr(events, "\"event\":\"memory-target\",\"domid\":1,"
			       "\"name\":\"web\",\"from\":200,\"to\":250,"
			       "\"why\":\"need\",\"text\":\"it uses what it "
			       "has (it uses 185 MiB, says its agent)\""));
	/* dom0 isn't managed, and keeps what it has. */
	assert_int_equal(dom0->domains[0].max_kib, 0);
	assert_string_equal(fake_node("/vm/00000000-0000-0000-0000-"
				      "000000000001/memory"), "250");
}

static void what_guests_write_is_checked(void **state)
{
	static const char *const bad[] = {
		"", "x", "-5", "12 ", "99999999999999999999", "0", "1e9",
		"17179869185",
	};
	size_t i;

	(void)state;
	guest(1, "web", 200, 100, 400);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(1, "memory/meminfo", bad[i]);
		round_run(&a);
		assert_int_equal(a.guests[1].source, USE_NONE);
	}
	put(1, "memory/meminfo", "17179869184");
	round_run(&a);
	assert_int_equal(a.guests[1].source, USE_AGENT);
	assert_true(policy_need(&a.rules, &a.guests[1]) <= 400 << 10);
}

static void domains_come_and_go(void **state)
{
	(void)state;
	guest(1, "a", 100, 50, 100);
	guest(3, "c", 100, 50, 100);
	guest(5, "e", 100, 50, 100);
	round_run(&a);
	assert_int_equal(a.count, 4);
	a.guests[2].past.set = 77;
	dom0->domains[1].there = false;
	guest(2, "b", 100, 50, 100);
	round_run(&a);
	assert_int_equal(a.count, 4);
	assert_string_equal(a.infos[1].name, "b");
	assert_string_equal(a.infos[2].name, "c");
	assert_int_equal(a.guests[2].past.set, 77);
	/* An id that came to another domain is another domain. */
	dom0->domains[3].info.handle[0] = 9;
	put(3, "name", "cc");
	round_run(&a);
	assert_string_equal(a.infos[2].name, "cc");
	assert_int_equal(a.guests[2].past.set, 0);
	dom0->domains[5].there = false;
	round_run(&a);
	assert_int_equal(a.count, 3);
	assert_int_equal(find_guest(&a, "e"), -1);
	assert_int_equal(find_guest(&a, "2"), 1);
	assert_int_equal(find_guest(&a, "cc"), 2);
}

static void the_hypervisor_tells_of_use(void **state)
{
	(void)state;
	guest(1, "web", 200, 100, 400);
	guest(2, "plain", 100, 100, 100);
	sampled = 150 << 10;
	round_run(&a);
	/* The one that can't move isn't looked at. */
	assert_int_equal(looks, 1);
	round_run(&a);
	assert_int_equal(a.guests[1].source, USE_SAMPLED);
	assert_int_equal(a.guests[1].used, 150 << 10);
	/* What its kernel holds without touching it comes on top, up to all. */
	a.unseen = 10 << 10;
	round_run(&a);
	assert_int_equal(a.guests[1].used, (150 + 10 + 400 / 64) * 1024 + 256);
	a.unseen = 100 << 10;
	round_run(&a);
	assert_int_equal(a.guests[1].used, a.guests[1].current);
	/* One that can't tell is asked once. */
	sampled = 0;
	a.infos[1].watched_at = 0;
	round_run(&a);
	assert_int_equal(a.sample, 0);
}

/* A look ends an interval, a glance doesn't. */
static uint64_t used_at(bool a_look)
{
	unsigned int before = looks;

	a.infos[1].sampled_at = 1;
	a.infos[1].watched_at = a_look ? 1 : INT64_MAX;
	a.infos[1].sample_rest = 0;
	round_run(&a);
	assert_int_equal(looks, before + a_look);
	a.infos[1].sampled_at = a.infos[1].watched_at = INT64_MAX;
	round_run(&a);
	return a.guests[1].used >> 10;
}

static uint64_t used_at_next_look(void)
{
	return used_at(true);
}

static void glances_tell_what_comes_on_top(void **state)
{
	(void)state;
	guest(1, "web", 200, 100, 400);
	look_kib = 200 << 10;
	sampled = 100 << 10;
	round_run(&a);
	/* Nothing is known until an interval is over. */
	a.infos[1].interval = a.infos[1].sampled = 0;
	assert_int_equal(used_at(false), 0);
	assert_int_equal(used_at(true), 100);
	/* What has only begun isn't less, but may be more. */
	sampled = 20 << 10;
	assert_int_equal(used_at(false), 100);
	sampled = 130 << 10;
	assert_int_equal(used_at(false), 130);
	sampled = 60 << 10;
	assert_int_equal(used_at(true), 60);
	/* Swapped is what was since it was last told. */
	swapped_out = 1000;
	interval_ns = 2000000000;
	assert_int_equal(used_at(false), 200);
	interval_ns = 3000000000;
	assert_int_equal(used_at(false), 60);
	swapped_out = 1100;
	interval_ns = 4000000000;
	assert_int_equal(used_at(false), 200);
	assert_true(glances > 0);
}

/* One that waits for its swap touches little: that isn't all it needs. */
static void who_swaps_uses_more_than_is_seen(void **state)
{
	(void)state;
	guest(1, "web", 200, 100, 400);
	look_kib = 200 << 10;
	sampled = 50 << 10;
	round_run(&a);
	/* Now and then is nothing. */
	swapped_in = swapped_out = 64;
	assert_int_equal(used_at_next_look(), 50);
	swapped_out = 1000;
	assert_int_equal(used_at_next_look(), 200);
	/* That's how it gives what it is asked for. */
	a.infos[1].gave_at = INT64_MAX;
	assert_int_equal(used_at_next_look(), 50);
	a.infos[1].gave_at = 0;
	swapped_in = 1000;
	assert_int_equal(used_at_next_look(), 200);
	/* It has got the room. */
	swapped_out = 0;
	sampled = 60 << 10;
	assert_int_equal(used_at_next_look(), 200);
	/* And all its pages. */
	swapped_in = 0;
	assert_int_equal(used_at_next_look(), 60);
}

/* Some in a round, and whoever had to wait comes next, though the first are due
 * again. */
static void nobody_waits_for_ever_for_a_look(void **state)
{
	unsigned int id, round;
	char name[16];

	(void)state;
	sampled = 50 << 10;
	for (id = 1; id <= 20; id++) {
		snprintf(name, sizeof(name), "g%u", id);
		guest(id, name, 20, 10, 40);
	}
	round_run(&a);
	memset(looks_at, 0, sizeof(looks_at));
	for (round = 0; round < 3; round++) {
		for (id = 1; id <= 20; id++)
			a.infos[id].watched_at = a.infos[id].sample_rest = 0;
		round_run(&a);
	}
	for (id = 1; id <= 20; id++)
		assert_in_range(looks_at[id], 1, 2);
}

/* A look that costs much comes seldom, whatever was asked for. */
static void looks_are_cheap(void **state)
{
	(void)state;
	guest(1, "web", 200, 100, 400);
	sampled = 100 << 10;
	look_kib = 5 << 20;
	round_run(&a);
	assert_int_equal(looks, 1);
	assert_in_range(a.infos[1].sample_rest, 10000, 11000);
	a.infos[1].watched_at -= 5000;
	round_run(&a);
	assert_int_equal(looks, 1);
	a.infos[1].watched_at -= 6000;
	round_run(&a);
	assert_int_equal(looks, 2);
}

static void stop_loop(void *l)
{
	loop_stop(l);
}

/* Whether the next round comes soon, and not when it is due. */
static bool is_hurried(void)
{
	struct loop_timer *end = loop_add_timer(a.loop, stop_loop, a.loop);
	int64_t begin = loop_now();

	loop_arm(end, 500);
	loop_run(a.loop);
	loop_del_timer(end);
	return loop_now() - begin < 400;
}

static void an_agent_is_heard(void **state)
{
	static const char path[] = "/local/domain/1/memory/meminfo";

	(void)state;
	loop_del_timer(a.timer);
	a.timer = loop_add_timer(a.loop, stop_loop, a.loop);
	guest(1, "web", 200, 100, 400);
	put(1, "memory/meminfo", "150000");
	round_run(&a);
	assert_true(a.infos[1].heard);
	/* It shrinks, or says that it lives; or it isn't one that says so. */
	put(1, "memory/meminfo", "140000");
	heard(&a, path);
	put(1, "memory/meminfo", "150001");
	heard(&a, path);
	put(1, "memory/meminfo", "a lot");
	heard(&a, path);
	heard(&a, "/local/domain/7/memory/meminfo");
	heard(&a, "/local/domain/1/memory/meminfo/x");
	assert_false(is_hurried());
	put(1, "memory/meminfo", "160000");
	heard(&a, path);
	assert_true(is_hurried());
}

/* A killed agent's last number isn't believed for ever. */
static void an_agent_that_is_silent(void **state)
{
	(void)state;
	guest(1, "web", 200, 100, 400);
	sampled = 50 << 10;
	a.silence = 1000;
	put(1, "memory/meminfo", "150000");
	round_run(&a);
	assert_int_equal(a.guests[1].source, USE_AGENT);
	assert_int_equal(looks, 0);
	/* It says another number each time: it lives. */
	a.infos[1].told_at -= 2000;
	put(1, "memory/meminfo", "150001");
	round_run(&a);
	assert_int_equal(a.guests[1].source, USE_AGENT);
	/* Silent for a while: watched, and still believed. */
	a.infos[1].told_at -= 600;
	round_run(&a);
	assert_int_equal(a.guests[1].source, USE_AGENT);
	assert_int_equal(a.guests[1].used, 150001);
	assert_int_equal(looks, 1);
	a.infos[1].told_at -= 600;
	round_run(&a);
	assert_int_equal(a.guests[1].source, USE_SAMPLED);
	assert_int_equal(a.guests[1].used, 50 << 10);
	/* It was started again. */
	put(1, "memory/meminfo", "160000");
	round_run(&a);
	assert_int_equal(a.guests[1].source, USE_AGENT);
	/* For agents that may be silent. */
	a.infos[1].told_at -= 2000;
	a.silence = 0;
	round_run(&a);
	assert_int_equal(a.guests[1].source, USE_AGENT);
}

/* ---- reservations ---- */

static void free_memory_is_kept_at_once(void **state)
{
	struct request *r1, *r2, *r3;
	struct fake_domain *d;

	(void)state;
	dom0->free_pages = 100 * MIB;
	r1 = want(5, 60);
	assert_true(r1->ok);
	assert_string_equal(r1->answer, "{\"kib\":61440}");
	/* What is kept for one isn't another's. */
	r2 = want(6, 41);
	assert_true(r2->failed);
	assert_int_equal(r2->fault.err, ENOMEM);
	assert_non_null(strstr(r2->fault.text, "40 MiB are free and guests could give 0 MiB"));
	assert_non_null(strstr(r2->fault.hint, "1 MiB are missing"));
	assert_non_null(strstr(events, "reservation-refused"));
	/* Claimed by its domain it is counted once. */
	d = fake_domain_add(5, "n5", 0, 1);
	d->info.outstanding_pages = 59 * MIB;
	r2 = want(6, 40);
	assert_true(r2->ok);
	/* A client that goes leaves nothing. */
	r2->gone(r2->arg);
	r3 = want(7, 40);
	assert_true(r3->ok);
}

static void claim_some(void)
{
	dom0->domains[5].info.outstanding_pages = 60 * MIB;
}

/* Neither counted twice nor missed. */
static void memory_is_claimed_meanwhile(void **state)
{
	(void)state;
	dom0->free_pages = 100 * MIB;
	assert_true(want(5, 60)->ok);
	fake_domain_add(5, "n5", 0, 1);
	dom0->after_list = claim_some;
	assert_true(want(6, 40)->ok);
	assert_true(want(7, 1)->failed);
}

static void others_give_what_is_missing(void **state)
{
	struct request *r;

	(void)state;
	guest(1, "web", 400, 100, 400);
	dom0->free_pages = 20 * MIB;
	round_run(&a);
	r = want(5, 220);
	assert_false(r->ok || r->failed);
	round_run(&a);
	assert_in_range(target(1), 199, 200);
	assert_non_null(strstr(events, "\"why\":\"reserve\""));
	/* Not counted before it is there. */
	round_run(&a);
	assert_false(r->ok || r->failed);
	obey();
	round_run(&a);
	assert_true(r->ok);
	/* It isn't given back to the one that gave it. */
	round_run(&a);
	assert_in_range(target(1), 199, 200);
}

static void who_waits_in_vain_is_refused(void **state)
{
	struct request *big, *small;

	(void)state;
	guest(1, "deaf", 400, 100, 400);
	dom0->free_pages = 50 * MIB;
	round_run(&a);
	big = want(5, 300);
	round_run(&a);
	assert_false(big->ok || big->failed);
	/* Small ones pass. */
	small = want(6, 40);
	assert_true(small->ok);
	a.guests[1].past.wont_shrink = INT64_MAX;
	round_run(&a);
	assert_true(big->failed);
	assert_non_null(strstr(events, "\"event\":\"memory-stuck\""));
	assert_non_null(strstr(events, "it doesn't give back what it was asked for"));
}

/* One whose nodes came after the last round counts, too. */
static void a_new_guest_can_give(void **state)
{
	struct request *r;

	(void)state;
	fake_domain_add(1, "late", 400, 1);
	round_run(&a);
	assert_false(a.infos[1].managed);
	guest(1, "late", 400, 100, 400);
	r = ask("{\"do\":\"plan\",\"kib\":%u}", 100 << 10);
	assert_non_null(strstr(r->answer, "\"missing\":0"));
}

static void a_plan_names_them(void **state)
{
	struct request *r;

	(void)state;
	guest(1, "web", 400, 100, 400);
	guest(2, "still", 100, 50, 100)->info.flags = XEN_DOMINF_paused;
	dom0->free_pages = 20 * MIB;
	round_run(&a);
	r = ask("{\"do\":\"plan\",\"kib\":%u,\"vcpus\":2}", 100 << 10);
	assert_true(r->ok);
	assert_non_null(strstr(r->answer, "\"missing\":0"));
	assert_non_null(strstr(r->answer, "\"name\":\"web\",\"has\":409600,"
			       "\"floor\":102400,\"gives\":81920}"));
	assert_non_null(strstr(r->answer, "\"name\":\"still\",\"has\":102400,"
			       "\"floor\":51200,\"gives\":0,\"why\":\"it is "
			       "paused, or ends\""));
	assert_non_null(strstr(r->answer, "\"cpus\":[0,1]"));
}

/* ---- what a create costs ---- */

static void on_stop(void *arg)
{
	loop_stop(arg);
}

/* Runs what the daemon wants to do at once. */
static void what_is_due(void)
{
	struct loop_timer *stop = loop_add_timer(a.loop, on_stop, a.loop);

	loop_arm(stop, 0);
	loop_run(a.loop);
	loop_del_timer(stop);
}

/* A guest that fits is to be created, just after another was; what was asked for
 * that, of the store and of the hypervisor about single domains. */
static unsigned int cost_of_create(unsigned int after)
{
	struct request *r;

	guest(after, "new", 8, 8, 8);
	dom0->reads = dom0->lists = cpu_calls = looks = 0;
	r = want(7, 8);
	assert_true(r->ok);
	what_is_due();
	r->gone(r->arg);
	what_is_due();
	assert_int_equal(dom0->lists, 1);
	return dom0->reads + cpu_calls + looks;
}

/* That grows neither with the guests there are nor with those that came just
 * now, whoever made them. */
static void a_create_costs_the_same_beside_many(void **state)
{
	unsigned int few, many, i;

	(void)state;
	dom0->free_pages = 1000 * MIB;
	sampled = 50 << 10;
	guest(1, "web", 20, 10, 40);
	round_run(&a);
	few = cost_of_create(2);
	assert_true(few);
	for (i = 3; i < 6; i++)
		guest(i, "more", 20, 10, 40);
	/* As other toolstacks' are. */
	put(4, "memory/dynamic-max", "");
	put(5, "memory/dynamic-max", "");
	round_run(&a);
	many = cost_of_create(6);
	assert_int_equal(many, few);
}

/* ---- settings ---- */

static void settings_outlive_the_daemon(void **state)
{
	struct request *r;

	(void)state;
	guest(1, "web", 200, 100, 400);
	round_run(&a);
	r = ask("{\"do\":\"set\",\"values\":{\"slack\":64,\"tax\":50}}");
	assert_true(r->ok);
	r = ask("{\"do\":\"set\",\"domain\":\"web\",\"values\":"
	    "{\"floor\":153600,\"weight\":512}}");
	assert_true(r->ok);
	assert_string_equal(fake_node("/local/domain/1/memory/dynamic-min"),
			    "153600");
	stop();
	start();
	round_run(&a);
	assert_int_equal(a.host.slack, 64 << 10);
	assert_int_equal(a.rules.tax, 50);
	assert_int_equal(a.guests[1].floor, 153600);
	assert_int_equal(a.guests[1].weight, 512);
}

static void wrong_requests_are_refused(void **state)
{
	static const char *const bad[] = {
		"{\"do\":\"what\"}", "{\"do\":\"plan\"}",
		"{\"do\":\"plan\",\"kib\":-1}", "{\"do\":\"plan\",\"kib\":1e9}",
		"{\"do\":\"reserve\",\"name\":\"x\",\"kib\":4,\"uuid\":\"z\"}",
		"{\"do\":\"reserve\",\"name\":\"x\",\"kib\":4,\"uuid\":"
		"\"00000000-0000-0000-0000-00000000000\"}",
		"{\"do\":\"set\"}", "{\"do\":\"set\",\"values\":{\"tax\":100}}",
		"{\"do\":\"set\",\"values\":{\"tax\":\"1\"}}",
		"{\"do\":\"set\",\"values\":{\"taxes\":1}}",
		"{\"do\":\"set\",\"domain\":\"no\",\"values\":{\"floor\":1}}",
		"{\"do\":\"set\",\"domain\":1,\"values\":{\"floor\":500000}}",
		"{\"do\":\"set\",\"domain\":1,\"values\":{\"max\":1}}",
		"{\"do\":\"set\",\"domain\":1,\"values\":{\"weight\":0}}",
		"{\"do\":\"set\",\"domain\":1,\"values\":{\"tax\":1}}",
	};
	struct request *r;
	size_t i;

	(void)state;
	guest(1, "web", 200, 100, 400);
	round_run(&a);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		r = ask("%s", bad[i]);
		assert_true(r->failed && !r->ok);
		assert_true(r->fault.text[0]);
	}
	assert_null(a.reservations);
	assert_int_equal(a.rules.tax, alloc_default_rules.tax);
}

/* ---- processors ---- */

static void classes_become_weights_and_caps(void **state)
{
	(void)state;
	fake_domain_add(1, "sure", 50, 1);
	put(1, "hvx/cpu-guarantee", "50");
	put(1, "hvx/cpu-burst", "30");
	fake_domain_add(2, "plain", 50, 1)->credit.weight = 300;
	a.dom0_cpu = 10;
	round_run(&a);
	assert_int_equal(dom0->domains[1].credit.cap, 80);
	/* 50 of 400 percent, beside 256 and 300 on the other 350. */
	assert_int_equal(dom0->domains[1].credit.weight, 80);
	assert_int_equal(dom0->domains[2].credit.weight, 300);
	assert_int_equal(dom0->domains[2].credit.cap, 0);
	assert_int_equal(dom0->domains[0].credit.weight, 256);
	assert_non_null(strstr(events, "\"event\":\"cpu-share\",\"domid\":1"));
	/* What the operator gave dom0 is the least. */
	dom0->domains[2].credit.weight = 30000;
	a.rounds = 0;
	round_run(&a);
	assert_true(dom0->domains[0].credit.weight > 3000);
	dom0->domains[2].credit.weight = 256;
	a.rounds = 0;
	round_run(&a);
	assert_int_equal(dom0->domains[0].credit.weight, 256);
}

/* Time goes by in which domain 1 ran and waited, ms. */
static void ran(unsigned int i, int64_t ms, uint64_t run, uint64_t wait)
{
	run_states[a.guests[i].domid][RUNSTATE_running] += run * 1000000;
	run_states[a.guests[i].domid][RUNSTATE_runnable] += wait * 1000000;
	a.infos[i].states_at -= ms;
	a.rounds = 0;
	round_run(&a);
}

static void who_waits_is_seen(void **state)
{
	struct request *r;

	(void)state;
	fake_domain_add(1, "sure", 50, 1);
	put(1, "hvx/cpu-guarantee", "50");
	fake_domain_add(2, "plain", 50, 1);
	a.dom0_cpu = 10;
	round_run(&a);
	assert_int_equal(dom0->domains[1].credit.weight, 74);
	ran(1, 4000, 1000, 3000);
	assert_in_range(a.infos[1].used, 24, 25);
	assert_in_range(a.infos[1].waited, 74, 75);
	assert_in_range(dom0->domains[1].credit.weight, 145, 160);
	assert_non_null(strstr(events, "it ran 2"));
	r = ask("{\"do\":\"status\"}");
	assert_non_null(strstr(r->answer, "\"cpu_waited\":7"));
}

static void vcpus_are_bound(void **state)
{
	struct fake_domain *busy = fake_domain_add(1, "busy", 50, 2);
	struct fake_domain *d = fake_domain_add(2, "new", 50, 2);
	unsigned int i;

	(void)state;
	busy->hard[0] = 1;
	busy->hard[1] = 4;
	put(1, "hvx/cpu-guarantee", "150");
	put(1, "hvx/cpu-bind", "1");
	put(2, "hvx/cpu-bind", "1");
	/* Not before all is there. */
	d->info.flags |= XEN_DOMINF_paused;
	round_run(&a);
	assert_int_equal(d->hard[0], 0xf);
	d->info.flags = 0;
	round_run(&a);
	assert_int_equal(d->hard[0], 2);
	assert_int_equal(d->hard[1], 8);
	assert_int_equal(d->soft[0], 0xf);
	assert_non_null(strstr(events, "\"event\":\"cpu-bound\",\"domid\":2,"
			       "\"name\":\"new\",\"cpus\":[1,3]"));
	/* What is bound stays where it is, after a restart, too. */
	assert_int_equal(busy->hard[0], 1);
	d->hard[0] = 1;
	stop();
	start();
	round_run(&a);
	assert_int_equal(d->hard[0], 1);
	/* Until the operator asks. */
	assert_true(ask("{\"do\":\"bind\",\"domain\":\"new\"}")->ok);
	for (i = 0; i < 2; i++)
		assert_true(d->hard[i] == 2 || d->hard[i] == 8);
	assert_int_not_equal(d->hard[0], d->hard[1]);
	assert_true(ask("{\"do\":\"bind\",\"domain\":\"none\"}")->failed);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(guests_are_told_and_limited),
		TEST(what_guests_write_is_checked),
		TEST(domains_come_and_go),
		TEST(the_hypervisor_tells_of_use),
		TEST(glances_tell_what_comes_on_top),
		TEST(who_swaps_uses_more_than_is_seen),
		TEST(nobody_waits_for_ever_for_a_look),
		TEST(looks_are_cheap),
		TEST(an_agent_is_heard),
		TEST(an_agent_that_is_silent),
		TEST(free_memory_is_kept_at_once),
		TEST(memory_is_claimed_meanwhile),
		TEST(others_give_what_is_missing),
		TEST(who_waits_in_vain_is_refused),
		TEST(a_new_guest_can_give),
		TEST(a_plan_names_them),
		TEST(a_create_costs_the_same_beside_many),
		TEST(settings_outlive_the_daemon),
		TEST(wrong_requests_are_refused),
		TEST(classes_become_weights_and_caps),
		TEST(who_waits_is_seen),
		TEST(vcpus_are_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
