/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <errno.h>
#include <string.h>
#include "common/log.h"

void device_begin(struct device *d)
{
	if (!nodes_follow(&d->nodes))
		log_err("%s: the store watches no more: %s", d->name,
			strerror(errno));
	d->own = nodes_own_state(&d->nodes);
}

void device_set_own(struct device *d, enum bus_state state)
{
	d->own = state;
	if (!nodes_set_state(&d->nodes, state))
		log_warn("%s: the store doesn't take the state", d->name);
}

void device_offered(struct device *d, bool taken)
{
	if (!taken)
		log_warn("%s: the store doesn't take what is offered", d->name);
	device_set_own(d, BUS_INIT_WAIT);
}

enum bus_act device_next(const struct device *d)
{
	if (d->force)
		return BUS_LEAVE;
	return bus_next(d->own, nodes_front_state(&d->nodes), d->going);
}

bool device_detach(struct device *d, bool force, int64_t id)
{
	if (d->detaches == DEVICE_DETACHES)
		return false;
	d->detach[d->detaches++] = id;
	d->going = true;
	d->force |= force;
	return true;
}

bool device_is_orphan(const struct device *d, const struct parent *p)
{
	return d->own == BUS_CLOSED && !p &&
		nodes_front_state(&d->nodes) == BUS_UNKNOWN;
}
