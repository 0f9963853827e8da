/* SPDX-License-Identifier: MIT */
/*
 * hvxl as a client of hvxd: a thread plays hvxd by a script of lines. What
 * must hold: a request is one line; its answer is found among progress and what
 * belongs to others, in pieces of any size; and whatever hvxd does wrong ends
 * in an error that says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail
#include <errno.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <hvxl/args.h>
#include <hvxl/cmds.h>
#include <hvxl/hvxd_client.h>
#include <hvxl/hvxl.h>

/* The other end: reads one request, then plays its script. */
struct fake {
	int fd;
	const char *script;
	size_t piece;		/* bytes a write; 0: all at once */
	char request[65536];
	pthread_t thread;
};

static void *play(void *arg)
{
	struct fake *f = arg;
	size_t n = 0, left = strlen(f->script), piece;
	const char *p = f->script;

	while (n < sizeof(f->request) - 1 &&
	       read(f->fd, f->request + n, 1) == 1 && f->request[n] != '\n')
		n++;
	f->request[n] = 0;
	for (; left; left -= piece, p += piece) {
		piece = f->piece && f->piece < left ? f->piece : left;
		if (send(f->fd, p, piece, MSG_NOSIGNAL) != (ssize_t)piece)
			break;
	}
	close(f->fd);
	return NULL;
}

static struct hvxd *start(struct fake *f, const char *script, size_t piece)
{
	int fds[2];

	memset(f, 0, sizeof(*f));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	f->fd = fds[0];
	f->script = script;
	f->piece = piece;
	assert_int_equal(pthread_create(&f->thread, NULL, play, f), 0);
	return hvxd_from_fd(fds[1]);
}

static void stop(struct fake *f, struct hvxd *h)
{
	hvxd_close(h);
	pthread_join(f->thread, NULL);
}

static char steps[256];

static void note_step(void *arg, const char *step)
{
	assert_ptr_equal(arg, steps);
	strcat(steps, step);
	strcat(steps, ";");
}

static void ask_in_pieces(size_t piece)
{
	struct fake f;
	struct hvxd *h = start(&f,
		"{\"id\":7,\"ok\":{\"domid\":9}}\n"
		"{\"id\":1,\"progress\":\"memory\"}\n"
		"what is this\n"
		"{\"id\":1,\"progress\":\"kernel\"}\n"
		"{\"id\":1,\"ok\":{\"domid\":5,\"name\":\"web\"}}\n", piece);
	struct json_object *args = json_object_new_object(), *answer, *v;
	struct hvxd_error e;

	steps[0] = 0;
	json_object_object_add(args, "domain", json_object_new_int(3));
	answer = hvxd_ask(h, "create", args, note_step, steps, &e);
	assert_non_null(answer);
	assert_true(json_object_object_get_ex(answer, "domid", &v));
	assert_int_equal(json_object_get_int(v), 5);
	json_object_put(answer);
	assert_string_equal(steps, "memory;kernel;");
	stop(&f, h);
	assert_string_equal(f.request,
			    "{\"domain\":3,\"id\":1,\"do\":\"create\"}");
}

static void test_answer(void **state)
{
	(void)state;
	ask_in_pieces(0);
	ask_in_pieces(1);
	ask_in_pieces(7);
}

static void test_answer_of_nothing(void **state)
{
	struct fake f;
	struct hvxd *h = start(&f, "{\"id\":1,\"ok\":null}\n", 0);
	struct hvxd_error e;
	struct json_object *answer = hvxd_ask(h, "ping", NULL, NULL, NULL, &e);

	(void)state;
	assert_non_null(answer);
	json_object_put(answer);
	stop(&f, h);
}

static void test_error(void **state)
{
	struct fake f;
	struct hvxd *h = start(&f,
		"{\"id\":1,\"error\":{\"stage\":\"kernel\",\"object\":\"/boot/v\","
		"\"errno\":\"ENOENT\",\"text\":\"There is no kernel.\","
		"\"hint\":\"give one\"}}\n", 0);
	struct hvxd_error e;

	(void)state;
	assert_null(hvxd_ask(h, "create", NULL, NULL, NULL, &e));
	assert_string_equal(e.stage, "kernel");
	assert_string_equal(e.object, "/boot/v");
	assert_string_equal(e.code, "ENOENT");
	assert_string_equal(e.text, "There is no kernel.");
	assert_string_equal(e.hint, "give one");
	assert_int_equal(hvxd_fail("create", "web", &e), 1);
	assert_null(e.text);
	stop(&f, h);
}

/* Members that are missing, or not texts. */
static void test_strange_error(void **state)
{
	struct fake f;
	struct hvxd *h = start(&f, "{\"id\":1,\"error\":{\"text\":5}}\n", 0);
	struct hvxd_error e;

	(void)state;
	assert_null(hvxd_ask(h, "create", NULL, NULL, NULL, &e));
	assert_null(e.text);
	assert_null(e.stage);
	assert_int_equal(hvxd_fail("create", NULL, &e), 1);
	stop(&f, h);
}

static void test_hung_up(void **state)
{
	static const char *const scripts[] = {
		"", "{\"id\":1,\"progress\":\"memory\"}\n", "{\"id\":1,\"ok\"",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct fake f;
		struct hvxd *h = start(&f, scripts[i], 0);
		struct hvxd_error e;

		assert_null(hvxd_ask(h, "create", NULL, NULL, NULL, &e));
		assert_string_equal(e.stage, "connection");
		assert_non_null(strstr(e.text, "ended before it answered"));
		hvxd_error_free(&e);
		stop(&f, h);
	}
}

static void test_endless_line(void **state)
{
	char *line = malloc(2 << 20);
	struct fake f;
	struct hvxd_error e;
	struct hvxd *h;

	(void)state;
	memset(line, 'x', (2 << 20) - 1);
	line[(2 << 20) - 1] = 0;
	h = start(&f, line, 0);
	assert_null(hvxd_ask(h, "list", NULL, NULL, NULL, &e));
	assert_non_null(strstr(e.text, strerror(EMSGSIZE)));
	hvxd_error_free(&e);
	stop(&f, h);
	free(line);
}

/* A long answer is one all the same. */
static void test_long_line(void **state)
{
	char *line = malloc(600000), *end = line;
	struct json_object *answer, *v;
	struct hvxd_error e;
	struct fake f;
	struct hvxd *h;

	(void)state;
	end += sprintf(end, "{\"id\":1,\"ok\":{\"text\":\"");
	memset(end, 'y', 500000);
	end += 500000;
	strcpy(end, "\"}}\n");
	h = start(&f, line, 65536);
	answer = hvxd_ask(h, "list", NULL, NULL, NULL, &e);
	assert_non_null(answer);
	assert_true(json_object_object_get_ex(answer, "text", &v));
	assert_int_equal(json_object_get_string_len(v), 500000);
	json_object_put(answer);
	stop(&f, h);
	free(line);
}

static bool until_second(void *arg, struct json_object *event)
{
	unsigned int *n = arg;
	struct json_object *v;

	assert_true(json_object_object_get_ex(event, "event", &v));
	return ++*n < 2;
}

static void test_events(void **state)
{
	static const char script[] =
		"{\"id\":1,\"ok\":{}}\n"
		"{\"id\":1,\"event\":{\"event\":\"created\"}}\n"
		"{\"id\":1,\"event\":{\"event\":\"destroyed\"}}\n"
		"{\"id\":1,\"event\":{\"event\":\"created\"}}\n";
	struct hvxd_error e;
	unsigned int n = 0;
	struct fake f;
	struct hvxd *h = start(&f, script, 0);

	(void)state;
	assert_int_equal(hvxd_follow(h, until_second, &n, &e), 0);
	assert_int_equal(n, 2);
	stop(&f, h);
	assert_string_equal(f.request,
			    "{\"follow\":true,\"id\":1,\"do\":\"events\"}");
	/* Whoever goes on learns that hvxd has ended. */
	h = start(&f, script, 0);
	n = 100;
	while (!hvxd_follow(h, until_second, &n, &e))
		;
	assert_string_equal(e.stage, "connection");
	hvxd_error_free(&e);
	stop(&f, h);
}

static void test_nobody_there(void **state)
{
	(void)state;
	setenv("HVXD_SOCKET", "/nonexistent/hvxd.sock", 1);
	assert_null(hvxd_open());
	assert_int_equal(errno, ENOENT);
}

/* ---- a whole command ---- */

static char folder[] = "/tmp/hvxl-test-XXXXXX";

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void *serve(void *arg)
{
	struct fake *f = arg;
	int listener = f->fd;

	f->fd = accept(listener, NULL, NULL);
	close(listener);
	return play(f);
}

static void listen_as_hvxd(struct fake *f, const char *script)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memset(f, 0, sizeof(*f));
	f->script = script;
	snprintf(a.sun_path, sizeof(a.sun_path), "hvxd.sock");
	f->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(f->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(f->fd, 1), 0);
	setenv("HVXD_SOCKET", "hvxd.sock", 1);
	assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

static int run(const char *name, int argc, char **argv)
{
	unsigned int candidates;
	const struct command *c = command_find(name, &candidates);

	assert_non_null(c);
	args_start(c);
	return c->run(argc, argv);
}

static int enter_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || chdir(folder))
		return -1;
	write_file("web.cfg", "name = \"web\"\nmemory = 64\n"
		   "kernel = \"/boot/vmlinuz\"\n");
	write_file("bad.cfg", "name = \"web\"\nmemory = \"lots\"\n");
	return 0;
}

static int leave_folder(void **state)
{
	(void)state;
	unlink("web.cfg");
	unlink("bad.cfg");
	unlink("hvxd.sock");
	return chdir("/") || rmdir(folder);
}

static const char *text_at(struct json_object *o, const char *a, const char *b)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(o, a, &v);
	json_object_object_get_ex(v, b, &v);
	return json_object_get_string(v);
}

static void test_create(void **state)
{
	char *argv[] = { "create", "-p", "web.cfg", "memory=128", NULL };
	struct json_object *o, *config;
	struct fake f;

	(void)state;
	listen_as_hvxd(&f, "{\"id\":1,\"ok\":{\"domid\":5,\"name\":\"web\"}}\n");
	assert_int_equal(run("create", 4, argv), 0);
	pthread_join(f.thread, NULL);
	unlink("hvxd.sock");
	o = json_tokener_parse(f.request);
	assert_non_null(o);
	assert_true(json_object_object_get_ex(o, "config", &config));
	assert_string_equal(text_at(config, "c_info", "name"), "web");
	assert_int_equal(strlen(text_at(config, "c_info", "uuid")), 36);
	/* The command line wins over the file. */
	assert_string_equal(text_at(config, "b_info", "max_memkb"), "131072");
	assert_true(json_object_object_get_ex(o, "paused", &config));
	assert_true(json_object_get_boolean(config));
	json_object_put(o);
}

static void test_create_refused(void **state)
{
	char *argv[] = { "create", "web.cfg", NULL };
	struct fake f;

	(void)state;
	listen_as_hvxd(&f, "{\"id\":1,\"error\":{\"text\":\"No.\"}}\n");
	assert_int_equal(run("create", 2, argv), 1);
	pthread_join(f.thread, NULL);
	unlink("hvxd.sock");
}

/* Nobody is asked: a mistake in the file, a dry run, no file at all. */
static void test_create_alone(void **state)
{
	char *bad[] = { "create", "bad.cfg", NULL };
	char *dry[] = { "create", "-n", "web.cfg", NULL };
	char *none[] = { "create", "memory=5", NULL };
	char *missing[] = { "create", "nonesuch.cfg", NULL };

	(void)state;
	setenv("HVXD_SOCKET", "/nonexistent/hvxd.sock", 1);
	assert_int_equal(run("create", 2, bad), 1);
	assert_int_equal(run("create", 3, dry), 0);
	assert_int_equal(run("create", 2, none), 1);
	assert_int_equal(run("create", 2, missing), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_answer_of_nothing),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_strange_error),
		cmocka_unit_test(test_hung_up),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_create_refused),
		cmocka_unit_test(test_create_alone),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
