/* SPDX-License-Identifier: MIT */
/*
 * A guest's description from JSON of any kind: it is refused with a reason, or
 * satisfies the rules, and printing and reading it again changes nothing.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <common/guest.h>
#include "../../host/json_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void no_fault(void *arg, const char *key, int index, const char *text)
{
	(void)arg;
	(void)key;
	(void)index;
	(void)text;
	abort();
}

/* What was accepted: through text, as between programs. */
static void check(const struct guest_config *config)
{
	struct json_object *out = guest_to_json(config), *in;
	char *before, *after, why[GUEST_WHY];
	struct guest_config again;

	must(out);
	must(!guest_config_check(config, no_fault, NULL));
	before = json_text(out);
	json_object_put(out);
	in = json_tokener_parse(before);
	must(in && !guest_from_json(in, &again, why));
	out = guest_to_json(&again);
	after = json_text(out);
	must(!strcmp(before, after));
	free(before);
	free(after);
	json_object_put(in);
	json_object_put(out);
	guest_config_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *obj = json_tokener_parse_ex(
		tok, (const char *)data, len);
	char why[GUEST_WHY];
	struct guest_config config;

	if (obj && guest_from_json(obj, &config, why))
		must(*why && strlen(why) < GUEST_WHY);
	else if (obj)
		check(&config);
	if (obj)
		guest_config_free(&config);
	json_object_put(obj);
	json_tokener_free(tok);
	return 0;
}
