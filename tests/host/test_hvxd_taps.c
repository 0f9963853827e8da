/* SPDX-License-Identifier: MIT */
/*
 * Taps that hvxd holds, and their scripts: real scripts and descriptors; the
 * kernel's taps and the store are played.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hvxd/hvxd.h>
#include <hvxd/store.h>
#include <hvxd/taps.h>
#include "hvxd_rig.h"

static unsigned int opened, deleted, busy, calls;
static char script[96], said[96], why[BRIDGE_WHY];
static const char *hotplug_error;

int tap_open(struct bridges *b, const char *name, unsigned int queues,
	     int fd[BRIDGE_QUEUES], char *text)
{
	unsigned int i;

	(void)b;
	if (busy) {
		busy--;
		snprintf(text, BRIDGE_WHY, "tap %s is open elsewhere", name);
		errno = EBUSY;
		return -1;
	}
	for (i = 0; i < queues; i++)
		fd[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	opened++;
	return 0;
}

int tap_delete(struct bridges *b, const char *name, char *text)
{
	(void)b;
	(void)name;
	(void)text;
	deleted++;
	loop_stop(hd.loop);
	return 0;
}

char *store_read(struct store *s, const char *path)
{
	(void)s;
	assert_string_equal(path, "/local/domain/0/backend/hvif/7/1/"
			    "hotplug-error");
	return hotplug_error ? strdup(hotplug_error) : NULL;
}

/* ---- the test ----------------------------------------------------------- */

static void on_again(void *arg)
{
	assert_ptr_equal(arg, &calls);
	calls++;
	loop_stop(hd.loop);
}

static const struct taps_again again = { on_again, &calls };
static const struct hotplug_card card = { .script = script, .tap = "vif7.1",
					  .gatewaydev = "eth3", .domid = 7,
					  .device = 1 };

static int up(void **state)
{
	(void)state;
	rig_begin();
	snprintf(script, sizeof(script), "%s/vif-own", folder);
	snprintf(said, sizeof(said), "%s/said", folder);
	opened = deleted = busy = calls = 0;
	hotplug_error = NULL;
	return 0;
}

static void write_script(const char *body)
{
	FILE *f = fopen(script, "w");

	fprintf(f, "#!/bin/sh\necho \"$@ $script $vif $INTERFACE $netdev "
		"$XENBUS_TYPE $XENBUS_PATH $XENBUS_BASE_PATH\" >>%s\n%s\n",
		said, body);
	fclose(f);
	chmod(script, 0700);
}

static void turn(void)
{
	assert_true(rig_turn(30000));
}

static int get(int fd[BRIDGE_QUEUES], bool *fresh)
{
	return taps_get(&hd, "vif7.1", 2, fd, fresh, &again, why);
}

static void close_both(const int *fd)
{
	assert_int_equal(close(fd[0]), 0);
	assert_int_equal(close(fd[1]), 0);
}

static void held(void **state)
{
	int fd[BRIDGE_QUEUES];
	bool fresh;

	(void)state;
	busy = 2;		/* a predecessor that is just dying */
	assert_int_equal(get(fd, &fresh), 0);
	assert_true(fresh);
	close_both(fd);
	/* It stays open for the next one. */
	assert_int_equal(get(fd, &fresh), 0);
	assert_false(fresh);
	close_both(fd);
	assert_int_equal(opened, 1);
	assert_int_equal(taps_delete(&hd, "vif7.1", NULL, why), 0);
	assert_int_equal(deleted, 1);
	assert_null(hd.taps);
}

static void one_that_stays_busy(void **state)
{
	int fd[BRIDGE_QUEUES];
	bool fresh;

	(void)state;
	busy = UINT32_MAX;
	assert_int_equal(get(fd, &fresh), -1);
	assert_int_equal(errno, EBUSY);
	assert_non_null(strstr(why, "vif7.1"));
	assert_null(hd.taps);
}

static void what_was_said(char *text, size_t size)
{
	FILE *f = fopen(said, "r");

	memset(text, 0, size);
	assert_non_null(f);
	assert_true(fread(text, 1, size - 1, f) > 0);
	fclose(f);
}

static void with_a_script(void **state)
{
	char text[600], want[600];
	int fd[BRIDGE_QUEUES], n;
	bool fresh;

	(void)state;
	write_script("exit 0");
	assert_int_equal(get(fd, &fresh), 0);
	close_both(fd);
	assert_int_equal(taps_online(&hd, &card, &again, why), 1);
	turn();
	assert_int_equal(calls, 1);
	/* Once is enough. */
	assert_int_equal(taps_online(&hd, &card, &again, why), 0);
	assert_int_equal(taps_delete(&hd, "vif7.1", &card, why), 0);
	assert_int_equal(deleted, 0);
	/* Whoever wants it again waits until it has left. */
	assert_int_equal(get(fd, &fresh), 1);
	while (!deleted)
		turn();
	assert_int_equal(calls, 2);
	assert_null(hd.taps);
	what_was_said(text, sizeof(text));
	n = snprintf(want, sizeof(want), "online type_if=vif %s vif7.1 vif7.1 "
		     "eth3 vif backend/hvif/7/1 backend\n", script);
	snprintf(want + n, sizeof(want) - n, "offline type_if=vif %s vif7.1 "
		 "vif7.1 eth3 vif backend/hvif/7/1 backend\n", script);
	assert_string_equal(text, want);
}

static void a_script_that_fails(void **state)
{
	int fd[BRIDGE_QUEUES];
	bool fresh;

	(void)state;
	write_script("exit 3");
	hotplug_error = "no bridge for it";
	assert_int_equal(get(fd, &fresh), 0);
	close_both(fd);
	assert_int_equal(taps_online(&hd, &card, &again, why), 1);
	turn();
	assert_int_equal(taps_online(&hd, &card, &again, why), -1);
	assert_non_null(strstr(why, "no bridge for it; "));
	assert_non_null(strstr(why, "online ended with status 3"));
	assert_int_equal(taps_delete(&hd, "vif7.1", NULL, why), 0);
	assert_int_equal(deleted, 1);
}

/* The guest goes while its script runs: nobody is called. */
static void gone_meanwhile(void **state)
{
	int fd[BRIDGE_QUEUES];
	bool fresh;

	(void)state;
	write_script("sleep 0.2");
	assert_int_equal(get(fd, &fresh), 0);
	close_both(fd);
	assert_int_equal(taps_online(&hd, &card, &again, why), 1);
	assert_int_equal(taps_delete(&hd, "vif7.1", NULL, why), 0);
	rig_turn(600);
	assert_int_equal(calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(held, up, rig_end),
		cmocka_unit_test_setup_teardown(one_that_stays_busy, up, rig_end),
		cmocka_unit_test_setup_teardown(with_a_script, up, rig_end),
		cmocka_unit_test_setup_teardown(a_script_that_fails, up, rig_end),
		cmocka_unit_test_setup_teardown(gone_meanwhile, up, rig_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
