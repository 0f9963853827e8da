/* SPDX-License-Identifier: MIT */
#include "nodes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backend.h"
#include "store.h"

#define HOME		"/local/domain/%u"
#define CONSOLE_LIMIT	"1048576"

/* ---- one domain's nodes ---- */

struct writer {
	struct store_txn *t;
	struct dom *d;
	const struct rings *rings;
	char base[96];
	int rc;				/* the first failure stays */
	int err;
};

/* base/name = value; name "" is base itself. */
static void put(struct writer *w, enum store_perm perm, const char *name,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void put(struct writer *w, enum store_perm perm, const char *name,
		const char *fmt, ...)
{
	char path[256], value[2048];
	va_list ap;

	if (w->rc)
		return;
	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s%s%s", w->base, *name ? "/" : "", name);
	w->rc = txn_put(w->t, w->d->domid, perm, path, value);
	w->err = errno;
}

static void base(struct writer *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void base(struct writer *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->base, sizeof(w->base), fmt, ap);
	va_end(ap);
}

static void put_vm(struct writer *w)
{
	const struct guest_config *c = &w->d->config;

	base(w, "/vm/%s", w->d->uuid);
	put(w, PERM_TOOLS, "", "%s", "");
	put(w, PERM_PARENT, "name", "%s", w->d->name);
	put(w, PERM_PARENT, "uuid", "%s", w->d->uuid);
	put(w, PERM_PARENT, "image/ostype", "linux");
	put(w, PERM_PARENT, "image/kernel", "%s", c->kernel);
	if (c->ramdisk)
		put(w, PERM_PARENT, "image/ramdisk", "%s", c->ramdisk);
	if (c->cmdline)
		put(w, PERM_PARENT, "image/cmdline", "%s", c->cmdline);
	put(w, PERM_PARENT, "start_time", "%lld.%02d",
	    (long long)(w->d->started / 1000),
	    (int)(w->d->started % 1000 / 10));
}

static void put_control(struct writer *w)
{
	static const char *const guests[] = {
		"shutdown", "feature-poweroff", "feature-reboot",
		"feature-suspend", "sysrq",
	};
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(guests) / sizeof(*guests); i++) {
		snprintf(name, sizeof(name), "control/%s", guests[i]);
		put(w, PERM_GUEST, name, "%s", "");
	}
	put(w, PERM_PARENT, "control/platform-feature-multiprocessor-suspend",
	    "1");
	put(w, PERM_PARENT, "control/platform-feature-xs_reset_watches", "1");
}

static void put_console(struct writer *w)
{
	uint32_t domid = w->d->domid;

	put(w, PERM_PARENT, "console/backend",
	    "/local/domain/0/backend/console/%u/0", domid);
	put(w, PERM_GUEST_SHOWN, "console/backend-id", "0");
	put(w, PERM_PARENT, "console/limit", CONSOLE_LIMIT);
	put(w, PERM_PARENT, "console/type", "xenconsoled");
	put(w, PERM_PARENT, "console/output", "pty");
	put(w, PERM_PARENT, "console/tty", "%s", "");
	put(w, PERM_PARENT, "console/port", "%u", w->rings->console_port);
	put(w, PERM_PARENT, "console/ring-ref", "%lu", w->rings->console_mfn);
}

static void put_cpus(struct writer *w)
{
	const struct guest_config *c = &w->d->config;
	char name[48];
	unsigned int i;

	for (i = 0; i < guest_maxvcpus(c); i++) {
		snprintf(name, sizeof(name), "cpu/%u/availability", i);
		put(w, PERM_PARENT, name, "%s",
		    i < guest_vcpus(c) ? "online" : "offline");
	}
}

static void put_home(struct writer *w)
{
	/* The last: what an agent in the guest says it uses. */
	static const char *const guests[] = {
		"device/suspend/event-channel", "data", "drivers", "feature",
		"attr", "error", "memory/meminfo",
	};
	const struct guest_config *c = &w->d->config;
	size_t i;

	base(w, HOME, w->d->domid);
	put(w, PERM_TOOLS, "", "%s", "");
	put(w, PERM_PARENT, "vm", "/vm/%s", w->d->uuid);
	put(w, PERM_PARENT, "name", "%s", w->d->name);
	put(w, PERM_PARENT, "domid", "%u", w->d->domid);
	put_cpus(w);
	put(w, PERM_PARENT, "memory/static-max", "%llu",
	    (unsigned long long)guest_maxmem_kb(c));
	put(w, PERM_PARENT, "memory/target", "%llu",
	    (unsigned long long)c->memory_kb);
	put(w, PERM_PARENT, "memory/videoram", "0");
	/* For hvxallocd; the first two have xapi's names. */
	put(w, PERM_PARENT, "memory/dynamic-min", "%llu",
	    (unsigned long long)guest_floor_kb(c));
	put(w, PERM_PARENT, "memory/dynamic-max", "%llu",
	    (unsigned long long)guest_maxmem_kb(c));
	put(w, PERM_PARENT, "memory/weight", "%u", guest_mem_weight(c));
	if (c->cpu_guarantee)
		put(w, PERM_PARENT, "hvx/cpu-guarantee", "%u",
		    c->cpu_guarantee);
	if (c->cpu_burst >= 0)
		put(w, PERM_PARENT, "hvx/cpu-burst", "%d", c->cpu_burst);
	if (c->cpu_bind)
		put(w, PERM_PARENT, "hvx/cpu-bind", "1");
	for (i = 0; i < sizeof(guests) / sizeof(*guests); i++)
		put(w, PERM_GUEST, guests[i], "%s", "");
	put_control(w);
	put(w, PERM_PARENT, "store/port", "%u", w->rings->store_port);
	put(w, PERM_PARENT, "store/ring-ref", "%lu", w->rings->store_mfn);
	put_console(w);
}

/* The console's three nodes agree: dom0's side, and libxl's record. */
static void put_console_device(struct writer *w, enum store_perm perm)
{
	put(w, perm, "", "%s", "");
	put(w, PERM_PARENT, "frontend", "/local/domain/%u/console",
	    w->d->domid);
	put(w, PERM_PARENT, "frontend-id", "%u", w->d->domid);
	put(w, PERM_PARENT, "online", "1");
	put(w, PERM_PARENT, "state", "1");
	put(w, PERM_PARENT, "protocol", "vt100");
}

static int write_all(struct store_txn *t, void *arg)
{
	struct writer *w = arg;
	uint32_t domid = w->d->domid;

	w->t = t;
	w->rc = 0;
	put_vm(w);
	put_home(w);
	base(w, "/local/domain/0/backend/console/%u/0", domid);
	put_console_device(w, PERM_TOOLS);
	base(w, "/libxl/%u/device/console/0", domid);
	put_console_device(w, PERM_PARENT);
	put(w, PERM_PARENT, "backend", "/local/domain/0/backend/console/%u/0",
	    domid);
	base(w, "/libxl/%u", domid);
	put(w, PERM_PARENT, "type", "pv");
	put(w, PERM_PARENT, "dm-version", "qemu_xen");
	errno = w->err;
	if (!w->rc)
		w->rc = backend_put_nodes(w->d, t);
	return w->rc;
}

int nodes_write(struct dom *d, const struct rings *r)
{
	struct writer w = { .d = d, .rings = r };

	return store_transact(d->hd->store, write_all, &w);
}

/* ---- devices' nodes ---- */

int device_node(struct store_txn *t, uint32_t domid, int perm,
		const char *base_path, const char *name, const char *fmt, ...)
{
	char path[256], value[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "%s%s%s", base_path, *name ? "/" : "",
		 name);
	return txn_put(t, domid, perm, path, value);
}

/* ---- removal ---- */

struct removal {
	uint32_t domid;
	const char *uuid;
};

/* dom0's backend/TYPE/N of all types; and folders that this empties. */
static int remove_backends(struct store_txn *t, uint32_t domid)
{
	static const char top[] = "/local/domain/0/backend";
	unsigned int i, n, left;
	char path[320], **types = txn_list(t, top, &n);
	int rc = 0;

	for (i = 0; types && !rc && i < n; i++) {
		snprintf(path, sizeof(path), "%s/%.200s/%u", top, types[i],
			 domid);
		rc = txn_remove(t, path);
		snprintf(path, sizeof(path), "%s/%.200s", top, types[i]);
		free(txn_list(t, path, &left));
		if (!rc && !left)
			rc = txn_remove(t, path);
	}
	free(types);
	free(txn_list(t, top, &left));
	if (!rc && n && !left)
		rc = txn_remove(t, top);
	return rc;
}

static int remove_all(struct store_txn *t, void *arg)
{
	struct removal *r = arg;
	char path[96];

	snprintf(path, sizeof(path), HOME, r->domid);
	if (txn_remove(t, path))
		return -1;
	snprintf(path, sizeof(path), "/libxl/%u", r->domid);
	if (txn_remove(t, path))
		return -1;
	snprintf(path, sizeof(path), "/vm/%s", r->uuid);
	if (*r->uuid && txn_remove(t, path))
		return -1;
	return remove_backends(t, r->domid);
}

int nodes_remove(struct store *s, uint32_t domid, const char *uuid)
{
	struct removal r = { domid, uuid };

	return store_transact(s, remove_all, &r);
}

/* ---- names ---- */

struct renaming {
	struct dom *d;
	const char *name, *uuid;
};

static int rename_all(struct store_txn *t, void *arg)
{
	struct renaming *r = arg;
	struct writer w = { .t = t, .d = r->d };
	bool moved = strcmp(r->uuid, r->d->uuid);
	char path[64];

	base(&w, HOME, r->d->domid);
	put(&w, PERM_PARENT, "name", "%s", r->name);
	if (moved) {
		put(&w, PERM_PARENT, "vm", "/vm/%s", r->uuid);
		snprintf(path, sizeof(path), "/vm/%s", r->d->uuid);
		if (!w.rc && txn_remove(t, path))
			return -1;
	}
	base(&w, "/vm/%s", r->uuid);
	if (moved) {
		put(&w, PERM_TOOLS, "", "%s", "");
		put(&w, PERM_PARENT, "uuid", "%s", r->uuid);
	}
	put(&w, PERM_PARENT, "name", "%s", r->name);
	errno = w.err;
	return w.rc;
}

int nodes_rename(struct dom *d, const char *name, const char *uuid)
{
	struct renaming r = { d, name, uuid };

	return store_transact(d->hd->store, rename_all, &r);
}

/* ---- dom0's ---- */

static void put_missing(struct writer *w, const char *path, const char *value)
{
	if (!w->rc && !txn_exists(w->t, path)) {
		w->rc = txn_put(w->t, 0, PERM_PARENT, path, value);
		w->err = errno;
	}
}

static int init_dom0(struct store_txn *t, void *arg)
{
	struct xen_domctl_getdomaininfo *info = arg;
	struct writer w = { .t = t };
	char path[96], kib[32];
	unsigned int i;

	put_missing(&w, "/local/domain/0/domid", "0");
	put_missing(&w, "/local/domain/0/name", "Domain-0");
	put_missing(&w, "/local/pool/0/name", "Pool-0");
	put_missing(&w, "/vm", "");
	put_missing(&w, "/libxl", "");
	snprintf(kib, sizeof(kib), "%llu",
		 (unsigned long long)info->tot_pages << 2);
	put_missing(&w, "/local/domain/0/memory/target", kib);
	put_missing(&w, "/local/domain/0/memory/static-max", kib);
	for (i = 0; i <= info->max_vcpu_id && i < 4096; i++) {
		snprintf(path, sizeof(path),
			 "/local/domain/0/cpu/%u/availability", i);
		put_missing(&w, path, "online");
	}
	errno = w.err;
	return w.rc;
}

int nodes_init_dom0(struct hvxd *hd)
{
	struct xen_domctl_getdomaininfo info;

	if (hvctl_domain_info(hd->hv, 0, &info))
		return -1;
	return store_transact(hd->store, init_dom0, &info);
}

/* ---- single nodes ---- */

void nodes_read(struct hvxd *hd, uint32_t domid, const char *node, char *buf,
		unsigned int size)
{
	char path[256], *value;

	snprintf(path, sizeof(path), HOME "/%s", domid, node);
	value = store_read(hd->store, path);
	snprintf(buf, size, "%s", value ? value : "");
	free(value);
}

int nodes_read_all(struct hvxd *hd, const uint32_t *domids, unsigned int n,
		   const char *node, char **values)
{
	char (*text)[256] = calloc(n, sizeof(*text));
	const char **paths = calloc(n, sizeof(*paths));
	unsigned int i;
	int rc = -1;

	for (i = 0; text && paths && i < n; i++) {
		snprintf(text[i], sizeof(text[i]), HOME "/%s", domids[i], node);
		paths[i] = text[i];
	}
	if (text && paths) {
		store_read_many(hd->store, paths, n, values);
		rc = 0;
	}
	free(text);
	free(paths);
	return rc;
}

int nodes_set(struct hvxd *hd, uint32_t domid, const char *node,
	      const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), HOME "/%s", domid, node);
	return store_write(hd->store, path, value);
}
