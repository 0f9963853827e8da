/* SPDX-License-Identifier: MIT */
/* Failures as values: where, to which object, why, and what to try. */
#ifndef COMMON_FAULT_H
#define COMMON_FAULT_H

struct fault {
	int err;			/* errno's value */
	char stage[24];			/* a step's name, or "request" */
	char object[160];		/* what it is about; may be empty */
	char text[400];			/* a sentence */
	char hint[240];			/* what to do next; may be empty */
};

/* Both return -1. stage and object may be NULL. */
int fault_set(struct fault *f, int err, const char *stage, const char *object,
	      const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* "what: " and errno's text. */
int fault_errno(struct fault *f, const char *stage, const char *object,
		const char *what);
void fault_hint(struct fault *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* COMMON_FAULT_H */
