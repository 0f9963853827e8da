/* SPDX-License-Identifier: MIT */
/*
 * Who may hold a dying domain's pages. Linux doesn't say whose pages a mapping
 * of gntdev or privcmd shows, so all that have one are named.
 */
#include "end.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

static bool maps_foreign(const char *pid)
{
	char path[300], line[512];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, "/dev/xen/gntdev") ||
			strstr(line, "xen/privcmd") ||
			strstr(line, "[xen:");
	if (f)
		fclose(f);
	return found;
}

static void name_of(const char *pid, char *name, size_t size)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (!f || !fgets(name, size, f))
		snprintf(name, size, "?");
	name[strcspn(name, "\n")] = 0;
	if (f)
		fclose(f);
}

unsigned int holders_list(char *buf, size_t size)
{
	DIR *dir = opendir("/proc");
	unsigned int n = 0;
	struct dirent *e;
	size_t at = 0;
	char name[32];

	*buf = 0;
	while (dir && (e = readdir(dir))) {
		if (!isdigit((unsigned char)*e->d_name) ||
		    !maps_foreign(e->d_name))
			continue;
		name_of(e->d_name, name, sizeof(name));
		n++;
		if (at < size)
			at += snprintf(buf + at, size - at, "%s%s (pid %s)",
				       n > 1 ? ", " : "", name, e->d_name);
	}
	if (dir)
		closedir(dir);
	return n;
}
