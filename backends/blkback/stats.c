/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "blkif.h"

/* A disk's head, without the logs of its queues. */
static int read_head(int fd, unsigned int i, struct state_disk *d)
{
	const size_t bytes = offsetof(struct state_disk, queue);
	off_t at = offsetof(struct state, disk) + i * sizeof(*d);
	ssize_t n = pread(fd, d, bytes, at);

	if (n == (ssize_t)bytes)
		return 0;
	if (n >= 0)
		errno = EUCLEAN;
	return -1;
}

static int find(int fd, uint32_t device, struct state_counts *c)
{
	static struct state_disk d;
	unsigned int i;
	uint64_t magic;

	if (pread(fd, &magic, sizeof(magic), 0) != sizeof(magic) ||
	    magic != STATE_MAGIC) {
		errno = EUCLEAN;
		return -1;
	}
	for (i = 0; i < STATE_DISKS; i++) {
		if (read_head(fd, i, &d))
			return -1;
		if (!d.used || d.device != device)
			continue;
		*c = d.count;
		return 0;
	}
	errno = ENODEV;
	return -1;
}

int stats_read(const char *path, uint32_t device, struct state_counts *c)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc, error;

	if (fd < 0)
		return -1;
	rc = find(fd, device, c);
	error = errno;
	close(fd);
	errno = error;
	return rc;
}

const char *stats_error(const struct state_counts *c, char *text, size_t size)
{
	if (!c->error)
		return NULL;
	snprintf(text, size, "%s: %s", c->error_kind < BLK_KINDS ?
		 blk_kind_names[c->error_kind] : "request",
		 strerror(c->error));
	return text;
}
