/* SPDX-License-Identifier: MIT */
/* Tokens of xl.cfg. */
#ifndef HVXL_CFG_LEX_H
#define HVXL_CFG_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum cfg_token_type {
	TOKEN_END,		/* of the text */
	TOKEN_NEWLINE,		/* or ; */
	TOKEN_KEY,		/* a word that may be a key */
	TOKEN_WORD,		/* another word */
	TOKEN_NUMBER, TOKEN_STRING,
	TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA, TOKEN_SET, TOKEN_ADD,
	TOKEN_BAD,		/* why says what */
};

struct cfg_token {
	enum cfg_token_type type;
	const char *start;	/* as it stands in the text */
	size_t len;
	unsigned int line;
	char *string;		/* of a string, what it says; the caller's */
	const char *why;	/* what is wrong with a bad one, or NULL */
};

struct cfg_lex {
	const char *at, *end;
	unsigned int line;
};

/* The next token; a string's memory comes from malloc, and is the caller's.
 * A string that there is no memory for is bad. */
struct cfg_token cfg_lex_next(struct cfg_lex *lex);
/* Whether KEY = or KEY += stands at p, blanks aside. */
bool cfg_lex_assigns(const char *p, const char *end);

#endif /* HVXL_CFG_LEX_H */
