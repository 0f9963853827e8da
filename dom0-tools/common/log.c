/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *name = "hvx";
static enum log_level limit = LOG_INFO;

void log_init(const char *program, enum log_level max)
{
	name = program;
	limit = max;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n, at;

	if (level > limit)
		return;
	if (getenv("JOURNAL_STREAM"))
		at = snprintf(line, sizeof(line), "<%d>", level);
	else
		at = snprintf(line, sizeof(line), "%s: ", name);
	va_start(ap, fmt);
	n = vsnprintf(line + at, sizeof(line) - at, fmt, ap);
	va_end(ap);
	at = n < (int)sizeof(line) - at - 1 ? at + n : (int)sizeof(line) - 1;
	line[at++] = '\n';
	/* One write, so that lines of several processes don't mix. */
	if (write(STDERR_FILENO, line, at) < 0)
		return;
}
