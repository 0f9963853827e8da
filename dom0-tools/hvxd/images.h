/* SPDX-License-Identifier: MIT */
/*
 * Disks in formats that Debian's qemu-nbd knows and blkback doesn't. One process
 * of it serves one image, to one connection, which hvxd makes and hands to
 * blkback. It ends when that is closed, also because blkback was killed, or on
 * SIGTERM, after all that was asked for is done and the image is as it should be.
 * So a later blkback gets a new one, and never before the old one has ended.
 *
 * When qemu-nbd itself dies, what it had acknowledged may be lost: the guest gets
 * errors from then on, until the disk is detached.
 */
#ifndef HVXD_IMAGES_H
#define HVXD_IMAGES_H

#include "backend.h"

#define IMAGE_SERVER	"/usr/bin/qemu-nbd"
/* The blkback that speaks to it. */
#define IMAGE_BACKEND	"blkback-nbd"

static inline bool image_is_raw(const struct guest_disk *disk)
{
	return disk->format == DISK_RAW || disk->format == DISK_FORMAT_DEFAULT;
}

/* image_check.c: can it be served? 0, or -1 and f. */
int image_check(struct hvxd *hd, const struct guest_disk *disk,
		struct fault *f);
/* Adds the connection for disk i to a. As backend_kind's open: 1 means not yet. */
int image_open(struct dom *d, unsigned int i, struct backend_attach *a,
	       struct fault *f);
/* As backend_kind's forget. */
void image_forget(struct dom *d, unsigned int i);

/* image_child.c: in a child of hvxd: becomes qemu-nbd, which serves disk by the
 * listening socket, holds the lock, says what it has to say to words, and sees
 * nothing else of dom0's files but programs and libraries. */
void image_exec(const struct guest_disk *disk, const char *run_folder,
		uint32_t user, int listener, int lock, int words)
	__attribute__((noreturn));

#endif /* HVXD_IMAGES_H */
