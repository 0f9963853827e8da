/* SPDX-License-Identifier: MIT */
#include "statefile.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *map(int fd, size_t bytes)
{
	struct stat st;
	void *at;

	if (fstat(fd, &st))
		return NULL;
	if (st.st_size == 0 && ftruncate(fd, bytes))
		return NULL;
	if (st.st_size != 0 && (size_t)st.st_size != bytes) {
		errno = EUCLEAN;
		return NULL;
	}
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

void *statefile_map(int fd, size_t bytes, uint64_t magic)
{
	uint64_t *first = map(fd, bytes);

	if (!first)
		return NULL;
	/* New, or the one that made it was killed before this store. */
	if (!*first)
		*first = magic;
	if (*first == magic)
		return first;
	munmap(first, bytes);
	errno = EUCLEAN;
	return NULL;
}
