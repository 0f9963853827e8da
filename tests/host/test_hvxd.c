/* SPDX-License-Identifier: MIT */
/*
 * Domains' lives on a hypervisor that the test plays: whatever fails, and
 * whenever hvxd is killed, nothing is left; and what follows a shutdown is what
 * the configuration says.
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
#include <sanitizer/lsan_interface.h>
#include <abi/sched.h>
#include <hvxd/census.h>
#include <hvxd/end.h>
#include <hvxd/life.h>
#include <common/proto.h>
#include <common/server.h>
#include <hvxd/state.h>
#include <hvxd/store.h>
#include "hvxd_fakes.h"

#define HOUR	3600000

static struct hvxd hd;

static int setup(void **state)
{
	(void)state;
	fake_reset(&hd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&hd);
	return 0;
}

/* Asks, and turns the clock for ms. */
static struct fake_request *ask_for(int64_t ms, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static struct fake_request *ask_for(int64_t ms, const char *fmt, ...)
{
	struct fake_request *r = fake_request_new();
	struct proto_request p;
	struct fault f;
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert_int_equal(proto_parse(text, strlen(text), &p, &f), 0);
	request_serve(&hd, r->req, &p);
	json_object_put(p.obj);
	fake_run(&hd, ms);
	return r;
}

#define ask(...)	ask_for(1000, __VA_ARGS__)

/* more: members of the configuration, each after a comma. */
static struct fake_request *create_for(int64_t ms, const char *name, int mib,
				       const char *more)
{
	return ask_for(ms, "{\"do\":\"create\",\"config\":{\"c_info\":{"
		       "\"type\":\"pv\",\"name\":\"%s\"},\"b_info\":{"
		       "\"max_vcpus\":2,\"max_memkb\":%d,\"target_memkb\":%d,"
		       "\"kernel\":\"/bin/sh\",\"cmdline\":\"x\","
		       "\"sched_params\":{\"weight\":512,\"cap\":50}}%s}}", name,
		       mib << 10, mib << 10, more);
}

#define create(name, more)	create_for(1000, name, 16, more)

static void assert_nothing_left(void)
{
	assert_int_equal(fake_doms(), 0);
	assert_int_equal(fake.free_pages, FAKE_PAGES);
	assert_int_equal(fake_nodes("/local/domain/1"), 0);
	assert_int_equal(fake_nodes("/libxl"), 0);
	assert_int_equal(fake_nodes("/vm"), 0);
	assert_int_equal(fake_nodes("/local/domain/0/backend"), 0);
	assert_int_equal(fake.jobs, 0);
	assert_int_equal(fake.backends, 0);
	assert_int_equal(fake_files(&hd), 0);
	assert_null(hd.doms);
}

static void shut_down(uint32_t domid, unsigned int reason)
{
	struct fake_dom *d = fake_find(domid);

	assert_non_null(d);
	d->flags |= XEN_DOMINF_shutdown | reason << XEN_DOMINF_shutdownshift;
	census_run(&hd);
}

/* ---- create ---- */

static void a_domain_is_made_whole(void **state)
{
	struct fake_request *r = create("web", "");
	struct fake_dom *d = fake_find(1);

	(void)state;
	assert_true(r->ok);
	assert_non_null(strstr(r->text, "\"domid\":1,\"name\":\"web\""));
	assert_true(r->progress >= 3);
	assert_non_null(d);
	assert_int_equal(d->flags, 0);
	assert_int_equal(d->pages, 4096);
	assert_int_equal(d->claim, 0);
	assert_int_equal(d->max_kib, 16384 + 1024);
	assert_int_equal(d->vcpus, 2);
	assert_int_equal(d->weight, 512);
	assert_int_equal(d->cap, 50);
	assert_true(d->tsc_native);
	assert_true(fake.introduced[1]);
	assert_string_equal(fake_value("/local/domain/1/name"), "web");
	assert_string_equal(fake_value("/local/domain/1/store/ring-ref"), "77");
	assert_string_equal(fake_value("/local/domain/1/console/ring-ref"),
			    "78");
	assert_string_equal(fake_value("/local/domain/1/cpu/0/availability"),
			    "online");
	assert_string_equal(fake_value("/local/domain/1/cpu/1/availability"),
			    "offline");
	assert_int_equal(fake_files(&hd), 1);
	assert_non_null(fake_last("created"));
	assert_true(ask("{\"do\":\"destroy\",\"domain\":\"web\"}")->ok);
	assert_nothing_left();
}

static void each_call_that_fails_leaves_nothing(void **state)
{
	static const char *const calls[] = {
		"hvctl_domain_create", "hvctl_domain_max_vcpus",
		"hvctl_domain_max_mem", "hvctl_domain_set_tsc_native",
		"hvctl_share_get", "hvctl_share_set", "hvctl_domain_claim",
		"hvctl_evtchn_alloc", "hvxd-build", "hvctl_open", "hvctl_build",
		"store_transact", "txn_put", "store_commit", "store_introduce",
		"backend_start", "hvctl_domain_unpause", "backend_check",
		"hvctl_physinfo",
	};
	struct fake_request *r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		fake.refuse = calls[i];
		r = create("web", "");
		assert_null(fake.refuse);
		assert_true(r->answered && !r->ok);
		assert_true(r->fault.text[0] && r->fault.stage[0]);
		assert_nothing_left();
	}
	assert_true(create("web", "")->ok);
}

static void each_step_that_fails_leaves_nothing(void **state)
{
	static const char *const steps[] = {
		"reserve", "record", "domain", "limits", "claim", "memory",
		"store", "introduce", "devices", "ready", "start",
	};
	struct fake_request *r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		setenv(FAIL_AT, steps[i], 1);
		r = create("web", "");
		unsetenv(FAIL_AT);
		assert_true(r->answered && !r->ok);
		assert_string_equal(r->fault.stage, steps[i]);
		assert_non_null(fake_last("create-failed"));
		assert_nothing_left();
	}
}

static void a_builder_that_dies_is_an_error(void **state)
{
	struct fake_request *r;

	(void)state;
	fake.job_crash = true;
	r = create("web", "");
	assert_non_null(strstr(r->fault.text, "signal 6"));
	assert_nothing_left();
}

static void an_end_that_fails_is_tried_again(void **state)
{
	struct fake_request *r;

	(void)state;
	assert_true(create("web", "")->ok);
	fake.refuse = "hvxd-destroy";
	r = ask_for(0, "{\"do\":\"destroy\",\"domain\":1}");
	assert_false(r->answered);
	fake_run(&hd, 5000);
	assert_true(r->ok);
	assert_nothing_left();
	assert_true(create("web", "")->ok);
	fake.refuse = "txn_remove";
	r = ask("{\"do\":\"destroy\",\"domain\":\"web\"}");
	assert_non_null(strstr(r->fault.text, "store nodes"));
	fake_run(&hd, 5000);
	assert_nothing_left();
}

static void what_cannot_be_made_is_said_before(void **state)
{
	struct fake_request *r;

	(void)state;
	assert_true(create("web", "")->ok);
	r = create("web", "");
	assert_int_equal(r->fault.err, EEXIST);
	assert_non_null(strstr(r->fault.text, "id 1"));
	assert_int_equal(create("a/b", "")->fault.err, EINVAL);
	assert_int_equal(create("17", "")->fault.err, EINVAL);
	assert_int_equal(create("Domain-0", "")->fault.err, EEXIST);
	r = create_for(1000, "big", 4096, "");
	assert_int_equal(r->fault.err, ENOMEM);
	assert_non_null(strstr(r->fault.text, "4096 MiB"));
	assert_non_null(strstr(r->fault.text, "374 MiB are free"));
	r = ask("{\"do\":\"create\",\"config\":{\"c_info\":{\"type\":\"pv\","
		"\"name\":\"x\"},\"b_info\":{\"target_memkb\":4096,"
		"\"kernel\":\"/no/such\"}}}");
	assert_int_equal(r->fault.err, ENOENT);
	assert_string_equal(r->fault.object, "/no/such");
	assert_int_equal(ask("{\"do\":\"create\"}")->fault.err, EINVAL);
	assert_int_equal(fake.next_domid, 2);
	assert_int_equal(fake_files(&hd), 1);
}

/* Two at once never get the same page, and the loser leaves nothing. */
static void memory_is_not_given_twice(void **state)
{
	struct fake_request *a, *b;
	uint64_t free;

	(void)state;
	a = create_for(0, "a", 250, "");
	b = create_for(0, "b", 250, "");
	assert_false(a->answered);
	assert_int_equal(b->fault.err, ENOMEM);
	fake_run(&hd, 1000);
	assert_true(a->ok);
	free = fake.free_pages;
	assert_int_equal(free, FAKE_PAGES - 64000);
	/* One that passed the first look, but finds the memory claimed. */
	fake.refuse = "hvctl_domain_claim";
	fake.refuse_errno = ENOMEM;
	b = create("b", "");
	assert_int_equal(b->fault.err, ENOMEM);
	assert_int_equal(fake.free_pages, free);
	assert_int_equal(fake_doms(), 1);
}

/* hvxallocd is asked first, and let go when the memory is claimed. */
static void memory_is_reserved_before(void **state)
{
	struct fake_request *a, *b;

	(void)state;
	fake.allocator = "grants";
	a = create_for(0, "a", 16, "");
	assert_int_equal(fake_doms(), 0);
	assert_int_equal(fake.reservations, 1);
	fake_run(&hd, 10);
	assert_int_equal(fake_doms(), 1);
	assert_int_equal(fake.reservations, 0);
	fake_run(&hd, 1000);
	assert_true(a->ok);
	/* Others may give: what is free now decides nothing. */
	fake.allocator = "refuses";
	b = create_for(1000, "b", 4096, "");
	assert_int_equal(b->fault.err, ENOMEM);
	assert_string_equal(b->fault.text, "nobody could give");
	assert_int_equal(fake_doms(), 1);
	assert_int_equal(fake.reservations, 0);
	/* A destroy doesn't wait for it. */
	fake.allocator = "waits";
	b = create_for(1000, "b", 16, "");
	assert_false(b->answered);
	assert_true(ask("{\"do\":\"destroy\",\"domain\":\"b\"}")->ok);
	assert_int_equal(b->fault.err, ECANCELED);
	assert_int_equal(fake.reservations, 0);
	assert_true(ask("{\"do\":\"destroy\",\"domain\":\"a\"}")->ok);
	assert_nothing_left();
}

static void a_create_is_cancelled_by_a_destroy(void **state)
{
	struct fake_request *a, *b;

	(void)state;
	a = create_for(0, "web", 16, "");
	assert_false(a->answered);
	b = ask("{\"do\":\"destroy\",\"domain\":\"web\"}");
	assert_int_equal(a->fault.err, ECANCELED);
	assert_true(b->ok);
	assert_nothing_left();
}

static void many_come_and_go(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		assert_true(create("web", "")->ok);
		assert_true(ask("{\"do\":\"destroy\",\"domain\":\"web\"}")->ok);
		assert_nothing_left();
	}
}

/* ---- shutdowns ---- */

static void it_ends_as_configured(void **state)
{
	struct fake_request *r;

	(void)state;
	assert_true(create("web", ",\"on_crash\":\"preserve\"")->ok);
	r = ask("{\"do\":\"shutdown\",\"domain\":\"web\",\"wait\":true}");
	assert_string_equal(fake_value("/local/domain/1/control/shutdown"),
			    "poweroff");
	assert_false(r->answered);
	shut_down(1, SHUTDOWN_poweroff);
	fake_run(&hd, 1000);
	assert_true(r->ok);
	assert_string_equal(r->text, "{\"reason\":\"poweroff\"}");
	assert_nothing_left();

	assert_true(create("web", ",\"on_crash\":\"preserve\"")->ok);
	shut_down(2, SHUTDOWN_crash);
	fake_run(&hd, 30000);
	assert_int_equal(fake_doms(), 1);
	r = ask("{\"do\":\"domain\",\"domain\":2}");
	assert_non_null(strstr(r->text, "\"state\":\"crashed\""));
	assert_true(ask("{\"do\":\"destroy\",\"domain\":2}")->ok);
	assert_nothing_left();
}

static void a_deaf_guest_is_told_of(void **state)
{
	struct fake_request *r;

	(void)state;
	create("web", "");
	r = ask_for(9000, "{\"do\":\"reboot\",\"domain\":\"web\"}");
	assert_false(r->answered);
	fake_run(&hd, 2000);
	assert_int_equal(r->fault.err, ENOTSUP);
	assert_string_equal(fake_value("/local/domain/1/control/shutdown"), "");
}

static void restarts_keep_who_it_is(void **state)
{
	char uuid[UUID_TEXT];

	(void)state;
	create("web", ",\"on_reboot\":\"restart\"");
	strcpy(uuid, hd.doms->uuid);
	shut_down(1, SHUTDOWN_reboot);
	fake_run(&hd, 1000);
	assert_null(fake_find(1));
	assert_non_null(fake_find(2));
	assert_string_equal(hd.doms->uuid, uuid);
	assert_int_equal(hd.doms->state, DOM_RUNNING);
	/* The second comes too soon, and waits its turn. */
	shut_down(2, SHUTDOWN_reboot);
	fake_run(&hd, 5000);
	assert_int_equal(fake_doms(), 0);
	assert_int_equal(hd.doms->state, DOM_RESTARTING);
	assert_int_equal(create("web", "")->fault.err, EEXIST);
	fake_run(&hd, 6000);
	assert_non_null(fake_find(3));
	assert_int_equal(fake_files(&hd), 1);
	/* And may be ended while it waits. */
	shut_down(3, SHUTDOWN_reboot);
	fake_run(&hd, 100);
	assert_true(ask("{\"do\":\"destroy\",\"domain\":\"web\"}")->ok);
	fake_run(&hd, HOUR);
	assert_nothing_left();
}

static void a_restart_that_fails_is_told(void **state)
{
	(void)state;
	create("web", ",\"on_reboot\":\"restart\"");
	fake.refuse = "hvctl_domain_claim";
	shut_down(1, SHUTDOWN_reboot);
	fake_run(&hd, 1000);
	assert_non_null(fake_last("create-failed"));
	assert_nothing_left();
}

static void a_crashed_one_is_put_aside(void **state)
{
	struct fake_request *r;
	char uuid[UUID_TEXT];

	(void)state;
	create("web", ",\"on_crash\":\"restart_rename\"");
	strcpy(uuid, hd.doms->uuid);
	shut_down(1, SHUTDOWN_crash);
	fake_run(&hd, 1000);
	assert_int_equal(fake_doms(), 2);
	assert_int_equal(fake_files(&hd), 2);
	assert_string_equal(fake_value("/local/domain/1/name"), "web-1");
	assert_string_equal(fake_value("/local/domain/2/name"), "web");
	assert_string_equal(dom_by_name(&hd, "web")->uuid, uuid);
	assert_string_not_equal(dom_by_name(&hd, "web-1")->uuid, uuid);
	r = ask("{\"do\":\"domain\",\"domain\":\"web-1\"}");
	assert_non_null(strstr(r->text, "\"state\":\"crashed\""));
	assert_true(ask("{\"do\":\"destroy\",\"domain\":\"web-1\"}")->ok);
	assert_true(ask("{\"do\":\"destroy\",\"domain\":\"web\"}")->ok);
	assert_nothing_left();
}

static void a_domain_that_cannot_go_is_told_of(void **state)
{
	struct fake_request *r;

	(void)state;
	create("web", "");
	fake.held = 3;
	r = ask_for(9000, "{\"do\":\"destroy\",\"domain\":\"web\"}");
	assert_false(r->answered);
	fake_run(&hd, 5000);
	assert_int_equal(r->fault.err, EBUSY);
	assert_non_null(strstr(r->fault.text, "3 of its pages"));
	assert_non_null(fake_last("stuck"));
	assert_string_equal(fake_value("/local/domain/1/name"), "web");
	/* As soon as they are let go, so is the rest. */
	fake.held = 0;
	fake_run(&hd, 2000);
	assert_nothing_left();
}

/* Giving back much memory takes long; only then it can't go for others' sake. */
static void a_slow_end_is_not_stuck(void **state)
{
	struct fake_request *r;

	(void)state;
	create("web", "");
	fake.held = 1;
	fake.destroy_ms = 12000;
	r = ask_for(14000, "{\"do\":\"destroy\",\"domain\":\"web\"}");
	assert_false(r->answered);
	fake.free_pages++;
	fake_find(1)->domid = 0;
	fake_run(&hd, 200);
	assert_true(r->ok);
	assert_null(fake_last("stuck"));
	assert_nothing_left();
}

/* ---- changes ---- */

static void names_change_everywhere(void **state)
{
	(void)state;
	create("web", "");
	create("db", "");
	assert_int_equal(ask("{\"do\":\"rename\",\"domain\":\"web\","
			     "\"name\":\"db\"}")->fault.err, EEXIST);
	assert_true(ask("{\"do\":\"rename\",\"domain\":\"web\","
			"\"name\":\"www\"}")->ok);
	assert_string_equal(fake_value("/local/domain/1/name"), "www");
	assert_non_null(strstr(ask("{\"do\":\"config\",\"domain\":1}")->text,
			       "\"name\":\"www\""));
	assert_int_equal(ask("{\"do\":\"domain\",\"domain\":\"web\"}")
				 ->fault.err, ENOENT);
}

static void a_new_configuration_counts_from_the_next_start(void **state)
{
	(void)state;
	create("web", ",\"on_reboot\":\"restart\"");
	assert_true(ask("{\"do\":\"config-update\",\"domain\":\"web\","
			"\"config\":{\"c_info\":{\"type\":\"pv\",\"name\":\"x\"},"
			"\"b_info\":{\"target_memkb\":8192,\"max_memkb\":8192,"
			"\"kernel\":\"/bin/sh\"},\"on_reboot\":\"restart\"}}")
			    ->ok);
	assert_int_equal(fake_find(1)->pages, 4096);
	shut_down(1, SHUTDOWN_reboot);
	fake_run(&hd, 1000);
	assert_int_equal(fake_find(2)->pages, 2048);
	assert_string_equal(fake_value("/local/domain/2/name"), "web");
}

/* ---- devices ---- */

#define DISK	"\"disk\":{\"vdev\":\"xvdb\",\"format\":\"raw\"," \
		"\"pdev_path\":\"/bin/sh\",\"readwrite\":0}"

static void disks_come_and_go(void **state)
{
	static const char attach[] = "{\"do\":\"disk-attach\",\"domain\":\"web\","
				     DISK "}";
	static const char *const calls[] = {
		"backend_check", "store_commit", "backend_add", "attach",
	};
	struct fake_request *r;
	unsigned int nodes;
	size_t i;

	(void)state;
	create("web", ",\"on_reboot\":\"restart\"");
	nodes = fake_nodes("");
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		fake.refuse = calls[i];
		r = ask("%s", attach);
		assert_null(fake.refuse);
		assert_true(r->answered && !r->ok);
		assert_int_equal(fake_nodes(""), nodes);
		assert_int_equal(hd.doms->config.disk_count, 0);
	}
	r = ask("%s", attach);
	assert_true(r->ok);
	assert_string_equal(r->text, "{\"device\":51728}");
	assert_string_equal(fake_value("/local/domain/1/device/vbd/51728/backend"),
			    "/local/domain/0/backend/hvbd/1/51728");
	assert_int_equal(ask("%s", attach)->fault.err, EEXIST);
	/* It belongs to the configuration, and comes again. */
	shut_down(1, SHUTDOWN_reboot);
	fake_run(&hd, 1000);
	assert_string_equal(fake_value("/local/domain/2/device/vbd/51728/state"),
			    "1");
	assert_int_equal(ask("{\"do\":\"disk-resize\",\"domain\":\"web\","
			     "\"device\":51712}")->fault.err, ENOENT);
	assert_true(ask("{\"do\":\"disk-resize\",\"domain\":\"web\","
			"\"device\":51728}")->ok);
	fake.refuse = "backend_resize";
	assert_int_equal(ask("{\"do\":\"disk-resize\",\"domain\":\"web\","
			     "\"device\":51728}")->fault.err, EINVAL);
	assert_int_equal(ask("{\"do\":\"disk-detach\",\"domain\":\"web\","
			     "\"device\":51712}")->fault.err, ENOENT);
	assert_true(ask("{\"do\":\"disk-detach\",\"domain\":\"web\","
			"\"device\":51728}")->ok);
	assert_int_equal(fake_nodes("/local/domain/2/device/vbd"), 0);
	assert_int_equal(fake_nodes("/local/domain/0/backend/hvbd"), 0);
	assert_true(ask("{\"do\":\"destroy\",\"domain\":\"web\"}")->ok);
	assert_nothing_left();
}

#define ATTACH	"{\"do\":\"disk-attach\",\"domain\":\"web\",\"disk\":{" \
	"\"vdev\":\"xvdb\",\"pdev_path\":\"/bin/sh\",\"format\":\"raw\"}}"
#define DETACH(more)	"{\"do\":\"disk-detach\",\"domain\":\"web\"," \
	"\"device\":51728" more "}"

/* Who asked is told after a while; the disk goes when the guest lets go. */
static void a_guest_that_does_not_let_go_is_told_of(void **state)
{
	struct fake_request *r;

	(void)state;
	create("web", "");
	assert_true(ask("%s", ATTACH)->ok);
	fake.clings = true;
	r = ask("%s", DETACH(""));
	fake_run(&hd, 8000);
	assert_false(r->answered);
	fake_run(&hd, 2000);
	assert_true(r->answered && !r->ok);
	assert_int_equal(r->fault.err, EBUSY);
	assert_non_null(strstr(r->fault.text, "has not let go"));
	assert_non_null(strstr(r->fault.hint, "--force"));
	assert_int_equal(hd.doms->config.disk_count, 1);
	fake.lets_go(fake.lets_go_arg, NULL);
	assert_int_equal(hd.doms->config.disk_count, 0);
	assert_int_equal(fake_nodes("/local/domain/0/backend/hvbd"), 0);
	/* Or by force; the first one's end comes after it. */
	assert_true(ask("%s", ATTACH)->ok);
	ask("%s", DETACH(""));
	assert_true(ask("%s", DETACH(",\"force\":true"))->ok);
	assert_int_equal(hd.doms->config.disk_count, 0);
	fake.lets_go(fake.lets_go_arg, NULL);
	assert_int_equal(hd.doms->config.disk_count, 0);
	fake.clings = false;
}

static void disks_that_cannot_be_served_are_refused(void **state)
{
	static const char *const bad[] = {
		"\"pdev_path\":\"/no/such\",\"format\":\"raw\"",
		"\"pdev_path\":\"/dev\",\"format\":\"raw\"",
		"\"pdev_path\":\"/bin/sh\",\"format\":\"vhd\"",
		"\"pdev_path\":\"/bin/sh\",\"format\":\"qcow2\",\"hvx\":{\"offset\":512}",
		"\"pdev_path\":\"/bin/sh\",\"format\":\"qcow2\",\"hvx\":{\"shared\":true}",
		"\"pdev_path\":\"/bin/sh\",\"script\":\"block-x\"",
		"\"pdev_path\":\"/bin/sh\",\"backend_domname\":\"other\"",
	};
	struct fake_request *r;
	size_t i;

	(void)state;
	create("web", "");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		r = ask("{\"do\":\"disk-attach\",\"domain\":\"web\",\"disk\":{"
			"\"vdev\":\"xvda\",%s}}", bad[i]);
		assert_true(r->answered && !r->ok);
		assert_int_equal(hd.doms->config.disk_count, 0);
	}
}

/* ---- others' domains ---- */

static struct fake_dom *make_foreign(uint32_t domid)
{
	struct fake_dom *d = &fake.dom[FAKE_DOMS - 1];

	memset(d, 0, sizeof(*d));
	d->domid = domid;
	memset(d->handle, 0xab, sizeof(d->handle));
	d->pages = 100;
	fake.free_pages -= 100;
	census_run(&hd);
	return d;
}

static void foreign_domains_are_let_alone(void **state)
{
	struct fake_dom *d = make_foreign(40);
	struct fake_request *r;

	(void)state;
	r = ask("{\"do\":\"list\"}");
	assert_non_null(strstr(r->text, "\"state\":\"foreign\""));
	assert_non_null(strstr(r->text, "\"name\":\"domain-40\""));
	d->flags |= XEN_DOMINF_shutdown |
		    SHUTDOWN_crash << XEN_DOMINF_shutdownshift;
	fake_run(&hd, HOUR);
	assert_int_equal(d->domid, 40);
	assert_int_equal(fake_files(&hd), 0);
	assert_int_equal(ask("{\"do\":\"config\",\"domain\":40}")->fault.err,
			 EPERM);
	/* Unless somebody asks. */
	assert_true(ask("{\"do\":\"destroy\",\"domain\":40}")->ok);
	assert_nothing_left();
	assert_int_equal(ask("{\"do\":\"destroy\",\"domain\":0}")->fault.err,
			 EPERM);
}

/* One look finds that the one has gone and the other come. */
static void an_id_comes_to_another(void **state)
{
	struct fake_dom *d = make_foreign(40);

	(void)state;
	memset(d->handle, 0xcd, sizeof(d->handle));
	census_run(&hd);
	assert_non_null(strstr(ask("{\"do\":\"list\"}")->text,
			       "\"uuid\":\"cdcdcdcd-"));
	assert_null(hd.doms->next);
	assert_true(ask("{\"do\":\"destroy\",\"domain\":40}")->ok);
	assert_nothing_left();
}

/* What a create asks doesn't grow with the domains of other toolstacks. */
static void names_of_others_come_together(void **state)
{
	struct fake_dom *d = make_foreign(40);
	unsigned int i, before;

	(void)state;
	for (i = 0; i < 5; i++) {
		fake.dom[i] = *d;
		fake.dom[i].domid = 41 + i;
		fake.dom[i].handle[0] = i;
	}
	fake.free_pages -= 5 * d->pages;
	census_run(&hd);
	store_write(hd.store, "/local/domain/43/name", "theirs");
	before = fake.exchanges;
	census_names(&hd);
	assert_int_equal(fake.exchanges, before + 1);
	assert_int_equal(dom_by_name(&hd, "theirs")->domid, 43);
	assert_int_equal(dom_by_name(&hd, "domain-45")->domid, 45);
	for (i = 40; i < 46; i++)
		assert_true(ask("{\"do\":\"destroy\",\"domain\":%u}", i)->ok);
	assert_nothing_left();
}

/* Whoever came is looked at, not all that there are. */
static void who_came_is_looked_at(void **state)
{
	struct fake_dom *d = make_foreign(40);
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		fake.dom[i] = *d;
		fake.dom[i].domid = 41 + i;
		census_wanted(&hd, true);
		fake.listed = 0;
		census_due(&hd);
		assert_int_equal(fake.listed, 1);
		assert_non_null(dom_by_id(&hd, 41 + i));
	}
	/* Ids begin again: all are. */
	fake.dom[3] = *d;
	fake.dom[3].domid = 7;
	fake.dom[2].domid = 0;
	census_due(&hd);
	assert_non_null(dom_by_id(&hd, 7));
	assert_null(dom_by_id(&hd, 43));
	/* So they are for whatever else happened, and now and then. */
	fake.dom[3].domid = 0;
	fake.dom[4] = *d;
	fake.dom[4].domid = 44;
	census_wanted(&hd, true);
	census_wanted(&hd, false);
	census_due(&hd);
	assert_null(dom_by_id(&hd, 7));
	fake.dom[4].domid = 0;
	fake.dom[5] = *d;
	fake.dom[5].domid = 45;
	fake.now += 5000;
	census_due(&hd);
	assert_null(dom_by_id(&hd, 44));
	assert_non_null(dom_by_id(&hd, 45));
}

static void what_others_destroyed_is_tidied(void **state)
{
	(void)state;
	create("web", ",\"on_crash\":\"restart\"");
	hvctl_domain_destroy(hd.hv, 1);
	census_run(&hd);
	fake_run(&hd, 1000);
	assert_non_null(fake_last("destroyed"));
	assert_nothing_left();
}

/* ---- hvxd is killed and started again ---- */

static void start_again(void)
{
	fake_kill(&hd);
	state_load(&hd);
	census_start(&hd);
	fake_run(&hd, 1000);
}

/* In the middle of each step: what the step before left is found. */
static void half_a_domain_is_ended(void **state)
{
	static const char *const calls[] = {
		"hvctl_domain_max_vcpus", "hvctl_domain_claim", "hvctl_build",
		"store_transact", "store_introduce", "backend_start",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		__lsan_disable();
		/* It fails, and hvxd is killed while that is undone. */
		fake.refuse = calls[i];
		create_for(4, "web", 16, "");
		__lsan_enable();
		fake.refuse = NULL;
		start_again();
		assert_nothing_left();
	}
	__lsan_disable();
	create_for(0, "web", 16, "");
	__lsan_enable();
	start_again();
	assert_nothing_left();
}

static void running_domains_are_found_again(void **state)
{
	char uuid[UUID_TEXT];

	(void)state;
	__lsan_disable();
	create("web", ",\"on_reboot\":\"restart\"");
	strcpy(uuid, hd.doms->uuid);
	start_again();
	assert_string_equal(hd.doms->uuid, uuid);
	assert_int_equal(hd.doms->state, DOM_RUNNING);
	/* What happened meanwhile is caught up with. */
	fake_kill(&hd);
	fake_find(1)->flags |= XEN_DOMINF_shutdown |
			       SHUTDOWN_reboot << XEN_DOMINF_shutdownshift;
	state_load(&hd);
	census_start(&hd);
	fake_run(&hd, 1000);
	assert_non_null(fake_find(2));
	/* Also that it is gone; and that its id is another's by now. */
	fake_kill(&hd);
	hvctl_domain_destroy(hd.hv, 2);
	make_foreign(2);
	state_load(&hd);
	census_start(&hd);
	fake_run(&hd, 1000);
	assert_int_equal(fake_doms(), 1);
	assert_int_equal(fake_files(&hd), 0);
	__lsan_enable();
}

static void a_restart_under_way_goes_on(void **state)
{
	(void)state;
	__lsan_disable();
	create("web", ",\"on_reboot\":\"restart\"");
	shut_down(1, SHUTDOWN_reboot);
	__lsan_enable();
	assert_int_equal(hd.doms->state, DOM_RESTARTING);
	start_again();
	assert_non_null(fake_find(2));
	assert_int_equal(hd.doms->state, DOM_RUNNING);
}

static void damaged_files_are_put_aside(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{}", "{\"name\":1}",
		"{\"name\":\"x\",\"uuid\":\"y\",\"state\":\"running\",\"config\":{}}",
		"{\"name\":\"x\",\"uuid\":\"00000000-0000-0000-0000-000000000001\","
		"\"state\":\"flying\",\"config\":{}}",
		"{\"name\":\"x\",\"uuid\":\"00000000-0000-0000-0000-000000000001\","
		"\"state\":\"running\",\"config\":{\"b_info\":5}}",
	};
	char path[256], why[GUEST_WHY];
	size_t i;
	FILE *f;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		*why = 0;
		assert_null(state_parse(&hd, texts[i], why));
		assert_true(*why);
		snprintf(path, sizeof(path),
			 "%s/00000000-0000-0000-0000-%012zu.json",
			 hd.state_folder, i);
		f = fopen(path, "w");
		fputs(texts[i], f);
		fclose(f);
	}
	snprintf(path, sizeof(path), "%s/00000000-0000-0000-0000-000000000001.json.new",
		 hd.state_folder);
	fclose(fopen(path, "w"));
	assert_int_equal(state_load(&hd), 0);
	assert_int_equal(fake_files(&hd), sizeof(texts) / sizeof(*texts));
	assert_int_equal(state_load(&hd), 0);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_domain_is_made_whole),
		TEST(each_call_that_fails_leaves_nothing),
		TEST(each_step_that_fails_leaves_nothing),
		TEST(a_builder_that_dies_is_an_error),
		TEST(an_end_that_fails_is_tried_again),
		TEST(what_cannot_be_made_is_said_before),
		TEST(memory_is_not_given_twice),
		TEST(memory_is_reserved_before),
		TEST(a_create_is_cancelled_by_a_destroy),
		TEST(many_come_and_go),
		TEST(it_ends_as_configured),
		TEST(a_deaf_guest_is_told_of),
		TEST(restarts_keep_who_it_is),
		TEST(a_restart_that_fails_is_told),
		TEST(a_crashed_one_is_put_aside),
		TEST(a_domain_that_cannot_go_is_told_of),
		TEST(a_slow_end_is_not_stuck),
		TEST(names_change_everywhere),
		TEST(a_new_configuration_counts_from_the_next_start),
		TEST(disks_come_and_go),
		TEST(a_guest_that_does_not_let_go_is_told_of),
		TEST(disks_that_cannot_be_served_are_refused),
		TEST(foreign_domains_are_let_alone),
		TEST(an_id_comes_to_another),
		TEST(names_of_others_come_together),
		TEST(who_came_is_looked_at),
		TEST(what_others_destroyed_is_tidied),
		TEST(half_a_domain_is_ended),
		TEST(running_domains_are_found_again),
		TEST(a_restart_under_way_goes_on),
		TEST(damaged_files_are_put_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
