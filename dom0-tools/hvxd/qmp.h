/* SPDX-License-Identifier: MIT */
/*
 * xentop and netdata ask QEMU for what the disks of a guest have done that dom0's
 * kernel doesn't serve: by QMP, on a socket with the guest's id. This answers in
 * QEMU's place, as far as they ask. They look there for guests that have disks of
 * the type qdisk in the store, so each disk has a few nodes under that type, too.
 */
#ifndef HVXD_QMP_H
#define HVXD_QMP_H

#include "hvxd.h"

struct qmp;

/* Listens for d. NULL and errno; d lives without it as well. */
struct qmp *qmp_new(struct dom *d);
void qmp_free(struct qmp *q);

#endif /* HVXD_QMP_H */
