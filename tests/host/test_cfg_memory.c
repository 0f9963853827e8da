/* SPDX-License-Identifier: MIT */
/*
 * Reading a configuration while memory runs out: each allocation in turn
 * fails, alone or with all that follow.  Whatever comes of it, nothing leaks,
 * and what is said to be without error is the same as with all memory.
 */
#include <errno.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hvxl/cfg.h>
#include "json_text.h"

/* Allocations until one fails; negative: never. */
static long left = -1;
static bool for_good;

static bool fails(void)
{
	if (left < 0)
		return false;
	if (left > 0) {
		left--;
		return false;
	}
	if (!for_good)
		left = -1;
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
int __real_vasprintf(char **out, const char *fmt, va_list ap);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_vasprintf(char **out, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
int __wrap_asprintf(char **out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return fails() ? NULL : __real_strndup(s, n);
}

int __wrap_vasprintf(char **out, const char *fmt, va_list ap)
{
	if (!fails())
		return __real_vasprintf(out, fmt, ap);
	*out = (char *)1;	/* what a failure leaves is not defined */
	return -1;
}

int __wrap_asprintf(char **out, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __wrap_vasprintf(out, fmt, ap);
	va_end(ap);
	return n;
}

/* ---- what is read ---------------------------------------------------------- */

static const char text[] =
	"name='x'; memory=64; maxmem=128; kernel='/k'; ramdisk='/r'\n"
	"root='/dev/xvda'; extra='a'\nextra+=' b'\n"
	"uuid='00112233-4455-6677-8899-aabbccddeeff'\n"
	"vcpus=2; cpus='0-1'; cpus_soft=['0','1']; pool='p'; seclabel='s'\n"
	"bootloader='pygrub'; bootloader_args='a b'; vscsi=['v']\n"
	"disk=['phy:/a,xvda,w','script=s,backend=d,vdev=xvdb,target=/t']\n"
	"disk+=['iscsi:i,xvdc,r']\n"
	"vif=['mac=0:16:3e:1:2:3,bridge=b,script=s,ip=i,vifname=v,model=m,"
	"type=vif,gatewaydev=g,backend=d,rate=1MB/s','']\n"
	"on_crash='preserve'; nomigrate=1; max_grant_frames=10\n"
	"unknown='u'; pci=['p']; memory=65\n";

static void take_all_but(long n, bool all_after)
{
	left = n;
	for_good = all_after;
}

/* NULL: an error was noted. */
static char *read_config(void)
{
	struct cfg_tree tree = { 0 };
	struct cfg_notes notes = { 0 };
	struct guest_config config;
	char *out = NULL;
	long used;

	cfg_parse(&tree, "x.cfg", text, strlen(text), &notes);
	if (!cfg_apply(&tree, NULL, &config, &notes)) {
		used = left;
		left = -1;
		out = guest_text(&config);
		left = used;
	}
	guest_config_free(&config);
	cfg_tree_free(&tree);
	cfg_notes_free(&notes);
	return out;
}

/* How many allocations a reading makes, when none fails. */
static long allocations_of(char *(*read)(void), char **result)
{
	take_all_but(1 << 20, false);
	*result = read();
	assert_non_null(*result);
	return (1 << 20) - left;
}

static void fail_each(char *(*read)(void))
{
	unsigned int refused = 0;
	char *expected, *got;
	long total = allocations_of(read, &expected);

	assert_true(total > 20);
	for (long n = 0; n < 2 * total; n++) {
		take_all_but(n / 2, n & 1);
		got = read();
		left = -1;
		refused += !got;
		if (got && strcmp(got, expected))
			fail_msg("without allocation %ld it is\n%s", n / 2,
				 got);
		free(got);
	}
	/* Only notes can be done without. */
	assert_true(refused > total);
	free(expected);
}

static void configurations(void **state)
{
	(void)state;
	fail_each(read_config);
}

/* ---- JSON ------------------------------------------------------------------- */

static struct json_object *described;

static char *read_json(void)
{
	struct guest_config config;
	char why[GUEST_WHY], *out = NULL;
	long used;
	int rc = guest_from_json(described, &config, why);

	used = left;
	left = -1;
	if (!rc)
		out = guest_text(&config);
	else
		assert_true(*why);
	left = used;
	guest_config_free(&config);
	return out;
}

static void descriptions(void **state)
{
	char *json;

	(void)state;
	left = -1;
	json = read_config();
	described = json_tokener_parse(json);
	fail_each(read_json);
	json_object_put(described);
	free(json);
}

/* ---- xl.conf ------------------------------------------------------------------ */

static char *read_conf(void)
{
	struct guest_vif vif;
	struct guest_config config;
	struct cfg_notes notes = { 0 };
	struct xl_conf conf = {
		.vif_script = (char *)(uintptr_t)"s",
		.vif_bridge = (char *)(uintptr_t)"b",
		.vif_backend = (char *)(uintptr_t)"d",
		.vif_gatewaydev = (char *)(uintptr_t)"g",
		.cpumask = (char *)(uintptr_t)"0-9",
		.pv_cpumask = (char *)(uintptr_t)"1-20",
	};
	char *out = NULL;
	long used;

	guest_config_init(&config);
	guest_vif_init(&vif);
	config.vcpus = 3;
	config.vifs = &vif;
	config.vif_count = 1;
	if (!xl_conf_apply(&conf, NULL, &config, &notes)) {
		used = left;
		left = -1;
		out = guest_text(&config);
		left = used;
	}
	config.vif_count = 0;
	config.vifs = NULL;
	guest_vif_free(&vif);
	guest_config_free(&config);
	cfg_notes_free(&notes);
	return out;
}

static void defaults(void **state)
{
	(void)state;
	fail_each(read_conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(configurations),
		cmocka_unit_test(descriptions),
		cmocka_unit_test(defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
