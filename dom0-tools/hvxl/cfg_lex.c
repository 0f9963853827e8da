/* SPDX-License-Identifier: MIT */
/*
 * Takes text apart: words, numbers, strings and marks.  A byte that can't
 * begin anything, and a string that isn't one, become bad tokens; reading
 * goes on after them.
 */
#include "cfg_lex.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') ||
		c == '_' || c == '.' || c == '-';
}

static bool is_key(const char *p, size_t len)
{
	if (!is_lower(*p))
		return false;
	for (; len--; p++)
		if (!is_lower(*p) && !is_digit(*p) && *p != '_' && *p != '.')
			return false;
	return true;
}

/* Digits, and what hexadecimal ones need. */
static bool is_number(const char *p, size_t len)
{
	if (!is_digit(*p))
		return false;
	for (; len--; p++)
		if (!is_digit(*p) && !(*p >= 'a' && *p <= 'f') &&
		    !(*p >= 'A' && *p <= 'F') && *p != 'x' && *p != 'X')
			return false;
	return true;
}

static void skip_blanks(struct cfg_lex *lex)
{
	while (lex->at < lex->end && is_blank(*lex->at))
		lex->at++;
	if (lex->at < lex->end && *lex->at == '#')
		while (lex->at < lex->end && *lex->at != '\n')
			lex->at++;
}

static int digit_of(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Up to most digits of a base: a character's code, 0 if there are none. */
static unsigned int take_code(const char **p, const char *end, int base,
			      int most)
{
	unsigned int code = 0;

	while (*p < end && most-- && digit_of(**p) < base)
		code = code * base + digit_of(*(*p)++);
	return code;
}

/* What follows a backslash; 0: nothing that is known. */
static unsigned int unescape(const char **p, const char *end)
{
	static const char from[] = "abfnrtv\\'\"";
	static const char to[] = "\a\b\f\n\r\t\v\\'\"";
	const char *known;

	if (*p >= end)
		return 0;
	if (**p >= '0' && **p <= '7')
		return take_code(p, end, 8, 3);
	if (**p == 'x') {
		(*p)++;
		return take_code(p, end, 16, 2);
	}
	known = **p ? strchr(from, *(*p)) : NULL;
	if (!known)
		return 0;
	(*p)++;
	return (unsigned char)to[known - from];
}

static void lex_string(struct cfg_lex *lex, struct cfg_token *t)
{
	char quote = *lex->at++, *out;
	const char *p = lex->at, *eol = memchr(p, '\n', lex->end - p);

	if (!eol)
		eol = lex->end;
	t->type = TOKEN_STRING;
	out = t->string = malloc(eol - p + 1);
	if (!out)
		t->why = "no memory";
	while (p < eol && *p != quote && !t->why) {
		unsigned int c = (unsigned char)*p++;

		if (c == '\\') {
			c = unescape(&p, eol);
			if (!c || c > 0xff)
				t->why = "expected one of \\\\ \\\" \\' \\n "
					"\\t \\xHH \\OOO after the backslash";
		} else if (!c) {
			t->why = "expected text, found a zero byte";
		}
		*out++ = c;
	}
	if (!t->why && p >= eol)
		t->why = quote == '"' ?
			"expected a closing \" before the line's end" :
			"expected a closing ' before the line's end";
	if (t->why) {
		t->type = TOKEN_BAD;
		free(t->string);
		t->string = NULL;
		p = eol;
	} else {
		*out = '\0';
		p++;
	}
	lex->at = p;
}

static void lex_word(struct cfg_lex *lex, struct cfg_token *t)
{
	size_t len;

	while (lex->at < lex->end && is_word(*lex->at))
		lex->at++;
	len = lex->at - t->start;
	if (is_key(t->start, len))
		t->type = TOKEN_KEY;
	else if (is_number(t->start, len))
		t->type = TOKEN_NUMBER;
	else
		t->type = TOKEN_WORD;
}

static enum cfg_token_type mark(char c)
{
	switch (c) {
	case '\n':
	case ';': return TOKEN_NEWLINE;
	case '[': return TOKEN_OPEN;
	case ']': return TOKEN_CLOSE;
	case ',': return TOKEN_COMMA;
	case '=': return TOKEN_SET;
	default: return TOKEN_BAD;
	}
}

struct cfg_token cfg_lex_next(struct cfg_lex *lex)
{
	struct cfg_token t = { .type = TOKEN_END };

	skip_blanks(lex);
	t.start = lex->at;
	t.line = lex->line;
	if (lex->at == lex->end)
		return t;
	if (*lex->at == '"' || *lex->at == '\'') {
		lex_string(lex, &t);
	} else if (is_word(*lex->at)) {
		lex_word(lex, &t);
	} else if (lex->end - lex->at >= 2 && !memcmp(lex->at, "+=", 2)) {
		t.type = TOKEN_ADD;
		lex->at += 2;
	} else {
		t.type = mark(*lex->at);
		if (*lex->at++ == '\n' && lex->line)
			lex->line++;
	}
	t.len = lex->at - t.start;
	return t;
}

bool cfg_lex_assigns(const char *p, const char *end)
{
	const char *word;

	while (p < end && is_blank(*p))
		p++;
	word = p;
	while (p < end && is_word(*p))
		p++;
	if (p == word || is_digit(*word))
		return false;
	while (p < end && is_blank(*p))
		p++;
	if (p < end && *p == '+')
		p++;
	/* Not a comparison, which Python has. */
	return p < end && *p == '=' && (p + 1 == end || p[1] != '=');
}
