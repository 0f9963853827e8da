/* SPDX-License-Identifier: MIT */
/*
 * hvxl.cfg(5) and the parser's table of keys say the same: each key stands in
 * the section of its kind, once, and no other does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hvxl/cfg_keys.h>

#define MAN		"dom0-tools/man/hvxl.cfg.5"
#define KEYS_MAX	400

struct found {
	char key[48];
	char section[48];
};

static struct found found[KEYS_MAX];
static unsigned int count;

/* ".BI key= ..." in KEYS, ".BR key ," in the other two. */
static void take_line(const char *section, const char *line)
{
	struct found *f = &found[count];
	bool main_section = !strcmp(section, "KEYS");

	if (strcmp(section, "KEYS WITHOUT USE") &&
	    strcmp(section, "KEYS NOT SERVED") && !main_section)
		return;
	if (sscanf(line, main_section ? ".BI %47[a-z0-9_.]=" :
		   ".BR %47[a-z0-9_.] %*[,.]", f->key) != 1)
		return;
	if (main_section && line[4 + strlen(f->key)] != '=')
		return;
	strcpy(f->section, section);
	assert_true(++count < KEYS_MAX);
}

static int read_page(void **state)
{
	char line[512], section[48] = "";
	FILE *f = fopen(MAN, "r");

	(void)state;
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, ".SH ", 4))
			snprintf(section, sizeof(section), "%.47s", line + 4);
		else
			take_line(section, line);
	}
	fclose(f);
	return 0;
}

static const char *section_of(const struct key *k)
{
	if (k->kind == KEY_UNUSED && !k->same_as)
		return "KEYS WITHOUT USE";
	return k->kind == KEY_LATER ? "KEYS NOT SERVED" : "KEYS";
}

static void each_key_stands_in_the_page(void **state)
{
	(void)state;
	for (const struct key *k = cfg_keys; k->name; k++) {
		unsigned int times = 0;

		for (unsigned int i = 0; i < count; i++)
			times += !strcmp(found[i].key, k->name) &&
				!strcmp(found[i].section, section_of(k));
		if (times != 1)
			fail_msg("%s stands %u times in %s", k->name, times,
				 section_of(k));
	}
}

static void nothing_else_stands_there(void **state)
{
	(void)state;
	assert_true(count > 100);
	for (unsigned int i = 0; i < count; i++) {
		const struct key *k = cfg_key(found[i].key);

		if (!k)
			fail_msg("%s is no key", found[i].key);
		else
			assert_string_equal(found[i].section, section_of(k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_stands_in_the_page),
		cmocka_unit_test(nothing_else_stands_there),
	};

	return cmocka_run_group_tests(tests, read_page, NULL);
}
