/* SPDX-License-Identifier: MIT */
/*
 * Orders to a guest by control/shutdown: "poweroff", "reboot". A guest that
 * listens has said so by control/feature-* and takes the word away. One that
 * hasn't said so (it may still be booting, or be of an old make) has some seconds
 * to take it up.
 */
#ifndef HVXD_ORDER_H
#define HVXD_ORDER_H

#include "hvxd.h"

/* wait: r is answered with the reason when it has ended; else when it has heard
 * the order. Takes r. */
void order_give(struct dom *d, struct request *r, const char *what, bool wait);
/* It has shut down, or is gone: who waited for it to hear is answered. */
void order_drop(struct dom *d);

#endif /* HVXD_ORDER_H */
