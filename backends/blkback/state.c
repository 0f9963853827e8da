/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>
#include "backends/common/statefile.h"

/* An open file of our own of the same file. Its lock ends with the last
 * reference to it, and the kernel drops that of an io_uring when all that was
 * submitted there has ended. */
static int lock_again(int fd)
{
	char path[40];
	int held;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	held = open(path, O_RDWR | O_CLOEXEC);
	if (held < 0)
		return -1;
	while (flock(held, LOCK_EX))
		if (errno != EINTR) {
			close(held);
			return -1;
		}
	return held;
}

struct state *state_open(int fd, int *held)
{
	struct state *s;

	*held = lock_again(fd);
	if (*held < 0)
		return NULL;
	s = statefile_map(fd, sizeof(*s), STATE_MAGIC);
	if (!s)
		close(*held);
	return s;
}

struct state_disk *state_find(struct state *s, uint32_t device)
{
	struct state_disk *empty = NULL;
	uint32_t i;

	for (i = 0; i < STATE_DISKS; i++) {
		struct state_disk *d = &s->disk[i];

		if (d->used && d->device == device)
			return d;
		if (!d->used && !empty)
			empty = d;
	}
	if (empty) {
		empty->device = device;
		empty->connected = 0;
		empty->count = (struct state_counts){ .reads = 0 };
		__atomic_store_n(&empty->used, 1, __ATOMIC_RELEASE);
	}
	return empty;
}

void state_forget(struct state_disk *d)
{
	__atomic_store_n(&d->connected, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&d->used, 0, __ATOMIC_RELEASE);
}
