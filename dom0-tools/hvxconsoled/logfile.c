/* SPDX-License-Identifier: MIT */
#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LONGEST	200

int logfile_reopen(struct logfile *l)
{
	struct stat st;

	if (!l->path) {
		errno = ENOENT;
		return -1;
	}
	if (l->fd >= 0)
		close(l->fd);
	l->fd = open(l->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
		     O_NOFOLLOW | O_NONBLOCK, 0640);
	if (l->fd < 0)
		return -1;
	l->size = fstat(l->fd, &st) ? 0 : st.st_size;
	return 0;
}

int logfile_open(struct logfile *l, const char *folder, const char *name,
		 uint64_t limit)
{
	char safe[NAME_LONGEST + 1];
	size_t i;

	for (i = 0; i < NAME_LONGEST && name[i]; i++)
		safe[i] = name[i] == '/' || name[i] < ' ' ? '_' : name[i];
	safe[i] = 0;
	*l = (struct logfile){ .fd = -1, .limit = limit };
	if (asprintf(&l->path, "%s/guest-%s.log", folder, safe) < 0) {
		l->path = NULL;
		errno = ENOMEM;
		return -1;
	}
	return logfile_reopen(l);
}

static int rotate(struct logfile *l)
{
	char *old;
	int rc;

	if (asprintf(&old, "%s.1", l->path) < 0) {
		errno = ENOMEM;
		return -1;
	}
	rc = rename(l->path, old);
	free(old);
	/* Who moved it away has rotated it for us. */
	if (rc && errno != ENOENT)
		return -1;
	return logfile_reopen(l);
}

int logfile_write(struct logfile *l, const char *data, size_t len)
{
	if (l->fd < 0)
		return 0;
	if (l->size && l->size + len > l->limit && rotate(l))
		return -1;
	while (len) {
		ssize_t n = write(l->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		l->size += n;
		data += n;
		len -= n;
	}
	return 0;
}

void logfile_close(struct logfile *l)
{
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	*l = (struct logfile){ .fd = -1 };
}
