/* SPDX-License-Identifier: MIT */
/*
 * xl.cfg from bytes: grammar, keys, specs, and JSON after it.  The first byte
 * says what the machine has, the rest is a file; after a zero byte, what
 * follows is an argument that goes over it.  Whatever is accepted without an
 * error must be the same after it went through JSON.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <hvxl/cfg.h>
#include "../../host/json_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* As text, the way it goes from one program to another. */
static void check_json(const struct guest_config *config)
{
	char *before = guest_text(config), *after, why[GUEST_WHY];
	struct json_object *obj = json_tokener_parse(before);
	struct guest_config again;

	must(obj && !guest_from_json(obj, &again, why));
	after = guest_text(&again);
	must(!strcmp(before, after));
	free(before);
	free(after);
	json_object_put(obj);
	guest_config_free(&again);
}

static void check_notes(const struct cfg_notes *notes)
{
	unsigned int errors = 0;

	must(notes->count <= CFG_NOTES_MAX);
	for (unsigned int i = 0; i < notes->count; i++) {
		const struct cfg_note *n = &notes->list[i];

		must(*n->text && !strchr(n->text, '\n'));
		errors += n->level == CFG_ERROR;
	}
	must(errors == notes->errors || notes->full);
}

static void check_entries(const struct cfg_tree *tree)
{
	for (unsigned int i = 0; i < tree->count; i++)
		must(cfg_find(tree, tree->entries[i].key) ==
		     &tree->entries[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint32_t nodes[4] = { 0, 1, ~0u, 1 };
	struct cfg_host host = { 4, nodes };
	struct cfg_tree tree = { 0 };
	struct cfg_notes notes = { 0 };
	struct guest_config config;
	const char *text = (const char *)data + 1, *zero;
	char *arg = NULL;

	if (!len)
		return 0;
	if (*data & 1)
		host.node_of_cpu = NULL;
	len--;
	zero = memchr(text, 0, len);
	if (zero) {
		arg = strndup(zero + 1, len - (zero + 1 - text));
		len = zero - text;
	}
	cfg_parse(&tree, "fuzz", text, len, &notes);
	if (arg)
		cfg_parse_arg(&tree, arg, &notes);
	check_entries(&tree);
	if (!cfg_apply(&tree, *data & 2 ? NULL : &host, &config, &notes))
		check_json(&config);
	check_notes(&notes);
	guest_config_free(&config);
	cfg_notes_free(&notes);
	cfg_tree_free(&tree);
	free(arg);
	return 0;
}
