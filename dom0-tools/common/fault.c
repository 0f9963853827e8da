/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fault_set(struct fault *f, int err, const char *stage, const char *object,
	      const char *fmt, ...)
{
	va_list ap;

	f->err = err;
	snprintf(f->stage, sizeof(f->stage), "%s", stage ? stage : "request");
	snprintf(f->object, sizeof(f->object), "%s", object ? object : "");
	f->hint[0] = 0;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return -1;
}

int fault_errno(struct fault *f, const char *stage, const char *object,
		const char *what)
{
	int err = errno;

	return fault_set(f, err, stage, object, "%s: %s", what, strerror(err));
}

void fault_hint(struct fault *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->hint, sizeof(f->hint), fmt, ap);
	va_end(ap);
}
