/* SPDX-License-Identifier: MIT */
/*
 * hvx-agent: runs in a guest and tells its host how much memory it needs.
 *
 * What it writes is the key memory/meminfo of the guest's own part of the
 * store, in the form that Qubes' memory manager reads too: a decimal number,
 * KiB in use. In use is what the kernel can't do without: all that the domain
 * has, less what is free or holds files that can be read again and aren't what
 * programs run from, plus what was swapped out. Written when it has changed by more than a threshold, and now
 * and then even if not, never twice the same number, so that the host sees that
 * the agent lives: a number that stays is one whose agent was killed. At its end
 * an empty value takes it back.
 *
 * One file and nothing but libc, so that it can be built for any guest. The
 * store is reached by the kernel's own device.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEY	"memory/meminfo"

struct options {
	const char *meminfo, *current, *store;
	unsigned long threshold;	/* KiB */
	unsigned int interval;		/* ms between two looks */
	unsigned int rest;		/* s: written anew at the latest */
	bool once;
};

static volatile sig_atomic_t told_to_end;

/* ---- what is used -------------------------------------------------------- */

/* A small file as a string; false and errno if it can't be read. */
static bool read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t at = 0;
	ssize_t n = 0;

	if (fd < 0)
		return false;
	while (at < size - 1 && (n = read(fd, buf + at, size - 1 - at)) > 0)
		at += (size_t)n;
	buf[at] = 0;
	close(fd);
	return n >= 0;
}

/* The number of a line "NAME:  N kB"; 0 if there is no such line. */
static unsigned long long field(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (!strncmp(text, name, len) && text[len] == ':')
			return strtoull(text + len + 1, NULL, 10);
	}
	return 0;
}

static unsigned long long less(unsigned long long a, unsigned long long b)
{
	return a > b ? a - b : 0;
}

/*
 * KiB; 0 and a message if the kernel doesn't tell. MemTotal lacks what the
 * kernel took at its start, current_kb (if there is a balloon) has it. Pages of
 * tmpfs count as cached, but have no file to be read from; those that are mapped
 * would be read again at once.
 */
static unsigned long long used_kib(const struct options *o)
{
	unsigned long long total, cache;
	char text[16384], current[64];

	if (!read_file(o->meminfo, text, sizeof(text))) {
		fprintf(stderr, "hvx-agent: %s: %s\n", o->meminfo,
			strerror(errno));
		return 0;
	}
	total = field(text, "MemTotal");
	if (!total || !strstr(text, "MemFree:")) {
		fprintf(stderr, "hvx-agent: %s has no MemTotal and MemFree\n",
			o->meminfo);
		return 0;
	}
	if (read_file(o->current, current, sizeof(current)) &&
	    strtoull(current, NULL, 10) > total)
		total = strtoull(current, NULL, 10);
	cache = field(text, "Buffers") +
		less(field(text, "Cached"),
		     field(text, "Shmem") + field(text, "Mapped"));
	total = less(total, field(text, "MemFree") + cache);
	total += less(field(text, "SwapTotal"), field(text, "SwapFree"));
	return total ? total : 1;
}

/* ---- the store ----------------------------------------------------------- */

/* Numbers of the store's protocol. */
enum { STORE_WRITE = 11, STORE_WATCH_EVENT = 15, STORE_ERROR = 16 };

struct head {
	uint32_t type, id, transaction, len;
};

static bool write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool read_all(int fd, void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : EIO;
			return false;
		}
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* The answer to request id: NULL, or what went wrong. */
static const char *answer(int fd, uint32_t id)
{
	static char text[4097];
	struct head h;

	do {
		if (!read_all(fd, &h, sizeof(h)))
			return strerror(errno);
		if (h.len >= sizeof(text))
			return "an answer that is too long";
		if (!read_all(fd, text, h.len))
			return strerror(errno);
		text[h.len] = 0;
	} while (h.type == STORE_WATCH_EVENT || h.id != id);
	return h.type == STORE_ERROR ? text : NULL;
}

/* One message goes out in one piece: the device knows its end by its head. */
static const char *store_write(int fd, const char *value)
{
	static uint32_t id;
	struct {
		struct head h;
		char body[64];
	} m = { .h = { .type = STORE_WRITE } };

	m.h.id = ++id;
	m.h.len = (uint32_t)(sizeof(KEY) + strlen(value));
	memcpy(m.body, KEY, sizeof(KEY));
	memcpy(m.body + sizeof(KEY), value, strlen(value));
	if (!write_all(fd, &m, sizeof(m.h) + m.h.len))
		return strerror(errno);
	return answer(fd, id);
}

static int open_store(const char *path)
{
	static const char *const known[] = {
		"/dev/xen/xenbus", "/proc/xen/xenbus",
	};
	size_t i, n = path ? 1 : sizeof(known) / sizeof(*known);
	int fd = -1;

	for (i = 0; fd < 0 && i < n; i++)
		fd = open(path ? path : known[i], O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		fprintf(stderr, "hvx-agent: %s: %s; is this a guest of Xen or "
			"hvx, and are you root?\n", path ? path : known[0],
			strerror(errno));
	return fd;
}

/* ---- the two together ---------------------------------------------------- */

/* False if the store refused; told once for each reason. */
static bool tell(int fd, const char *value)
{
	static char told[256];
	const char *wrong = store_write(fd, value);

	if (!wrong) {
		told[0] = 0;
		return true;
	}
	if (strncmp(told, wrong, sizeof(told) - 1)) {
		fprintf(stderr, "hvx-agent: the host's store doesn't take %s: "
			"%s%s\n", KEY, wrong, strcmp(wrong, "EACCES") ? "" :
			"; its toolstack must make it writable for the guest");
		snprintf(told, sizeof(told), "%.255s", wrong);
	}
	return false;
}

static int run(const struct options *o, int fd)
{
	const struct timespec interval = {
		.tv_sec = (time_t)(o->interval / 1000),
		.tv_nsec = (long)(o->interval % 1000) * 1000000,
	};
	unsigned long long used, last = 0, diff, rested = 0;
	char value[24];
	bool good = true;

	while (!told_to_end) {
		used = used_kib(o);
		if (!used)
			return 1;
		diff = used > last ? used - last : last - used;
		if (!last || diff >= o->threshold || rested >= o->rest * 1000ull) {
			used += !diff;
			snprintf(value, sizeof(value), "%llu", used);
			good = tell(fd, value);
			last = used;
			rested = 0;
		}
		if (o->once)
			return !good;
		nanosleep(&interval, NULL);
		rested += o->interval;
	}
	tell(fd, "");
	return 0;
}

static void end(int sig)
{
	(void)sig;
	told_to_end = 1;
}

static const char usage[] =
"usage: hvx-agent [OPTION]...\n"
"Tells the host how much memory this guest uses (the store's " KEY ", KiB).\n"
"  -i, --interval SECONDS   between two looks (0.25)\n"
"  -t, --threshold KIB      tell only of changes as large as this (4096)\n"
"  -r, --rest SECONDS       tell at the latest after so long (30)\n"
"  -o, --once               tell once, and end\n"
"      --meminfo FILE       instead of /proc/meminfo\n"
"      --current FILE       instead of the balloon's current_kb\n"
"      --store DEVICE       instead of /dev/xen/xenbus or /proc/xen/xenbus\n"
"  -h, --help\n"
"Example: hvx-agent --once; xenstore-read " KEY "\n";

/* A number above 0 in so many parts, or -1 and a message. */
static long positive(const char *text, const char *what, int parts)
{
	char *rest;
	double n = strtod(text, &rest) * parts;

	if (rest == text || *rest || !(n >= 1) || n > INT32_MAX) {
		fprintf(stderr, "hvx-agent: %s %s: must be a number above 0\n",
			what, text);
		return -1;
	}
	return (long)n;
}

/* -1: go on; else the exit status. */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "threshold", required_argument, NULL, 't' },
		{ "rest", required_argument, NULL, 'r' },
		{ "once", no_argument, NULL, 'o' },
		{ "meminfo", required_argument, NULL, 'M' },
		{ "current", required_argument, NULL, 'C' },
		{ "store", required_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	long n = 1;
	int c;

	while (n > 0 && (c = getopt_long(argc, argv, "i:t:r:oh", longs,
					 NULL)) != -1) {
		switch (c) {
		case 'i':
			n = positive(optarg, "--interval", 1000);
			o->interval = (unsigned int)n;
			break;
		case 't':
			n = positive(optarg, "--threshold", 1);
			o->threshold = (unsigned long)n;
			break;
		case 'r':
			n = positive(optarg, "--rest", 1);
			o->rest = (unsigned int)n;
			break;
		case 'o':
			o->once = true;
			break;
		case 'M':
			o->meminfo = optarg;
			break;
		case 'C':
			o->current = optarg;
			break;
		case 'S':
			o->store = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			n = -1;
		}
	}
	if (n > 0 && optind == argc)
		return -1;
	fputs("hvx-agent: see hvx-agent --help\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct options o = {
		.meminfo = "/proc/meminfo",
		.current = "/sys/devices/system/xen_memory/xen_memory0/info/"
			   "current_kb",
		.threshold = 4096,
		.interval = 250,
		.rest = 30,
	};
	struct sigaction sa = { .sa_handler = end };
	int fd, status = parse(&o, argc, argv);

	if (status >= 0)
		return status;
	fd = open_store(o.store);
	if (fd < 0)
		return 1;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	return run(&o, fd);
}
