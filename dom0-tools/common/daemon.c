/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "log.h"

void daemon_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
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
