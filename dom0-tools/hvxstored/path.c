/* SPDX-License-Identifier: MIT */
#include "path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool char_allowed(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '@' ||
	       c == '/';
}

/* Slashes stand one by one, and none at the end. */
static bool path_is_good(const char *p)
{
	char before = 0;

	if (p[0] == '/' && !p[1])
		return true;
	for (; *p; before = *p++)
		if (!char_allowed(*p) || (*p == '/' && before == '/'))
			return false;
	return before && before != '/';
}

int path_resolve(char out[PATH_SIZE], const char *in, unsigned int domid,
		 size_t *prefix)
{
	size_t len = strlen(in), before = 0;

	if (len > (*in == '/' ? XENSTORE_ABS_PATH_MAX : XENSTORE_REL_PATH_MAX))
		return EINVAL;
	if (*in != '/' && *in != '@')
		before = snprintf(out, PATH_SIZE, "/local/domain/%u/", domid);
	memcpy(out + before, in, len + 1);
	if (prefix)
		*prefix = before;
	return path_is_good(out) ? 0 : EINVAL;
}

size_t path_parent(const char *path, size_t len)
{
	if (len <= 1)
		return 0;
	while (path[len - 1] != '/')
		len--;
	return len == 1 ? 1 : len - 1;
}

const char *path_next(const char **at, size_t *len)
{
	const char *p = *at;

	while (*p == '/')
		p++;
	if (!*p)
		return NULL;
	*len = strcspn(p, "/");
	*at = p + *len;
	return p;
}
