/* SPDX-License-Identifier: MIT */
/* What was assigned: values, and one entry a key. */
#include "cfg_tree.h"

#include <stdlib.h>
#include <string.h>

void cfg_value_free(struct cfg_value *value)
{
	if (!value)
		return;
	for (unsigned int i = 0; i < value->count; i++)
		cfg_value_free(value->items[i]);
	free(value->items);
	free(value->text);
	free(value);
}

bool cfg_value_add(struct cfg_value *list, struct cfg_value *item)
{
	unsigned int n = list->count;

	/* The room doubles at each power of two. */
	if (!(n & (n - 1))) {
		struct cfg_value **items = realloc(list->items, (n ? 2 * n : 1)
						   * sizeof(*items));

		if (!items)
			return false;
		list->items = items;
	}
	list->items[list->count++] = item;
	return true;
}

bool cfg_value_append(struct cfg_value *to, const char *text)
{
	size_t len = strlen(to->text);
	char *both = realloc(to->text, len + strlen(text) + 1);

	if (!both)
		return false;
	strcpy(both + len, text);
	to->text = both;
	return true;
}

struct cfg_entry *cfg_tree_find(const struct cfg_tree *tree, const char *key,
				size_t len)
{
	for (unsigned int i = 0; i < tree->count; i++)
		if (!strncmp(tree->entries[i].key, key, len) &&
		    !tree->entries[i].key[len])
			return &tree->entries[i];
	return NULL;
}

const struct cfg_entry *cfg_find(const struct cfg_tree *tree, const char *key)
{
	return cfg_tree_find(tree, key, strlen(key));
}

bool cfg_tree_add(struct cfg_tree *tree, const char *key, size_t len,
		  struct cfg_place at, struct cfg_value *value)
{
	struct cfg_entry *entries = realloc(tree->entries, (tree->count + 1) *
					    sizeof(*entries));
	char *copy = strndup(key, len);

	if (entries)
		tree->entries = entries;
	if (!entries || !copy) {
		free(copy);
		cfg_value_free(value);
		return false;
	}
	entries[tree->count++] = (struct cfg_entry){ copy, at, value };
	return true;
}

const char *cfg_tree_add_source(struct cfg_tree *tree, const char *source)
{
	char **sources = realloc(tree->sources, (tree->source_count + 1) *
				 sizeof(*sources));
	char *copy;

	if (!sources)
		return NULL;
	tree->sources = sources;
	copy = strdup(source);
	if (copy)
		sources[tree->source_count++] = copy;
	return copy;
}

void cfg_tree_free(struct cfg_tree *tree)
{
	for (unsigned int i = 0; i < tree->count; i++) {
		free(tree->entries[i].key);
		cfg_value_free(tree->entries[i].value);
	}
	for (unsigned int i = 0; i < tree->source_count; i++)
		free(tree->sources[i]);
	free(tree->entries);
	free(tree->sources);
	memset(tree, 0, sizeof(*tree));
}
