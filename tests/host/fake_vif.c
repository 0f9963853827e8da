/* SPDX-License-Identifier: MIT */
/* A card's life for tests of its queues alone. */
#include "fake_net.h"

void vif_complain(struct vif *v, const char *what, const char *why)
{
	(void)v;
	(void)what;
	(void)why;
	fake->complaints++;
}

void vif_set_carrier(struct vif *v)
{
	fake->carrier = !v->queue[0].starved;
}

void vif_break(struct vif *v, const char *text)
{
	fake->broken = text;
	while (v->queues)
		queue_close(&v->queue[--v->queues]);
}

void vif_settle(struct service *s)
{
	(void)s;
}

void vif_lose_tap(struct vif *v)
{
	(void)v;
}
