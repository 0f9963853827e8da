/* SPDX-License-Identifier: MIT */
/*
 * What disks have done, on its way from blkback's state to those who ask: the
 * reader of the state, hvxd's answer to hvxl, and its socket for xentop.
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
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <json-c/json.h>
#include <backends/blkback/state.h>
#include <hvxd/backend.h>
#include <hvxd/disk_stats.h>
#include <hvxd/qmp.h>
#include "hvxd_rig.h"

static char path[128];
static struct dom dom;
static struct guest_disk disk[2];

const struct backend_kind disks_kind = { .program = "blkback" };

void backend_state_path(struct dom *d, const char *program, char *to,
			size_t size)
{
	snprintf(to, size, "%s/%s-%u.state", folder, program, d->domid);
}

static int setup(void **state)
{
	(void)state;
	rig_begin();
	snprintf(path, sizeof(path), "%s/blkback-7.state", folder);
	memset(&dom, 0, sizeof(dom));
	hd.xen_folder = folder;
	dom.hd = &hd;
	dom.domid = 7;
	disk[0] = (struct guest_disk){
		.target = (char *)(uintptr_t)"/srv/a.img",
		.vdev = (char *)(uintptr_t)"xvda", .number = 51712,
		.readwrite = true };
	disk[1] = disk[0];
	disk[1].vdev = (char *)(uintptr_t)"xvdb";
	disk[1].number = 51728;
	dom.config.disks = disk;
	dom.config.disk_count = 2;
	return 0;
}

/* A state as blkback makes it, with one disk that has had an error. */
static void make_state(void)
{
	int held, fd = open(path, O_RDWR | O_CREAT, 0600);
	struct state *s = state_open(fd, &held);
	struct state_disk *d;

	assert_non_null(s);
	state_find(s, 1);
	d = state_find(s, 51728);
	d->count = (struct state_counts){
		.reads = 3, .writes = 4, .flushes = 1, .read_sectors = 24,
		.written_sectors = 64, .errors = 1, .error = ENOSPC,
		.error_kind = 1, .error_time = 1700000000 };
	close(held);
	close(fd);
}

static void test_read(void **state)
{
	struct state_counts c;
	char text[80];

	(void)state;
	assert_int_equal(stats_read(path, 51728, &c), -1);
	assert_int_equal(errno, ENOENT);
	make_state();
	assert_int_equal(stats_read(path, 51712, &c), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(stats_read(path, 51728, &c), 0);
	assert_int_equal(c.writes, 4);
	assert_string_equal(stats_error(&c, text, sizeof(text)),
			    "write: No space left on device");
	/* Whatever stands there can't be more than a wrong word. */
	c.error_kind = UINT32_MAX;
	assert_string_equal(stats_error(&c, text, sizeof(text)),
			    "request: No space left on device");
	c.error = 0;
	assert_null(stats_error(&c, text, sizeof(text)));
}

static void test_refused(void **state)
{
	struct state_counts c;
	FILE *f = fopen(path, "w");

	(void)state;
	fputs("something else", f);
	fclose(f);
	assert_int_equal(stats_read(path, 51728, &c), -1);
	assert_int_equal(errno, EUCLEAN);
	/* The right beginning, and no more. */
	unlink(path);
	make_state();
	assert_int_equal(truncate(path, 4096), 0);
	assert_int_equal(stats_read(path, 51728, &c), -1);
	assert_int_equal(errno, EUCLEAN);
}

static void test_request(void **state)
{
	struct json_object *list = json_object_new_array(), *o, *v;

	(void)state;
	make_state();
	disk_stats_add(&dom, list);
	assert_int_equal(json_object_array_length(list), 2);
	o = json_object_array_get_idx(list, 1);
	assert_true(json_object_object_get_ex(o, "error", &v));
	assert_string_equal(json_object_get_string(v),
			    "write: No space left on device");
	/* The other has counted nothing yet. */
	o = json_object_array_get_idx(list, 0);
	assert_true(json_object_object_get_ex(o, "read-requests", &v));
	assert_int_equal(json_object_get_int(v), 0);
	assert_true(json_object_object_get_ex(o, "error", &v));
	assert_null(v);
	json_object_put(list);
}

/* ---- the socket ---- */

static int client(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/qmp-libxenstat-7",
		 folder);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void turn(void)
{
	rig_turn(20);
}

/* What comes back for text; "" when the other side hung up. */
static const char *ask(int fd, const char *text)
{
	static char answer[4096];
	ssize_t n;

	assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
	turn();
	n = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	answer[n > 0 ? n : 0] = 0;
	return answer;
}

static void test_qmp(void **state)
{
	struct qmp *q = qmp_new(&dom);
	const char *text;
	int fd;

	(void)state;
	make_state();
	assert_non_null(q);
	fd = client();
	turn();
	/* As libxenstat writes them: with nothing between. */
	assert_string_equal(ask(fd, "{ \"execute\": \"qmp_capabilities\" }"),
			    "{\"return\":{}}");
	text = ask(fd, "{ \"execute\": \"query-blockstats\" }");
	assert_non_null(strstr(text, "{\"device\":\"xvdb\",\"stats\":{"
			       "\"rd_bytes\":12288,\"wr_bytes\":32768,"
			       "\"rd_operations\":3,\"wr_operations\":4"));
	text = ask(fd, "{ \"execute\": \"query-block\" }");
	assert_non_null(strstr(text, "{\"device\":\"xvda\",\"inserted\":{"
			       "\"file\":\"\\/srv\\/a.img\",\"ro\":false}}"));
	/* In pieces, and two at once. */
	assert_string_equal(ask(fd, "{\"exec"), "");
	assert_string_equal(ask(fd, "ute\":\"qmp_capabilities\"} "
				"{\"execute\":\"qmp_capabilities\"}"),
			    "{\"return\":{}}{\"return\":{}}");
	text = ask(fd, "{\"execute\":\"quit\"}");
	assert_non_null(strstr(text, "CommandNotFound"));
	close(fd);
	turn();
	qmp_free(q);
	snprintf(path, sizeof(path), "%s/qmp-libxenstat-7", folder);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_qmp_misuse(void **state)
{
	struct qmp *q = qmp_new(&dom);
	char big[8192], end;
	int fd[6], i;

	(void)state;
	assert_non_null(q);
	for (i = 0; i < 6; i++) {
		fd[i] = client();
		turn();
	}
	/* More than there are places: hung up on. */
	assert_int_equal(recv(fd[5], &end, 1, MSG_DONTWAIT), 0);
	assert_int_equal(recv(fd[0], &end, 1, MSG_DONTWAIT), -1);
	/* No JSON, an answer to nothing, and a request without an end. */
	ask(fd[0], "hello");
	assert_int_equal(recv(fd[0], &end, 1, MSG_DONTWAIT), 0);
	ask(fd[1], "[]");
	assert_int_equal(recv(fd[1], &end, 1, MSG_DONTWAIT), 0);
	memset(big, ' ', sizeof(big) - 1);
	big[0] = '{';
	big[sizeof(big) - 1] = 0;
	ask(fd[2], big);
	for (i = 0; i < 20; i++)
		turn();
	assert_int_equal(recv(fd[2], &end, 1, MSG_DONTWAIT), 0);
	/* Their places are free again. */
	close(fd[0]);
	fd[0] = client();
	turn();
	assert_string_equal(ask(fd[0], "{\"execute\":\"qmp_capabilities\"}"),
			    "{\"return\":{}}");
	for (i = 0; i < 6; i++)
		close(fd[i]);
	qmp_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, setup, rig_end),
		cmocka_unit_test_setup_teardown(test_refused, setup, rig_end),
		cmocka_unit_test_setup_teardown(test_request, setup, rig_end),
		cmocka_unit_test_setup_teardown(test_qmp, setup, rig_end),
		cmocka_unit_test_setup_teardown(test_qmp_misuse, setup,
						rig_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
