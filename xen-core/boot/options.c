/*
 * Boot options, spelled as Xen's: one table of all we know.  A value that
 * can't be read stops the boot, since a machine that runs with another value
 * than asked for is worse; an unknown name is only warned about.
 */
#include <hvx/options.h>

#include <hvx/console.h>
#include <hvx/cpumask.h>
#include <hvx/domain.h>
#include <hvx/ipi.h>
#include <hvx/string.h>
#include <hvx/uart.h>

struct dom0_mem opt_dom0_mem;
unsigned int opt_dom0_vcpus_min, opt_dom0_vcpus_max;
bool opt_dom0_vcpus_pin;
unsigned int opt_maxcpus;
bool opt_nosmp, opt_noreboot, opt_x2apic = true;

/* ---- reading values ------------------------------------------------------ */

/* Reads a number at *s, decimal or 0x hexadecimal, and moves on. */
static bool read_number(const char **s, uint64_t *v)
{
	unsigned int base = 10;
	const char *start;

	if ((*s)[0] == '0' && ((*s)[1] == 'x' || (*s)[1] == 'X')) {
		base = 16;
		*s += 2;
	}
	start = *s;
	for (*v = 0;; (*s)++) {
		unsigned int digit;

		if (**s >= '0' && **s <= '9')
			digit = (unsigned int)(**s - '0');
		else if (base == 16 && (**s | 32) >= 'a' && (**s | 32) <= 'f')
			digit = (unsigned int)((**s | 32) - 'a') + 10;
		else
			break;
		if (*v > (~0ULL - digit) / base)
			return false;
		*v = *v * base + digit;
	}
	return *s != start;
}

/* The same with a suffix b k m g t; without one it is KiB. */
static bool read_size(const char **s, uint64_t *v)
{
	unsigned int shift = 10;

	if (!read_number(s, v))
		return false;
	switch (**s | 32) {
	case 'b':
		shift = 0;
		break;
	case 'k':
		break;
	case 'm':
		shift = 20;
		break;
	case 'g':
		shift = 30;
		break;
	case 't':
		shift = 40;
		break;
	default:
		(*s)--;
	}
	(*s)++;
	if (*v > ~0ULL >> shift)
		return false;
	*v <<= shift;
	return true;
}

static bool is_word(const char *s, const char *word)
{
	return strcmp(s, word) == 0;
}

static bool starts(const char **s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(*s, prefix, n) != 0)
		return false;
	*s += n;
	return true;
}

/* ---- kinds of options ---------------------------------------------------- */

struct option {
	const char *name;
	/* NULL, or what is wrong with the value. */
	const char *(*parse)(const struct option *o, const char *value);
	void *var;
	uint64_t min, max;
};

static const char *parse_bool(const struct option *o, const char *value)
{
	static const char *const yes[] = { "", "1", "yes", "true", "on",
					   "enable" };
	static const char *const no[] = { "0", "no", "false", "off",
					  "disable" };

	for (unsigned int i = 0; i < ARRAY_SIZE(yes); i++)
		if (is_word(value, yes[i]))
			return *(bool *)o->var = true, NULL;
	for (unsigned int i = 0; i < ARRAY_SIZE(no); i++)
		if (is_word(value, no[i]))
			return *(bool *)o->var = false, NULL;
	return "say yes or no";
}

static const char *parse_uint(const struct option *o, const char *value)
{
	uint64_t v;

	if (!read_number(&value, &v) || *value)
		return "a number is wanted";
	if (v < o->min || v > o->max)
		return "that number is out of range";
	*(unsigned int *)o->var = (unsigned int)v;
	return NULL;
}

static const char *parse_size(const struct option *o, const char *value)
{
	uint64_t v;

	if (!read_size(&value, &v) || *value)
		return "a size is wanted, as 64k or 1M";
	if (v < o->min || v > o->max)
		return "that size is out of range";
	*(unsigned int *)o->var = (unsigned int)v;
	return NULL;
}

static const char *dom0_mem_part(const char **s)
{
	uint64_t *v = &opt_dom0_mem.size;
	bool *negative = &opt_dom0_mem.size_negative;

	if (starts(s, "min:")) {
		v = &opt_dom0_mem.min;
		negative = &opt_dom0_mem.min_negative;
	} else if (starts(s, "max:")) {
		v = &opt_dom0_mem.max;
		negative = &opt_dom0_mem.max_negative;
	}
	*negative = starts(s, "-");
	if (!read_size(s, v))
		return "a size is wanted, as 2G, min:512M or max:4G";
	if (**s == '%')
		return "a percentage is not supported; say a size, as 2G";
	if (**s == '+')
		return "a sum is not supported; say a size, as 2G";
	return NULL;
}

static const char *parse_dom0_mem(const struct option *o, const char *value)
{
	const char *why;

	(void)o;
	do {
		why = dom0_mem_part(&value);
		if (why)
			return why;
	} while (*value++ == ',');
	return value[-1] ? "a size is wanted, as 2G, min:512M or max:4G" : NULL;
}

static const char *parse_dom0_vcpus(const struct option *o, const char *value)
{
	uint64_t min = 0, max = 0;
	static const char bad[] = "a count is wanted, as 4, 2-4, 2- or -4";

	(void)o;
	if (*value != '-') {
		if (!read_number(&value, &min) || !min || min > MAX_VCPUS)
			return bad;
		max = *value ? 0 : min;
	}
	if (*value == '-') {
		value++;
		if (*value && (!read_number(&value, &max) || !max ||
			       max > MAX_VCPUS || max < min))
			return bad;
	}
	if (*value)
		return bad;
	opt_dom0_vcpus_min = (unsigned int)min;
	opt_dom0_vcpus_max = (unsigned int)max;
	return NULL;
}

/* <baud>[/<clock>][,8n1[,<port>[,<irq>]]]; empty parts keep what is. */
static const char *parse_com1(const struct option *o, const char *value)
{
	static const char bad[] = "wanted: baud[,8n1[,port[,irq]]]";
	struct uart_config c = uart_config;
	uint64_t v;

	(void)o;
	if (starts(&value, "auto"))
		c.baud = 0;
	else if (*value && *value != ',') {
		if (!read_number(&value, &v) || !v || v > 115200)
			return bad;
		c.baud = (unsigned int)v;
	}
	if (*value == ',' && *++value && *value != ',') {
		if (value[0] < '5' || value[0] > '8' || !value[1] ||
		    !strchr("noems", value[1]) ||
		    (value[2] != '1' && value[2] != '2'))
			return bad;
		c.data_bits = (unsigned int)(value[0] - '0');
		c.parity = value[1];
		c.stop_bits = (unsigned int)(value[2] - '0');
		value += 3;
	}
	if (*value == ',' && *++value && *value != ',') {
		if (!read_number(&value, &v) || !v || v > 0xfff8)
			return bad;
		c.port = (uint16_t)v;
	}
	if (*value == ',' && *++value) {
		if (!read_number(&value, &v) || v > 15)
			return bad;
		c.irq = (unsigned int)v;
	}
	if (*value)
		return bad;
	uart_config = c;
	return NULL;
}

/* The next word of a comma-separated list, into word; false at its end. */
static bool next_word(const char **s, char *word, size_t size)
{
	size_t n = 0;

	if (!**s)
		return false;
	while (**s && **s != ',') {
		if (n + 1 < size)
			word[n++] = **s;
		(*s)++;
	}
	word[n] = 0;
	if (**s == ',')
		(*s)++;
	return true;
}

static const char *parse_console(const struct option *o, const char *value)
{
	unsigned int outputs = 0;
	char word[16];

	(void)o;
	while (next_word(&value, word, sizeof(word))) {
		if (is_word(word, "com1"))
			outputs |= CONSOLE_COM1;
		else if (is_word(word, "vga"))
			outputs |= CONSOLE_VGA;
		else if (!is_word(word, "none"))
			return "com1, vga or none is wanted";
	}
	console_outputs = outputs;
	return NULL;
}

static const char *parse_vga(const struct option *o, const char *value)
{
	char word[32];

	(void)o;
	while (next_word(&value, word, sizeof(word)))
		if (is_word(word, "keep"))
			console_vga_keep = true;
	return NULL;
}

/* <level>[/<level>]: the second is what is printed with a rate limit; we have
 * one threshold, the more talkative of the two. */
static const char *parse_loglvl(const struct option *o, const char *value)
{
	static const char *const level[] = { "none", "error", "warning",
					     "info", "debug", "all" };
	int best = -1;

	while (*value) {
		unsigned int i = 0;

		while (i < ARRAY_SIZE(level) && !starts(&value, level[i]))
			i++;
		if (i == ARRAY_SIZE(level))
			return "none, error, warning, info, debug or all is wanted";
		best = MAX(best, (int)i - 1);
		if (*value == '/')
			value++;
	}
	*(int *)o->var = best;
	return NULL;
}

/* Known to users of Xen, with nothing here that it could change. */
static const char *parse_ignored(const struct option *o, const char *value)
{
	(void)value;
	printk(LOG_INFO "option %s: accepted, without effect here\n", o->name);
	return NULL;
}

static const char *parse_sched(const struct option *o, const char *value)
{
	(void)o;
	return is_word(value, "credit") ? NULL : "only credit is here";
}

#define IGNORED(n) { n, parse_ignored, NULL, 0, 0 }

static const struct option table[] = {
	{ "com1", parse_com1, NULL, 0, 0 },
	{ "conring_size", parse_size, &console_ring_bytes, 4096, 1 << 24 },
	{ "console", parse_console, NULL, 0, 0 },
	{ "console_to_ring", parse_bool, &console_to_ring, 0, 0 },
	{ "dom0_max_vcpus", parse_dom0_vcpus, NULL, 0, 0 },
	{ "dom0_mem", parse_dom0_mem, NULL, 0, 0 },
	{ "dom0_vcpus_pin", parse_bool, &opt_dom0_vcpus_pin, 0, 0 },
	{ "guest_loglvl", parse_loglvl, &console_guest_loglvl, 0, 0 },
	{ "loglvl", parse_loglvl, &console_loglvl, 0, 0 },
	{ "maxcpus", parse_uint, &opt_maxcpus, 0, NR_CPUS },
	{ "noreboot", parse_bool, &opt_noreboot, 0, 0 },
	{ "nosmp", parse_bool, &opt_nosmp, 0, 0 },
	{ "preempt_force", parse_uint, &preempt_force, 0, 1000000 },
	{ "sched", parse_sched, NULL, 0, 0 },
	{ "sched_credit_tslice_ms", parse_uint, &sched_credit_tslice_ms, 1,
	  1000 },
	{ "sched_ratelimit_us", parse_uint, &sched_ratelimit_us, 0, 500000 },
	{ "vga", parse_vga, NULL, 0, 0 },
	{ "x2apic", parse_bool, &opt_x2apic, 0, 0 },

	IGNORED("acpi"),	 IGNORED("allowsuperpage"),
	IGNORED("apic_verbosity"), IGNORED("bootscrub"),
	IGNORED("bti"),		 IGNORED("clocksource"),
	IGNORED("console_timestamps"),
	IGNORED("cpufreq"),	 IGNORED("cpuidle"),
	IGNORED("cpuid"),	 IGNORED("crashkernel"),
	IGNORED("dom0"),	 IGNORED("dom0_nodes"),
	IGNORED("ept"),		 IGNORED("edd"),
	IGNORED("efi"),		 IGNORED("flask"),
	IGNORED("gdb"),		 IGNORED("gnttab_max_frames"),
	IGNORED("gnttab_max_maptrack_frames"), IGNORED("hap"),
	IGNORED("hpet"),	 IGNORED("idle_latency_factor"),
	IGNORED("iommu"),	 IGNORED("ivrs_hpet"),
	IGNORED("ivrs_ioapic"),	 IGNORED("low_mem_virq_limit"),
	IGNORED("max_cstate"),	 IGNORED("mce"),
	IGNORED("mmcfg"),	 IGNORED("mwait-idle"),
	IGNORED("nmi"),		 IGNORED("no-real-mode"),
	IGNORED("noapic"),	 IGNORED("numa"),
	IGNORED("pci"),		 IGNORED("sync_console"),
	IGNORED("pci-phantom"),	 IGNORED("pcid"),
	IGNORED("ple_gap"),	 IGNORED("pv"),
	IGNORED("pv-l1tf"),	 IGNORED("reboot"),
	IGNORED("serial_tx_buffer"), IGNORED("smap"),
	IGNORED("smep"),	 IGNORED("smt"),
	IGNORED("spec-ctrl"),	 IGNORED("tbuf_size"),
	IGNORED("tickle_one_idle_cpu"), IGNORED("timer_slop"),
	IGNORED("tsc"),		 IGNORED("tsx"),
	IGNORED("ucode"),	 IGNORED("vpmu"),
	IGNORED("vwfi"),	 IGNORED("watchdog"),
	IGNORED("watchdog_timeout"), IGNORED("x2apic_phys"),
	IGNORED("xpti"),	 IGNORED("xsave"),
};

/* ---- the command line ---------------------------------------------------- */

static const struct option *find(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++)
		if (is_word(name, table[i].name))
			return &table[i];
	return NULL;
}

/* One word of the line; NULL, or the name of an option with a bad value. */
static const char *parse_one(char *word, const char **why)
{
	char *value = strchr(word, '=');
	const struct option *o;
	const char *v = "";

	if (value) {
		*value = 0;
		v = value + 1;
	}
	o = find(word);
	if (!o && !value && strncmp(word, "no-", 3) == 0) {
		o = find(word + 3);
		v = "no";
	}
	if (!o) {
		printk(LOG_WARN "unknown option: %s\n", word);
		return NULL;
	}
	*why = o->parse(o, v);
	return *why ? o->name : NULL;
}

const char *options_parse(const char *cmdline, const char **why)
{
	static char word[256];

	for (;;) {
		size_t n = 0;
		const char *bad;

		while (*cmdline == ' ' || *cmdline == '\t')
			cmdline++;
		if (!*cmdline)
			return NULL;
		for (; *cmdline && *cmdline != ' ' && *cmdline != '\t';
		     cmdline++)
			if (n + 1 < sizeof(word))
				word[n++] = *cmdline;
		word[n] = 0;
		bad = parse_one(word, why);
		if (bad)
			return bad;
	}
}
