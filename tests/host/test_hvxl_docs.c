/* SPDX-License-Identifier: MIT */
/*
 * The man page, help, and what the shell completes agree with the table of
 * commands: each command and option is in the page, and the page has no other;
 * bash, with the completion loaded, offers what the table has. Runs at the
 * source's top, as all host tests do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hvxl/cmdtable.h>
#include <hvxl/hvxl.h>

#define MAN		"dom0-tools/man/hvxl.1"
#define COMPLETION	"dom0-tools/completion/hvxl.bash"

static char *man;

/* What cmocka's own can't say beside hvxl's function of the same name. */
#define wrong(...)	do { \
		print_error(__VA_ARGS__); \
		print_error("\n"); \
		assert_true(false); \
	} while (0)

/* The page, with the escapes of hyphens undone. */
static int read_man(void **state)
{
	FILE *f = fopen(MAN, "r");
	char *from, *to;
	size_t n;

	(void)state;
	if (!f)
		return -1;
	man = calloc(1, 1 << 20);
	n = fread(man, 1, (1 << 20) - 1, f);
	fclose(f);
	for (from = to = man; *from; from++)
		if (from[0] != '\\' || from[1] != '-')
			*to++ = *from;
	*to = 0;
	return n ? 0 : -1;
}

static int free_man(void **state)
{
	(void)state;
	free(man);
	return 0;
}

/* The section of a command, up to the next one, to be freed; or NULL. */
static char *section(const char *name)
{
	char *start, *end;
	char head[64];

	snprintf(head, sizeof(head), "\n.SS \"%s", name);
	start = strstr(man, head);
	while (start && start[strlen(head)] != ' ' &&
	       start[strlen(head)] != '"')
		start = strstr(start + 1, head);
	if (!start)
		return NULL;
	end = strstr(start + 1, "\n.S");
	return strndup(start, end ? end - start : (long)strlen(start));
}

/* Whether text has word, and not only as part of a longer one. */
static bool has_word(const char *text, const char *word)
{
	const char *p = text;

	while ((p = strstr(p, word))) {
		char after = p[strlen(word)];

		if (p > text && strchr(" \n,", p[-1]) &&
		    strchr(" \n,=", after))
			return true;
		p++;
	}
	return false;
}

static void test_man_has_all(void **state)
{
	const struct option_def *o;
	size_t i, n;

	(void)state;
	for (i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		char *s = section(c->name), word[64];

		if (c->flags & CMD_ABSENT) {
			assert_null(s);
			continue;
		}
		if (!s)
			wrong("the page lacks %s", c->name);
		/* Help and JSON are told of once. */
		for (n = 0; c->options && c->options[n].id; n++) {
			o = &c->options[n];
			snprintf(word, sizeof(word), "-%c", o->id);
			if (o->id < OPT_FIRST && !has_word(s, word))
				wrong("%s: the page lacks %s", c->name,
					 word);
			snprintf(word, sizeof(word), "--%s", o->name);
			if (o->name && !has_word(s, word))
				wrong("%s: the page lacks %s", c->name,
					 word);
		}
		free(s);
	}
}

static bool in_table(const struct command *c, const char *option)
{
	const struct option_def *o;
	size_t n;

	for (n = 0; (o = command_option(c, n)); n++) {
		if (option[1] != '-' && o->id == option[1] && !option[2])
			return true;
		if (option[1] == '-' && o->name &&
		    !strcmp(o->name, option + 2))
			return true;
	}
	return false;
}

/* The options that a section's headings name: words with a hyphen in a line
 * after .TP. */
static void check_section(const struct command *c, const char *s)
{
	while ((s = strstr(s, "\n.TP\n"))) {
		char line[256], *word, *rest;

		s += 5;
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(s, "\n"), s);
		for (word = strtok_r(line, " ,\"=", &rest); word;
		     word = strtok_r(NULL, " ,\"=", &rest))
			if (word[0] == '-' && !in_table(c, word))
				wrong("%s: the page has %s", c->name, word);
	}
}

static void test_man_has_no_other(void **state)
{
	const char *s = strstr(man, ".SH SUBCOMMANDS");
	unsigned int sections = 0, candidates;

	(void)state;
	assert_non_null(s);
	while ((s = strstr(s, "\n.SS \""))) {
		const struct command *c;
		char name[64], *text;

		s += 6;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(s, " \"\n"),
			 s);
		c = command_find(name, &candidates);
		if (!c || strcmp(c->name, name))
			wrong("the page has %s, which is no command", name);
		text = section(name);
		assert_non_null(text);
		check_section(c, text);
		free(text);
		sections++;
	}
	assert_true(sections > 20);
}

static void test_help_has_all(void **state)
{
	char *all, *one, word[64];
	const struct option_def *o;
	size_t size, i, n;
	FILE *f = open_memstream(&all, &size);

	(void)state;
	help_all(f);
	fclose(f);
	for (i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];

		snprintf(word, sizeof(word), "\n %s ", c->name);
		assert_int_equal(!strstr(all, word),
				 !!(c->flags & CMD_ABSENT));
		if (c->flags & CMD_ABSENT)
			continue;
		f = open_memstream(&one, &size);
		help_command(f, c);
		fclose(f);
		assert_non_null(strstr(one, c->usage));
		assert_non_null(strstr(one, c->summary));
		for (n = 0; (o = command_option(c, n)); n++)
			assert_non_null(strstr(one, o->help));
		free(one);
	}
	free(all);
}

/* ---- completion ---- */

static char table_path[] = "/tmp/hvxl-table-XXXXXX";

static int write_table(void **state)
{
	int fd = mkstemp(table_path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	(void)state;
	if (!f)
		return -1;
	help_table(f);
	return fclose(f);
}

static int remove_table(void **state)
{
	(void)state;
	unlink(table_path);
	return 0;
}

/* What bash offers for the last of words, with blanks between. */
static void offered(const char *words, char *out, size_t size)
{
	char command[2048];
	FILE *f;
	size_t n;

	snprintf(command, sizeof(command),
		 "exec bash --norc --noprofile -c '"
		 "tool() { case $1 in help) cat %s;; "
		 "list) printf \"Name ID\\nDomain-0 0\\nweb 1\\nwest 2\\n\";; "
		 "esac; }; . " COMPLETION "; COMP_WORDS=(tool %s); "
		 "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _hvxl tool; "
		 "printf \"%%s \" \"${COMPREPLY[@]}\"'", table_path, words);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(out, 1, size - 1, f);
	out[n] = 0;
	assert_int_equal(pclose(f), 0);
}

static void test_completion(void **state)
{
	char got[4096];

	(void)state;
	offered("vcpu-", got, sizeof(got));
	assert_string_equal(got, "vcpu-list vcpu-pin vcpu-set ");
	offered("-v vm", got, sizeof(got));
	assert_string_equal(got, "vm-list ");
	/* Not what would only be refused. */
	offered("migr", got, sizeof(got));
	assert_string_equal(got, " ");
	offered("--j", got, sizeof(got));
	assert_string_equal(got, "--json ");
	offered("list --", got, sizeof(got));
	assert_string_equal(got, "--long --verbose --context --cpupool --numa "
			    "--help --json ");
	offered("shut -", got, sizeof(got));
	assert_string_equal(got, "-a --all -w --wait -F -h --help ");
	offered("pause we", got, sizeof(got));
	assert_string_equal(got, "web west ");
	offered("shutdown -w web", got, sizeof(got));
	assert_string_equal(got, "web ");
	/* A domain's name is asked for once, or again and again. */
	offered("pause web we", got, sizeof(got));
	assert_string_equal(got, " ");
	offered("vcpu-list web we", got, sizeof(got));
	assert_string_equal(got, "web west ");
	offered("create dom0-tools/man/hvxl.1", got, sizeof(got));
	assert_string_equal(got, "dom0-tools/man/hvxl.1 ");
	offered("help unp", got, sizeof(got));
	assert_string_equal(got, "unpause ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_man_has_all),
		cmocka_unit_test(test_man_has_no_other),
		cmocka_unit_test(test_help_has_all),
		cmocka_unit_test_setup_teardown(test_completion, write_table,
						remove_table),
	};

	return cmocka_run_group_tests(tests, read_man, free_man);
}
