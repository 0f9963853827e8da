/* SPDX-License-Identifier: MIT */
/*
 * Backends as real processes: this program, called by a backend's name, plays
 * one (serve()). It does what the disk's name says: "good" is taken, "bad" is
 * refused, at "die" the process ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <json-c/json.h>
#include <common/log.h>
#include <hvxd/backend.h>
#include <hvxd/events.h>
#include "hvxd_rig.h"

#define CONTROL		4	/* where hvxd's spawn.c puts it */

/* ---- the backend ---- */

static void say(const char *text)
{
	if (send(CONTROL, text, strlen(text), MSG_NOSIGNAL) < 0)
		exit(1);
}

static int serve(void)
{
	char buf[4096], answer[128];
	const char *id;
	ssize_t n;

	say("{\"event\":\"ready\"}");
	while ((n = recv(CONTROL, buf, sizeof(buf) - 1, 0)) > 0) {
		buf[n] = 0;
		id = strstr(buf, "\"id\":");
		if (!id || strstr(buf, "\"vdev\":\"die\""))
			return 3;
		snprintf(answer, sizeof(answer), "{\"id\":%d,%s}", atoi(id + 5),
			 strstr(buf, "\"vdev\":\"bad\"")
			 ? "\"error\":{\"errno\":\"EBUSY\",\"text\":\"is in use\"}"
			 : "\"ok\":{\"sectors\":8}");
		say(answer);
	}
	/* A parent that is gone is no reason to end. */
	for (;;)
		pause();
}

/* ---- hvxd's other parts ---- */

static struct dom dom;
static unsigned int started, died;

void event_emit(struct dom *d, const char *kind, struct json_object *more,
		const char *text, ...)
{
	(void)d;
	(void)text;
	json_object_put(more);
	started += !strcmp(kind, "backend-started");
	died += !strcmp(kind, "backend-died");
	loop_stop(hd.loop);
}

struct dom *dom_by_id(struct hvxd *at, uint32_t domid)
{
	return at->doms && at->doms->domid == domid ? at->doms : NULL;
}

int device_node(struct store_txn *t, uint32_t domid, int perm, const char *base,
		const char *name, const char *fmt, ...)
{
	(void)t;
	(void)domid;
	(void)perm;
	(void)base;
	(void)name;
	(void)fmt;
	return 0;
}

static unsigned int no_nics(const struct guest_config *c)
{
	(void)c;
	return 0;
}

const struct backend_kind nics_kind = {
	.program = "netback", .devices = "network cards", .count = no_nics,
};

/* ---- the test ---- */

static struct guest_disk disk[2];

static int setup(void **state)
{
	char path[128], self[256] = { 0 };

	(void)state;
	rig_begin();
	snprintf(path, sizeof(path), "%s/blkback", folder);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_int_equal(symlink(self, path), 0);
	memset(&dom, 0, sizeof(dom));
	memset(disk, 0, sizeof(disk));
	hd.run_folder = hd.backend_folder = hd.xen_folder = folder;
	dom.hd = &hd;
	dom.name = (char *)(uintptr_t)"web";
	dom.domid = 7;
	dom.config.disks = disk;
	started = died = 0;
	return 0;
}

static void disks(const char *first, const char *second)
{
	unsigned int i;

	disk[0].vdev = (char *)(uintptr_t)first;
	disk[1].vdev = (char *)(uintptr_t)second;
	dom.config.disk_count = second ? 2 : 1;
	for (i = 0; i < 2; i++) {
		disk[i].target = (char *)(uintptr_t)"/bin/sh";
		disk[i].format = DISK_RAW;
		disk[i].number = 51712 + 16 * i;
	}
}

/* Turns the loop until something has happened; a hang is a failure. */
static void turn(void)
{
	assert_true(rig_turn(30000));
}

static bool done;
static struct fault fault;

static void on_done(void *arg, const struct fault *f)
{
	(void)arg;
	done = true;
	if (f)
		fault = *f;
	loop_stop(hd.loop);
}

static void start(void)
{
	done = false;
	fault.err = 0;
	assert_int_equal(backend_start(&dom, on_done, NULL, &fault), 1);
	while (!done)
		turn();
}

static void stop(void)
{
	done = false;
	if (backend_stop(&dom, on_done, NULL))
		while (!done)
			turn();
	assert_null(dom.backends);
}

static int pid_of(void)
{
	char path[128];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/blkback-7.pid", folder);
	f = fopen(path, "r");
	if (!f)
		return 0;
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	return pid;
}

static void no_devices_need_no_process(void **state)
{
	(void)state;
	assert_int_equal(backend_start(&dom, on_done, NULL, &fault), 0);
	assert_null(dom.backends);
	assert_false(backend_stop(&dom, on_done, NULL));
}

static void it_starts_and_stops(void **state)
{
	int pid;

	(void)state;
	disks("good", "good");
	assert_int_equal(backend_check(&hd, &dom.config, &fault), 0);
	start();
	assert_int_equal(fault.err, 0);
	assert_int_equal(started, 1);
	pid = pid_of();
	assert_int_equal(kill(pid, 0), 0);
	stop();
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(pid_of(), 0);
	assert_int_equal(died, 0);
}

static void what_it_refuses_fails_the_start(void **state)
{
	(void)state;
	disks("good", "bad");
	start();
	assert_int_equal(fault.err, EBUSY);
	assert_non_null(strstr(fault.text, "is in use"));
	stop();
	assert_int_equal(pid_of(), 0);
}

static void a_death_fails_the_start(void **state)
{
	(void)state;
	disks("die", NULL);
	start();
	assert_int_equal(fault.err, EIO);
	assert_non_null(strstr(fault.text, "exit status 3"));
	stop();
}

static void a_missing_program_is_named(void **state)
{
	(void)state;
	disks("good", NULL);
	hd.backend_folder = "/nonexistent";
	assert_int_equal(backend_check(&hd, &dom.config, &fault), -1);
	assert_non_null(strstr(fault.text, "/nonexistent/blkback"));
}

static void a_killed_one_is_started_again(void **state)
{
	int pid;

	(void)state;
	disks("good", NULL);
	start();
	pid = pid_of();
	kill(pid, SIGKILL);
	while (started < 2)
		turn();
	assert_int_equal(died, 1);
	assert_int_not_equal(pid_of(), pid);
	stop();
}

/* hvxd is killed, its backend lives; the next hvxd replaces it. */
static void an_orphan_is_replaced(void **state)
{
	int pid;

	(void)state;
	disks("good", NULL);
	start();
	pid = pid_of();
	backend_leave(&dom);
	assert_int_equal(kill(pid, 0), 0);
	backend_adopt(&dom);
	while (started < 2)
		turn();
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_not_equal(pid_of(), pid);
	stop();
}

static void disks_are_added_and_dropped(void **state)
{
	(void)state;
	disks("good", NULL);
	start();
	disks("good", "good");
	done = false;
	assert_int_equal(backend_add(&dom, BACKEND_DISKS, on_done, NULL,
				     &fault), 0);
	while (!done)
		turn();
	assert_int_equal(fault.err, 0);
	done = false;
	assert_int_equal(backend_drop(&dom, BACKEND_DISKS, 1, false, on_done,
				      NULL, &fault), 0);
	while (!done)
		turn();
	assert_int_equal(fault.err, 0);
	disks("good", NULL);
	backend_dropped(&dom, BACKEND_DISKS);
	disks("good", "bad");
	done = false;
	assert_int_equal(backend_add(&dom, BACKEND_DISKS, on_done, NULL,
				     &fault), 0);
	while (!done)
		turn();
	assert_int_equal(fault.err, EBUSY);
	stop();
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, rig_end)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(no_devices_need_no_process),
		TEST(it_starts_and_stops),
		TEST(what_it_refuses_fails_the_start),
		TEST(a_death_fails_the_start),
		TEST(a_missing_program_is_named),
		TEST(a_killed_one_is_started_again),
		TEST(an_orphan_is_replaced),
		TEST(disks_are_added_and_dropped),
	};

	(void)argc;
	if (!strcmp(argv[0], "blkback"))
		return serve();
	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
