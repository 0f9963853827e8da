/* SPDX-License-Identifier: MIT */
#include "images.h"

#include <errno.h>
#include <unistd.h>

int image_check(struct hvxd *hd, const struct guest_disk *disk,
		struct fault *f)
{
	const char *object = disk->target;

	if (disk->format != DISK_QCOW2) {
		fault_set(f, ENOTSUP, "devices", object,
			  "disk %s: raw and qcow2 images are served, this format"
			  " is not", disk->vdev);
		fault_hint(f, "convert it: qemu-img convert -O raw");
		return -1;
	}
	if (disk->offset || disk->length || disk->shared) {
		fault_set(f, EINVAL, "devices", object,
			  "disk %s: a qcow2 image is served whole, to one guest",
			  disk->vdev);
		fault_hint(f, "leave out %s", disk->shared ? "the ! of its access"
			   : "offset and length");
		return -1;
	}
	if (access(IMAGE_SERVER, X_OK)) {
		fault_set(f, ENOENT, "devices", object,
			  "disk %s: qcow2 needs %s, which isn't there",
			  disk->vdev, IMAGE_SERVER);
		fault_hint(f, "apt install qemu-utils");
		return -1;
	}
	if (!backend_installed(hd, IMAGE_BACKEND)) {
		fault_set(f, ENOENT, "devices", object,
			  "disk %s: qcow2 needs %s/%s, which isn't there",
			  disk->vdev, hd->backend_folder, IMAGE_BACKEND);
		fault_hint(f, "apt install hvx-images");
		return -1;
	}
	return 0;
}
