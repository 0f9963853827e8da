/* SPDX-License-Identifier: MIT */
/*
 * A card's life: netback's state machine and its nodes, on a store that is a
 * table and a guest in memory. What a hostile front end writes there (NB-08)
 * closes its card at worst, and leaves no page mapped and no port bound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/log.h"
#include "fake_net.h"
#include "libhvxs/hvxs.h"

#define BACK	"/local/domain/0/backend/hvif/5/0/"
#define FRONT	"/local/domain/5/device/vif/0/"

/* ---- the store ---------------------------------------------------------- */

#define NODES	512

static struct {
	char path[100], value[40];
} node[NODES];
static unsigned int watches;
static bool restricted;

static void set(const char *base, const char *name, const char *value)
{
	char path[100];
	unsigned int i, at = NODES;

	snprintf(path, sizeof(path), "%s%s", base, name);
	for (i = NODES; i-- > 0;) {
		if (!strcmp(node[i].path, path)) {
			at = i;
			break;
		}
		if (!node[i].path[0])
			at = i;
	}
	assert_true(at < NODES);
	snprintf(node[at].path, sizeof(node[at].path), "%s",
		 value ? path : "");
	snprintf(node[at].value, sizeof(node[at].value), "%s",
		 value ? value : "");
}

static const char *get(const char *path)
{
	unsigned int i;

	for (i = 0; i < NODES; i++)
		if (path[0] && !strcmp(node[i].path, path))
			return node[i].value;
	return NULL;
}

struct xs_handle *xs_open(unsigned long flags)
{
	(void)flags;
	return (struct xs_handle *)(void *)node;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	      unsigned int *len)
{
	const char *value = get(path);

	(void)h;
	(void)t;
	(void)len;
	errno = ENOENT;
	return value ? strdup(value) : NULL;
}

char *xs_control_command(struct xs_handle *h, const char *cmd, void *data,
			 unsigned int len)
{
	const char *word = data;

	(void)h;
	restricted = !strcmp(cmd, "restrict") &&
		!strcmp(word, "r:/local/domain/5/device/vif") &&
		!strcmp(word + strlen(word) + 1,
			"w:/local/domain/0/backend/hvif/5") &&
		word[len - 1] == 0;
	return strdup("OK");
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	      const void *data, unsigned int len)
{
	char value[40];

	(void)h;
	(void)t;
	snprintf(value, sizeof(value), "%.*s", (int)len, (const char *)data);
	set(path, "", value);
	return true;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	(void)h;
	(void)path;
	(void)token;
	watches++;
	return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	(void)h;
	(void)path;
	(void)token;
	watches--;
	return true;
}

char **xs_check_watch(struct xs_handle *h)
{
	(void)h;
	errno = EAGAIN;
	return NULL;
}

int xs_fileno(struct xs_handle *h)
{
	(void)h;
	return -1;
}

/* ---- the parent --------------------------------------------------------- */

static unsigned int connected, disconnected, broken;
static int64_t detached;		/* the last one that was answered */
static unsigned int detaches;

void control_event(struct service *s, const char *event, const struct vif *v,
		   const char *text)
{
	(void)s;
	(void)v;
	(void)text;
	connected += !strcmp(event, "connected");
	disconnected += !strcmp(event, "disconnected");
	broken += !strcmp(event, "broken");
}

void control_detached(struct service *s, int64_t id)
{
	(void)s;
	detached = id;
	detaches++;
}

/* ---- the scene ---------------------------------------------------------- */

static void good_front(void)
{
	set(FRONT, "state", "1");
	set(FRONT, "request-rx-copy", "1");
	set(FRONT, "feature-rx-notify", "1");
	set(FRONT, "feature-sg", "1");
	set(FRONT, "feature-gso-tcpv4", "1");
	set(FRONT, "feature-ipv6-csum-offload", "1");
	set(FRONT, "multi-queue-num-queues", "1");
	set(FRONT, "tx-ring-ref", "0");
	set(FRONT, "rx-ring-ref", "1");
	set(FRONT, "event-channel-tx", "2");
	set(FRONT, "event-channel-rx", "3");
}

static int start(void **state)
{
	(void)state;
	fake_begin();
	fake->s.domid = 5;
	fake->s.state = &fake->state;
	fake->s.parent = (struct parent *)(void *)fake;
	memset(node, 0, sizeof(node));
	watches = connected = disconnected = broken = detaches = 0;
	detached = -1;
	set(BACK, "frontend", "/local/domain/5/device/vif/0");
	set(BACK, "state", "1");
	good_front();
	return 0;
}

static struct vif *attach_it(void)
{
	struct vif_spec spec = { .taps = 1 };
	char why[VIF_WHY];

	spec.tap[0] = open("/dev/null", O_RDWR);
	return vif_attach(&fake->s, 0, "vif5.0", &spec, why);
}

static int stop(void **state)
{
	(void)state;
	while (fake->s.vifs) {
		vif_detach(fake->s.vifs, true, 1);
		vif_settle(&fake->s);
	}
	assert_int_equal(fake->mapped, 0);
	assert_int_equal(fake->bound, 0);
	assert_int_equal(fake->watched, 0);
	assert_int_equal(watches, 0);
	fake_stop();
	return 0;
}

static void own_is(const char *state)
{
	assert_string_equal(get(BACK "state"), state);
}

static void front_goes(const char *state)
{
	set(FRONT, "state", state);
	vif_step(fake->s.vifs);
	vif_settle(&fake->s);
}

/* ---- what stock front ends do ------------------------------------------- */

static void a_life(void **state)
{
	(void)state;
	assert_non_null(attach_it());
	own_is("2");
	assert_string_equal(get(BACK "feature-split-event-channels"), "1");
	assert_string_equal(get(BACK "multi-queue-max-queues"), "1");
	assert_false(fake->carrier);
	front_goes("4");
	own_is("4");
	assert_int_equal(connected, 1);
	assert_true(fake->carrier);
	assert_int_equal(fake->mapped, 2);
	assert_int_equal(fake->bound, 2);
	assert_true(fake->s.vifs->taste.gso4 && !fake->s.vifs->taste.gso6);
	assert_int_not_equal(fake->offloads, 0);
	vif_detach(fake->s.vifs, false, 77);
	own_is("5");
	assert_int_equal(detached, -1);
	front_goes("5");
	front_goes("6");
	own_is("6");
	assert_int_equal(detached, 77);
	assert_int_equal(disconnected, 1);
	assert_null(fake->s.vifs);
	assert_false(fake->carrier);
}

/* Who asks once more, or more firmly, is answered too. */
static void detached_twice(void **state)
{
	(void)state;
	attach_it();
	front_goes("4");
	vif_detach(fake->s.vifs, false, 7);
	vif_detach(fake->s.vifs, false, 8);
	vif_settle(&fake->s);
	own_is("5");
	assert_int_equal(detaches, 0);
	vif_detach(fake->s.vifs, true, 9);
	vif_settle(&fake->s);
	own_is("6");
	assert_int_equal(detaches, 3);
	assert_int_equal(detached, 9);
	assert_null(fake->s.vifs);
}

static void one_channel(void **state)
{
	(void)state;
	set(FRONT, "event-channel", "3");
	assert_non_null(attach_it());
	front_goes("4");
	own_is("4");
	assert_int_equal(fake->bound, 1);
}

static void the_driver_is_loaded_anew(void **state)
{
	unsigned int i;

	(void)state;
	attach_it();
	for (i = 0; i < 5; i++) {
		front_goes("4");
		own_is("4");
		front_goes("5");
		own_is("5");
		front_goes("6");
		own_is("6");
		front_goes("1");
		own_is("2");
	}
	assert_int_equal(connected, 5);
	assert_int_equal(fake->mapped, 0);
}

/* One that crashed leaves nothing closed. */
static void the_guest_restarts(void **state)
{
	(void)state;
	attach_it();
	front_goes("4");
	front_goes("1");
	own_is("2");
	assert_int_equal(fake->mapped, 0);
	front_goes("4");
	own_is("4");
}

/* ---- a successor -------------------------------------------------------- */

static void goes_on(void **state)
{
	(void)state;
	set(BACK, "state", "4");
	set(FRONT, "state", "4");
	set(FRONT, "request-multicast-control", "1");
	attach_it();
	own_is("4");
	assert_int_equal(connected, 1);
	assert_int_equal(fake->notified[2], 1);
	assert_int_equal(fake->notified[3], 1);
	assert_true(fake->carrier);
	/* Its list is lost: all groups. */
	assert_false(fake->s.vifs->mcast.chosen);
}

static void the_front_end_left_meanwhile(void **state)
{
	static const char *const states[] = { "6", "5", "1", NULL, "x" };
	unsigned int i;

	for (i = 0; i < 5; i++) {
		set(BACK, "state", "4");
		set(FRONT, "state", states[i]);
		attach_it();
		assert_int_equal(fake->mapped, 0);
		assert_int_equal(connected, 0);
		assert_false(fake->carrier);
		stop(state);
		start(state);
	}
}

static void a_log_that_lies(void **state)
{
	(void)state;
	set(BACK, "state", "4");
	set(FRONT, "state", "4");
	fake->state.nic[0].used = 1;
	fake->state.nic[0].queue[0].tx.span = 300ull << 32;
	attach_it();
	own_is("6");
	assert_int_equal(broken, 1);
	assert_int_equal(fake->mapped, 0);
	/* A front end that starts anew is served. */
	front_goes("1");
	own_is("2");
	front_goes("4");
	own_is("4");
}

/* ---- hostile nodes ------------------------------------------------------ */

static void bad_nodes(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = {
		{ "multi-queue-num-queues", "0" },
		{ "multi-queue-num-queues", "2" },
		{ "multi-queue-num-queues", "65536" },
		{ "multi-queue-num-queues", "4294967297" },
		{ "multi-queue-num-queues", "-1" },
		{ "multi-queue-num-queues", "1x" },
		{ "multi-queue-num-queues", "" },
		{ "tx-ring-ref", NULL }, { "tx-ring-ref", "300" },
		{ "tx-ring-ref", "99999999999999999999" },
		{ "tx-ring-ref", " 1" }, { "rx-ring-ref", NULL },
		{ "rx-ring-ref", "4294967295" },
		{ "event-channel-tx", NULL }, { "event-channel-tx", "4" },
		{ "event-channel-rx", "4294967295" },
		{ "event-channel", "9" }, { "event-channel", "x" },
		{ "request-rx-copy", NULL }, { "request-rx-copy", "0" },
		{ "request-rx-copy", "2" }, { "feature-rx-notify", NULL },
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		attach_it();
		set(FRONT, bad[i].name, bad[i].value);
		front_goes("4");
		own_is("6");
		assert_int_equal(broken, 1);
		assert_int_equal(fake->mapped, 0);
		assert_int_equal(fake->bound, 0);
		assert_false(fake->carrier);
		/* Mended. */
		set(FRONT, "event-channel", NULL);
		good_front();
		front_goes("1");
		own_is("2");
		front_goes("4");
		own_is("4");
		stop(state);
		start(state);
	}
}

/* States in any order, nodes that come and go; the pages in use are those of a
 * connected card. */
static void flips(void **state)
{
	static const char *const values[] = { "0", "1", "2", "3", "4", "5",
					      "6", "7", "", "44", NULL };
	static const char *const names[] = { "tx-ring-ref", "rx-ring-ref",
					     "multi-queue-num-queues",
					     "event-channel-tx", "state" };
	uint64_t seed = 1;
	unsigned int i;

	(void)state;
	attach_it();
	for (i = 0; i < 20000; i++) {
		struct vif *v = fake->s.vifs;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		if (seed >> 62 == 0)
			set(FRONT, names[(seed >> 40) % 5],
			    values[(seed >> 50) % 11]);
		else
			good_front();
		fake->now += 10;
		front_goes(values[(seed >> 33) % 11]);
		assert_ptr_equal(v, fake->s.vifs);
		assert_int_equal(fake->mapped, 2 * v->queues);
		assert_true(v->queues == 0 || v->dev.own >= BUS_CONNECTED);
		assert_true(v->queues || !fake->carrier);
	}
	/* The numbers are the seed's: both ways were gone. */
	assert_true(connected > 100 && broken > 10);
}

static void nodes_that_were_removed(void **state)
{
	(void)state;
	attach_it();
	front_goes("4");
	set(BACK, "frontend", NULL);
	set(BACK, "state", NULL);
	front_goes(NULL);
	assert_null(get(BACK "state"));
	assert_int_equal(fake->mapped, 0);
}

/* The parent is gone, then the guest: nobody is left to serve. */
static void an_orphan(void **state)
{
	(void)state;
	attach_it();
	front_goes("4");
	fake->s.parent = NULL;
	front_goes("6");
	own_is("6");
	assert_non_null(fake->s.vifs);
	front_goes(NULL);
	assert_null(fake->s.vifs);
	assert_int_equal(fake->mapped, 0);
}

/* It can read and write nothing else in the store. */
static void the_store_is_restricted(void **state)
{
	(void)state;
	assert_false(restricted);
	xs_start(&fake->s);
	assert_true(restricted);
	/* The store's descriptor is the process's for good. */
	fake->watched--;
}

static void sixteen_cards(void **state)
{
	struct vif_spec spec = { .taps = 1 };
	char why[VIF_WHY];
	unsigned int i;

	(void)state;
	for (i = 0; i <= STATE_NICS; i++) {
		spec.tap[0] = open("/dev/null", O_RDWR);
		if (vif_attach(&fake->s, i, "vif", &spec, why))
			continue;
		assert_int_equal(errno, ENOSPC);
		break;
	}
	assert_int_equal(i, STATE_NICS);
}

#define T(name)	cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_life), T(detached_twice), T(one_channel),
		T(the_driver_is_loaded_anew),
		T(the_guest_restarts), T(goes_on),
		T(the_front_end_left_meanwhile), T(a_log_that_lies),
		T(bad_nodes), T(flips), T(nodes_that_were_removed),
		T(an_orphan), T(sixteen_cards), T(the_store_is_restricted),
	};

	log_init("test", LOG_ERROR - 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
