/* SPDX-License-Identifier: MIT */
#include "fence.h"
#include "mem.h"
#include "path.h"

#include <string.h>

/* A word of the text; the next begins after its NUL. */
static bool is_word(const char *w)
{
	char path[PATH_SIZE];

	return (*w == 'r' || *w == 'w') && w[1] == ':' && w[2] == '/' &&
	       w[3] && !path_resolve(path, w + 2, 0, NULL);
}

struct fence *fence_new(const char *text, size_t len)
{
	const char *w, *end = text + len;
	struct fence *f;

	if (!len || end[-1])
		return NULL;
	for (w = text; w < end; w += strlen(w) + 1)
		if (!is_word(w))
			return NULL;
	f = mem_get(sizeof(*f) + len);
	f->len = len;
	memcpy(f->text, text, len);
	return f;
}

static bool is_within(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(path, top, n) && (!path[n] || path[n] == '/');
}

static bool covers(const struct fence *f, const char *in, bool to_write)
{
	char path[PATH_SIZE];
	const char *w;

	if (!in || *in != '/' || path_resolve(path, in, 0, NULL))
		return false;
	for (w = f->text; w < f->text + f->len; w += strlen(w) + 1)
		if ((*w == 'w' || !to_write) && is_within(path, w + 2))
			return true;
	return false;
}

bool fence_allows(const struct fence *f, uint32_t type, const char *path)
{
	switch (type) {
	case XS_READ:
	case XS_DIRECTORY:
	case XS_DIRECTORY_PART:
	case XS_WATCH:
	case XS_UNWATCH:
		return covers(f, path, false);
	case XS_WRITE:
	case XS_MKDIR:
	case XS_RM:
		return covers(f, path, true);
	case XS_TRANSACTION_START:
	case XS_TRANSACTION_END:
		return true;
	default:
		return false;
	}
}
