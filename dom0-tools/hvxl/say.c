/* SPDX-License-Identifier: MIT */
/* What hvxl tells on stderr: a line for each message. */
#include "hvxl.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct hvxl_globals hvxl = { .prog = "hvxl" };

static void stamp(void)
{
	time_t now = time(NULL);
	char text[32];
	struct tm tm;

	if (!hvxl.stamps)
		return;
	strftime(text, sizeof(text), "%F %T %Z", localtime_r(&now, &tm));
	fprintf(stderr, "%s: %d: ", text, (int)getpid());
}

static bool coloured(void)
{
	static int known = -1;
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (known < 0)
		known = isatty(2) && !(no && *no) && term &&
			strcmp(term, "dumb");
	return known;
}

static void say(const char *colour, const char *mark, const char *fmt,
		va_list args)
{
	fflush(stdout);
	stamp();
	if (colour && coloured())
		fprintf(stderr, "%s%s:\033[m %s", colour, hvxl.prog, mark);
	else if (mark)
		fprintf(stderr, "%s: %s", hvxl.prog, mark);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

#define RED	"\033[1;31m"
#define YELLOW	"\033[1;33m"

int fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(RED, "", fmt, args);
	va_end(args);
	return 1;
}

void warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(YELLOW, "warning: ", fmt, args);
	va_end(args);
}

void detail(const char *fmt, ...)
{
	va_list args;

	if (!hvxl.verbose)
		return;
	va_start(args, fmt);
	say(NULL, "", fmt, args);
	va_end(args);
}

void tell(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(NULL, NULL, fmt, args);
	va_end(args);
}

void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(RED, "", fmt, args);
	va_end(args);
	host_close();
	exit(1);
}

bool only_dry_run(const char *fmt, ...)
{
	va_list args;

	if (!hvxl.dry_run)
		return false;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	return true;
}

void *xalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		die("no memory");
	return p;
}

void *xrealloc(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size);
	if (!p)
		die("no memory");
	return p;
}

char *xstrdup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		die("no memory");
	return copy;
}

char *xformat(const char *fmt, ...)
{
	va_list args;
	char *s;
	int n;

	va_start(args, fmt);
	n = vasprintf(&s, fmt, args);
	va_end(args);
	if (n < 0)
		die("no memory");
	return s;
}
