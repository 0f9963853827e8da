/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <string.h>
#include "backends/common/statefile.h"

struct state *state_open(int fd)
{
	return statefile_map(fd, sizeof(struct state), STATE_MAGIC);
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
