/* SPDX-License-Identifier: MIT */
/*
 * Giving up rights, for good: limits, another user without capabilities, and a
 * list of the system calls that are left: what every backend needs (its loop,
 * its sockets, grants and event channels), and what the caller adds. Called
 * when everything is open; threads that libraries made are confined too.
 */
#ifndef BACKENDS_CONFINE_H
#define BACKENDS_CONFINE_H

#include <stddef.h>
#include <sys/types.h>

struct confine {
	uid_t uid;
	gid_t gid;
	size_t address_space;		/* bytes; 0: no limit */
	unsigned int files;		/* descriptors */
	const int *calls;		/* more SCMP_SYS numbers; -1 ends them */
	const unsigned long *ioctls;	/* more requests; 0 ends them */
	const unsigned long *registers;	/* operations of io_uring_register; NULL:
					 * none; 0 ends them */
};

/* 0, or -1 and errno: then the process must not go on. */
int confine(const struct confine *c);

#endif /* BACKENDS_CONFINE_H */
