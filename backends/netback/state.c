/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct state *map(int fd)
{
	struct stat st;
	void *at;

	if (fstat(fd, &st))
		return NULL;
	if (st.st_size == 0 && ftruncate(fd, sizeof(struct state)))
		return NULL;
	if (st.st_size != 0 && st.st_size != sizeof(struct state)) {
		errno = EUCLEAN;
		return NULL;
	}
	at = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE,
		  MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

struct state *state_open(int fd)
{
	struct state *s = map(fd);

	if (!s)
		return NULL;
	if (!s->magic)
		s->magic = STATE_MAGIC;
	if (s->magic == STATE_MAGIC)
		return s;
	munmap(s, sizeof(*s));
	errno = EUCLEAN;
	return NULL;
}

struct state_nic *state_find(struct state *s, uint32_t device)
{
	struct state_nic *unused = NULL;
	uint32_t i;

	for (i = 0; i < STATE_NICS; i++) {
		struct state_nic *n = &s->nic[i];

		if (n->used && n->device == device)
			return n;
		if (!n->used && !unused)
			unused = n;
	}
	if (!unused)
		return NULL;
	memset(unused, 0, sizeof(*unused));
	unused->device = device;
	__atomic_store_n(&unused->used, 1, __ATOMIC_RELEASE);
	return unused;
}

void state_forget(struct state_nic *n)
{
	__atomic_store_n(&n->used, 0, __ATOMIC_RELEASE);
}
