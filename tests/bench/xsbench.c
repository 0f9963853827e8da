/* SPDX-License-Identifier: MIT */
/*
 * Store operations a second, as a client of libxenstore sees them: the same
 * binary runs against any store daemon. The tree is filled first as 50 domains
 * of xl's would fill it. Each load runs several times, and the best counts:
 * what else runs on the machine only ever takes time away. The daemon's own
 * processor time for an operation, the mean of all, tells the same on a busy
 * machine. Lines "BENCH xs-NAME OPS-A-SECOND" and "BENCH xs-NAME-cpu-ns NS".
 *
 *   xsbench [MILLISECONDS-A-LOAD [NAME]]
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

#define DOMAINS		50
#define NODES		60		/* of a domain, about what xl makes */
#define WATCHERS	32
#define PROCESSES	8
#define TRIES		5

static struct xs_handle *xs;
static unsigned long *operations;	/* of all processes in a load */
static int64_t load_ms = 400;
static const char *only;

static void die(const char *what)
{
	fprintf(stderr, "xsbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void node_path(char *p, unsigned int domain, unsigned int node)
{
	sprintf(p, "/bench/domain/%u/device/k%u/%u/value", domain, node % 6,
		node);
}

static void put(struct xs_handle *h, xs_transaction_t t, const char *path,
		const char *value)
{
	if (!xs_write(h, t, path, value, strlen(value)))
		die(path);
}

static void fill(void)
{
	char path[128];
	unsigned int d, n;

	xs_rm(xs, XBT_NULL, "/bench");
	for (d = 0; d < DOMAINS; d++)
		for (n = 0; n < NODES; n++) {
			node_path(path, d, n);
			put(xs, XBT_NULL, path, "/local/domain/0/some/value");
		}
}

/* ---- loads: one operation each ---- */

static void op_read(struct xs_handle *h, unsigned int i)
{
	char path[128];
	unsigned int len;
	void *v;

	node_path(path, i % DOMAINS, i % NODES);
	v = xs_read(h, XBT_NULL, path, &len);
	if (!v)
		die("read");
	free(v);
}

static void op_write(struct xs_handle *h, unsigned int i)
{
	char path[128];

	node_path(path, i % DOMAINS, i % NODES);
	put(h, XBT_NULL, path, i % 2 ? "4" : "connected");
}

static void op_directory(struct xs_handle *h, unsigned int i)
{
	unsigned int n;
	char **names;

	(void)i;
	names = xs_directory(h, XBT_NULL, "/bench/domain", &n);
	if (!names || n < DOMAINS)
		die("directory");
	free(names);
}

static void op_create_remove(struct xs_handle *h, unsigned int i)
{
	char path[128];

	sprintf(path, "/bench/new/%u/x", i % 100);
	put(h, XBT_NULL, path, "1");
	*strrchr(path, '/') = 0;
	if (!xs_rm(h, XBT_NULL, path))
		die("rm");
}

/* A backend's change of state: look, and write three nodes. */
static void op_transaction(struct xs_handle *h, unsigned int i)
{
	char path[128];
	unsigned int k, len;
	xs_transaction_t t;

	do {
		t = xs_transaction_start(h);
		if (t == XBT_NULL)
			die("transaction");
		node_path(path, i % DOMAINS, 0);
		free(xs_read(h, t, path, &len));
		for (k = 1; k < 4; k++) {
			node_path(path, i % DOMAINS, k);
			put(h, t, path, "4");
		}
	} while (!xs_transaction_end(h, t, false) && errno == EAGAIN);
}

/* What a toolstack does for a guest, and undoes. */
static void op_guest(struct xs_handle *h, unsigned int i)
{
	struct xs_permissions perms[2] = { { 0, XS_PERM_NONE },
		{ 0, XS_PERM_READ } };
	char path[128];
	xs_transaction_t t;
	unsigned int n;

	do {
		t = xs_transaction_start(h);
		for (n = 0; n < NODES; n++) {
			sprintf(path, "/bench/guest/%u/device/k%u/%u", i % 10,
				n % 6, n);
			put(h, t, path, "/local/domain/0/some/value");
			if (!xs_set_permissions(h, t, path, perms, 2))
				die("permissions");
		}
	} while (!xs_transaction_end(h, t, false) && errno == EAGAIN);
	sprintf(path, "/bench/guest/%u", i % 10);
	xs_rm(h, XBT_NULL, path);
}

static unsigned long run(struct xs_handle *h,
			 void (*op)(struct xs_handle *, unsigned int),
			 unsigned int first, int64_t *ns)
{
	int64_t begin = now_ns(), end = begin + load_ms * 1000000;
	unsigned long n = 0;

	do {
		op(h, first + n++);
		*ns = now_ns() - begin;
	} while (begin + *ns < end);
	__atomic_fetch_add(operations, n, __ATOMIC_RELAXED);
	return n;
}

static double load_one(void (*op)(struct xs_handle *, unsigned int))
{
	int64_t ns;
	unsigned long n = run(xs, op, 0, &ns);

	return n * 1e9 / ns;
}

/* Several clients at once, each with a connection of its own. */
static double load_parallel(void (*op)(struct xs_handle *, unsigned int))
{
	double *rate = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0), sum = 0;
	unsigned long n;
	unsigned int i;
	int64_t ns;

	for (i = 0; i < PROCESSES; i++)
		if (!fork()) {
			struct xs_handle *h = xs_open(0);

			if (!h)
				die("open");
			n = run(h, op, i * 7, &ns);
			rate[i] = n * 1e9 / ns;
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	for (i = 0; i < PROCESSES; i++)
		sum += rate[i];
	munmap(rate, 4096);
	return sum;
}

static struct xs_handle *watchers[WATCHERS];

static void watch(void)
{
	unsigned int i, n;

	for (i = 0; i < WATCHERS; i++) {
		watchers[i] = xs_open(0);
		if (!watchers[i] ||
		    !xs_watch(watchers[i], "/bench/watched", "token"))
			die("watch");
		free(xs_read_watch(watchers[i], &n));
	}
}

/* One writes, all watchers hear of it. */
static void op_fan_out(struct xs_handle *h, unsigned int k)
{
	unsigned int i, n;
	char **e;

	put(h, XBT_NULL, "/bench/watched/x", k % 2 ? "a" : "b");
	for (i = 0; i < WATCHERS; i++) {
		e = xs_read_watch(watchers[i], &n);
		if (!e)
			die("event");
		free(e);
	}
}

/* Who listens on the store's socket, if nobody says it: one that went to the
 * background later on has another number. */
static pid_t daemon_pid(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = getenv("XENSTORED_PATH");
	const char *told = getenv("DAEMON_PID");
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	int fd;

	if (told)
		return atoi(told);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s",
		 path ? path : "/run/xenstored/socket");
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		die("the daemon's process");
	close(fd);
	return cred.pid;
}

/* Nanoseconds on a processor so far. */
static double daemon_cpu(void)
{
	char path[64];
	double ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", daemon_pid());
	f = fopen(path, "r");
	if (!f || fscanf(f, "%lf", &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns;
}

static void best(const char *name,
		 double (*load)(void (*op)(struct xs_handle *, unsigned int)),
		 void (*op)(struct xs_handle *, unsigned int), unsigned int times)
{
	double most = 0, rate, cpu;
	unsigned int i;

	if (only && strcmp(only, name))
		return;
	cpu = daemon_cpu();
	*operations = 0;
	for (i = 0; i < TRIES; i++) {
		rate = load(op) * times;
		if (rate > most)
			most = rate;
	}
	cpu = daemon_cpu() - cpu;
	printf("BENCH xs-%s %.0f\nBENCH xs-%s-cpu-ns %.0f\n", name, most, name,
	       cpu / times / *operations);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		load_ms = atoi(argv[1]);
	if (argc > 2)
		only = argv[2];
	operations = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	xs = xs_open(0);
	if (!xs || operations == MAP_FAILED)
		die("no store");
	fill();
	best("read", load_one, op_read, 1);
	best("write", load_one, op_write, 1);
	best("directory", load_one, op_directory, 1);
	best("create-remove", load_one, op_create_remove, 1);
	best("transaction", load_one, op_transaction, 1);
	best("guest", load_one, op_guest, 1);
	best("read-by-8", load_parallel, op_read, 1);
	best("write-by-8", load_parallel, op_write, 1);
	best("transaction-by-8", load_parallel, op_transaction, 1);
	watch();
	best("watch-event", load_one, op_fan_out, WATCHERS);
	xs_rm(xs, XBT_NULL, "/bench");
	return 0;
}
