/* SPDX-License-Identifier: MIT */
/*
 * Tokens to assignments:
 *
 *	text      = { [ statement ] ( newline | ";" ) }
 *	statement = KEY ( "=" | "+=" ) value
 *	value     = NUMBER | STRING | "[" [ value { "," value } [ "," ] ] "]"
 *
 * with newlines allowed anywhere inside [ ].  After an error reading goes on
 * at the next line that assigns something, so a forgotten ] costs one
 * statement only.
 */
#include "cfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cfg_lex.h"
#include "cfg_tree.h"

#define DEPTH_MAX	8		/* lists in lists */
#define ITEMS_MAX	4096		/* values in one statement */
#define KEYS_MAX	1000
#define FILE_MAX	(1 << 20)	/* bytes */
#define FOUND_MAX	60		/* bytes of a token in a message */

struct parser {
	struct cfg_tree *tree;
	struct cfg_notes *notes;
	const char *source, *begin;
	struct cfg_lex lex;
	struct cfg_token tok;
	const char *key;	/* of the statement; NULL: not yet */
	size_t key_len;
	unsigned int items;
	bool python;		/* it was said already */
};

static struct cfg_place here(const struct parser *p)
{
	return (struct cfg_place){ p->source, p->tok.line };
}

static void next(struct parser *p)
{
	free(p->tok.string);
	p->tok = cfg_lex_next(&p->lex);
}

/* ---- errors ------------------------------------------------------------ */

/* What a message says of a token, in buf (FOUND_MAX + 8 bytes). */
static const char *found(const struct cfg_token *t, char *buf)
{
	size_t n = t->len < FOUND_MAX ? t->len : FOUND_MAX;
	char *out = buf;

	if (t->type == TOKEN_END)
		return "the end";
	if (t->type == TOKEN_NEWLINE)
		return *t->start == ';' ? ";" : "the end of the line";
	for (size_t i = 0; i < n; i++) {
		unsigned char c = t->start[i];

		*out++ = c < ' ' || c == 0x7f ? '?' : c;
	}
	strcpy(out, n < t->len ? "..." : "");
	return buf;
}

/* Words that begin a line of Python, and marks that xl.cfg has no use for. */
static bool looks_like_python(const struct parser *p)
{
	static const char *const words[] = {
		"import", "from", "def", "if", "elif", "else", "for", "while",
		"return", "print", "try", "except", "with", "class",
	};

	if (p->tok.type == TOKEN_BAD && p->tok.len == 1 &&
	    strchr("%({+:", *p->tok.start))
		return true;
	for (size_t i = 0; p->key && i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == p->key_len &&
		    !memcmp(words[i], p->key, p->key_len))
			return true;
	return false;
}

/* The token isn't what was expected. */
static void unexpected(struct parser *p, const char *expected)
{
	char buf[FOUND_MAX + 8];
	int len = p->key ? (int)p->key_len : 0;
	const char *colon = p->key ? ": " : "";

	if (p->tok.why)
		cfg_note(p->notes, CFG_ERROR, here(p), "%.*s%s%s", len, p->key,
			 colon, p->tok.why);
	else
		cfg_note(p->notes, CFG_ERROR, here(p),
			 "%.*s%sexpected %s, found %s", len, p->key, colon,
			 expected, found(&p->tok, buf));
	if (p->python || !looks_like_python(p))
		return;
	p->python = true;
	cfg_note(p->notes, CFG_ERROR, here(p),
		 "this looks like Python, which files of xm could have in "
		 "them: write the resulting KEY = VALUE lines instead");
}

static void no_memory(struct parser *p)
{
	cfg_note(p->notes, CFG_ERROR, here(p), "no memory");
}

/* To the next line that assigns, other than the one where the statement
 * that failed began. */
static void recover(struct parser *p, unsigned int began)
{
	const char *line = p->tok.start, *end = p->lex.end;
	unsigned int number = p->tok.line;

	while (line > p->begin && line[-1] != '\n')
		line--;
	if (p->tok.type == TOKEN_END)
		return;
	while (number <= began || !cfg_lex_assigns(line, end)) {
		line = memchr(line, '\n', end - line);
		if (!line || !number) {
			line = end;
			break;
		}
		line++;
		number++;
	}
	p->lex.at = line;
	p->lex.line = number;
	next(p);
}

/* ---- values ------------------------------------------------------------- */

static struct cfg_value *parse_value(struct parser *p, unsigned int depth);

static void skip_newlines(struct parser *p)
{
	while (p->tok.type == TOKEN_NEWLINE && *p->tok.start == '\n')
		next(p);
}

static bool parse_items(struct parser *p, struct cfg_value *list,
			unsigned int depth)
{
	for (;;) {
		struct cfg_value *item;

		skip_newlines(p);
		if (p->tok.type == TOKEN_CLOSE)
			break;
		item = parse_value(p, depth + 1);
		if (!item)
			return false;
		if (!cfg_value_add(list, item)) {
			cfg_value_free(item);
			no_memory(p);
			return false;
		}
		skip_newlines(p);
		if (p->tok.type == TOKEN_COMMA) {
			next(p);
		} else if (p->tok.type != TOKEN_CLOSE) {
			unexpected(p, "a comma or ]");
			return false;
		}
	}
	next(p);
	return true;
}

static bool is(const struct cfg_token *t, const char *word)
{
	return t->len == strlen(word) && !memcmp(t->start, word, t->len);
}

/* The token is no value: what is likely to have been meant? */
static void hint_value(struct parser *p)
{
	char buf[FOUND_MAX + 8], expected[FOUND_MAX + 64];
	const struct cfg_token *t = &p->tok;

	if (is(t, "True") || is(t, "true") || is(t, "yes")) {
		unexpected(p, "1");
	} else if (is(t, "False") || is(t, "false") || is(t, "no")) {
		unexpected(p, "0");
	} else if (t->type == TOKEN_WORD && *t->start == '-') {
		unexpected(p, "a number that isn't negative");
	} else if (t->type == TOKEN_KEY || t->type == TOKEN_WORD) {
		snprintf(expected, sizeof(expected), "a number, or text in "
			 "quotes like \"%s\"", found(t, buf));
		unexpected(p, expected);
	} else {
		unexpected(p, "a number, text in quotes or a [ list ]");
	}
}

static struct cfg_value *parse_value(struct parser *p, unsigned int depth)
{
	struct cfg_value *value;

	if (++p->items > ITEMS_MAX || depth > DEPTH_MAX) {
		cfg_note(p->notes, CFG_ERROR, here(p),
			 p->items > ITEMS_MAX ?
			 "%.*s: expected at most %d values, found more" :
			 "%.*s: expected lists at most %d deep, found more",
			 (int)p->key_len, p->key,
			 p->items > ITEMS_MAX ? ITEMS_MAX : DEPTH_MAX);
		return NULL;
	}
	if (p->tok.type != TOKEN_NUMBER && p->tok.type != TOKEN_STRING &&
	    p->tok.type != TOKEN_OPEN) {
		hint_value(p);
		return NULL;
	}
	value = calloc(1, sizeof(*value));
	if (!value) {
		no_memory(p);
		return NULL;
	}
	value->at = here(p);
	if (p->tok.type == TOKEN_OPEN) {
		value->type = CFG_LIST;
		next(p);
		if (parse_items(p, value, depth))
			return value;
	} else if (p->tok.type == TOKEN_NUMBER) {
		value->type = CFG_NUMBER;
		value->text = strndup(p->tok.start, p->tok.len);
		next(p);
	} else {
		value->type = CFG_STRING;
		value->text = p->tok.string;
		p->tok.string = NULL;
		next(p);
	}
	if (value->text)
		return value;
	if (value->type != CFG_LIST)
		no_memory(p);
	cfg_value_free(value);
	return NULL;
}

/* ---- assignments -------------------------------------------------------- */

static void replace(struct parser *p, struct cfg_entry *e, struct cfg_place at,
		    struct cfg_value *value)
{
	if (e->at.source == p->source)
		cfg_note(p->notes, CFG_WARNING, at, "%s: given again, in "
			 "place of line %u's", e->key, e->at.line);
	cfg_value_free(e->value);
	e->value = value;
	e->at = at;
}

static void extend(struct parser *p, struct cfg_entry *e, struct cfg_place at,
		   struct cfg_value *value)
{
	bool ok = true;

	if (e->value->type != value->type || value->type == CFG_NUMBER) {
		cfg_note(p->notes, CFG_ERROR, at, "%s: expected += of two "
			 "lists or two texts, found something else", e->key);
	} else if (value->type == CFG_STRING) {
		ok = cfg_value_append(e->value, value->text);
	} else if (e->value->count + value->count > ITEMS_MAX) {
		cfg_note(p->notes, CFG_ERROR, at, "%s: expected at most %d "
			 "values, found more", e->key, ITEMS_MAX);
	} else {
		unsigned int i = 0;

		while (i < value->count &&
		       cfg_value_add(e->value, value->items[i]))
			value->items[i++] = NULL;
		ok = i == value->count;
	}
	if (!ok)
		no_memory(p);
	cfg_value_free(value);
}

/* Takes value over. */
static void assign(struct parser *p, bool adds, struct cfg_place at,
		   struct cfg_value *value)
{
	struct cfg_entry *e = cfg_tree_find(p->tree, p->key, p->key_len);

	if (e && adds) {
		extend(p, e, at, value);
	} else if (e) {
		replace(p, e, at, value);
	} else if (p->tree->count == KEYS_MAX) {
		cfg_note(p->notes, CFG_ERROR, at, "%.*s: expected at most %d "
			 "keys, found more", (int)p->key_len, p->key, KEYS_MAX);
		cfg_value_free(value);
	} else if (!cfg_tree_add(p->tree, p->key, p->key_len, at, value)) {
		no_memory(p);
	}
}

/* false: there was an error, p stands where it was noticed. */
static bool parse_statement(struct parser *p)
{
	struct cfg_place at = here(p);
	bool is_key = p->tok.type == TOKEN_KEY, adds;
	struct cfg_value *value;

	if (!is_key && p->tok.type != TOKEN_WORD) {
		unexpected(p, "KEY = VALUE");
		return false;
	}
	p->key = p->tok.start;
	p->key_len = p->tok.len < FOUND_MAX ? p->tok.len : FOUND_MAX;
	next(p);
	adds = p->tok.type == TOKEN_ADD;
	if (!adds && p->tok.type != TOKEN_SET) {
		unexpected(p, "= or +=");
		return false;
	}
	next(p);
	value = parse_value(p, 0);
	if (!value)
		return false;
	if (p->tok.type != TOKEN_NEWLINE && p->tok.type != TOKEN_END) {
		unexpected(p, "the end of the line");
		cfg_value_free(value);
		return false;
	}
	if (is_key) {
		assign(p, adds, at, value);
		return true;
	}
	cfg_note(p->notes, CFG_WARNING, at, "%.*s: ignored: a key has small "
		 "letters, digits, _ and . only", (int)p->key_len, p->key);
	cfg_value_free(value);
	return true;
}

static int parse(struct cfg_tree *tree, const char *source, const char *text,
		 size_t len, unsigned int line, struct cfg_notes *notes)
{
	struct parser p = {
		.tree = tree, .notes = notes, .begin = text,
		.source = cfg_tree_add_source(tree, source),
		.lex = { text, text + len, line },
	};

	if (!p.source) {
		cfg_note(notes, CFG_ERROR, (struct cfg_place){ source, 0 },
			 "no memory");
		return -1;
	}
	/* Some editors put a mark of UTF-8 before it. */
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		p.lex.at += 3;
	next(&p);
	while (p.tok.type != TOKEN_END) {
		unsigned int began = p.tok.line;

		p.key = NULL;
		p.items = 0;
		if (p.tok.type == TOKEN_NEWLINE)
			next(&p);
		else if (!parse_statement(&p))
			recover(&p, began);
	}
	free(p.tok.string);
	return notes->errors ? -1 : 0;
}

int cfg_parse(struct cfg_tree *tree, const char *source, const char *text,
	      size_t len, struct cfg_notes *notes)
{
	return parse(tree, source, text, len, 1, notes);
}

int cfg_parse_arg(struct cfg_tree *tree, const char *arg,
		  struct cfg_notes *notes)
{
	return parse(tree, "command line", arg, strlen(arg), 0, notes);
}

/* All that can be read, at most FILE_MAX bytes; NULL and errno. */
static char *read_all(FILE *f, size_t *len)
{
	char *text = malloc(FILE_MAX + 1);

	if (!text)
		return NULL;
	*len = fread(text, 1, FILE_MAX + 1, f);
	if (!ferror(f) && *len <= FILE_MAX)
		return text;
	if (!ferror(f))
		errno = EFBIG;
	free(text);
	return NULL;
}

int cfg_parse_file(struct cfg_tree *tree, const char *path,
		   struct cfg_notes *notes)
{
	bool standard = !strcmp(path, "-");
	const char *source = standard ? "standard input" : path;
	FILE *f = standard ? stdin : fopen(path, "re");
	char *text = NULL;
	size_t len = 0;

	if (f)
		text = read_all(f, &len);
	if (!text)
		cfg_note(notes, CFG_ERROR, (struct cfg_place){ source, 0 },
			 "expected a configuration, found %s", strerror(errno));
	if (f && !standard)
		fclose(f);
	if (text)
		cfg_parse(tree, source, text, len, notes);
	free(text);
	return notes->errors ? -1 : 0;
}
