/* SPDX-License-Identifier: MIT */
/*
 * A guest in memory with a disk that is a qcow2 image, served by Debian's
 * qemu-nbd: what it must do for a good guest, and what becomes of the image and of
 * requests when either process dies.
 */
#include "fake_blk.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "common/log.h"

#define DATA		200u		/* first page for data */
#define MIB_SECTORS	2048u

static const struct disk_spec spec = { .image = true, .discard = true };
static char folder[] = "/tmp/hvx-image-XXXXXX";
static char path[64];
static pid_t server;

/* ---- the server --------------------------------------------------------- */

static void __attribute__((noreturn)) be_server(int listener, bool readonly)
{
	char pid[16];

	if (listener == 3)
		fcntl(3, F_SETFD, 0);
	else
		dup2(listener, 3);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp("qemu-nbd", "qemu-nbd", "--format=qcow2", "--discard=unmap",
	       readonly ? "--read-only" : path, readonly ? path : NULL, NULL);
	_exit(127);
}

/* Our end of a connection to it. */
static int start_server(bool readonly)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/sock", folder);
	unlink(to.sun_path);
	assert_int_equal(bind(listener, (void *)&to, sizeof(to)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(connect(sock, (void *)&to, sizeof(to)), 0);
	server = fork();
	if (!server)
		be_server(listener, readonly);
	close(listener);
	return sock;
}

/* It ends by itself, well, as soon as nobody is connected who has negotiated. */
static void server_ends(void)
{
	int status;

	alarm(20);
	assert_int_equal(waitpid(server, &status, 0), server);
	alarm(0);
	assert_int_equal(status, 0);
}

static int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int shell(const char *fmt, ...)
{
	char line[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return system(line);
}

static void image_is_clean(void)
{
	assert_int_equal(shell("qemu-img check -q %s", path), 0);
}

/* ---- the guest ---------------------------------------------------------- */

static int begin(void **state)
{
	(void)state;
	log_init("test", 0);
	assert_int_equal(shell("qemu-img create -q -f qcow2 %s 64M", path), 0);
	fake_begin();
	fake_open();
	return 0;
}

static int end(void **state)
{
	(void)state;
	fake_close();
	fake_end();
	return 0;
}

static struct vbd *attach(bool readonly)
{
	struct disk_spec s = spec;
	int sock = start_server(readonly);
	struct vbd *v;

	s.readonly = readonly;
	v = fake_attach(0, sock, &s);
	close(sock);
	return v;
}

static struct blkif_request io(uint8_t op, uint64_t sector, unsigned int pages,
			       uint32_t page)
{
	static uint64_t id = 1;
	struct blkif_request r = { .operation = op, .nr_segments = pages,
				   .id = id++, .sector_number = sector };
	unsigned int i;

	for (i = 0; i < pages; i++)
		r.seg[i] = (struct blkif_request_segment){ page + i, 0, 7 };
	return r;
}

static int ask(uint8_t op, uint64_t sector, unsigned int pages, uint32_t page)
{
	struct blkif_request r = io(op, sector, pages, page);

	return fake_ask(0, &r);
}

static int discard(uint64_t sector, uint64_t sectors)
{
	struct blkif_request_discard d = { .operation = BLKIF_OP_DISCARD,
		.id = 5, .sector_number = sector, .nr_sectors = sectors };
	struct blkif_request r = { .id = 0 };

	memcpy(&r, &d, sizeof(d));
	r.id = d.id;
	return fake_ask(0, &r);
}

static bool is_all(uint32_t page, uint8_t byte)
{
	const uint8_t *p = fake_page(page);

	return p[0] == byte && !memcmp(p, p + 1, 4095);
}

static void detach(struct vbd *v)
{
	fake->front[0].state = BUS_UNKNOWN;
	vbd_detach(v, false, 1);
	fake_run();
	assert_null(fake_service.disks);
	server_ends();
}

static void test_good_guest(void **state)
{
	struct vbd *v = attach(false);
	char raw[80];
	uint8_t b[4096];
	int fd;

	(void)state;
	assert_non_null(v);
	assert_int_equal(v->disk.limits.sectors, 64 * MIB_SECTORS);
	assert_true(v->disk.limits.discard);
	fake_connect(0, 1);
	memset(fake_page(DATA), 0x5a, 11 * 4096);
	assert_int_equal(ask(BLKIF_OP_WRITE, 8, 11, DATA), 0);
	assert_int_equal(ask(BLKIF_OP_WRITE, 63 * MIB_SECTORS, 1, DATA), 0);
	assert_int_equal(ask(BLKIF_OP_FLUSH_DISKCACHE, 0, 0, 0), 0);
	assert_int_equal(ask(BLKIF_OP_READ, 8 + 80, 2, DATA + 20), 0);
	assert_true(is_all(DATA + 20, 0x5a));
	assert_true(is_all(DATA + 21, 0));
	assert_int_equal(discard(8, 16), 0);
	assert_int_equal(ask(BLKIF_OP_READ, 8, 3, DATA + 20), 0);
	assert_true(is_all(DATA + 20, 0));
	assert_true(is_all(DATA + 21, 0));
	assert_true(is_all(DATA + 22, 0x5a));
	/* One sector past the end. */
	assert_int_equal(ask(BLKIF_OP_READ, 64 * MIB_SECTORS - 7, 1, DATA),
			 BLKIF_RSP_ERROR);
	detach(v);
	image_is_clean();
	snprintf(raw, sizeof(raw), "%s/raw", folder);
	assert_int_equal(shell("qemu-img convert -O raw %s %s", path, raw), 0);
	fd = open(raw, O_RDONLY);
	assert_int_equal(pread(fd, b, 4096, 63 << 20), 4096);
	close(fd);
	memset(fake_page(DATA), 0x5a, 4096);
	assert_memory_equal(b, fake_page(DATA), 4096);
}

static void test_readonly(void **state)
{
	struct disk_spec s = spec;
	int sock = start_server(true);
	struct vbd *v;

	(void)state;
	/* Who may write gets no disk that he can't write. */
	assert_null(fake_attach(0, sock, &s));
	assert_int_equal(errno, EACCES);
	close(sock);
	server_ends();
	v = attach(true);
	assert_non_null(v);
	fake_connect(0, 1);
	assert_int_equal(ask(BLKIF_OP_READ, 0, 1, DATA), 0);
	assert_int_equal(ask(BLKIF_OP_WRITE, 0, 1, DATA), BLKIF_RSP_ERROR);
	detach(v);
}

static void test_no_server(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	assert_null(fake_attach(0, pair[0], &spec));
	assert_int_equal(errno, ECONNRESET);
	close(pair[0]);
	/* One that speaks another language. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], "SSH-2.0-OpenSSH_9\r\n", 19), 19);
	assert_null(fake_attach(0, pair[0], &spec));
	close(pair[0]);
	close(pair[1]);
	fake->front[0].state = BUS_UNKNOWN;
}

/* Every request is answered, those under way and later ones, and the cause is
 * kept. */
static void test_server_dies(void **state)
{
	struct vbd *v = attach(false);
	struct blkif_response rsp;
	unsigned int i, bad = 0;

	(void)state;
	assert_non_null(v);
	fake_connect(0, 1);
	kill(server, SIGSTOP);
	for (i = 0; i < 16; i++) {
		struct blkif_request r = io(BLKIF_OP_WRITE, i * 8, 1, DATA + i);

		memcpy(&fake_slot(0)->req, &r, sizeof(r));
		fake_push(0);
	}
	service_round(&fake_service);
	assert_false(fake_response(0, &rsp));
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	fake_run();
	while (fake_response(0, &rsp))
		bad += rsp.status == BLKIF_RSP_ERROR;
	assert_int_equal(bad, 16);
	/* The loop isn't woken by a dead socket for ever. */
	assert_null(v->image);
	assert_int_equal(ask(BLKIF_OP_READ, 0, 1, DATA), BLKIF_RSP_ERROR);
	assert_int_equal(ask(BLKIF_OP_FLUSH_DISKCACHE, 0, 0, 0),
			 BLKIF_RSP_ERROR);
	assert_int_equal(v->st->count.errors, 18);
	assert_int_not_equal(v->st->count.error, 0);
	fake->front[0].state = BUS_UNKNOWN;
	vbd_detach(v, false, 1);
	fake_run();
	assert_null(fake_service.disks);
}

/* ---- a back end that is killed ------------------------------------------ */

#define KILLS	12

static void __attribute__((noreturn)) serve_for_ever(int sock, bool connect)
{
	struct vbd *v;

	fake_open();
	v = fake_attach(0, sock, &spec);
	close(sock);
	if (!v)
		_exit(9);
	if (connect)
		fake_connect(0, 1);
	for (;;) {
		v->queue[0].kicked = true;
		fake_run();
	}
}

static pid_t start_backend(bool connect)
{
	int sock = start_server(false);
	pid_t pid = fork();

	if (!pid)
		serve_for_ever(sock, connect);
	close(sock);
	return pid;
}

/* Puts a request into the ring, as a guest that nobody tells anything. */
static void put_write(uint32_t place)
{
	struct blkif_request r = io(BLKIF_OP_WRITE, place * 1024, 1,
				    DATA + place);

	r.id = place;
	memcpy(&fake_slot(0)->req, &r, sizeof(r));
	fake->front[0].req_prod++;
	__atomic_store_n((uint32_t *)(void *)fake_page(1),
			 fake->front[0].req_prod, __ATOMIC_RELEASE);
}

static int answered(bool busy[32])
{
	struct blkif_response rsp;
	int n = 0;

	while (fake_response(0, &rsp)) {
		assert_int_equal(rsp.status, BLKIF_RSP_OKAY);
		assert_in_range(rsp.id, 0, 31);
		assert_true(busy[rsp.id]);
		busy[rsp.id] = false;
		n++;
	}
	return n;
}

/* Asked again and again: qemu-nbd forgets a SIGTERM that comes while it starts
 * (5 of 60 sent in its first 80 ms). */
static void stop_server(void)
{
	unsigned int tries = 0;
	int status;

	do {
		assert_in_range(++tries, 1, 2000);
		kill(server, SIGTERM);
		usleep(10000);
	} while (!waitpid(server, &status, WNOHANG));
	assert_true(status == 0 || WTERMSIG(status) == SIGTERM);
}

/* Each request is answered once, by whichever process; the image is whole after
 * each death, and in the end all that was acknowledged is in it. */
static void test_killed(void **state)
{
	unsigned int kills = 0, i, sent = 0, got = 0;
	uint8_t b[4096], last[32] = { 0 };
	bool busy[32] = { false };
	char raw[80];
	pid_t pid;
	int fd;

	(void)state;
	assert_int_equal(shell("qemu-img create -q -f qcow2 %s 64M", path), 0);
	fake_begin();
	pid = start_backend(true);
	while (fake->front[0].state != BUS_CONNECTED)
		usleep(1000);
	while (kills < KILLS) {
		unsigned int place = random() % 32;

		if (!busy[place]) {
			memset(fake_page(DATA + place), ++last[place], 4096);
			put_write(place);
			busy[place] = true;
			sent++;
		}
		got += answered(busy);
		if (random() % 100)
			continue;
		usleep(random() % 20000);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		/* If it died too early, nobody was connected, or is served. */
		stop_server();
		image_is_clean();
		pid = start_backend(false);
		kills++;
	}
	for (i = 0; i < 2000 && got < sent; i++) {
		usleep(5000);
		got += answered(busy);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* If all was answered before, this one may have said nothing yet, and
	 * a server ends by itself only after a client that did. */
	stop_server();
	assert_int_equal(got, sent);
	image_is_clean();
	snprintf(raw, sizeof(raw), "%s/raw", folder);
	assert_int_equal(shell("qemu-img convert -O raw %s %s", path, raw), 0);
	fd = open(raw, O_RDONLY);
	for (i = 0; i < 32; i++) {
		if (!last[i])
			continue;
		assert_int_equal(pread(fd, b, 4096, i * 1024 * 512), 4096);
		assert_int_equal(b[0], last[i]);
		assert_memory_equal(b, b + 1, 4095);
	}
	close(fd);
	print_message("%u kills, %u requests\n", kills, sent);
	fake_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good_guest, begin, end),
		cmocka_unit_test_setup_teardown(test_readonly, begin, end),
		cmocka_unit_test_setup_teardown(test_no_server, begin, end),
		cmocka_unit_test_setup_teardown(test_server_dies, begin, end),
		cmocka_unit_test(test_killed),
	};
	int rc;

	if (!mkdtemp(folder))
		return 1;
	snprintf(path, sizeof(path), "%s/disk.qcow2", folder);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	shell("rm -r %s", folder);
	return rc;
}
