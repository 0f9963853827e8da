/* SPDX-License-Identifier: MIT */
/*
 * xl.cfg's parts for those who call them: sources laid over one another, files,
 * the limits of notes, values that xl has no way to write, and xl.conf.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <hvxl/cfg.h>
#include <hvxl/cfg_keys.h>
#include <hvxl/cfg_text.h>

static const uint32_t nodes[8] = { 0, 0, 0, 0, 1, 1, ~0u, 1 };
static const struct cfg_host host = { 8, nodes };

static char *said(const struct cfg_notes *notes, bool warnings)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cfg_notes_print(notes, warnings, f);
	fclose(f);
	return text;
}

static void says(const struct cfg_notes *notes, bool warnings,
		 const char *expected)
{
	char *text = said(notes, warnings);

	assert_string_equal(text, expected);
	free(text);
}

static void parse(struct cfg_tree *tree, const char *source, const char *text,
		  struct cfg_notes *notes)
{
	cfg_parse(tree, source, text, strlen(text), notes);
}

/* ---- sources ------------------------------------------------------------ */

static void arguments_override_the_file(void **state)
{
	struct cfg_tree tree = { 0 };
	struct cfg_notes notes = { 0 };
	struct guest_config config;

	(void)state;
	parse(&tree, "a.cfg", "name='a'\nmemory=64\nkernel='/k'\n"
	      "vif=['bridge=x']\nextra='quiet'\n", &notes);
	assert_int_equal(cfg_parse_arg(&tree, "memory=128", &notes), 0);
	assert_int_equal(cfg_parse_arg(&tree, "name=\"b c\"", &notes), 0);
	assert_int_equal(cfg_parse_arg(&tree, "vif+=['bridge=y']", &notes), 0);
	assert_int_equal(cfg_parse_arg(&tree, "extra+=' single';vcpus=2",
				       &notes), 0);
	assert_int_equal(cfg_apply(&tree, NULL, &config, &notes), 0);
	says(&notes, true, "");
	assert_string_equal(config.name, "b c");
	assert_int_equal(config.memory_kb, 128 << 10);
	assert_int_equal(config.vcpus, 2);
	assert_int_equal(config.vif_count, 2);
	assert_string_equal(config.vifs[1].bridge, "y");
	assert_string_equal(config.cmdline, "quiet single");
	guest_config_free(&config);
	cfg_tree_free(&tree);
	cfg_notes_free(&notes);
}

static void mistakes_name_their_source(void **state)
{
	struct cfg_tree tree = { 0 };
	struct cfg_notes notes = { 0 };
	struct guest_config config;

	(void)state;
	parse(&tree, "a.cfg", "name='a'\n\nvcpus=0\nkernel='/k'\nmemory=64\n"
	      "vif=['bridge=x']\ncap=1000", &notes);
	assert_int_equal(cfg_parse_arg(&tree, "cpu_weight=0", &notes), 0);
	assert_int_equal(cfg_parse_arg(&tree, "vif+=['mac=1']", &notes), 0);
	assert_int_equal(cfg_parse_arg(&tree, "root=x", &notes), -1);
	assert_int_equal(cfg_parse_arg(&tree, "memory", &notes), -1);
	assert_int_equal(cfg_apply(&tree, NULL, &config, &notes), -1);
	says(&notes, true,
	     "command line: root: expected a number, or text in quotes like "
	     "\"x\", found x\n"
	     "command line: memory: expected = or +=, found the end\n"
	     "command line: cpu_weight: expected a number from 1 to 65535, "
	     "found 0\n"
	     "command line: vif 2: expected mac=XX:XX:XX:XX:XX:XX, found "
	     "mac=1\n"
	     "a.cfg:3: vcpus: expected a number from 1 to 512, found 0\n"
	     "a.cfg:7: cap: expected 0 (none) to 100, 100 percent for each "
	     "vCPU, found 1000\n");
	guest_config_free(&config);
	cfg_tree_free(&tree);
	cfg_notes_free(&notes);
}

static void files_are_read(void **state)
{
	char path[] = "/tmp/hvx-cfg-XXXXXX";
	int fd = mkstemp(path);
	struct cfg_tree tree = { 0 };
	struct cfg_notes notes = { 0 };
	const struct cfg_entry *e;
	char *text, expected[128];

	(void)state;
	assert_true(fd >= 0);
	/* With UTF-8's mark, DOS's line ends, and no end of the last line. */
	assert_int_equal(write(fd, "\xef\xbb\xbfname='a'\r\nmemory = 64", 24),
			 24);
	assert_int_equal(cfg_parse_file(&tree, path, &notes), 0);
	e = cfg_find(&tree, "memory");
	assert_non_null(e);
	assert_string_equal(e->value->text, "64");
	assert_int_equal(e->at.line, 2);
	assert_string_equal(e->at.source, path);
	assert_null(cfg_find(&tree, "memor"));
	cfg_tree_free(&tree);
	assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
	assert_int_equal(cfg_parse_file(&tree, path, &notes), -1);
	snprintf(expected, sizeof(expected), "%s: expected a configuration, "
		 "found File too large\n", path);
	says(&notes, true, expected);
	close(fd);
	unlink(path);
	cfg_notes_free(&notes);
	assert_int_equal(cfg_parse_file(&tree, "/no/such", &notes), -1);
	assert_int_equal(cfg_parse_file(&tree, "/tmp", &notes), -1);
	text = said(&notes, true);
	assert_string_equal(text, "/no/such: expected a configuration, found "
			    "No such file or directory\n/tmp: expected a "
			    "configuration, found Is a directory\n");
	free(text);
	cfg_tree_free(&tree);
	cfg_notes_free(&notes);
}

/* A file of a megabyte costs no more than reading it. */
static void keys_and_values_are_bounded(void **state)
{
	struct cfg_tree tree = { 0 };
	struct cfg_notes notes = { 0 };
	char *text = malloc(200000), *out = text;

	(void)state;
	for (int i = 0; i <= 1000; i++)
		out += sprintf(out, "k%d=1\n", i);
	parse(&tree, "a", text, &notes);
	assert_int_equal(tree.count, 1000);
	says(&notes, true, "a:1001: k1000: expected at most 1000 keys, found "
	     "more\n");
	cfg_tree_free(&tree);
	cfg_notes_free(&notes);
	out = stpcpy(text, "k=[");
	for (int i = 0; i <= 4096; i++)
		out = stpcpy(out, "1,\n");
	strcpy(out, "]\nl=1\n");
	parse(&tree, "a", text, &notes);
	says(&notes, true, "a:4096: k: expected at most 4096 values, found "
	     "more\n");
	assert_non_null(cfg_find(&tree, "l"));
	cfg_tree_free(&tree);
	cfg_notes_free(&notes);
	free(text);
}

/* ---- notes ---------------------------------------------------------------- */

static void notes_are_bounded_and_sorted(void **state)
{
	struct cfg_notes notes = { 0 };
	struct cfg_place at = { "a", 0 };

	(void)state;
	for (unsigned int i = 0; i < 2 * CFG_NOTES_MAX; i++) {
		at.line = 1000 - i;
		cfg_note(&notes, CFG_WARNING, at, "w%u", i);
	}
	assert_int_equal(notes.count, CFG_NOTES_MAX);
	assert_true(notes.full);
	assert_int_equal(notes.errors, 0);
	/* Errors take the place of warnings, but not of errors. */
	for (unsigned int i = 0; i < 2 * CFG_NOTES_MAX; i++) {
		at.line = i + 1;
		cfg_note(&notes, CFG_ERROR, at, "e%u", i);
	}
	assert_int_equal(notes.count, CFG_NOTES_MAX);
	assert_int_equal(notes.errors, 2 * CFG_NOTES_MAX);
	for (unsigned int i = 0; i < notes.count; i++) {
		assert_int_equal(notes.list[i].level, CFG_ERROR);
		assert_int_equal(notes.list[i].line, i + 1);
	}
	cfg_notes_free(&notes);
}

static void warnings_can_be_left_out(void **state)
{
	struct cfg_notes notes = { 0 };

	(void)state;
	cfg_note(&notes, CFG_WARNING, (struct cfg_place){ "a", 2 }, "w");
	cfg_note(&notes, CFG_ERROR, (struct cfg_place){ "b", 1 }, "e");
	cfg_note(&notes, CFG_ERROR, (struct cfg_place){ "a", 1 }, "f");
	says(&notes, true, "a:1: f\na:2: warning: w\nb:1: e\n");
	says(&notes, false, "a:1: f\nb:1: e\n");
	cfg_notes_free(&notes);
}

/* ---- what xl can't say -------------------------------------------------------- */

static void a_disk_may_be_a_part(void **state)
{
	struct guest_disk disk, again;
	char why[CFG_WHY];
	struct json_object *o;

	(void)state;
	assert_int_equal(cfg_parse_disk("/dev/sdb,raw,xvda,w,offset=1M,"
					"length=2097152,sector-size=4096",
					&disk, why), 0);
	assert_int_equal(disk.offset, 1 << 20);
	assert_int_equal(disk.length, 2 << 20);
	assert_int_equal(disk.sector_size, 4096);
	/* The way to hvxd and into its records keeps all of it. */
	o = disk_to_json(&disk);
	assert_int_equal(disk_from_json(o, &again, why), 0);
	assert_int_equal(again.offset, disk.offset);
	assert_int_equal(again.length, disk.length);
	assert_int_equal(again.sector_size, 4096);
	json_object_put(o);
	guest_disk_free(&again);
	guest_disk_free(&disk);
	assert_int_equal(cfg_parse_disk("/a,raw,xvda,w,length=8t", &disk, why),
			 0);
	assert_int_equal(disk.length, 8ull << 40);
	guest_disk_free(&disk);
}

static void a_part_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {
		"/a,raw,xvda,w,offset=-1",
		"/a,raw,xvda,w,offset=1x", "/a,raw,xvda,w,offset=k",
		"/a,raw,xvda,w,offset=100", "/a,raw,xvda,w,length=8388608T",
		"/a,raw,xvda,w,length=99999999999999999999",
		"/a,raw,xvda,w,sector-size=1024", "/a,raw,xvda,w,sector-size=x",
		"/a,qcow2,xvda,w,offset=1M",
	};
	struct guest_disk disk;
	char why[CFG_WHY];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(cfg_parse_disk(bad[i], &disk, why), -1);
		assert_true(strlen(why) > 10);
		guest_disk_free(&disk);
	}
}

static void a_disk_may_be_shared(void **state)
{
	struct guest_disk disk;
	char why[CFG_WHY];

	(void)state;
	assert_int_equal(cfg_parse_disk("phy:/a,xvda,w!", &disk, why), 0);
	assert_true(disk.shared && disk.readwrite);
	assert_string_equal(why, "");
	guest_disk_free(&disk);
	/* Blanks around, an = in a path, and whether the backend is trusted. */
	assert_int_equal(cfg_parse_disk(" /dev/a=b , raw , vdev = xvda , "
					"ro , untrusted", &disk, why), 0);
	assert_string_equal(disk.target, "/dev/a=b");
	assert_int_equal(disk.trusted, 0);
	assert_false(disk.readwrite || disk.shared);
	assert_int_equal(disk.number, 202 << 8);
	guest_disk_free(&disk);
}

static void a_nic_has_many_words(void **state)
{
	struct guest_vif vif;
	char why[CFG_WHY];

	(void)state;
	assert_int_equal(cfg_parse_vif("mac=0:16:3E:1:2:3,bridge=br0,"
		"script=/s,ip=10.0.0.1 10.0.0.2,vifname=v,model=e1000,"
		"type=ioemu,gatewaydev=eth0,backend=dom,rate=8Mb/s@1ms,"
		"mtu=9000,devid=3,trusted,vlan=4094,isolated", &vif, why), 0);
	assert_string_equal(why, "");
	assert_int_equal(vif.vlan, 4094);
	assert_true(vif.isolated);
	assert_string_equal(vif.mac, "00:16:3e:01:02:03");
	assert_string_equal(vif.bridge, "br0");
	assert_string_equal(vif.script, "/s");
	assert_string_equal(vif.ip, "10.0.0.1 10.0.0.2");
	assert_string_equal(vif.ifname, "v");
	assert_string_equal(vif.model, "e1000");
	assert_string_equal(vif.type, "vif_ioemu");
	assert_string_equal(vif.gatewaydev, "eth0");
	assert_string_equal(vif.backend_domain, "dom");
	assert_int_equal(vif.rate_bytes, 1000);
	assert_int_equal(vif.rate_interval, 1000);
	assert_int_equal(vif.mtu, 9000);
	assert_int_equal(vif.devid, 3);
	assert_int_equal(vif.trusted, 1);
	guest_vif_free(&vif);
	assert_int_equal(cfg_parse_vif("vlan=0", &vif, why), -1);
	assert_non_null(strstr(why, "expected vlan=1 to 4094, found vlan=0"));
	guest_vif_free(&vif);
	assert_int_equal(cfg_parse_vif("vlan=4095", &vif, why), -1);
	assert_non_null(strstr(why, "expected vlan=1 to 4094, found 4095"));
	guest_vif_free(&vif);
}

static void cpus_of(const char *text, const struct cfg_host *h,
		    const char *expected)
{
	struct guest_cpus cpus;
	char why[CFG_WHY], got[256] = "", *out = got;

	if (cfg_parse_cpus(text, h, &cpus, why))
		out = stpcpy(out, why);
	for (unsigned int i = 0; out == got && i < cpus.count; i++)
		if (guest_cpus_has(&cpus, i))
			break;
	if (!*got)
		for (unsigned int i = 0; i < cpus.count; i++)
			if (guest_cpus_has(&cpus, i))
				out += sprintf(out, "%s%u", out == got ? "" :
					       " ", i);
	assert_string_equal(got, expected);
	guest_cpus_free(&cpus);
}

static void cpu_lists(void **state)
{
	(void)state;
	cpus_of("all", &host, "0 1 2 3 4 5 6 7");
	cpus_of("0-3,5,^1", &host, "0 2 3 5");
	cpus_of("all,^7", &host, "0 1 2 3 4 5 6");
	cpus_of("node:1", &host, "4 5 7");
	cpus_of("nodes:0-1,^4", &host, "0 1 2 3 5 7");
	cpus_of("1,node:1,^5", &host, "1 4 7");
	cpus_of("all,^node:1", &host, "0 1 2 3 6");
	/* In order, as xl does it. */
	cpus_of("^1,0-2", &host, "0 1 2");
	cpus_of("^0,1", &host, "1");
	cpus_of("2-4", NULL, "2 3 4");
	cpus_of("all", NULL, "expected CPUs by their numbers: how many there "
		"are isn't known here");
	cpus_of("node:0", NULL, "expected CPUs: which node they belong to "
		"isn't known here");
	cpus_of("^0-7,all,^all", &host, "expected at least one CPU, found "
		"\"^0-7,all,^all\"");
}

static void all_cpus_of_an_unknown_machine(void **state)
{
	struct cfg_tree tree = { 0 };
	struct cfg_notes notes = { 0 };
	struct guest_config config;

	(void)state;
	parse(&tree, "a.cfg", "name='a';memory=64;kernel='/k';cpus='all'",
	      &notes);
	assert_int_equal(cfg_apply(&tree, NULL, &config, &notes), 0);
	assert_int_equal(config.hard_count, 0);
	guest_config_free(&config);
	cfg_tree_free(&tree);
}

/* ---- keys ------------------------------------------------------------------------ */

static void keys_are_there_once(void **state)
{
	char *text = NULL;
	unsigned int lines = 0, keys = 0;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	for (const struct key *k = cfg_keys; k->name; k++) {
		assert_ptr_equal(cfg_key(k->name), k);
		assert_true(!k->same_as || cfg_key(k->same_as));
		keys++;
	}
	cfg_keys_print(f);
	fclose(f);
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, keys);
	free(text);
}

static void misspelt_keys_are_guessed(void **state)
{
	(void)state;
	assert_int_equal(edit_distance("memory", "memroy", 9), 1);
	assert_int_equal(edit_distance("kernel", "kernl", 9), 1);
	assert_int_equal(edit_distance("", "abc", 9), 3);
	assert_int_equal(edit_distance("abc", "abc", 9), 0);
	assert_int_equal(edit_distance("abc", "xyz", 2), 2);
	assert_string_equal(cfg_key_like("cpu_wieght"), "cpu_weight");
	assert_string_equal(cfg_key_like("dsik"), "disk");
	assert_null(cfg_key_like("netmask"));
	assert_null(cfg_key_like("x"));
	assert_null(cfg_key_like("a_word_of_more_than_forty_letters_that_is_"
				 "no_key"));
}

/* ---- xl.conf ------------------------------------------------------------------------ */

static void read_conf(const char *text, struct xl_conf *conf,
		      struct cfg_notes *notes)
{
	char path[] = "/tmp/hvx-conf-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	xl_conf_read(path, conf, notes);
	unlink(path);
}

static void a_missing_conf_gives_defaults(void **state)
{
	struct cfg_notes notes = { 0 };
	struct xl_conf conf;

	(void)state;
	assert_int_equal(xl_conf_read("/no/such", &conf, &notes), 0);
	assert_string_equal(conf.lockfile, "/var/lock/xl");
	assert_true(conf.claim && conf.run_hotplug_scripts);
	assert_false(conf.output_sxp);
	assert_null(conf.vif_bridge);
	assert_int_equal(conf.max_grant_frames, -1);
	xl_conf_free(&conf);
}

static void conf_fills_what_is_unsaid(void **state)
{
	struct cfg_tree tree = { 0 };
	struct cfg_notes notes = { 0 };
	struct guest_config config;
	struct xl_conf conf;

	(void)state;
	read_conf("vif.default.bridge=\"br9\"\nvif.default.script=\"vs\"\n"
		  "max_grant_frames=40\nvm.cpumask=\"0-3\"\n"
		  "vm.pv.cpumask=\"1-7\"\nautoballoon=\"auto\"\n", &conf,
		  &notes);
	parse(&tree, "a.cfg", "name='a';memory=64;kernel='/k';vcpus=2\n"
	      "vif=['bridge=x','']; cpus=['0-1']", &notes);
	assert_int_equal(cfg_apply(&tree, &host, &config, &notes), 0);
	assert_int_equal(xl_conf_apply(&conf, &host, &config, &notes), 0);
	says(&notes, true, "");
	assert_string_equal(config.vifs[0].bridge, "x");
	assert_string_equal(config.vifs[1].bridge, "br9");
	assert_string_equal(config.vifs[0].script, "vs");
	assert_int_equal(config.max_grant_frames, 40);
	assert_int_equal(config.max_maptrack_frames, -1);
	assert_int_equal(config.hard_count, 2);
	for (unsigned int i = 0; i < 16; i++) {
		assert_int_equal(guest_cpus_has(&config.hard[0], i), i == 1);
		assert_int_equal(guest_cpus_has(&config.hard[1], i),
				 i >= 1 && i <= 3);
	}
	guest_config_free(&config);
	xl_conf_free(&conf);
	cfg_tree_free(&tree);
}

static void mistakes_in_conf(void **state)
{
	struct cfg_tree tree = { 0 };
	struct cfg_notes notes = { 0 };
	struct guest_config config;
	struct xl_conf conf;
	char *text;

	(void)state;
	read_conf("run_hotplug_scripts=2\nlockfile=['x']\n"
		  "max_grant_frames=\"many\"\n", &conf, &notes);
	assert_int_equal(notes.errors, 3);
	text = said(&notes, true);
	assert_non_null(strstr(text, ":1: run_hotplug_scripts: expected a "
			       "number from 0 to 1, found 2\n"));
	assert_non_null(strstr(text, ":2: lockfile: expected text, found a "
			       "list\n"));
	assert_non_null(strstr(text, ":3: max_grant_frames: expected a number "
			       "from 0 to 65536, found many\n"));
	free(text);
	xl_conf_free(&conf);
	cfg_notes_free(&notes);
	read_conf("vm.cpumask='4-5'\nvm.pv.cpumask='x'\n", &conf, &notes);
	parse(&tree, "a.cfg", "name='a';memory=64;kernel='/k';cpus='0'",
	      &notes);
	assert_int_equal(cfg_apply(&tree, &host, &config, &notes), 0);
	assert_int_equal(xl_conf_apply(&conf, &host, &config, &notes), -1);
	says(&notes, true, "xl.conf: vm.cpumask: expected some of the CPUs of "
	     "vCPU 0, found none of them\nxl.conf: vm.pv.cpumask: expected "
	     "CPUs like all, 0-3, ^2 or node:1, found \"x\"\n");
	guest_config_free(&config);
	xl_conf_free(&conf);
	cfg_tree_free(&tree);
	cfg_notes_free(&notes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_override_the_file),
		cmocka_unit_test(mistakes_name_their_source),
		cmocka_unit_test(files_are_read),
		cmocka_unit_test(keys_and_values_are_bounded),
		cmocka_unit_test(notes_are_bounded_and_sorted),
		cmocka_unit_test(warnings_can_be_left_out),
		cmocka_unit_test(a_disk_may_be_shared),
		cmocka_unit_test(a_disk_may_be_a_part),
		cmocka_unit_test(a_part_that_is_none_is_refused),
		cmocka_unit_test(a_nic_has_many_words),
		cmocka_unit_test(cpu_lists),
		cmocka_unit_test(all_cpus_of_an_unknown_machine),
		cmocka_unit_test(keys_are_there_once),
		cmocka_unit_test(misspelt_keys_are_guessed),
		cmocka_unit_test(a_missing_conf_gives_defaults),
		cmocka_unit_test(conf_fills_what_is_unsaid),
		cmocka_unit_test(mistakes_in_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
