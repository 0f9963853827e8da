/* SPDX-License-Identifier: MIT */
/*
 * The bytes are in place before the count says so: whenever we are killed, the
 * file is right up to its count. The ring's index follows from the count, so
 * that the two can't disagree.
 */
#include "history.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC		0x43585648	/* HVXC */

struct history_file {
	uint32_t magic, domid;
	uint8_t uuid[16];
	uint64_t total, logged;
	uint32_t cons_base;		/* cons = base + total */
	char pad[4096 - 44];
	char data[HISTORY_SIZE];
};

_Static_assert(sizeof(struct history_file) == 4096 + HISTORY_SIZE, "a page");

static struct history_file *map(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct history_file *f;

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, sizeof(*f))) {
		close(fd);
		return NULL;
	}
	f = mmap(NULL, sizeof(*f), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return f == MAP_FAILED ? NULL : f;
}

int history_open(struct history *h, const char *folder, uint32_t domid,
		 const uint8_t uuid[16], bool *kept)
{
	struct history_file *f;

	if (asprintf(&h->path, "%s/%u", folder, domid) < 0) {
		h->path = NULL;
		errno = ENOMEM;
		return -1;
	}
	f = h->file = map(h->path);
	if (!f) {
		free(h->path);
		h->path = NULL;
		return -1;
	}
	*kept = f->magic == MAGIC && f->domid == domid &&
		!memcmp(f->uuid, uuid, 16) && f->logged <= f->total;
	if (!*kept) {
		memset(f, 0, offsetof(struct history_file, data));
		f->domid = domid;
		memcpy(f->uuid, uuid, 16);
		f->magic = MAGIC;
	}
	return 0;
}

void history_close(struct history *h, bool gone)
{
	if (!h->file)
		return;
	munmap(h->file, sizeof(*h->file));
	h->file = NULL;
	if (gone)
		unlink(h->path);
	free(h->path);
	h->path = NULL;
}

void history_sweep(const char *folder,
		   bool (*there)(void *arg, uint32_t domid), void *arg)
{
	DIR *dir = opendir(folder);
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir))) {
		char *end;
		unsigned long domid = strtoul(e->d_name, &end, 10);

		if (isdigit((unsigned char)e->d_name[0]) && !*end &&
		    !there(arg, domid))
			unlinkat(dirfd(dir), e->d_name, 0);
	}
	closedir(dir);
}

void history_add(struct history *h, const char *data, size_t len)
{
	struct history_file *f = h->file;
	size_t at = f->total % HISTORY_SIZE;
	size_t first = len < HISTORY_SIZE - at ? len : HISTORY_SIZE - at;

	memcpy(f->data + at, data, first);
	memcpy(f->data, data + first, len - first);
	/* Orders the bytes before the count, for who comes after us. */
	__atomic_store_n(&f->total, f->total + len, __ATOMIC_RELEASE);
}

uint64_t history_total(const struct history *h)
{
	return h->file->total;
}

size_t history_at(const struct history *h, uint64_t *pos, const char **data)
{
	const struct history_file *f = h->file;
	size_t at, len;

	if (*pos > f->total)
		*pos = f->total;
	if (f->total - *pos > HISTORY_SIZE)
		*pos = f->total - HISTORY_SIZE;
	at = *pos % HISTORY_SIZE;
	len = f->total - *pos;
	*data = f->data + at;
	return len < HISTORY_SIZE - at ? len : HISTORY_SIZE - at;
}

uint64_t history_logged(const struct history *h)
{
	return h->file->logged;
}

void history_set_logged(struct history *h, uint64_t pos)
{
	h->file->logged = pos;
}

uint32_t history_cons(const struct history *h)
{
	return h->file->cons_base + (uint32_t)h->file->total;
}

void history_set_cons(struct history *h, uint32_t cons)
{
	h->file->cons_base = cons - (uint32_t)h->file->total;
}
