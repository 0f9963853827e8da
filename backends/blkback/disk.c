/* SPDX-License-Identifier: MIT */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(char *why, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(char *why, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, DISK_WHY, fmt, ap);
	va_end(ap);
	errno = error;
	return -1;
}

static int size_of(const struct disk *d, uint64_t *bytes, char *why)
{
	struct stat st;

	if (d->image) {
		*bytes = d->image->bytes;
		return 0;
	}
	if (d->block) {
		if (!ioctl(d->fd, BLKGETSIZE64, bytes))
			return 0;
		return refuse(why, errno, "the device doesn't tell its size");
	}
	if (fstat(d->fd, &st))
		return refuse(why, errno, "the file doesn't tell its size");
	*bytes = st.st_size;
	return 0;
}

static int check_kind(struct disk *d, char *why)
{
	int flags = fcntl(d->fd, F_GETFL);
	struct stat st;

	if (flags < 0 || fstat(d->fd, &st))
		return refuse(why, errno, "not a usable descriptor");
	d->block = S_ISBLK(st.st_mode);
	if (!d->block && !S_ISREG(st.st_mode))
		return refuse(why, ENOTBLK,
			      "neither a file nor a block device");
	if (!d->spec.readonly && (flags & O_ACCMODE) != O_RDWR)
		return refuse(why, EACCES, "not opened for writing");
	return 0;
}

static int choose_sectors(struct disk *d, char *why)
{
	int logical = BLK_SECTOR;
	unsigned int physical = 0;
	uint32_t *size = &d->limits.sector_size;

	if (d->block) {
		if (ioctl(d->fd, BLKSSZGET, &logical))
			return refuse(why, errno,
				      "the device has no sector size");
		ioctl(d->fd, BLKPBSZGET, &physical);
	}
	*size = d->spec.sector_size ? d->spec.sector_size : (uint32_t)logical;
	if ((*size != 512 && *size != 4096) || *size < (uint32_t)logical)
		return refuse(why, EINVAL,
			      "a sector size of %" PRIu32 ": 512 or 4096 are"
			      " possible, and the device has %d", *size,
			      logical);
	/* An image's clusters are larger: whole pages are better for it. */
	if (d->image)
		physical = 4096;
	d->physical = physical > *size ? physical : *size;
	return 0;
}

/* The region's size, from the file's. */
static int fit(const struct disk *d, uint64_t *sectors, char *why)
{
	const struct disk_spec *s = &d->spec;
	uint64_t bytes, unit = d->limits.sector_size, length;

	if (size_of(d, &bytes, why))
		return -1;
	if (s->offset % unit || s->length % unit)
		return refuse(why, EINVAL, "offset and length are not"
			      " multiples of the sector size %" PRIu64, unit);
	if (s->offset > bytes || s->length > bytes - s->offset)
		return refuse(why, ERANGE, "the region ends behind the end at"
			      " %" PRIu64 " bytes", bytes);
	length = s->length ? s->length : bytes - s->offset;
	*sectors = length / unit * unit / BLK_SECTOR;
	return *sectors ? 0 : refuse(why, EINVAL, "it is empty");
}

static int lock(const struct disk *d, char *why)
{
	struct flock l = {
		.l_type = d->spec.readonly ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = d->spec.offset,
		.l_len = d->spec.length,
	};

	if (d->spec.shared || !fcntl(d->fd, F_OFD_SETLK, &l))
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return refuse(why, errno, "it can't be locked");
	return refuse(why, EBUSY, "it, or a part of it, is in use by another"
		      " guest; access 'w!' shares it all the same");
}

/* Reading a sector tells whether the file, its file system and its device
 * take unbuffered access in such pieces. */
static bool reads_direct(const struct disk *d)
{
	void *page;
	ssize_t n;

	if (posix_memalign(&page, 4096, 4096))
		return false;
	n = pread(d->fd, page, d->limits.sector_size, d->spec.offset);
	free(page);
	return n == (ssize_t)d->limits.sector_size;
}

static void try_direct(struct disk *d)
{
	int flags = fcntl(d->fd, F_GETFL);

	if (fcntl(d->fd, F_SETFL, flags | O_DIRECT))
		return;
	d->direct = reads_direct(d);
	if (!d->direct)
		fcntl(d->fd, F_SETFL, flags & ~O_DIRECT);
}

static int open_image(struct disk *d, int sock, char *why)
{
	const char *reason;

	d->image = image_open(sock, &reason);
	if (!d->image)
		return refuse(why, errno, "%s", reason);
	if (d->image->readonly && !d->spec.readonly)
		return refuse(why, EACCES, "its server lets nobody write");
	d->limits.discard &= d->image->discard;
	return choose_sectors(d, why) || fit(d, &d->limits.sectors, why) ?
		-1 : 0;
}

static int open_file(struct disk *d, int fd, char *why)
{
	d->fd = fd;
	if (check_kind(d, why) || choose_sectors(d, why) ||
	    fit(d, &d->limits.sectors, why) || lock(d, why))
		return -1;
	try_direct(d);
	return 0;
}

int disk_open(struct disk *d, int fd, const struct disk_spec *spec,
	      char why[DISK_WHY])
{
	int rc;

	*d = (struct disk){ .fd = -1, .spec = *spec };
	d->limits.readonly = spec->readonly;
	d->limits.discard = spec->discard && !spec->readonly;
	if (!(spec->image ? open_image(d, fd, why) : open_file(d, fd, why)))
		return 0;
	rc = errno;
	disk_close(d);
	errno = rc;
	return -1;
}

void disk_close(struct disk *d)
{
	if (d->image)
		d->image->fns->free(d->image);
	d->image = NULL;
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

int disk_resize(struct disk *d, char why[DISK_WHY])
{
	uint64_t sectors;

	if (d->image)
		return refuse(why, ENOTSUP, "an image that is not raw is grown"
			      " while no guest has it: qemu-img resize");
	if (fit(d, &sectors, why))
		return -1;
	d->limits.sectors = sectors;
	return 0;
}

void disk_read(struct disk *d, struct io *io, struct io_op *op, void *to,
	       uint32_t bytes, uint64_t offset)
{
	if (d->image)
		d->image->fns->read(d->image, op, to, bytes, offset);
	else
		io_read(io, op, d->fd, to, bytes, offset);
}

void disk_write(struct disk *d, struct io *io, struct io_op *op,
		const void *from, uint32_t bytes, uint64_t offset)
{
	if (d->image)
		d->image->fns->write(d->image, op, from, bytes, offset);
	else
		io_write(io, op, d->fd, from, bytes, offset);
}

void disk_sync(struct disk *d, struct io *io, struct io_op *op)
{
	if (d->image)
		d->image->fns->sync(d->image, op);
	else
		io_sync(io, op, d->fd);
}

void disk_discard(struct disk *d, struct io *io, struct io_op *op,
		  uint64_t offset, uint64_t bytes)
{
	if (d->image)
		d->image->fns->discard(d->image, op, offset, bytes);
	else
		io_discard(io, op, d->fd, offset, bytes);
}
