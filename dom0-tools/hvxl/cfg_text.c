/* SPDX-License-Identifier: MIT */
#include "cfg_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "cfg.h"

#define WORD_MAX	40	/* bytes of words that may be misspelt */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct piece piece_trim(struct piece p)
{
	while (p.len && is_blank(*p.at)) {
		p.at++;
		p.len--;
	}
	while (p.len && is_blank(p.at[p.len - 1]))
		p.len--;
	return p;
}

bool piece_is(struct piece p, const char *word)
{
	return p.len == strlen(word) && !memcmp(p.at, word, p.len);
}

bool piece_takes(struct piece *p, const char *word)
{
	size_t len = strlen(word);

	if (p->len < len || memcmp(p->at, word, len))
		return false;
	p->at += len;
	p->len -= len;
	return true;
}

struct piece piece_next(struct piece *rest)
{
	const char *comma = memchr(rest->at, ',', rest->len);
	struct piece p = *rest;

	if (!comma) {
		*rest = (struct piece){ NULL, 0 };
		return p;
	}
	p.len = comma - p.at;
	rest->len -= p.len + 1;
	rest->at = comma + 1;
	return p;
}

static bool is_name(char c, bool first)
{
	return (c >= 'a' && c <= 'z') ||
		(!first && ((c >= '0' && c <= '9') || c == '-' || c == '_'));
}

bool piece_split(struct piece p, struct piece *name, struct piece *value)
{
	const char *equals = memchr(p.at, '=', p.len);

	if (!equals)
		return false;
	*name = piece_trim((struct piece){ p.at, equals - p.at });
	*value = piece_trim((struct piece){ equals + 1,
					    p.len - (equals + 1 - p.at) });
	for (size_t i = 0; i < name->len; i++)
		if (!is_name(name->at[i], !i))
			return false;
	return name->len;
}

bool piece_number(struct piece p, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (!p.len)
		return false;
	for (; p.len; p.at++, p.len--) {
		unsigned int digit = *p.at - '0';

		if (digit > 9 || n > (max - digit) / 10 || digit > max)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

char *piece_dup(struct piece p)
{
	return strndup(p.at, p.len);
}

int piece_shown(struct piece p)
{
	return p.len < 60 ? (int)p.len : 60;
}

int spec_bad(char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, CFG_WHY, fmt, ap);
	va_end(ap);
	return -1;
}

void spec_warn(char *why, const char *fmt, ...)
{
	va_list ap;

	if (*why)
		return;
	va_start(ap, fmt);
	vsnprintf(why, CFG_WHY, fmt, ap);
	va_end(ap);
}

/* Three rows of the table of distances between beginnings of a and b. */
unsigned int edit_distance(const char *a, const char *b, unsigned int limit)
{
	unsigned int rows[3][WORD_MAX + 1], *r0 = rows[0], *r1 = rows[1],
		*r2 = rows[2];
	size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return limit;
	for (size_t j = 0; j <= m; j++)
		r1[j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int *t;

		r2[0] = i;
		for (size_t j = 1; j <= m; j++) {
			unsigned int d = r1[j - 1] + (a[i - 1] != b[j - 1]);

			if (r1[j] + 1 < d)
				d = r1[j] + 1;
			if (r2[j - 1] + 1 < d)
				d = r2[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && r0[j - 2] + 1 < d)
				d = r0[j - 2] + 1;
			r2[j] = d;
		}
		t = r0;
		r0 = r1;
		r1 = r2;
		r2 = t;
	}
	return r1[m] < limit ? r1[m] : limit;
}
