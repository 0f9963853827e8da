/* SPDX-License-Identifier: MIT */
/* How the parser puts a tree together. */
#ifndef HVXL_CFG_TREE_H
#define HVXL_CFG_TREE_H

#include "cfg.h"

/* NULL is fine. */
void cfg_value_free(struct cfg_value *value);
/* A list takes the item over; false: no memory, and it didn't. */
bool cfg_value_add(struct cfg_value *list, struct cfg_value *item);
/* To a text. */
bool cfg_value_append(struct cfg_value *to, const char *text);

struct cfg_entry *cfg_tree_find(const struct cfg_tree *tree, const char *key,
				size_t len);
/* A new key; takes value over, even without memory (false). */
bool cfg_tree_add(struct cfg_tree *tree, const char *key, size_t len,
		  struct cfg_place at, struct cfg_value *value);
/* The tree's own copy of a source's name; NULL: no memory. */
const char *cfg_tree_add_source(struct cfg_tree *tree, const char *source);

#endif /* HVXL_CFG_TREE_H */
