/* SPDX-License-Identifier: MIT */
#include "bus.h"

#include <stddef.h>

enum bus_state bus_parse(const char *text)
{
	if (!text || text[0] < '0' || text[0] > '6' || text[1])
		return BUS_UNKNOWN;
	return text[0] - '0';
}

static enum bus_act waiting(enum bus_state front, bool going)
{
	switch (front) {
	case BUS_INITIALISED:
	case BUS_CONNECTED:
		return going ? BUS_CLOSE : BUS_CONNECT;
	case BUS_CLOSING:
		return BUS_CLOSE;
	case BUS_CLOSED:
	case BUS_UNKNOWN:
		return BUS_LEAVE;
	default:
		/* Nobody has connected: there is nobody to ask. */
		return going ? BUS_LEAVE : BUS_NOTHING;
	}
}

static enum bus_act connected(enum bus_state front, bool going)
{
	switch (front) {
	case BUS_CLOSED:
	case BUS_UNKNOWN:
	case BUS_INITIALISING:	/* a new driver that closed nothing */
		return BUS_LEAVE;
	case BUS_CLOSING:
		return BUS_CLOSE;
	default:
		return going ? BUS_CLOSE : BUS_NOTHING;
	}
}

enum bus_act bus_next(enum bus_state own, enum bus_state front, bool going)
{
	switch (own) {
	case BUS_INITIALISING:
		return going ? BUS_LEAVE : BUS_OFFER;
	case BUS_INIT_WAIT:
	case BUS_INITIALISED:
		return waiting(front, going);
	case BUS_CONNECTED:
		return connected(front, going);
	case BUS_CLOSING:
		return front == BUS_CLOSED || front == BUS_UNKNOWN ||
		       front == BUS_INITIALISING ? BUS_LEAVE : BUS_NOTHING;
	case BUS_CLOSED:
		return front == BUS_INITIALISING && !going ? BUS_OFFER :
			BUS_NOTHING;
	default:
		return BUS_LEAVE;
	}
}
