/* SPDX-License-Identifier: MIT */
/*
 * Memory that is there. What guests can make us use is bounded by quotas, so
 * running out means that the machine is in trouble; a change to the tree can't
 * stop half way, and what was acknowledged is in the state file: so the daemon
 * says what happened and ends, to be started again.
 */
#ifndef HVXSTORED_MEM_H
#define HVXSTORED_MEM_H

#include <stdlib.h>
#include <string.h>
#include <common/log.h>

static inline void *mem_check(void *p)
{
	if (!p) {
		log_err("out of memory; ending, the state file has all of it");
		abort();
	}
	return p;
}

static inline void *mem_get(size_t size)
{
	return mem_check(malloc(size));
}

static inline void *mem_zero(size_t size)
{
	return mem_check(calloc(1, size));
}

static inline void *mem_resize(void *p, size_t size)
{
	return mem_check(realloc(p, size));
}

static inline char *mem_string(const char *s)
{
	return mem_check(strdup(s));
}

#endif /* HVXSTORED_MEM_H */
