/*
 * The hypervisor's own count of its books, asked for by a debug key and read
 * back from its message ring: a test that left a reference too many fails by
 * it, although the guest saw nothing wrong. Only hvx has such a key, and only
 * the control domain may press it.
 */
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

#define AUDIT_KEY	"M"
#define AUDIT_LINE	"audit: "

static char text[4096];

/* What the ring holds from @index on, as far as it fits; moves @index. */
static size_t ring_read(uint32_t *index)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_readconsole,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};

	op.u.readconsole.incremental = 1;
	op.u.readconsole.index = *index;
	op.u.readconsole.count = sizeof(text) - 1;
	handle_set(op.u.readconsole.buffer, text);
	if (HYPERVISOR_sysctl(&op))
		return 0;
	*index = op.u.readconsole.index;
	text[op.u.readconsole.count] = '\0';
	return op.u.readconsole.count;
}

static bool press_key(const char *key)
{
	struct xen_sysctl op = {
		.cmd = XEN_SYSCTL_debug_keys,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION,
	};

	op.u.debug_keys.nr_keys = 1;
	handle_set(op.u.debug_keys.keys, key);
	return HYPERVISOR_sysctl(&op) == 0;
}

static bool is_hvx(void)
{
	char extra[16];

	return HYPERVISOR_xen_version(XENVER_extraversion, extra) >= 0 &&
	       !strncmp(extra, "-hvx", 4);
}

/* The number after the last line that says what an audit found, or -1. */
static long last_count(void)
{
	size_t len = strlen(AUDIT_LINE), i;
	long found = -1;

	for (i = 0; text[i]; i++) {
		const char *p = text + i;

		if (strncmp(p, AUDIT_LINE, len) || p[len] < '0' ||
		    p[len] > '9')
			continue;
		for (found = 0, p += len; *p >= '0' && *p <= '9'; p++)
			found = found * 10 + *p - '0';
	}
	return found;
}

void report_audit(void)
{
	uint32_t index = 0;
	long found;

	if (!(start_info->flags & SIF_INITDOMAIN) || !is_hvx())
		return;
	while (ring_read(&index))
		;
	if (!press_key(AUDIT_KEY))
		return;
	found = -1;
	while (ring_read(&index))
		if (last_count() >= 0)
			found = last_count();
	check_quiet(found == 0, "the hypervisor's audit (%ld)", found);
}
