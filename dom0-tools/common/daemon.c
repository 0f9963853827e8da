/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "log.h"

static void __attribute__((noreturn)) refuse(const char *program)
{
	fprintf(stderr, "Try '%s --help'.\n", program);
	exit(2);
}

static void take(const struct daemon_option *o)
{
	if (o->text)
		*o->text = optarg;
	else
		*o->flag = true;
}

/* getopt's two forms of the table, which calls row i 256 + i. */
static void to_getopt(const struct daemon_option *table, struct option *longs,
		      char *letters)
{
	unsigned int i;

	for (i = 0; table[i].name; i++) {
		longs[i].name = table[i].name;
		longs[i].has_arg = table[i].text ? required_argument
						 : no_argument;
		longs[i].val = 256 + i;
		if (!table[i].letter)
			continue;
		*letters++ = table[i].letter;
		if (table[i].text)
			*letters++ = ':';
	}
	longs[i].name = "help";
	longs[i].val = 'h';
	*letters++ = 'h';
	*letters = 0;
}

void daemon_options(int argc, char **argv, const char *usage,
		    const struct daemon_option *table)
{
	struct option longs[DAEMON_OPTIONS_MAX + 2] = { 0 };
	char letters[2 * DAEMON_OPTIONS_MAX + 2];
	const char *program = program_invocation_short_name;
	unsigned int i;
	int c;

	to_getopt(table, longs, letters);
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			exit(0);
		}
		if (c == '?')
			refuse(program);
		for (i = 0; c < 256 && table[i].letter != c; i++)
			;
		take(&table[c < 256 ? i : (unsigned int)c - 256]);
	}
	if (optind == argc)
		return;
	fprintf(stderr, "%s: %s: no arguments are expected\n", program,
		argv[optind]);
	refuse(program);
}

void daemon_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

int daemon_lock(const char *path, const char *program)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) {
		log_err("%s: %s", path, strerror(errno));
		return -1;
	}
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return 0;
	log_err("another %s runs here: it has %s", program, path);
	close(fd);
	return -1;
}

int daemon_write_pid(const char *path)
{
	FILE *f;

	if (!path)
		return 0;
	f = fopen(path, "we");
	if (f && fprintf(f, "%d\n", getpid()) >= 0 && !fclose(f))
		return 0;
	log_err("%s: %s", path, strerror(errno));
	return -1;
}

static int make(const char *path, mode_t mode)
{
	return mkdir(path, mode) && errno != EEXIST ? -1 : 0;
}

int daemon_make_folder(const char *path, mode_t mode)
{
	char *copy = strdup(path), *p;
	int rc = 0;

	if (!copy)
		return -1;
	for (p = copy + 1; !rc && *copy && (p = strchr(p, '/')); p++) {
		*p = 0;
		rc = make(copy, 0755);
		*p = '/';
	}
	free(copy);
	return rc ? rc : make(path, mode);
}
