/* SPDX-License-Identifier: MIT */
/*
 * What a program of dom0's may still touch once it has said that it needs no
 * more: a backend speaks for one guest's devices, and may be in its hands. Such a
 * connection reads below some paths, writes below some of them, and does nothing
 * else; the fence can't be moved.
 */
#ifndef HVXSTORED_FENCE_H
#define HVXSTORED_FENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "r:/PATH" or "w:/PATH" (which may be read, too), each with its NUL. */
struct fence {
	size_t len;
	char text[];
};

/* NULL: that is no such text. */
struct fence *fence_new(const char *text, size_t len);
/* path: of the request, as it was sent; NULL: it has none. */
bool fence_allows(const struct fence *f, uint32_t type, const char *path);

#endif /* HVXSTORED_FENCE_H */
