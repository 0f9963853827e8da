/* SPDX-License-Identifier: MIT */
/*
 * xl.cfg as a whole: samples in the styles of those who write such files must
 * become what xl makes of them, to a byte of its JSON (tests/host/xl/); each
 * mistake must be told in the words that stand here.
 */
#include <glob.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hvxl/cfg.h>

#define XL_SAMPLES	"tests/host/xl/*.cfg"

/* xl's samples were made with two CPUs, in sets of eight. */
static const uint32_t nodes[8] = { 0, 0, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u };
static const struct cfg_host host = { 8, nodes };

struct result {
	struct guest_config config;
	struct cfg_notes notes;
	struct cfg_tree tree;
	int rc;
	char *said;		/* all notes, as they are printed */
};

static void finish(struct result *r)
{
	size_t len;
	FILE *f = open_memstream(&r->said, &len);

	cfg_notes_print(&r->notes, true, f);
	fclose(f);
}

static void apply_text(struct result *r, const char *source, const char *text,
		       size_t len)
{
	memset(r, 0, sizeof(*r));
	cfg_parse(&r->tree, source, text, len, &r->notes);
	r->rc = cfg_apply(&r->tree, &host, &r->config, &r->notes);
	finish(r);
}

static void done(struct result *r)
{
	guest_config_free(&r->config);
	cfg_notes_free(&r->notes);
	cfg_tree_free(&r->tree);
	free(r->said);
}

static char *json_of(const struct guest_config *config)
{
	struct json_object *obj = guest_to_json(config);
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(obj);
	json_print_xl(obj, f);
	fclose(f);
	json_object_put(obj);
	return text;
}

static char *read_all(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 65536);

	if (!f || !text)
		fail_msg("%s can't be read", path);
	*len = fread(text, 1, 65535, f);
	assert_true(*len > 0 && *len < 65535);
	fclose(f);
	return text;
}

/* ---- xl's samples ------------------------------------------------------ */

static void one_sample(const char *path)
{
	char json_path[256], *text, *expected, *got;
	struct result r;
	size_t len;

	snprintf(json_path, sizeof(json_path), "%.*sjson",
		 (int)strlen(path) - 3, path);
	text = read_all(path, &len);
	expected = read_all(json_path, &len);
	len = strlen(text);
	apply_text(&r, "x.cfg", text, len);
	if (strstr(path, "/bootloader.") || strstr(path, "/bootloader-list.")) {
		/* The one thing that xl can do and that is refused here. */
		assert_int_equal(r.rc, -1);
		assert_non_null(strstr(r.said, "bootloader: expected kernel= "
				       "instead"));
	} else if (r.rc) {
		fail_msg("%s: %s", path, r.said);
	} else {
		got = json_of(&r.config);
		if (strcmp(got, expected))
			fail_msg("%s: became\n%s", path, got);
		free(got);
	}
	free(text);
	free(expected);
	done(&r);
}

static void xl_samples_become_what_xl_makes(void **state)
{
	glob_t g;

	(void)state;
	assert_int_equal(glob(XL_SAMPLES, 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		one_sample(g.gl_pathv[i]);
	assert_true(g.gl_pathc >= 75);
	globfree(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xl_samples_become_what_xl_makes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
