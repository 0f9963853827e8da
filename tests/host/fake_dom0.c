/* SPDX-License-Identifier: MIT */
#include "fake_dom0.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <libhvxs/hvxs.h>

struct fake_dom0 *dom0;

struct fake_domain *fake_domain_add(unsigned int id, const char *name,
				    unsigned int mib, unsigned int vcpus)
{
	struct fake_domain *d = &dom0->domains[id];
	char path[64];

	memset(d, 0, sizeof(*d));
	d->there = true;
	d->info.domain = id;
	d->info.tot_pages = mib << 8;
	d->info.max_pages = (mib << 8) + (id ? 256 : 0);
	d->info.nr_online_vcpus = vcpus;
	d->info.max_vcpu_id = vcpus - 1;
	d->info.handle[15] = id;
	d->credit.weight = 256;
	memset(d->hard, 0xf, sizeof(d->hard));
	memset(d->soft, 0xf, sizeof(d->soft));
	snprintf(path, sizeof(path), "/local/domain/%u/name", id);
	fake_node_set(path, name);
	return d;
}

void fake_dom0_reset(void)
{
	if (!dom0)
		dom0 = mmap(NULL, sizeof(*dom0), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(dom0, 0, sizeof(*dom0));
	dom0->credit = (struct xen_sysctl_credit_schedule){ 30, 1000, 0 };
	fake_domain_add(0, "Domain-0", 512, 2);
	dom0->domains[0].info.flags = XEN_DOMINF_running;
}

/* ---- libhvctl ---- */

struct hvctl {
	int unused;
};

static struct hvctl the_handle;

static struct fake_domain *find(uint32_t domid)
{
	if (domid < FAKE_DOMAINS && dom0->domains[domid].there)
		return &dom0->domains[domid];
	errno = ESRCH;
	return NULL;
}

struct hvctl *hvctl_open_sized(unsigned int pages)
{
	(void)pages;
	if (dom0->no_hypervisor) {
		errno = ENOENT;
		return NULL;
	}
	dom0->opened_hypervisor++;
	return &the_handle;
}

void hvctl_close(struct hvctl *h)
{
	(void)h;
}

int hvctl_version(struct hvctl *h, struct hvctl_version *out)
{
	(void)h;
	memset(out, 0, sizeof(*out));
	out->major = 4;
	out->minor = 17;
	return 0;
}

int hvctl_physinfo(struct hvctl *h, struct xen_sysctl_physinfo *out)
{
	unsigned int i;

	(void)h;
	memset(out, 0, sizeof(*out));
	out->nr_cpus = FAKE_CPUS;
	out->max_cpu_id = FAKE_CPUS - 1;
	out->nr_nodes = 1;
	out->total_pages = 1024 << 8;
	out->free_pages = dom0->free_pages;
	for (i = 0; i < FAKE_DOMAINS; i++)
		out->outstanding_pages +=
			dom0->domains[i].info.outstanding_pages;
	return 0;
}

int hvctl_sched_id(struct hvctl *h, uint32_t *id)
{
	(void)h;
	*id = XEN_SCHEDULER_CREDIT;
	return 0;
}

int hvctl_dmesg(struct hvctl *h, char *buf, size_t size, uint32_t *index,
		bool clear)
{
	static const char ring[] = "(XEN) one\n(XEN) two\n";
	size_t n = sizeof(ring) - 1 - *index;

	(void)h;
	(void)clear;
	n = n < size ? n : size;
	n = n < 7 ? n : 7;	/* in small pieces */
	memcpy(buf, ring + *index, n);
	*index += n;
	return n;
}

int hvctl_debug_keys(struct hvctl *h, const char *keys)
{
	(void)h;
	snprintf(dom0->keys, sizeof(dom0->keys), "%s", keys);
	return 0;
}

int hvctl_topology(struct hvctl *h, struct xen_sysctl_cputopo *out,
		   unsigned int max)
{
	unsigned int i;

	(void)h;
	for (i = 0; i < max && i < FAKE_CPUS; i++)
		out[i] = (struct xen_sysctl_cputopo){ i, 0, 0 };
	return i;
}

int hvctl_numa(struct hvctl *h, struct xen_sysctl_meminfo *out,
	       uint32_t *distance, unsigned int max)
{
	(void)h;
	(void)max;
	*out = (struct xen_sysctl_meminfo){ 1ULL << 30, 1ULL << 29 };
	*distance = 10;
	return 1;
}

int hvctl_cpupool_info(struct hvctl *h, uint32_t id,
		       struct xen_sysctl_cpupool_op *out, uint8_t *map,
		       size_t size)
{
	(void)h;
	if (id) {
		errno = ENOENT;
		return -1;
	}
	memset(out, 0, sizeof(*out));
	out->sched_id = XEN_SCHEDULER_CREDIT;
	out->n_dom = 1;
	memset(map, 0, size);
	map[0] = 0xf;
	return 0;
}

int hvctl_credit_global_get(struct hvctl *h, uint32_t pool,
			    struct xen_sysctl_credit_schedule *out)
{
	(void)h;
	(void)pool;
	*out = dom0->credit;
	return 0;
}

int hvctl_credit_global_set(struct hvctl *h, uint32_t pool,
			    struct xen_sysctl_credit_schedule *inout)
{
	(void)h;
	(void)pool;
	dom0->credit = *inout;
	return 0;
}

int hvctl_domain_list(struct hvctl *h, uint32_t first, unsigned int max,
		      struct xen_domctl_getdomaininfo *out)
{
	unsigned int i, n = 0;

	(void)h;
	dom0->lists++;
	for (i = first; i < FAKE_DOMAINS && n < max; i++)
		if (dom0->domains[i].there)
			out[n++] = dom0->domains[i].info;
	if (dom0->after_list)
		dom0->after_list();
	return n;
}

int hvctl_domain_info(struct hvctl *h, uint32_t domid,
		      struct xen_domctl_getdomaininfo *out)
{
	struct fake_domain *d = find(domid);

	(void)h;
	if (!d)
		return -1;
	*out = d->info;
	return 0;
}

int hvctl_domain_destroy(struct hvctl *h, uint32_t domid)
{
	struct fake_domain *d = find(domid);

	(void)h;
	if (!d)
		return -1;
	d->info.flags |= XEN_DOMINF_dying;
	d->there = d->sticky;
	return 0;
}

int hvctl_domain_pause(struct hvctl *h, uint32_t domid)
{
	struct fake_domain *d = find(domid);

	(void)h;
	if (!d)
		return -1;
	d->pauses++;
	d->info.flags |= XEN_DOMINF_paused;
	return 0;
}

int hvctl_domain_unpause(struct hvctl *h, uint32_t domid)
{
	struct fake_domain *d = find(domid);

	(void)h;
	if (!d)
		return -1;
	d->info.flags &= ~XEN_DOMINF_paused;
	return 0;
}

int hvctl_domain_max_mem(struct hvctl *h, uint32_t domid, uint64_t kib)
{
	struct fake_domain *d = find(domid);

	(void)h;
	if (!d)
		return -1;
	d->max_kib = kib;
	d->info.max_pages = kib / 4;
	return 0;
}

int hvctl_node_affinity_get(struct hvctl *h, uint32_t domid, uint8_t *map,
			    unsigned int nodes)
{
	(void)h;
	(void)nodes;
	*map = 1;
	return find(domid) ? 0 : -1;
}

int hvctl_domain_trigger(struct hvctl *h, uint32_t domid, uint32_t trigger,
			 uint32_t vcpu)
{
	struct fake_domain *d = find(domid);

	(void)h;
	(void)vcpu;
	if (!d)
		return -1;
	if (trigger) {
		errno = ENOSYS;
		return -1;
	}
	d->triggers++;
	return 0;
}

int hvctl_vcpu_info(struct hvctl *h, uint32_t domid, uint32_t vcpu,
		    struct xen_domctl_getvcpuinfo *out)
{
	struct fake_domain *d = find(domid);

	(void)h;
	if (!d)
		return -1;
	memset(out, 0, sizeof(*out));
	out->vcpu = vcpu;
	out->online = vcpu < d->info.nr_online_vcpus;
	return 0;
}

int hvctl_vcpu_affinity_get(struct hvctl *h, uint32_t domid, uint32_t vcpu,
			    uint8_t *hard, uint8_t *soft, unsigned int cpus)
{
	struct fake_domain *d = find(domid);

	(void)h;
	(void)cpus;
	if (!d)
		return -1;
	if (hard)
		*hard = d->hard[vcpu];
	if (soft)
		*soft = d->soft[vcpu];
	return 0;
}

int hvctl_vcpu_affinity_set(struct hvctl *h, uint32_t domid, uint32_t vcpu,
			    uint8_t *hard, uint8_t *soft, unsigned int cpus,
			    bool force)
{
	struct fake_domain *d = find(domid);

	(void)h;
	(void)cpus;
	(void)force;
	if (!d)
		return -1;
	if (hard)
		d->hard[vcpu] = *hard;
	if (soft)
		d->soft[vcpu] = *soft;
	return 0;
}

int hvctl_credit_get(struct hvctl *h, uint32_t domid,
		     struct xen_domctl_sched_credit *out)
{
	struct fake_domain *d = find(domid);

	(void)h;
	if (!d)
		return -1;
	*out = d->credit;
	return 0;
}

int hvctl_credit_set(struct hvctl *h, uint32_t domid,
		     const struct xen_domctl_sched_credit *in)
{
	struct fake_domain *d = find(domid);

	(void)h;
	if (!d)
		return -1;
	d->credit = *in;
	return 0;
}

/* ---- the store ---- */

struct xs_handle {
	int events;		/* an eventfd: a watch has fired */
};

static struct xs_handle the_store = { -1 };

static struct fake_node *node(const char *path)
{
	unsigned int i;

	for (i = 0; i < FAKE_NODES; i++)
		if (!strcmp(dom0->nodes[i].path, path))
			return &dom0->nodes[i];
	return NULL;
}

const char *fake_node(const char *path)
{
	struct fake_node *n = node(path);

	return n ? n->value : NULL;
}

void fake_node_set(const char *path, const char *value)
{
	struct fake_node *n = node(path);

	if (!n)
		n = node("");
	if (!n)
		abort();
	snprintf(n->path, sizeof(n->path), "%s", path);
	snprintf(n->value, sizeof(n->value), "%s", value);
}

const char *xs_daemon_socket(void)
{
	return dom0->no_store ? "/nonexistent/socket" : "/";
}

struct xs_handle *xs_open(unsigned long flags)
{
	(void)flags;
	dom0->opened_store++;
	if (the_store.events < 0)
		the_store.events = eventfd(0, EFD_NONBLOCK);
	return &the_store;
}

void xs_close(struct xs_handle *h)
{
	(void)h;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
	      unsigned int *len)
{
	const char *value = fake_node(path);

	(void)h;
	(void)t;
	dom0->reads++;
	if (!value) {
		errno = ENOENT;
		return NULL;
	}
	*len = strlen(value);
	return strdup(value);
}

void hvxs_read_many(struct xs_handle *h, const char *const *paths,
		    unsigned int n, char **values)
{
	unsigned int i, len;

	for (i = 0; i < n; i++)
		values[i] = xs_read(h, XBT_NULL, paths[i], &len);
}

/* A guest that obeys empties the node; a backend told to close does. */
static const char *reaction(const char *path, const char *value)
{
	size_t n = strlen(path);

	if (dom0->obedient && n > 17 &&
	    !strcmp(path + n - 17, "/control/shutdown"))
		return "";
	if (strstr(path, "/backend/") && !strcmp(value, "5"))
		return "6";
	return value;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
	      const void *data, unsigned int len)
{
	char value[128];

	(void)t;
	snprintf(value, sizeof(value), "%.*s", (int)len, (const char *)data);
	fake_node_set(path, reaction(path, value));
	eventfd_write(h->events, 1);
	return true;
}

/* Names of children, in one piece as the real one gives them. */
char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
		    unsigned int *num)
{
	size_t len = strlen(path), size = FAKE_NODES * sizeof(char *);
	char **list = calloc(1, size + FAKE_NODES * 128);
	char *at = (char *)list + size;
	unsigned int i, j;

	(void)h;
	(void)t;
	*num = 0;
	for (i = 0; i < FAKE_NODES; i++) {
		const char *p = dom0->nodes[i].path;
		int n;

		if (strncmp(p, path, len) || p[len] != '/')
			continue;
		n = strcspn(p + len + 1, "/");
		for (j = 0; j < *num; j++)
			if (!strncmp(list[j], p + len + 1, n) && !list[j][n])
				break;
		if (j < *num)
			continue;
		list[(*num)++] = at;
		at += sprintf(at, "%.*s", n, p + len + 1) + 1;
	}
	if (*num)
		return list;
	free(list);
	errno = ENOENT;
	return NULL;
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	size_t len = strlen(path);
	unsigned int i;

	(void)h;
	(void)t;
	for (i = 0; i < FAKE_NODES; i++) {
		struct fake_node *n = &dom0->nodes[i];

		if (!strncmp(n->path, path, len) &&
		    (!n->path[len] || n->path[len] == '/'))
			memset(n, 0, sizeof(*n));
	}
	return true;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	(void)h;
	return 1;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abandon)
{
	(void)h;
	(void)t;
	if (abandon || !dom0->commits_to_refuse)
		return true;
	dom0->commits_to_refuse--;
	errno = EAGAIN;
	return false;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	(void)path;
	(void)token;
	eventfd_write(h->events, 1);
	return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	(void)h;
	(void)path;
	(void)token;
	return true;
}

int xs_fileno(struct xs_handle *h)
{
	return h->events;
}

char **xs_check_watch(struct xs_handle *h)
{
	eventfd_t n;

	eventfd_read(h->events, &n);
	return calloc(2, sizeof(char *));
}
