/* SPDX-License-Identifier: MIT */
/*
 * hvxl's functions on data: abbreviations, arguments, sizes, sets of CPUs, and
 * each table, whose bytes are those that xl 4.17 printed for the same domains.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef fail
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <abi/sched.h>
#include <hvxl/disk_stats.h>
#include <hvxl/args.h>
#include <hvxl/cmdtable.h>
#include <hvxl/hvxl.h>
#include <hvxl/out.h>
#include <hvxl/pools.h>
#include <hvxl/top.h>

/* What a printing function prints. */
static char *text;
static size_t text_size;
static FILE *out;

static FILE *begin(void)
{
	free(text);
	text = NULL;
	out = open_memstream(&text, &text_size);
	assert_non_null(out);
	return out;
}

static void printed(const char *expected)
{
	fclose(out);
	assert_string_equal(text, expected);
}

static int clean_up(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

/* ---- commands ---- */

static const char *found(const char *name)
{
	unsigned int candidates;
	const struct command *c = command_find(name, &candidates);

	return c ? c->name : candidates ? "several" : "none";
}

static void test_abbreviations(void **state)
{
	(void)state;
	assert_string_equal(found("list"), "list");
	assert_string_equal(found("lis"), "list");
	assert_string_equal(found("vcpu-l"), "vcpu-list");
	assert_string_equal(found("vcpu-"), "several");
	/* A whole name wins over longer ones that begin with it. */
	assert_string_equal(found("sched-credit"), "sched-credit");
	assert_string_equal(found("frobnicate"), "none");
	assert_string_equal(found("listing"), "none");
	assert_string_equal(found(""), "none");
}

static void test_table_is_whole(void **state)
{
	const struct option_def *o;
	size_t i, j, n;

	(void)state;
	assert_true(command_count > 20);
	for (i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];

		for (j = 0; j < i; j++)
			assert_string_not_equal(c->name, commands[j].name);
		if (c->flags & CMD_ABSENT) {
			assert_null(c->run);
			continue;
		}
		assert_non_null(c->run);
		assert_true(strlen(c->summary) > 5);
		assert_true(c->summary[strlen(c->summary) - 1] != '.');
		for (n = 0; (o = command_option(c, n)); n++)
			assert_true(o->help && (o->name || o->id < OPT_FIRST));
	}
}

/* ---- arguments ---- */

static const struct option_def some_options[] = {
	{ 'w', "wait", NULL, "help" },
	{ 'd', "domain", "DOMAIN", "help" },
	{ OPT_FORCE, "force", NULL, "help" },
	{ 0 }
};
static const struct command some_command = {
	.name = "some", .usage = "", .summary = "Something",
	.options = some_options, .flags = CMD_JSON,
};

static void test_options_anywhere(void **state)
{
	char *argv[] = { "some", "-w", "guest", "--domain=d1", "--force",
			 "more", "--json", NULL };
	const char *arg = NULL;
	char **rest;

	(void)state;
	args_start(&some_command);
	hvxl.json = false;
	assert_int_equal(args_next(7, argv, &arg), 'w');
	assert_int_equal(args_next(7, argv, &arg), 'd');
	assert_string_equal(arg, "d1");
	assert_int_equal(args_next(7, argv, &arg), OPT_FORCE);
	assert_int_equal(args_next(7, argv, &arg), -1);
	assert_true(hvxl.json);
	hvxl.json = false;
	assert_int_equal(args_rest(7, argv, 1, 2, &rest), 2);
	assert_string_equal(rest[0], "guest");
	assert_string_equal(rest[1], "more");
}

static void test_double_dash_ends_options(void **state)
{
	char *argv[] = { "some", "--", "-w", NULL };
	const char *arg;
	char **rest;

	(void)state;
	args_start(&some_command);
	assert_int_equal(args_next(3, argv, &arg), -1);
	assert_int_equal(args_rest(3, argv, 0, 9, &rest), 1);
	assert_string_equal(rest[0], "-w");
}

static void test_numbers(void **state)
{
	unsigned long n = 0;

	(void)state;
	assert_true(parse_number("0", 10, &n) && n == 0);
	assert_true(parse_number("10", 10, &n) && n == 10);
	assert_false(parse_number("11", 10, &n));
	assert_false(parse_number("", 10, &n));
	assert_false(parse_number("-1", 10, &n));
	assert_false(parse_number("+1", 10, &n));
	assert_false(parse_number(" 1", 10, &n));
	assert_false(parse_number("1x", 10, &n));
	assert_false(parse_number("99999999999999999999", ~0UL, &n));
}

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t kib;
	} good[] = {
		{ "512", 512 * 1024 }, { "0", 0 }, { "4g", 4 << 20 },
		{ "4G", 4 << 20 }, { "512m", 512 << 10 }, { "512MB", 512 << 10 },
		{ "16384k", 16384 }, { "4096b", 4 }, { "1023b", 0 },
		{ "2t", 2UL << 30 },
	};
	static const char *const bad[] = {
		"", "x", "4x", "4gg", "g", "-4", " 4", "4 g", "4bb", "0x10",
		"99999999999999999999", "18446744073709551615t", "4gbb",
	};
	uint64_t kib;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(parse_size(good[i].text, 'm', &kib));
		assert_int_equal(kib, good[i].kib);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(parse_size(bad[i], 'm', &kib));
	assert_true(parse_size("7", 'k', &kib));
	assert_int_equal(kib, 7);
}

/* ---- sets ---- */

static void set_is(const char *expected, uint64_t bits, unsigned int max)
{
	uint8_t map[8];
	char *s;

	memcpy(map, &bits, sizeof(map));
	s = set_text(map, max);
	assert_string_equal(s, expected);
	free(s);
}

static void test_sets(void **state)
{
	(void)state;
	set_is("none", 0, 4);
	set_is("all", 0xf, 4);
	set_is("all", ~0ULL, 4);
	set_is("none", 0xf0, 4);
	set_is("0", 1, 4);
	set_is("3", 8, 4);
	set_is("0-2", 7, 4);
	set_is("0-2,5", 0x27, 8);
	set_is("0,2,4-7", 0xf5, 8);
	set_is("1-2", 6, 3);
	set_is("63", 1ULL << 63, 64);
	set_is("all", 1, 1);
}

/* ---- domains ---- */

static const xen_domain_handle_t handle = {
	0x75, 0x41, 0xc1, 0xfd, 0x99, 0x8b, 0x4e, 0xee,
	0x9c, 0x7a, 0xa1, 0x15, 0x7b, 0x0f, 0xbf, 0xcb,
};

static struct dom_row *two_domains(void)
{
	static struct dom_row rows[2];

	memset(rows, 0, sizeof(rows));
	rows[0].name = "Domain-0";
	rows[0].pool = "Pool-0";
	rows[0].nodes = "all";
	rows[0].info.tot_pages = 512 << 8;
	rows[0].info.max_pages = 512 << 8;
	rows[0].info.nr_online_vcpus = 2;
	rows[0].info.max_vcpu_id = 1;
	rows[0].info.cpu_time = 211749999999;
	rows[0].info.flags = XEN_DOMINF_running;
	rows[0].credit.weight = 256;
	rows[1].name = "g1";
	rows[1].pool = "Pool-0";
	rows[1].nodes = "all";
	rows[1].info.domain = 1;
	rows[1].info.tot_pages = 20 << 8;
	rows[1].info.outstanding_pages = 12 << 8;
	rows[1].info.max_pages = 33 << 8;
	rows[1].info.nr_online_vcpus = 1;
	rows[1].info.max_vcpu_id = 1;
	rows[1].info.flags = XEN_DOMINF_paused;
	memcpy(rows[1].info.handle, handle, 16);
	rows[1].credit = (struct xen_domctl_sched_credit){ 512, 50 };
	return rows;
}

static void test_list(void **state)
{
	(void)state;
	table_list(begin(), two_domains(), 2, 0);
	printed("Name                                        ID   Mem VCPUs"
		"\tState\tTime(s)\n"
		"Domain-0                                     0   512     2  "
		"   r-----     211.7\n"
		"g1                                           1    32     1  "
		"   --p---       0.0\n");
	table_list(begin(), two_domains(), 0, 0);
	printed("Name                                        ID   Mem VCPUs"
		"\tState\tTime(s)\n");
}

static void test_list_all_columns(void **state)
{
	struct dom_row *rows = two_domains();

	(void)state;
	rows[1].info.flags = XEN_DOMINF_shutdown |
			     SHUTDOWN_crash << XEN_DOMINF_shutdownshift;
	table_list(begin(), rows, 2, LIST_VERBOSE | LIST_POOL | LIST_NODES);
	printed("Name                                        ID   Mem VCPUs"
		"\tState\tTime(s)   UUID                            Reason-Code"
		"\tSecurity Label         Cpupool NODE Affinity\n"
		"Domain-0                                     0   512     2  "
		"   r-----     211.7 00000000-0000-0000-0000-000000000000"
		"        -                -          Pool-0 all\n"
		"g1                                           1    32     1  "
		"   ---sc-       0.0 7541c1fd-998b-4eee-9c7a-a1157b0fbfcb"
		"        3                -          Pool-0 all\n");
	table_list(begin(), rows, 1, LIST_LABEL);
	printed("Name                                        ID   Mem VCPUs"
		"\tState\tTime(s)   Security Label\n"
		"Domain-0                                     0   512     2  "
		"   r-----     211.7                -\n");
}

static void state_is(uint32_t flags, const char *expected)
{
	char got[7];

	state_text(flags, got);
	assert_string_equal(got, expected);
}

static void test_states(void **state)
{
	unsigned int i;

	(void)state;
	state_is(0, "------");
	state_is(XEN_DOMINF_running, "r-----");
	state_is(XEN_DOMINF_blocked | XEN_DOMINF_paused, "-bp---");
	state_is(XEN_DOMINF_dying | XEN_DOMINF_paused, "--p--d");
	for (i = 0; i < 8; i++) {
		char expected[] = "---s??";

		expected[4] = "-rscwS??"[i];
		expected[5] = '-';
		state_is(XEN_DOMINF_shutdown | i << XEN_DOMINF_shutdownshift,
			 expected);
	}
	/* A reason without a shutdown is none. */
	state_is(SHUTDOWN_crash << XEN_DOMINF_shutdownshift, "------");
}

static void print_alloc(const char *text_in, const char *plan_of)
{
	struct json_object *o = json_tokener_parse(text_in);

	assert_non_null(o);
	if (plan_of)
		table_plan(begin(), plan_of, o);
	else
		table_alloc(begin(), o);
	json_object_put(o);
}

static void test_alloc(void **state)
{
	(void)state;
	print_alloc("{\"host\":{\"total\":2097152,\"free\":102400,\"slack\":"
		    "32768,\"reserved\":66560,\"there\":3072},\"settings\":"
		    "{\"slack\":32,\"tax\":75},\"guests\":[{\"domid\":0,"
		    "\"name\":\"Domain-0\",\"managed\":false,\"current\":"
		    "524288},{\"domid\":1,\"name\":\"web\",\"managed\":true,"
		    "\"current\":512000,\"target\":409600,\"share\":409600,"
		    "\"floor\":102400,\"max\":1048576,\"weight\":256,"
		    "\"source\":\"agent\",\"used\":51200,\"cpu_used\":70,"
		    "\"cpu_waited\":30,\"why\":"
		    "\"wont-shrink\",\"text\":\"it doesn't\"}],"
		    "\"reservations\":[{\"name\":\"new\",\"kib\":66560,"
		    "\"granted\":false}]}", NULL);
	printed("Memory: 2048 MiB, 100 free; kept free: 32, reserved: 65, for "
		"new guests: 3\n"
		"Name                       ID    Has Target  Share  Floor    "
		"Max Weight   Uses Source     CPU Waits State\n"
		"Domain-0                    0    512      -      -      -    "
		"  -      -      - -            -     - unmanaged\n"
		"web                         1    500    400    400    100   "
		"1024    256     50 agent       70    30 wont-shrink\n"
		"new: 65 MiB are being freed for it\n"
		"web: it doesn't\n"
		"Settings: slack=32 tax=75\n");
	print_alloc("{\"need\":66560,\"free\":10240,\"could\":40960,"
		    "\"missing\":15360,\"cpus\":[1,0],\"guests\":[{\"domid\":"
		    "1,\"name\":\"web\",\"has\":143360,\"floor\":102400,"
		    "\"gives\":40960}]}", "new");
	printed("new needs 65 MiB; 10 are free, guests could give 40: 15 MiB "
		"are missing\n"
		"Bound to the processors that are used least: cpus = [ \"1\", "
		"\"0\" ]\n"
		"Name                       ID    Has  Floor  Could Why not\n"
		"web                         1    140    100     40 \n");
	/* What isn't as it should be ends nothing. */
	print_alloc("{\"guests\":7,\"host\":[]}", NULL);
	fclose(out);
	print_alloc("{}", "x");
	fclose(out);
}

static void test_other_lists(void **state)
{
	struct dom_row *rows = two_domains();

	(void)state;
	table_claims(begin(), rows, 2);
	printed("Name                                        ID   Mem VCPUs"
		"\tState\tTime(s)  Claimed\n"
		"Domain-0                                     0   512     2  "
		"   r-----     211.7     0\n"
		"g1                                           1    32     1  "
		"   --p---       0.0    12\n");
	table_vms(begin(), rows, 2);
	printed("UUID                                  ID    name\n"
		"00000000-0000-0000-0000-000000000000  0    Domain-0         "
		"             \n"
		"7541c1fd-998b-4eee-9c7a-a1157b0fbfcb  1    g1               "
		"             \n");
	table_credit(begin(), rows, 2);
	printed("Name                                ID Weight  Cap\n"
		"Domain-0                             0    256    0\n"
		"g1                                   1    512   50\n");
}

static void test_credit_pool(void **state)
{
	struct xen_sysctl_credit_schedule s = { 30, 1000, 0 };

	(void)state;
	table_credit_pool(begin(), "Pool-0", &s);
	printed("Cpupool Pool-0: tslice=30ms ratelimit=1000us "
		"migration-delay=0us\n");
}

static void test_vcpus(void **state)
{
	struct vcpu_row rows[] = {
		{ "Domain-0", 0, { 0, 1, 1, 0, 221240000000, 0 }, "all",
		  "all" },
		{ "Domain-0", 0, { 1, 1, 0, 1, 155800000000, 1 }, "0-2,5",
		  "none" },
		{ "g1", 1, { 1, 0, 0, 0, 0, 7 }, "all", "all" },
	};

	(void)state;
	table_vcpus(begin(), rows, 3);
	printed("Name                                ID  VCPU   CPU State   "
		"Time(s) Affinity (Hard / Soft)\n"
		"Domain-0                             0     0    0   -b-     "
		"221.2  all / all\n"
		"Domain-0                             0     1    1   r--     "
		"155.8  0-2,5 / none\n"
		"g1                                   1     1    -   --p     "
		"  0.0  all / all\n");
}

static void test_uptimes(void **state)
{
	struct uptime_row rows[] = {
		{ "Domain-0", 0, 211 }, { "g1", 1, 86400 + 3661 },
		{ "g2", 2, 3 * 86400 }, { "g3", 3, -1 },
	};

	(void)state;
	table_uptime(begin(), rows, 4);
	printed("Name                                ID Uptime\n"
		"Domain-0                             0  0:03:31\n"
		"g1                                   1 1 day,  1:01:01\n"
		"g2                                   2 3 days,  0:00:00\n"
		"g3                                   3  -\n");
	table_uptime_short(begin(), rows, 4, "01:03:37");
	printed(" 01:03:37 up  0:03, Domain-0 (0)\n"
		" 01:03:37 up 1 day,  1:01, g1 (1)\n"
		" 01:03:37 up 3 days,  0:00, g2 (2)\n");
}

static void test_pools(void **state)
{
	struct pool pool = { .sched = XEN_SCHEDULER_CREDIT, .domains = 3,
			     .name = "Pool-0", .cpus = { 3, 0x80 } };

	(void)state;
	table_pools(begin(), &pool, 1);
	printed("Name               CPUs   Sched     Active   Domain count\n"
		"Pool-0               3    credit       y          3\n");
	table_pool_cpus(begin(), &pool, 1);
	printed("Name               CPU list\n"
		"Pool-0             0,1,15\n");
}

/* ---- info ---- */

static struct host_info *some_host(void)
{
	static struct xen_sysctl_cputopo cpus[] = {
		{ 0, 0, 0 }, { 1, 0, 0 }, { ~0U, ~0U, ~0U } };
	static struct xen_sysctl_meminfo nodes[] = { { 1023 << 20, 434 << 20 } };
	static uint32_t distances[] = { 10 };
	static struct host_info h;

	memset(&h, 0, sizeof(h));
	strcpy(h.uname.nodename, "dom0");
	strcpy(h.uname.release, "6.1.0");
	strcpy(h.uname.version, "#1 SMP");
	strcpy(h.uname.machine, "x86_64");
	h.phys.nr_cpus = 2;
	h.phys.max_cpu_id = 1;
	h.phys.nr_nodes = 1;
	h.phys.cores_per_socket = 2;
	h.phys.threads_per_core = 1;
	h.phys.cpu_khz = 2445031;
	h.phys.hw_cap[0] = 0x1fcbf3fd;
	h.phys.capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_hvm |
			      XEN_SYSCTL_PHYSCAP_hap |
			      XEN_SYSCTL_PHYSCAP_gnttab_v1;
	h.phys.total_pages = 1023 << 8;
	h.phys.free_pages = 434 << 8;
	h.scheduler = "credit";
	h.version.major = 4;
	h.version.minor = 17;
	strcpy(h.version.extra, ".7");
	strcpy(h.version.caps, "xen-3.0-x86_64 ");
	h.version.virt_start = 0xffff800000000000;
	h.version.page_size = 4096;
	h.cpus = cpus;
	h.cpu_count = 3;
	h.nodes = nodes;
	h.node_count = 1;
	h.distances = distances;
	return &h;
}

#define INFO_MACHINE \
	"host                   : dom0\n" \
	"release                : 6.1.0\n" \
	"version                : #1 SMP\n" \
	"machine                : x86_64\n" \
	"nr_cpus                : 2\n" \
	"max_cpu_id             : 1\n" \
	"nr_nodes               : 1\n" \
	"cores_per_socket       : 2\n" \
	"threads_per_core       : 1\n" \
	"cpu_mhz                : 2445.031\n" \
	"hw_caps                : 1fcbf3fd:00000000:00000000:00000000:" \
	"00000000:00000000:00000000:00000000\n" \
	"virt_caps              : pv hvm hap gnttab-v1\n" \
	"total_memory           : 1023\n" \
	"free_memory            : 434\n" \
	"sharing_freed_memory   : 0\n" \
	"sharing_used_memory    : 0\n" \
	"outstanding_claims     : 0\n" \
	"free_cpus              : 0\n"
#define INFO_NUMA \
	"cpu_topology           :\n" \
	"cpu:    core    socket     node\n" \
	"  0:       0        0        0\n" \
	"  1:       1        0        0\n" \
	"device topology        :\n" \
	"device           node\n" \
	"No device topology data available\n" \
	"numa_info              :\n" \
	"node:    memsize    memfree    distances\n" \
	"   0:      1023        434      10\n"
#define INFO_XEN \
	"xen_major              : 4\n" \
	"xen_minor              : 17\n" \
	"xen_extra              : .7\n" \
	"xen_version            : 4.17.7\n" \
	"xen_caps               : xen-3.0-x86_64 \n" \
	"xen_scheduler          : credit\n" \
	"xen_pagesize           : 4096\n" \
	"platform_params        : virt_start=0xffff800000000000\n" \
	"xen_changeset          : \n" \
	"xen_commandline        : \n" \
	"cc_compiler            : \n" \
	"cc_compile_by          : \n" \
	"cc_compile_domain      : \n" \
	"cc_compile_date        : \n" \
	"build_id               : \n" \
	"xend_config_format     : 4\n"

static void test_info(void **state)
{
	struct host_info *h = some_host();

	(void)state;
	table_info(begin(), h, NULL);
	printed(INFO_MACHINE INFO_XEN);
	table_info(begin(), h, "xen_caps");
	printed("xen-3.0-x86_64 \n");
	table_info(begin(), h, "frobs");
	printed("");
	h->numa = true;
	table_info(begin(), h, NULL);
	printed(INFO_MACHINE INFO_NUMA INFO_XEN);
}

/* ---- top ---- */

#define TOP_HEAD \
	"      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) " \
	"MAXMEM(%) VCPUS NETS NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   " \
	"VBD_WR  VBD_RSECT  VBD_WSECT SSID\n"

static void test_top_table(void **state)
{
	struct top_domain d[2] = { 0 };
	struct top_vcpu vcpus[2] = { { 0, 244900000000 }, { 3, 189e9 } };
	struct top_nic nic = { 1, 2, { 4096, 3, 0, 0 }, { 10240, 7, 1, 2 } };
	struct top_disk disk = { 1, 51712, 1, 2, 3, 4, 5 };
	struct top_sample s = {
		.total_kib = 1048064, .domains = d, .domain_count = 2,
		.nics = &nic, .nic_count = 1, .disks = &disk, .disk_count = 1,
	};
	struct top_options o = { 0 };
	struct dom_row *rows = two_domains();

	(void)state;
	d[0].info = rows[0].info;
	d[0].info.max_pages = ~0U;
	d[0].name = "Domain-0";
	d[0].percent = 20.14;
	d[1].info = rows[1].info;
	d[1].info.tot_pages = 32 << 8;
	d[1].name = "a-name-of-more-than-ten";
	d[1].vcpus = vcpus;
	d[1].vcpu_count = 2;
	/* Networks as dom0 sees them: what it has sent, the guest received. */
	top_table(begin(), &s, &o);
	printed(TOP_HEAD
		"  Domain-0 -----r        211   20.1     524288   50.0    "
		"1048064     100.0     2    0        0        0    0        0"
		"        0        0          0          0    0\n"
		"a-name-of- ----p-          0    0.0      32768    3.1      "
		"33792       3.2     2    1        4       10    1        1   "
		"     2        3          4          5    0\n");
	o = (struct top_options){ .full_name = true, .nics = true,
				  .disks = true, .vcpus = true,
				  .no_dom0 = true };
	top_table(begin(), &s, &o);
	printed(TOP_HEAD
		"a-name-of-more-than-ten ----p-          0    0.0      32768 "
		"   3.1      33792       3.2     2    1        4       10    1"
		"        1        2        3          4          5    0\n"
		"VCPUs(sec):   0:        244s  3:        189s\n"
		"Net2 RX:    10240bytes        7pkts        1err        2drop"
		"  TX:     4096bytes        3pkts        0err        0drop\n"
		"VBD BlkBack 51712 [ca: 0]  OO:        1   RD:        2   WR: "
		"       3   RSECT:          4   WSECT:          5\n");
}

static void test_top_state(void **state)
{
	char got[7];

	(void)state;
	top_state(XEN_DOMINF_shutdown |
		  SHUTDOWN_crash << XEN_DOMINF_shutdownshift, got);
	assert_string_equal(got, "---c--");
	top_state(XEN_DOMINF_shutdown | XEN_DOMINF_dying | XEN_DOMINF_blocked,
		  got);
	assert_string_equal(got, "dsb---");
}

static void test_top_nics(void **state)
{
	static char lines[] =
		"Inter-|   Receive\n"
		" face |bytes packets errs drop fifo frame compressed multicast"
		"|bytes\n"
		"  eth0: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
		"vif5.0: 100 2 3 4 0 0 0 0 200 6 7 8 0 0 0 0\n"
		" vif12.1:9 8 7 6 0 0 0 0 5 4 3 2 0 0 0 0\n"
		"vif5.0-emu: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
		"vif7.0: 1 2\n";
	struct top_sample s = { 0 };
	FILE *f = fmemopen(lines, sizeof(lines) - 1, "r");

	(void)state;
	top_read_nics(&s, f);
	fclose(f);
	assert_int_equal(s.nic_count, 2);
	assert_int_equal(s.nics[0].domid, 5);
	assert_int_equal(s.nics[0].tx.bytes, 100);
	assert_int_equal(s.nics[0].rx.bytes, 200);
	assert_int_equal(s.nics[1].domid, 12);
	assert_int_equal(s.nics[1].id, 1);
	assert_int_equal(s.nics[1].rx.drops, 2);
	free(s.nics);
}

static void test_top_disks(void **state)
{
	static const char packet[] = "[{\"domid\":5,"
		"\"device\":51712,\"read-requests\":7,\"write-requests\":3,"
		"\"read-sectors\":5000000000,\"write-sectors\":24},"
		"{\"domid\":6}, 7]";
	struct json_object *o = json_tokener_parse(packet);
	struct top_sample s = { 0 };

	(void)state;
	top_add_disks(&s, o);
	json_object_put(o);
	assert_int_equal(s.disk_count, 3);
	assert_int_equal(s.disks[0].domid, 5);
	assert_int_equal(s.disks[0].number, 51712);
	assert_int_equal(s.disks[0].reads, 7);
	assert_int_equal(s.disks[0].writes, 3);
	assert_int_equal(s.disks[0].read_sectors, 5000000000);
	assert_int_equal(s.disks[0].write_sectors, 24);
	assert_int_equal(s.disks[1].domid, 6);
	assert_int_equal(s.disks[1].reads, 0);
	free(s.disks);
}

static void test_top_shares(void **state)
{
	struct top_domain was[1] = { 0 }, is[2] = { 0 };
	struct top_sample before = { .when_ns = 1000000000, .domains = was,
				     .domain_count = 1 };
	struct top_sample now = { .when_ns = 3000000000, .domains = is,
				  .domain_count = 2 };

	(void)state;
	was[0].info.cpu_time = 500000000;
	is[0].info.cpu_time = 1500000000;
	/* The same id, but another domain: its time does not count. */
	is[1].info.handle[0] = 1;
	is[1].info.cpu_time = 700000000;
	top_shares(&now, &before);
	assert_true(is[0].percent == 50.0);
	assert_true(is[1].percent == 0);
	top_shares(&now, NULL);
	assert_true(is[0].percent == 0);
}

/* ---- JSON ---- */

static void test_json_list(void **state)
{
	struct dom_row *rows = two_domains();
	struct json_object *o, *list;

	(void)state;
	rows[1].info.flags = XEN_DOMINF_shutdown |
			     SHUTDOWN_reboot << XEN_DOMINF_shutdownshift;
	list = json_list(rows, 2);
	assert_int_equal(json_object_array_length(list), 2);
	o = json_object_array_get_idx(list, 1);
	assert_string_equal(json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN),
		"{\"domid\":1,\"name\":\"g1\",\"uuid\":"
		"\"7541c1fd-998b-4eee-9c7a-a1157b0fbfcb\",\"state\":"
		"[\"shutdown\"],\"shutdown_reason\":\"reboot\","
		"\"memory_kib\":20480,\"outstanding_kib\":12288,"
		"\"max_memory_kib\":33792,\"vcpus\":2,\"online_vcpus\":1,"
		"\"cpu_time_ns\":0,\"cpupool\":\"Pool-0\"}");
	json_object_put(list);
}

static void test_event_text(void **state)
{
	struct json_object *e = json_tokener_parse(
		"{\"time\":\"2026-01-31T12:00:00.123Z\",\"event\":\"shutdown\","
		"\"domid\":5,\"name\":\"web\",\"uuid\":\"x\","
		"\"reason\":\"poweroff\"}");

	(void)state;
	event_text(begin(), e);
	printed("2026-01-31T12:00:00.123Z shutdown web (5) reason=poweroff\n");
	json_object_put(e);
}

/* What hvxd tells of disks goes where the domain and the device are the same. */
static void test_disk_stats(void **state)
{
	struct json_object *stats = json_tokener_parse(
		"[{\"domid\":3,\"device\":51712,\"vdev\":\"xvda\",\"read-requests\":5,"
		"\"error\":null,\"error-time\":0},"
		"{\"domid\":4,\"device\":51712,\"vdev\":\"xvda\",\"errors\":7,"
		"\"error\":\"write: No space left on device\","
		"\"error-time\":1700000000}]");
	struct json_object *list = json_tokener_parse(
		"[{\"domid\":3,\"vdev\":51712},{\"domid\":4,\"vdev\":51728},"
		"{\"domid\":4,\"vdev\":51712}]"), *o;

	(void)state;
	disk_stats_to_domains(stats, list);
	disk_stats_to_devices(stats, list);
	o = json_object_array_get_idx(list, 0);
	assert_non_null(strstr(json_object_to_json_string(o),
			       "\"disk_errors\": [ ]"));
	assert_non_null(strstr(json_object_to_json_string(o), "\"read_requests\": 5"));
	o = json_object_array_get_idx(list, 1);
	assert_non_null(strstr(json_object_to_json_string(o),
			       "\"counters\": null"));
	o = json_object_array_get_idx(list, 2);
	assert_non_null(strstr(json_object_to_json_string(o),
		"\"disk_errors\": [ { \"vdev\": \"xvda\", \"error\": "
		"\"write: No space left on device\""));
	json_object_put(stats);
	json_object_put(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_abbreviations),
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_options_anywhere),
		cmocka_unit_test(test_double_dash_ends_options),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_all_columns),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_other_lists),
		cmocka_unit_test(test_credit_pool),
		cmocka_unit_test(test_vcpus),
		cmocka_unit_test(test_uptimes),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_top_table),
		cmocka_unit_test(test_top_state),
		cmocka_unit_test(test_top_nics),
		cmocka_unit_test(test_top_disks),
		cmocka_unit_test(test_top_shares),
		cmocka_unit_test(test_json_list),
		cmocka_unit_test(test_disk_stats),
		cmocka_unit_test(test_event_text),
		cmocka_unit_test(test_alloc),
	};

	return cmocka_run_group_tests(tests, NULL, clean_up);
}
