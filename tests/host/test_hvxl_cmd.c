/* SPDX-License-Identifier: MIT */
/*
 * hvxl's commands from end to end in a dom0 that is played: what they print,
 * return, and do to hypervisor and store; and that they open neither without
 * need. Each runs in a child, as its own program would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <abi/sched.h>
#include <hvxl/args.h>
#include <hvxl/hvxl.h>
#include "fake_dom0.h"

static char said[16384], complained[16384];

static void read_back(FILE *f, char *to)
{
	size_t n;

	rewind(f);
	n = fread(to, 1, sizeof(said) - 1, f);
	to[n] = 0;
	fclose(f);
}

static int in_child(char **words, int n, FILE *out, FILE *err)
{
	unsigned int candidates;
	const struct command *c = command_find(words[0], &candidates);
	int rc;

	dup2(fileno(out), 1);
	dup2(fileno(err), 2);
	if (!c)
		return 99;
	args_start(c);
	rc = c->run(n, words);
	fflush(stdout);
	host_close();
	return rc;
}

/* Runs a line of words; its exit code. */
static int hvxl_run(const char *line)
{
	FILE *out = tmpfile(), *err = tmpfile();
	char copy[256], *words[16], *rest;
	int n = 0, status = 0;
	pid_t pid;

	snprintf(copy, sizeof(copy), "%s", line);
	for (words[n] = strtok_r(copy, " ", &rest); words[n];
	     words[n] = strtok_r(NULL, " ", &rest))
		n++;
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(in_child(words, n, out, err));
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	read_back(out, said);
	read_back(err, complained);
	if (!WIFEXITED(status))
		print_error("%s: ended by a signal: %s", line, complained);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void works(const char *line)
{
	int rc = hvxl_run(line);

	if (rc)
		print_error("%s: %d: %s", line, rc, complained);
	assert_int_equal(rc, 0);
}

/* It fails, and some of these words say why. */
static void fails(const char *line, const char *words)
{
	int rc = hvxl_run(line);

	if (!rc || !strstr(complained, words))
		print_error("%s: %d: %s", line, rc, complained);
	assert_int_equal(rc, 1);
	assert_non_null(strstr(complained, words));
}

static void node_is(const char *path, const char *value)
{
	assert_non_null(fake_node(path));
	assert_string_equal(fake_node(path), value);
}

static int two_guests(void **state)
{
	(void)state;
	setenv("HVXD_SOCKET", "/nonexistent/hvxd.sock", 1);
	memset(&hvxl, 0, sizeof(hvxl));
	hvxl.prog = "hvxl";
	fake_dom0_reset();
	fake_domain_add(1, "web", 64, 2);
	fake_domain_add(2, "db", 32, 1);
	fake_node_set("/local/domain/1/memory/target", "65536");
	fake_node_set("/local/domain/1/memory/static-max", "131072");
	fake_node_set("/local/pool/0/name", "Pool-0");
	return 0;
}

/* ---- who is meant ---- */

static void test_names(void **state)
{
	(void)state;
	works("domid web");
	assert_string_equal(said, "1\n");
	works("domname 2");
	assert_string_equal(said, "db\n");
	fails("domid 1", "Can't get domid of domain name '1'");
	works("domid 00000000-0000-0000-0000-000000000002");
	assert_string_equal(said, "2\n");
	fails("pause nobody",
	      "nobody is an invalid domain identifier (rc=-6)\n");
	fails("pause 7", "there is no domain 7");
	fails("list 7", "Error: Domain '7' does not exist.\n");
	/* Too large to be an id, so it wraps to none. */
	fails("pause 4294967297", "is an invalid domain identifier");
}

static void test_store_is_away(void **state)
{
	(void)state;
	dom0->no_store = true;
	works("list");
	assert_non_null(strstr(said, "Domain-0   "));
	assert_non_null(strstr(said, "(null)   "));
	fails("domid web", "Can't get domid");
	fails("pause web", "names are kept in the store, and none answers");
	works("pause 1");
	fails("mem-set 1 32", "no store answers");
	assert_int_equal(dom0->domains[1].max_kib, 0);
}

static void test_opened_when_needed(void **state)
{
	(void)state;
	works("pause 1");
	assert_int_equal(dom0->opened_hypervisor, 1);
	assert_int_equal(dom0->opened_store, 0);
	works("domname 1");
	assert_int_equal(dom0->opened_hypervisor, 1);
	assert_int_equal(dom0->opened_store, 1);
	works("help list");
	works("pause --help");
	assert_int_equal(dom0->opened_hypervisor, 1);
	assert_int_equal(dom0->opened_store, 1);
}

static void test_not_dom0(void **state)
{
	(void)state;
	dom0->no_hypervisor = true;
	fails("list", "is this dom0");
}

/* ---- actions ---- */

static void test_pause(void **state)
{
	(void)state;
	works("pause web");
	assert_int_equal(dom0->domains[1].pauses, 1);
	works("unpause web");
	assert_false(dom0->domains[1].info.flags & XEN_DOMINF_paused);
	fails("pause 0", "domain 0");
	hvxl.dry_run = true;
	works("pause web");
	assert_string_equal(said, "pause domain 1\n");
	assert_int_equal(dom0->domains[1].pauses, 1);
}

static void test_mem_set(void **state)
{
	(void)state;
	works("mem-set web 48");
	node_is("/local/domain/1/memory/target", "49152");
	/* The limit goes with it: 65 MiB - 64 + 48. */
	assert_int_equal(dom0->domains[1].max_kib, 49 * 1024);
	works("mem-set web 131072k");
	node_is("/local/domain/1/memory/target", "131072");
	assert_int_equal(dom0->domains[1].max_kib, 129 * 1024);
	node_is("/vm/00000000-0000-0000-0000-000000000001/memory", "128");
	fails("mem-set web 1g", "may have 128 MiB at most");
	fails("mem-set web 0", "no guest lives with nothing");
	fails("mem-set web lots", "invalid memory size: lots\n");
	fails("mem-set 0 64", "less than 128 MiB");
	node_is("/local/domain/1/memory/target", "131072");
	assert_int_equal(dom0->domains[0].max_kib, 0);
	hvxl.force = true;
	works("mem-set 0 64");
	node_is("/local/domain/0/memory/target", "65536");
	assert_int_equal(dom0->domains[0].max_kib, 64 * 1024);
}

/* What stands in the store may be nonsense: what the hypervisor says counts. */
static void test_mem_set_strange_target(void **state)
{
	(void)state;
	fake_node_set("/local/domain/1/memory/target", "a lot");
	works("mem-set web 32");
	assert_int_equal(dom0->domains[1].max_kib, 33 * 1024);
}

static void test_mem_max(void **state)
{
	(void)state;
	works("mem-max web 100");
	assert_int_equal(dom0->domains[1].max_kib, 101 * 1024);
	node_is("/local/domain/1/memory/static-max", "102400");
	fails("mem-set web 101", "at most");
	fails("mem-max web 32", "was promised 64 MiB");
	fails("mem-max 7 32", "there is no domain 7");
	assert_int_equal(dom0->domains[1].max_kib, 101 * 1024);
}

static void test_vcpu_set(void **state)
{
	(void)state;
	dom0->commits_to_refuse = 2;
	works("vcpu-set web 1");
	node_is("/local/domain/1/cpu/0/availability", "online");
	node_is("/local/domain/1/cpu/1/availability", "offline");
	assert_int_equal(dom0->commits_to_refuse, 0);
	works("vcpu-set 1 2");
	node_is("/local/domain/1/cpu/1/availability", "online");
	fails("vcpu-set web 3", "has 2 vCPUs, not 3");
	fails("vcpu-set web 0", "Error: Invalid argument.\n");
	fails("vcpu-set web two", "Error: Invalid argument.\n");
	fake_domain_add(3, "wide", 32, 6);
	fails("vcpu-set wide 5", "--ignore-host");
	works("vcpu-set -i wide 5");
	node_is("/local/domain/3/cpu/5/availability", "offline");
}

static void test_vcpu_pin(void **state)
{
	(void)state;
	works("vcpu-pin web 1 0-1,3");
	assert_int_equal(dom0->domains[1].hard[1], 0xb);
	assert_int_equal(dom0->domains[1].hard[0], 0xf);
	assert_int_equal(dom0->domains[1].soft[1], 0xf);
	works("vcpu-pin web all all,^0 2");
	assert_int_equal(dom0->domains[1].hard[0], 0xe);
	assert_int_equal(dom0->domains[1].hard[1], 0xe);
	assert_int_equal(dom0->domains[1].soft[1], 4);
	works("vcpu-pin web 0 - all");
	assert_int_equal(dom0->domains[1].hard[0], 0xe);
	assert_int_equal(dom0->domains[1].soft[0], 0xf);
	works("vcpu-list web");
	assert_non_null(strstr(said, "1-3 / all\n"));
	assert_non_null(strstr(said, "1-3 / 2\n"));
	fails("vcpu-pin web 2 0", "has vCPUs 0 to 1, not 2");
	fails("vcpu-pin web x 0", "Error: Invalid argument x as VCPU.\n");
	fails("vcpu-pin web 0 0-", "0-");
	fails("vcpu-pin web 0 99", "99");
	fails("vcpu-pin web 0 - -", "nothing to do");
	fails("vcpu-pin 7 0 0", "there is no domain 7");
	assert_int_equal(dom0->domains[1].hard[0], 0xe);
	hvxl.dry_run = true;
	works("vcpu-pin web all 0 -");
	assert_string_equal(said,
			    "pin vCPU all of domain 1: hard 0, soft -\n");
	assert_int_equal(dom0->domains[1].hard[0], 0xe);
}

static void test_sched_credit(void **state)
{
	(void)state;
	works("sched-credit -d web -w 512 -c 150");
	assert_int_equal(dom0->domains[1].credit.weight, 512);
	assert_int_equal(dom0->domains[1].credit.cap, 150);
	works("sched-credit -d web --cap=0");
	assert_int_equal(dom0->domains[1].credit.weight, 512);
	assert_int_equal(dom0->domains[1].credit.cap, 0);
	fails("sched-credit -d web -w 0", "between 1 and 65535");
	fails("sched-credit -d web -w 65536", "between 1 and 65535");
	fails("sched-credit -d web -c 201", "between 0 and 200");
	fails("sched-credit -d web -w many", "many");
	fails("sched-credit -w 5", "Must specify a domain.\n");
	works("sched-credit -s -t 10 -r 0");
	assert_int_equal(dom0->credit.tslice_ms, 10);
	assert_int_equal(dom0->credit.ratelimit_us, 0);
	fails("sched-credit -s -t 0", "between 1 and 1000");
	fails("sched-credit -s -r 50", "between 100 and 500000");
	fails("sched-credit -s -t 1 -r 2000", "must not exceed");
	assert_int_equal(dom0->credit.tslice_ms, 10);
	works("sched-credit");
	assert_string_equal(said,
		"Cpupool Pool-0: tslice=10ms ratelimit=0us "
		"migration-delay=0us\n"
		"Name                                ID Weight  Cap\n"
		"Domain-0                             0    256    0\n"
		"web                                  1    512    0\n"
		"db                                   2    256    0\n");
}

static void test_telling(void **state)
{
	(void)state;
	works("sysrq web h");
	node_is("/local/domain/1/control/sysrq", "h");
	fails("sysrq web hh", "Invalid sysrq.\n");
	fails("sysrq 7 h", "there is no domain 7");
	assert_null(fake_node("/local/domain/7/control/sysrq"));
	works("trigger web nmi");
	assert_int_equal(dom0->domains[1].triggers, 1);
	fails("trigger web power", "PV guest");
	fails("trigger web jump", "Invalid trigger \"jump\"\n");
	works("debug-keys qr");
	assert_string_equal(dom0->keys, "qr");
	works("dmesg");
	assert_string_equal(said, "(XEN) one\n(XEN) two\n");
}

/* ---- ends, without hvxd ---- */

static void test_destroy(void **state)
{
	(void)state;
	fake_node_set("/local/domain/0/backend/vbd/1/51712/state", "4");
	fake_node_set("/local/domain/0/backend/vbd/1/51712/online", "1");
	fake_node_set("/local/domain/0/backend/vbd/2/51712/state", "4");
	fake_node_set("/vm/00000000-0000-0000-0000-000000000001/name", "web");
	fake_node_set("/libxl/1/type", "pv");
	works("destroy web");
	assert_false(dom0->domains[1].there);
	assert_true(dom0->domains[2].there);
	assert_null(fake_node("/local/domain/1/name"));
	assert_null(fake_node("/local/domain/0/backend/vbd/1/51712/state"));
	assert_null(fake_node(
		"/vm/00000000-0000-0000-0000-000000000001/name"));
	assert_null(fake_node("/libxl/1/type"));
	node_is("/local/domain/0/backend/vbd/2/51712/state", "4");
	fails("destroy web", "invalid domain identifier");
	fails("destroy 1", "there is no domain 1");
	fails("destroy 0", "Not destroying domain 0; use -f to force.\n");
}

static void test_destroy_held(void **state)
{
	(void)state;
	dom0->domains[1].sticky = true;
	fails("destroy web", "still holds its memory");
}

static void test_shutdown(void **state)
{
	(void)state;
	dom0->obedient = true;
	works("shutdown web");
	assert_string_equal(complained, "Shutting down domain 1\n");
	node_is("/local/domain/1/control/shutdown", "");
	dom0->domains[1].info.flags = XEN_DOMINF_shutdown |
		SHUTDOWN_reboot << XEN_DOMINF_shutdownshift;
	works("reboot web -w");
	assert_string_equal(complained, "Rebooting domain 1\n"
		"Domain 1 has been shut down, reason code 1\n");
	works("shutdown -a");
	assert_string_equal(complained, "Shutting down domain 1\n"
			    "Shutting down domain 2\n");
	fails("shutdown", "You must specify -a or a domain id.\n");
	fails("shutdown 7", "there is no domain 7");
}

static void test_rename(void **state)
{
	(void)state;
	works("rename web www");
	node_is("/local/domain/1/name", "www");
	fails("rename www db", "there is a domain db already");
	fails("rename www 12", "digits alone");
	fails("rename www a/b", "slash");
	node_is("/local/domain/1/name", "www");
}

static void test_needs_hvxd(void **state)
{
	(void)state;
	fails("block-attach web phy:/dev/null,xvdb,w", "hvxd does not answer");
	fails("events", "systemctl start hvxd");
	fails("block-detach web xvdb", "Error: Device xvdb not connected.\n");
	fails("block-resize web xvdb", "Error: Device xvdb not connected.\n");
	fails("network-detach web 0", "Unknown device 0.\n");
	fails("block-attach web frob=nicate", "frob");
}

/* ---- lists of devices ---- */

static void test_block_list(void **state)
{
	(void)state;
	fake_node_set("/libxl/1/device/vbd/51728/backend",
		      "/local/domain/0/backend/hvbd/1/51728");
	fake_node_set("/libxl/1/device/vbd/51712/backend",
		      "/local/domain/0/backend/vbd/1/51712");
	fake_node_set("/libxl/1/device/vbd/51712/frontend-id", "1");
	fake_node_set("/local/domain/1/device/vbd/51712/backend-id", "0");
	fake_node_set("/local/domain/1/device/vbd/51712/state", "4");
	fake_node_set("/local/domain/1/device/vbd/51712/ring-ref", "8");
	/* A guest's words never reach the terminal. */
	fake_node_set("/local/domain/1/device/vbd/51712/event-channel",
		      "\033[2J9");
	works("block-list web db");
	assert_string_equal(said,
		"Vdev  BE  handle state evt-ch ring-ref BE-path                "
		"       \n"
		"51712 0   1      4     -1     8        "
		"/local/domain/0/backend/vbd/1/51712\n"
		"51728 0   -1     -1    -1     -1       "
		"/local/domain/0/backend/hvbd/1/51728\n");
	works("block-list web --json");
	assert_non_null(strstr(said, "\"vdev\": 51712"));
	assert_non_null(strstr(said, "\"event_channel\": null"));
}

static void test_json_everywhere(void **state)
{
	static const char *const queries[] = {
		"list", "info", "vcpu-list", "vm-list", "uptime", "claims",
		"sched-credit", "cpupool-list", "block-list web",
		"network-list web", "top -d 0.1", "domid web", "domname 1",
		"dmesg",
	};
	char line[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		snprintf(line, sizeof(line), "%s --json", queries[i]);
		works(line);
		assert_true(said[0] == '[' || said[0] == '{');
	}
	works("domid web --json");
	assert_string_equal(said, "{\n    \"domid\": 1,\n    \"name\": \"web\"\n}\n");
	works("dmesg --json");
	assert_string_equal(said, "{\n    \"messages\": [\n"
			    "        \"(XEN) one\",\n        \"(XEN) two\"\n"
			    "    ]\n}\n");
}

static void test_list_long(void **state)
{
	(void)state;
	fake_node_set("/local/domain/2/memory/target", "16384");
	works("list -l db");
	assert_string_equal(said,
		"[\n    {\n        \"domid\": 2,\n        \"config\": {\n"
		"            \"c_info\": {\n"
		"                \"type\": \"pv\",\n"
		"                \"name\": \"db\",\n"
		"                \"uuid\": "
		"\"00000000-0000-0000-0000-000000000002\"\n"
		"            },\n            \"b_info\": {\n"
		"                \"max_vcpus\": 1,\n"
		"                \"max_memkb\": 33792,\n"
		"                \"target_memkb\": 16384,\n"
		"                \"sched_params\": {\n"
		"                    \"sched\": \"credit\",\n"
		"                    \"weight\": 256,\n"
		"                    \"cap\": 0\n"
		"                },\n"
		"                \"type.pv\": {\n\n                },\n"
		"                \"arch_arm\": {\n\n                },\n"
		"                \"arch_x86\": {\n\n                }\n"
		"            }\n        }\n    }\n]\n\n");
}

static void test_wrong_arguments(void **state)
{
	(void)state;
	assert_int_equal(hvxl_run("pause"), 2);
	assert_int_equal(hvxl_run("list -x"), 2);
	assert_non_null(strstr(complained, "no option -x"));
	assert_int_equal(hvxl_run("list --frob"), 2);
	assert_non_null(strstr(complained, "--frob"));
	assert_int_equal(hvxl_run("sched-credit -d"), 2);
	assert_int_equal(hvxl_run("list web db"), 1);
	assert_int_equal(hvxl_run("vcpu-list web db"), 0);
}

#define TEST(name)	cmocka_unit_test_setup(name, two_guests)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_store_is_away),
		TEST(test_opened_when_needed),
		TEST(test_not_dom0),
		TEST(test_pause),
		TEST(test_mem_set),
		TEST(test_mem_set_strange_target),
		TEST(test_mem_max),
		TEST(test_vcpu_set),
		TEST(test_vcpu_pin),
		TEST(test_sched_credit),
		TEST(test_telling),
		TEST(test_destroy),
		TEST(test_destroy_held),
		TEST(test_shutdown),
		TEST(test_rename),
		TEST(test_needs_hvxd),
		TEST(test_block_list),
		TEST(test_json_everywhere),
		TEST(test_list_long),
		TEST(test_wrong_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
