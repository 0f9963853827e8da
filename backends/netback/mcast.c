/* SPDX-License-Identifier: MIT */
#include "mcast.h"

#include <string.h>

static int find(const struct mcast *m, const uint8_t addr[6])
{
	unsigned int i;

	for (i = 0; i < m->count; i++)
		if (!memcmp(m->addr[i], addr, 6))
			return i;
	return -1;
}

bool mcast_add(struct mcast *m, const uint8_t addr[6])
{
	if (find(m, addr) >= 0)
		return true;
	if (m->count == MCAST_MAX)
		return false;
	memcpy(m->addr[m->count++], addr, 6);
	return true;
}

bool mcast_del(struct mcast *m, const uint8_t addr[6])
{
	int at = find(m, addr);

	if (at < 0)
		return false;
	memmove(m->addr[at], m->addr[--m->count], 6);
	return true;
}

bool mcast_wants(const struct mcast *m, const uint8_t addr[6])
{
	static const uint8_t broadcast[6] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	return !m->chosen || !(addr[0] & 1) || !memcmp(addr, broadcast, 6) ||
		find(m, addr) >= 0;
}
