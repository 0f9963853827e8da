/* SPDX-License-Identifier: MIT */
/* What the parsers of specs share: pieces of text, and saying what is wrong. */
#ifndef HVXL_CFG_TEXT_H
#define HVXL_CFG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Part of a text that goes on living. */
struct piece {
	const char *at;
	size_t len;
};

/* Without blanks at either end. */
struct piece piece_trim(struct piece p);
bool piece_is(struct piece p, const char *word);
/* Whether it begins with word, which is taken away from it then. */
bool piece_takes(struct piece *p, const char *word);
/* Up to a comma or the end; *rest goes on after the comma, at is NULL after
 * the last one. */
struct piece piece_next(struct piece *rest);
/* The name before a = of NAME=VALUE, and the value, without blanks around;
 * a name is a small letter, then those, digits, - and _.  false: it is
 * none. */
bool piece_split(struct piece p, struct piece *name, struct piece *value);
/* A whole number in digits; false: it isn't one, or greater than max. */
bool piece_number(struct piece p, uint64_t max, uint64_t *out);
/* NULL: no memory. */
char *piece_dup(struct piece p);

/* Both write into why (CFG_WHY bytes); the first returns -1, the second adds
 * nothing when a warning is there already. */
int spec_bad(char *why, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void spec_warn(char *why, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* For a precision of %.*s, which then is no essay. */
int piece_shown(struct piece p);

/* How many letters must be put in, taken out, changed or swapped with their
 * neighbour to make b of a; at least limit if that is too many. */
unsigned int edit_distance(const char *a, const char *b, unsigned int limit);

#endif /* HVXL_CFG_TEXT_H */
