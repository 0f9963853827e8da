/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor and the store. Neither is opened before it is needed: most of
 * the time that a short command takes is its start.
 */
#include "hvxl.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libhvxs/hvxs.h>

static struct hvctl *hypervisor;
static struct xs_handle *xs;

struct hvctl *hv_or_null(void)
{
	if (!hypervisor)
		hypervisor = hvctl_open_sized(8);
	return hypervisor;
}

struct hvctl *hv(void)
{
	if (!hv_or_null())
		die("no way to the hypervisor (%s): is this dom0, are you "
		    "root, and is the module xen-privcmd loaded?",
		    strerror(errno));
	return hypervisor;
}

struct xs_handle *store_or_null(void)
{
	/* Not by the kernel's device, where a store that isn't there is
	 * waited for. */
	if (!xs && !access(xs_daemon_socket(), F_OK))
		xs = xs_open(0);
	return xs;
}

struct xs_handle *store(void)
{
	if (!store_or_null())
		die("no store answers (%s): is hvxstored running? Start it "
		    "with `systemctl start hvx-xenstored`", strerror(errno));
	return xs;
}

void host_close(void)
{
	hvctl_close(hypervisor);
	hypervisor = NULL;
	if (xs)
		xs_close(xs);
	xs = NULL;
}

char *store_get(const char *fmt, ...)
{
	char path[512];
	unsigned int len;
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	if (!store_or_null())
		return NULL;
	return xs_read(xs, XBT_NULL, path, &len);
}

int store_put(const char *path, const char *value)
{
	return xs_write(store(), XBT_NULL, path, value, strlen(value)) ? 0
								       : -1;
}

char **store_dir(unsigned int *n, const char *fmt, ...)
{
	char path[512];
	va_list args;
	char **list = NULL;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	*n = 0;
	if (store_or_null())
		list = xs_directory(xs, XBT_NULL, path, n);
	if (!list)
		*n = 0;
	return list;
}

/* ---- domains ---- */

char *domain_name(uint32_t domid)
{
	char *name = store_get("/local/domain/%u/name", domid);

	/* dom0 is there before a store is. */
	if (!name && !domid && !xs)
		name = xstrdup("Domain-0");
	return name;
}

void domain_names(const struct xen_domctl_getdomaininfo *list, unsigned int n,
		  char **names)
{
	char **paths = xalloc(n, sizeof(*paths));
	unsigned int i;

	for (i = 0; i < n; i++)
		paths[i] = xformat("/local/domain/%u/name", list[i].domain);
	if (store_or_null())
		hvxs_read_many(xs, (const char *const *)paths, n, names);
	else
		for (i = 0; i < n; i++)
			names[i] = domain_name(list[i].domain);
	for (i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}

char *domain_name_shown(uint32_t domid)
{
	char *name = domain_name(domid);

	return name ? name : xstrdup("(null)");
}

unsigned int domain_list(struct xen_domctl_getdomaininfo **out)
{
	unsigned int max = 64;
	int n;

	*out = NULL;
	for (;;) {
		*out = xrealloc(*out, max, sizeof(**out));
		n = hvctl_domain_list(hv(), 0, max, *out);
		if (n < 0)
			die("the hypervisor does not list its domains: %s",
			    strerror(errno));
		if ((unsigned int)n < max)
			return n;
		max *= 2;
	}
}

static bool is_handle(const char *text, xen_domain_handle_t handle)
{
	unsigned int i, pos = 0;

	for (i = 0; i < 16; i++) {
		unsigned int byte;

		if (text[pos] == '-')
			pos++;
		if (!isxdigit((unsigned char)text[pos]) ||
		    !isxdigit((unsigned char)text[pos + 1]) ||
		    sscanf(text + pos, "%2x", &byte) != 1)
			return false;
		handle[i] = byte;
		pos += 2;
	}
	return pos == 36 && !text[pos];
}

bool domain_lookup_name(const char *who, uint32_t *domid)
{
	struct xen_domctl_getdomaininfo *list;
	xen_domain_handle_t handle;
	bool by_handle = is_handle(who, handle), found = false, hit;
	unsigned int i, n = domain_list(&list);
	char **names = xalloc(n, sizeof(*names));

	if (!by_handle)
		domain_names(list, n, names);
	for (i = 0; i < n; i++) {
		hit = by_handle ? !memcmp(list[i].handle, handle, 16)
				: names[i] && !strcmp(names[i], who);
		if (hit && !found)
			*domid = list[i].domain;
		found |= hit;
		free(names[i]);
	}
	free(names);
	free(list);
	return found;
}

bool domain_lookup(const char *who, uint32_t *domid)
{
	char *end;

	if (*who && strspn(who, "0123456789") == strlen(who)) {
		unsigned long n = strtoul(who, &end, 10);

		*domid = n;
		return n < DOMID_FIRST_RESERVED;
	}
	return *who && domain_lookup_name(who, domid);
}

uint32_t domain_find(const char *who)
{
	uint32_t domid;

	if (domain_lookup(who, &domid))
		return domid;
	/* The words that scripts know, then our own. */
	tell("%s is an invalid domain identifier (rc=-6)", who);
	if (!store_or_null())
		die("names are kept in the store, and none answers (%s)",
		    strerror(errno));
	die("no domain has this name; `%s list` shows those there are",
	    hvxl.prog);
}

int fail_domain(const char *what, uint32_t domid)
{
	if (errno == ESRCH)
		return fail("%s: there is no domain %u; `%s list` shows those "
			    "there are", what, domid, hvxl.prog);
	return fail("%s: domain %u: %s", what, domid, strerror(errno));
}

uint32_t sched_id(void)
{
	uint32_t id;

	if (hvctl_sched_id(hv(), &id))
		die("the hypervisor does not name its scheduler: %s",
		    strerror(errno));
	return id;
}

const char *sched_name(uint32_t id)
{
	static const char *const names[] = {
		[XEN_SCHEDULER_CREDIT] = "credit",
		[XEN_SCHEDULER_CREDIT2] = "credit2",
		[XEN_SCHEDULER_ARINC653] = "arinc653",
		[XEN_SCHEDULER_RTDS] = "rtds",
		[XEN_SCHEDULER_NULL] = "null",
	};

	if (id >= sizeof(names) / sizeof(names[0]) || !names[id])
		return "unknown";
	return names[id];
}
