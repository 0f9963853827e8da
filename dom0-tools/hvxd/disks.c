/* SPDX-License-Identifier: MIT */
/*
 * A guest's disks: their nodes, as libxl writes them but under the type hvbd,
 * so that dom0's xen-blkback lets them alone; and what blkback is handed for
 * them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <json-c/json.h>
#include <common/json_put.h>
#include "images.h"
#include "store.h"

static unsigned int count(const struct guest_config *c)
{
	return c->disk_count;
}

static int unserved(const struct guest_disk *disk, struct fault *f,
		    const char *what, const char *hint)
{
	fault_set(f, ENOTSUP, "devices", disk->target ? disk->target
						      : disk->vdev,
		  "disk %s: %s", disk->vdev, what);
	fault_hint(f, "%s", hint);
	return -1;
}

static int check_target(const struct guest_disk *disk, struct fault *f)
{
	struct stat st;

	if (stat(disk->target, &st))
		return fault_errno(f, "devices", disk->target, disk->target);
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		return 0;
	return fault_set(f, EINVAL, "devices", disk->target,
			 "%s is neither a file nor a block device",
			 disk->target);
}

static int check(struct hvxd *hd, const struct guest_config *c, unsigned int i,
		 struct fault *f)
{
	const struct guest_disk *disk = &c->disks[i];

	if (!device_from_dom0(disk->backend_domain))
		return unserved(disk, f, "served by another domain than dom0",
				"leave out backend=");
	if (disk->script)
		return unserved(disk, f, "block scripts are not run",
				"name the file or device itself");
	if (!disk->target)
		return unserved(disk, f, "a drive without a medium",
				"name a file or device");
	if (!image_is_raw(disk) && image_check(hd, disk, f))
		return -1;
	return check_target(disk, f);
}

/* ---- nodes ---- */

/* dom0's side, or libxl's record of it. */
static int put_back(const struct device_nodes *n, struct store_txn *t,
		    const char *base, int perm)
{
	const struct guest_disk *disk = &n->d->config.disks[n->i];
	uint32_t id = n->d->domid;

	return device_node(t, id, perm, base, "", "%s", "") ||
	       device_node(t, id, PERM_PARENT, base, "frontend", "%s",
			   n->front) ||
	       device_node(t, id, PERM_PARENT, base, "params", "%s",
			   disk->target) ||
	       device_node(t, id, PERM_PARENT, base, "frontend-id", "%u", id) ||
	       device_node(t, id, PERM_PARENT, base, "online", "1") ||
	       device_node(t, id, PERM_PARENT, base, "removable", "%d",
			   disk->removable) ||
	       device_node(t, id, PERM_PARENT, base, "bootable", "1") ||
	       device_node(t, id, PERM_PARENT, base, "state", "1") ||
	       device_node(t, id, PERM_PARENT, base, "dev", "%s", disk->vdev) ||
	       device_node(t, id, PERM_PARENT, base, "type", "phy") ||
	       device_node(t, id, PERM_PARENT, base, "mode", "%s",
			   disk->readwrite ? "w" : "r") ||
	       device_node(t, id, PERM_PARENT, base, "device-type", "%s",
			   disk->cdrom ? "cdrom" : "disk") ||
	       device_node(t, id, PERM_PARENT, base, "discard-enable", "%d",
			   disk->readwrite && disk->discard != 0)
		       ? -1 : 0;
}

static int put_front(const struct device_nodes *n, struct store_txn *t)
{
	const struct guest_disk *disk = &n->d->config.disks[n->i];
	uint32_t id = n->d->domid;

	return device_node(t, id, PERM_PARENT, n->front, "virtual-device", "%u",
			   disk->number) ||
	       device_node(t, id, PERM_PARENT, n->front, "device-type", "%s",
			   disk->cdrom ? "cdrom" : "disk") ||
	       device_node(t, id, PERM_PARENT, n->front, "trusted", "%d",
			   disk->trusted != 0) ||
	       device_node(t, id, PERM_PARENT, n->front, "protocol",
			   "x86_64-abi")
		       ? -1 : 0;
}

/* Where xentop finds which disk the answers of qmp.c are about. No state: dom0's
 * kernel takes no interest in it. */
static int put_shown(const struct device_nodes *n, struct store_txn *t)
{
	const struct guest_disk *disk = &n->d->config.disks[n->i];
	uint32_t id = n->d->domid;

	return device_node(t, id, PERM_PARENT, n->shown, "params", "%s",
			   disk->target) ||
	       device_node(t, id, PERM_PARENT, n->shown, "sector-size", "512")
		       ? -1 : 0;
}

/* ---- what blkback gets ---- */

static int open_target(const struct guest_disk *disk)
{
	int flags = (disk->readwrite ? O_RDWR : O_RDONLY) | O_CLOEXEC;
	struct stat st;

	/* A device that dom0 has mounted isn't given away for writing. */
	if (disk->readwrite && !disk->shared && !stat(disk->target, &st) &&
	    S_ISBLK(st.st_mode))
		flags |= O_EXCL;
	return open(disk->target, flags);
}

static int open_raw(const struct guest_disk *disk, struct backend_attach *a,
		    struct fault *f)
{
	int fd = open_target(disk);

	if (fd < 0) {
		fault_errno(f, "devices", disk->target, disk->target);
		if (errno == EBUSY)
			fault_hint(f, "it is in use in dom0: unmount it, or share it with w!");
		return -1;
	}
	a->fd[a->fds++] = fd;
	return 0;
}

static int open_disk(struct dom *d, unsigned int i, struct backend_attach *a,
		     struct fault *f)
{
	const struct guest_disk *disk = &d->config.disks[i];
	bool raw = image_is_raw(disk);
	int rc = raw ? open_raw(disk, a, f) : image_open(d, i, a, f);
	struct json_object *o;

	if (rc)
		return rc;
	o = json_object_new_object();
	json_object_object_add(o, "image", json_object_new_boolean(!raw));
	put_number(o, "device", disk->number);
	put_text(o, "vdev", disk->vdev);
	json_object_object_add(o, "readonly",
			       json_object_new_boolean(!disk->readwrite));
	json_object_object_add(o, "discard", json_object_new_boolean(
				       disk->readwrite && disk->discard != 0));
	json_object_object_add(o, "shared",
			       json_object_new_boolean(disk->shared));
	put_number(o, "offset", disk->offset);
	put_number(o, "length", disk->length);
	if (disk->sector_size)
		put_number(o, "sector-size", disk->sector_size);
	a->args = o;
	return 0;
}

/* A library more, which guests with raw disks needn't pay for. */
static const char *binary(const struct guest_config *c)
{
	unsigned int i;

	for (i = 0; i < c->disk_count; i++)
		if (!image_is_raw(&c->disks[i]))
			return IMAGE_BACKEND;
	return disks_kind.program;
}

/* ---- one more, one less ---- */

static unsigned int number(const struct guest_config *c, unsigned int i)
{
	return c->disks[i].number;
}

static int add(struct guest_config *c, struct json_object *o, char *why)
{
	struct guest_disk *more;

	more = realloc(c->disks, (c->disk_count + 1) * sizeof(*more));
	if (!more) {
		strcpy(why, "no memory");
		return -1;
	}
	c->disks = more;
	if (disk_from_json(o, &more[c->disk_count], why)) {
		guest_disk_free(&more[c->disk_count]);
		return -1;
	}
	c->disk_count++;
	return 0;
}

static void drop(struct guest_config *c, unsigned int i)
{
	guest_disk_free(&c->disks[i]);
	c->disk_count--;
	memmove(&c->disks[i], &c->disks[i + 1],
		(c->disk_count - i) * sizeof(*c->disks));
}

const struct backend_kind disks_kind = {
	.program = "blkback", .binary = binary, .devices = "disks", .device = "disk",
	.back = "hvbd", .front = "vbd", .count = count, .number = number,
	.check = check, .put_back = put_back, .put_front = put_front,
	.shown = "qdisk", .put_shown = put_shown,
	.open = open_disk, .forget = image_forget, .add = add, .drop = drop,
};
