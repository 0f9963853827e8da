/* SPDX-License-Identifier: MIT */
/*
 * A guest's description: what is made up, the rules, and JSON both ways.
 * tests/host/xl/ has what Debian's xl 4.17 prints (`xl create -n`) for the
 * configurations beside it: read and printed again, it is the same to a byte.
 */
#include <glob.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <common/guest.h>
#include "json_text.h"

#define XL_SAMPLES	"tests/host/xl/*.json"
#define XL_LIST		"tests/host/xl/list-l"

/* ---- JSON ------------------------------------------------------------- */

static char *read_all(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 65536);
	size_t n;

	if (!f || !text)
		fail_msg("%s can't be read", path);
	n = fread(text, 1, 65535, f);
	assert_true(n > 0 && n < 65535);
	fclose(f);
	return text;
}

static void one_sample(const char *path)
{
	char *text = read_all(path), *again, why[GUEST_WHY];
	struct json_object *in = json_tokener_parse(text), *out;
	struct guest_config config;

	if (guest_from_json(in, &config, why))
		fail_msg("%s: %s", path, why);
	out = guest_to_json(&config);
	again = json_text(out);
	if (strcmp(text, again))
		fail_msg("%s: became\n%s", path, again);
	free(again);
	free(text);
	json_object_put(in);
	json_object_put(out);
	guest_config_free(&config);
}

static void xl_samples_survive(void **state)
{
	glob_t g;

	(void)state;
	assert_int_equal(glob(XL_SAMPLES, 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		one_sample(g.gl_pathv[i]);
	assert_true(g.gl_pathc >= 60);
	globfree(&g);
}

/* What xl says of guests that run: each read and printed again. */
static void xl_list_survives(void **state)
{
	char *text = read_all(XL_LIST), *whole, *in, *out;
	struct json_object *list = json_tokener_parse(text), *config, *live;
	struct guest_config guest;
	char why[GUEST_WHY];

	(void)state;
	whole = json_text(list);
	assert_string_equal(whole, text);
	assert_int_equal(json_object_array_length(list), 3);
	for (size_t i = 0; i < 3; i++) {
		config = json_object_object_get(
			json_object_array_get_idx(list, i), "config");
		if (guest_from_json(config, &guest, why))
			fail_msg("%zu: %s", i, why);
		live = guest_to_live_json(&guest, "credit2");
		in = json_text(config);
		out = json_text(live);
		assert_string_equal(in, out);
		free(in);
		free(out);
		json_object_put(live);
		guest_config_free(&guest);
	}
	free(whole);
	free(text);
	json_object_put(list);
}

/* The least that is a guest; %s is put after b_info's beginning. */
#define LEAST	"{\"c_info\": {\"type\": \"pv\", \"name\": \"x\"}, " \
	"\"b_info\": {\"max_memkb\": 65536, \"target_memkb\": 65536, " \
	"\"kernel\": \"/k\"%s}%s}"

static void refused(const char *text, const char *expected)
{
	struct json_object *obj = json_tokener_parse(text);
	struct guest_config config;
	char why[GUEST_WHY];

	assert_int_equal(guest_from_json(obj, &config, why), -1);
	assert_string_equal(why, expected);
	guest_config_free(&config);
	json_object_put(obj);
}

static void refused_least(const char *info, const char *rest,
			  const char *expected)
{
	char text[1024];

	snprintf(text, sizeof(text), LEAST, info, rest);
	refused(text, expected);
}

static void json_faults_are_named(void **state)
{
	(void)state;
	refused("[]", "config: expected an object, found [ ]");
	refused("{}", "c_info: expected an object, found null");
	refused("{\"c_info\": {}}",
		"c_info.type: expected \"pv\", found null");
	refused("{\"c_info\": {\"type\": \"hvm\"}}",
		"c_info.type: expected \"pv\", found \"hvm\"");
	refused("{\"c_info\": {\"type\": \"pv\", \"name\": 5}}",
		"c_info.name: expected a string, found 5");
	refused("{\"c_info\": {\"type\": \"pv\", \"name\": \"a\\u0000b\"}}",
		"c_info.name: expected a string, found \"a\\u0000b\"");
	refused_least(", \"max_vcpus\": -1", "",
		      "b_info.max_vcpus: expected a whole number, found -1");
	refused_least(", \"max_vcpus\": 1.5", "",
		      "b_info.max_vcpus: expected a whole number, found 1.5");
	refused_least(", \"avail_vcpus\": 3", "",
		      "b_info.avail_vcpus: expected an array of vCPUs, "
		      "found 3");
	refused_least(", \"vcpu_hard_affinity\": [[4096]]", "",
		      "b_info.vcpu_hard_affinity: expected an array of arrays "
		      "of CPUs, found [ [ 4096 ] ]");
	refused_least(", \"disable_migrate\": true", "",
		      "b_info.disable_migrate: expected \"True\" or "
		      "\"False\", found true");
	refused_least(", \"sched_params\": []", "",
		      "sched_params: expected an object, found [ ]");
	refused_least("", ", \"on_crash\": \"explode\"",
		      "on_crash: expected one of its names, "
		      "found \"explode\"");
	refused_least("", ", \"disks\": {}",
		      "disks: expected an array, found { }");
	refused_least("", ", \"disks\": [7]",
		      "disk 1: expected an object, found 7");
	refused_least("", ", \"disks\": [{\"vdev\": \"xvda\"}]",
		      "disk 1: expected a target (a path), found none");
	refused_least("", ", \"disks\": [{\"vdev\": 1}]",
		      "disk 1: vdev: expected a string, found 1");
	refused_least("", ", \"nics\": [{\"mac\": \"00:16:3e:1:2\"}]",
		      "vif 1: expected mac=XX:XX:XX:XX:XX:XX, "
		      "found \"00:16:3e:1:2\"");
	refused_least(", \"max_memkb\": 1024", "",
		      "memory: expected at most maxmem (1), found 64");
}

static void absent_actions_destroy(void **state)
{
	char text[1024], why[GUEST_WHY];
	struct guest_config config;
	struct json_object *obj;

	(void)state;
	snprintf(text, sizeof(text), LEAST, "", "");
	obj = json_tokener_parse(text);
	assert_int_equal(guest_from_json(obj, &config, why), 0);
	assert_int_equal(config.on_reboot, ACTION_DESTROY);
	assert_int_equal(config.weight, -1);
	assert_int_equal(guest_maxvcpus(&config), 1);
	guest_config_free(&config);
	json_object_put(obj);
}

static void our_own_keys_survive(void **state)
{
	char text[1024], why[GUEST_WHY], *a, *b;
	struct guest_config config;
	struct json_object *obj, *out;

	(void)state;
	snprintf(text, sizeof(text), LEAST, "", ", \"disks\": [{"
		 "\"pdev_path\": \"/a\", \"vdev\": \"xvda\", "
		 "\"readwrite\": 1, \"direct_io_safe\": true, "
		 "\"discard_enable\": \"False\", \"hvx\": {\"shared\": true}}], "
		 "\"hvx\": {\"vscsis\": [\"a\", \"b\"]}");
	obj = json_tokener_parse(text);
	assert_int_equal(guest_from_json(obj, &config, why), 0);
	assert_true(config.disks[0].shared);
	assert_int_equal(config.disks[0].discard, 0);
	assert_int_equal(config.disks[0].number, 202 << 8);
	assert_int_equal(config.vscsi_count, 2);
	out = guest_to_json(&config);
	a = json_text(json_object_object_get(obj, "disks"));
	b = json_text(json_object_object_get(out, "disks"));
	assert_string_equal(a, b);
	free(a);
	free(b);
	a = json_text(json_object_object_get(obj, "hvx"));
	b = json_text(json_object_object_get(out, "hvx"));
	assert_string_equal(a, b);
	free(a);
	free(b);
	guest_config_free(&config);
	json_object_put(obj);
	json_object_put(out);
}

static void strings_are_escaped(void **state)
{
	struct json_object *obj = json_object_new_string(
		"a\"b\\c/\b\f\n\r\t\x01\x1f\x7f\xc3\xbc");
	char *text = json_text(obj);

	(void)state;
	assert_string_equal(text, "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0001\\u001F"
			    "\x7f\xc3\xbc\"\n");
	free(text);
	json_object_put(obj);
}

/* ---- names, numbers and what is made up ------------------------------ */

static void vdevs_have_numbers(void **state)
{
	static const struct {
		const char *text;
		uint32_t number;
	} good[] = {
		{ "xvda", 202 << 8 }, { "xvda1", 202 << 8 | 1 },
		{ "xvdp15", 202 << 8 | 15 << 4 | 15 },
		{ "xvdq", 1 << 28 | 16 << 8 }, { "xvda16", 1 << 28 | 16 },
		{ "xvdtq37", 1 << 28 | 536 << 8 | 37 },
		{ "d536p37", 1 << 28 | 536 << 8 | 37 }, { "d0", 202 << 8 },
		{ "d0p0", 202 << 8 }, { "d1p2", 202 << 8 | 1 << 4 | 2 },
		{ "xvdaa", 1 << 28 | 26 << 8 }, { "xvdz255", 1 << 28 | 25 << 8 | 255 },
		{ "sda", 8 << 8 }, { "sdb3", 8 << 8 | 1 << 4 | 3 },
		{ "sdp15", 8 << 8 | 15 << 4 | 15 },
		{ "hda", 3 << 8 }, { "hdb63", 3 << 8 | 1 << 6 | 63 },
		{ "hdc2", 22 << 8 | 2 }, { "hdd", 22 << 8 | 1 << 6 },
		{ "51712", 51712 }, { "0xca20", 51744 }, { "0144", 100 },
		{ "0", 0 }, { "d1048575p255", 1 << 28 | 1048575 << 8 | 255 },
	};
	static const char *const bad[] = {
		"", "x", "xvd", "xvd1", "xvdA", "xvda0", "xvda256", "xvda1x",
		"xvda01", "xvdzzzzz", "d", "d1p", "dp1", "d1p256", "d01",
		"d1048576", "sdq", "sda16", "hde", "hda64", "vda", "51712x",
		"-1", "536870912", "0x", "99999999999999999999", " xvda",
	};
	uint32_t number;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		if (guest_vdev_number(good[i].text, &number))
			fail_msg("%s is refused", good[i].text);
		assert_int_equal(number, good[i].number);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!guest_vdev_number(bad[i], &number))
			fail_msg("\"%s\" is taken as %u", bad[i], number);
}

static void addresses_become_canonical(void **state)
{
	char buf[37];

	(void)state;
	assert_int_equal(guest_canonical_mac("0:16:3E:a:Bb:C", buf), 0);
	assert_string_equal(buf, "00:16:3e:0a:bb:0c");
	assert_int_equal(guest_canonical_mac("00:16:3e:aa:bb", buf), -1);
	assert_int_equal(guest_canonical_mac("00:16:3e:aa:bb:cc:dd", buf), -1);
	assert_int_equal(guest_canonical_mac("00:16:3e:aa:bb:ccc", buf), -1);
	assert_int_equal(guest_canonical_mac("00:16:3e::bb:cc", buf), -1);
	assert_int_equal(guest_canonical_mac("", buf), -1);
	assert_int_equal(guest_canonical_uuid(
		"ABCDEF00-0000-4000-8000-000000000082", buf), 0);
	assert_string_equal(buf, "abcdef00-0000-4000-8000-000000000082");
	assert_int_equal(guest_canonical_uuid(
		"abcdef0000004000800000000000008f", buf), 0);
	assert_string_equal(buf, "abcdef00-0000-4000-8000-00000000008f");
	assert_int_equal(guest_canonical_uuid(
		"abcdef00-00004000-8000-000000000082-", buf), -1);
	assert_int_equal(guest_canonical_uuid(
		"abcdef0000004000800000000000008", buf), -1);
	assert_int_equal(guest_canonical_uuid("", buf), -1);
}

static void made_up_things_are_valid(void **state)
{
	struct guest_config config;
	char canonical[37];

	(void)state;
	guest_config_init(&config);
	assert_int_equal(guest_config_make_uuid(&config), 0);
	assert_int_equal(guest_canonical_uuid(config.uuid, canonical), 0);
	assert_string_equal(config.uuid, canonical);
	assert_int_equal(config.uuid[14], '4');
	config.vifs = calloc(40, sizeof(*config.vifs));
	config.vif_count = 40;
	config.vifs[7].mac = strdup("00:11:22:33:44:55");
	assert_int_equal(guest_config_make_macs(&config), 0);
	assert_string_equal(config.vifs[7].mac, "00:11:22:33:44:55");
	for (unsigned int i = 0; i < 40; i++) {
		const char *mac = config.vifs[i].mac;

		assert_int_equal(guest_canonical_mac(mac, canonical), 0);
		assert_string_equal(mac, canonical);
		assert_true(i == 7 || !strncmp(mac, "00:16:3e:", 9));
		assert_true(i == 7 || mac[9] < '8');
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(mac, config.vifs[j].mac);
	}
	guest_config_free(&config);
}

static void paths_become_absolute(void **state)
{
	struct guest_disk disks[4] = {
		{ .target = strdup("vg/a") }, { .target = strdup("/img/b") },
		{ .target = strdup("host:1"), .script = strdup("block-nbd") },
		{ .target = strdup("") },
	};
	struct guest_config config;

	(void)state;
	guest_config_init(&config);
	config.kernel = strdup("k");
	config.disks = disks;
	config.disk_count = 4;
	assert_int_equal(guest_config_make_absolute(&config, "/root"), 0);
	assert_string_equal(config.kernel, "/root/k");
	assert_null(config.ramdisk);
	config.ramdisk = strdup("../r");
	assert_int_equal(guest_config_make_absolute(&config, "/"), 0);
	assert_string_equal(config.kernel, "/root/k");
	assert_string_equal(config.ramdisk, "/../r");
	assert_string_equal(disks[0].target, "/dev/vg/a");
	assert_string_equal(disks[1].target, "/img/b");
	assert_string_equal(disks[2].target, "host:1");
	assert_string_equal(disks[3].target, "");
	for (int i = 0; i < 4; i++)
		guest_disk_free(&disks[i]);
	config.disks = NULL;
	config.disk_count = 0;
	guest_config_free(&config);
}

static void cpu_sets_grow(void **state)
{
	struct guest_cpus cpus = { NULL, 0 };

	(void)state;
	assert_false(guest_cpus_has(&cpus, 0));
	assert_int_equal(guest_cpus_add(&cpus, 70), 0);
	assert_int_equal(guest_cpus_add(&cpus, 0), 0);
	assert_int_equal(guest_cpus_add(&cpus, GUEST_CPUS_MAX - 1), 0);
	assert_int_equal(guest_cpus_add(&cpus, GUEST_CPUS_MAX), -1);
	for (unsigned int i = 0; i < 2 * GUEST_CPUS_MAX; i++)
		assert_int_equal(guest_cpus_has(&cpus, i),
				 i == 0 || i == 70 || i == GUEST_CPUS_MAX - 1);
	guest_cpus_free(&cpus);
	assert_null(cpus.bits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xl_samples_survive),
		cmocka_unit_test(xl_list_survives),
		cmocka_unit_test(json_faults_are_named),
		cmocka_unit_test(absent_actions_destroy),
		cmocka_unit_test(our_own_keys_survive),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(vdevs_have_numbers),
		cmocka_unit_test(addresses_become_canonical),
		cmocka_unit_test(made_up_things_are_valid),
		cmocka_unit_test(paths_become_absolute),
		cmocka_unit_test(cpu_sets_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
