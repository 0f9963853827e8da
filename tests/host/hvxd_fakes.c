/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "hvxd_fakes.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>
#include <hvxd/backend.h>
#include <hvxd/census.h>
#include <hvxd/disk_stats.h>
#include <hvxd/images.h>
#include <hvxd/job.h>
#include <hvxd/kernels.h>
#include <common/server.h>
#include <hvxd/reservation.h>
#include <hvxd/state.h>
#include <hvxd/store.h>
#include <libhvctl/build.h>

struct fake fake;

/* Shall this call fail now? */
static bool refused(const char *call)
{
	if (!fake.refuse || strcmp(fake.refuse, call))
		return false;
	if (fake.refuse_after) {
		fake.refuse_after--;
		return false;
	}
	fake.refuse = NULL;
	errno = fake.refuse_errno ? fake.refuse_errno : EIO;
	return true;
}

/* ---- the loop: timers on a clock that the test turns ---- */

struct loop_timer {
	struct loop_timer *next;
	int64_t at;
	bool dead;
	loop_timer_fn *fn;
	void *arg;
};

static struct loop_timer *timers;

int64_t loop_now(void)
{
	return fake.now;
}

int64_t wall_now(void)
{
	return fake.now + 1800000000000;
}

struct loop_timer *loop_add_timer(struct loop *l, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *t;

	(void)l;
	if (refused("loop_add_timer"))
		return NULL;
	t = calloc(1, sizeof(*t));
	t->at = -1;
	t->fn = fn;
	t->arg = arg;
	t->next = timers;
	timers = t;
	return t;
}

void loop_arm(struct loop_timer *t, int64_t ms)
{
	t->at = ms < 0 ? -1 : fake.now + ms;
}

void loop_del_timer(struct loop_timer *t)
{
	if (t)
		t->dead = true;
}

static void bury(void)
{
	struct loop_timer **p = &timers, *t;

	while ((t = *p)) {
		if (t->dead) {
			*p = t->next;
			free(t);
		} else {
			p = &t->next;
		}
	}
}

/* The timer that is due first, before until. */
static struct loop_timer *due(int64_t until)
{
	struct loop_timer *t, *first = NULL;

	for (t = timers; t; t = t->next)
		if (!t->dead && t->at >= 0 && t->at <= until &&
		    (!first || t->at < first->at))
			first = t;
	return first;
}

void fake_run(struct hvxd *hd, int64_t ms)
{
	int64_t until = fake.now + ms;
	struct loop_timer *t;

	(void)hd;
	while ((t = due(until))) {
		fake.now = t->at > fake.now ? t->at : fake.now;
		t->at = -1;
		t->fn(t->arg);
		bury();
	}
	fake.now = until;
}

/* ---- the hypervisor ---- */

struct fake_dom *fake_find(uint32_t domid)
{
	struct fake_dom *d;

	for (d = fake.dom; d < fake.dom + FAKE_DOMS; d++)
		if (domid && d->domid == domid)
			return d;
	errno = ESRCH;
	return NULL;
}

unsigned int fake_doms(void)
{
	struct fake_dom *d;
	unsigned int n = 0;

	for (d = fake.dom; d < fake.dom + FAKE_DOMS; d++)
		n += d->domid != 0;
	return n;
}

/* The domain, unless the call is to fail. */
static struct fake_dom *called(const char *call, uint32_t domid)
{
	return refused(call) ? NULL : fake_find(domid);
}

struct hvctl *hvctl_open_sized(unsigned int pages)
{
	(void)pages;
	return refused("hvctl_open") ? NULL : (struct hvctl *)&fake;
}

struct hvctl *hvctl_open(void)
{
	return hvctl_open_sized(0);
}

int hvctl_physinfo(struct hvctl *h, struct xen_sysctl_physinfo *out)
{
	struct fake_dom *d;

	(void)h;
	memset(out, 0, sizeof(*out));
	out->total_pages = FAKE_PAGES;
	out->free_pages = fake.free_pages;
	out->max_cpu_id = 3;
	for (d = fake.dom; d < fake.dom + FAKE_DOMS; d++)
		out->outstanding_pages += d->claim;
	return refused("hvctl_physinfo") ? -1 : 0;
}

static void fill_info(const struct fake_dom *d,
		      struct xen_domctl_getdomaininfo *out)
{
	memset(out, 0, sizeof(*out));
	out->domain = d->domid;
	out->flags = d->flags;
	out->tot_pages = d->pages;
	out->cpu_time = d->cpu_time;
	memcpy(out->handle, d->handle, sizeof(out->handle));
}

int hvctl_domain_info(struct hvctl *h, uint32_t domid,
		      struct xen_domctl_getdomaininfo *out)
{
	struct fake_dom *d = fake_find(domid);

	(void)h;
	if (d)
		fill_info(d, out);
	return d ? 0 : -1;
}

/* The one of the lowest id that is no less than that; or NULL. */
static struct fake_dom *first_from(uint32_t domid)
{
	struct fake_dom *d, *first = NULL;

	for (d = fake.dom; d < fake.dom + FAKE_DOMS; d++)
		if (d->domid >= domid && (!first || d->domid < first->domid))
			first = d;
	return first;
}

int hvctl_domain_list(struct hvctl *h, uint32_t first, unsigned int max,
		      struct xen_domctl_getdomaininfo *out)
{
	struct fake_dom *d;
	unsigned int n = 0;

	(void)h;
	/* 0 is in no slot. */
	for (first += !first; n < max && (d = first_from(first)); n++) {
		fill_info(d, &out[n]);
		first = d->domid + 1;
	}
	fake.listed += n;
	return n;
}

int hvctl_domain_create(struct hvctl *h, struct xen_domctl_createdomain *how,
			uint32_t *domid)
{
	struct fake_dom *d = fake.dom;

	(void)h;
	if (refused("hvctl_domain_create"))
		return -1;
	while (d->domid)
		d++;
	memset(d, 0, sizeof(*d));
	d->domid = *domid = fake.next_domid++;
	d->flags = XEN_DOMINF_paused;
	d->weight = 256;
	memcpy(d->handle, how->handle, sizeof(d->handle));
	return 0;
}

int hvctl_domain_destroy(struct hvctl *h, uint32_t domid)
{
	struct fake_dom *d = called("hvctl_domain_destroy", domid);

	(void)h;
	if (!d)
		return -1;
	fake.now += fake.destroy_ms;
	fake.free_pages += d->pages;
	d->claim = d->pages = 0;
	d->flags |= XEN_DOMINF_dying;
	if (fake.held) {
		d->pages = fake.held;
		fake.free_pages -= fake.held;
	} else {
		d->domid = 0;
	}
	return 0;
}

int hvctl_domain_pause(struct hvctl *h, uint32_t domid)
{
	struct fake_dom *d = fake_find(domid);

	(void)h;
	if (d)
		d->flags |= XEN_DOMINF_paused;
	return d ? 0 : -1;
}

int hvctl_domain_unpause(struct hvctl *h, uint32_t domid)
{
	struct fake_dom *d = called("hvctl_domain_unpause", domid);

	(void)h;
	if (!d)
		return -1;
	d->flags &= ~XEN_DOMINF_paused;
	d->cpu_time++;
	return 0;
}

int hvctl_domain_max_mem(struct hvctl *h, uint32_t domid, uint64_t kib)
{
	struct fake_dom *d = called("hvctl_domain_max_mem", domid);

	(void)h;
	if (d)
		d->max_kib = kib;
	return d ? 0 : -1;
}

int hvctl_domain_max_vcpus(struct hvctl *h, uint32_t domid, unsigned int n)
{
	struct fake_dom *d = called("hvctl_domain_max_vcpus", domid);

	(void)h;
	if (d)
		d->vcpus = n;
	return d ? 0 : -1;
}

int hvctl_domain_set_handle(struct hvctl *h, uint32_t domid,
			    const xen_domain_handle_t handle)
{
	struct fake_dom *d = called("hvctl_domain_set_handle", domid);

	(void)h;
	if (d)
		memcpy(d->handle, handle, sizeof(d->handle));
	return d ? 0 : -1;
}

int hvctl_domain_set_tsc_native(struct hvctl *h, uint32_t domid)
{
	struct fake_dom *d = called("hvctl_domain_set_tsc_native", domid);

	(void)h;
	if (d)
		d->tsc_native = true;
	return d ? 0 : -1;
}

int hvctl_domain_memory_map(struct hvctl *h, uint32_t domid, uint64_t kib)
{
	struct fake_dom *d = called("hvctl_domain_memory_map", domid);

	(void)h;
	if (d)
		d->map_kib = kib;
	return d ? 0 : -1;
}

int hvctl_domain_claim(struct hvctl *h, uint32_t domid, unsigned long pages)
{
	struct fake_dom *d = called("hvctl_domain_claim", domid), *o;
	uint64_t claimed = 0;

	(void)h;
	if (!d)
		return -1;
	for (o = fake.dom; o < fake.dom + FAKE_DOMS; o++)
		claimed += o == d ? 0 : o->claim;
	if (pages > fake.free_pages - claimed) {
		errno = ENOMEM;
		return -1;
	}
	d->claim = pages;
	return 0;
}

int hvctl_evtchn_alloc(struct hvctl *h, uint32_t domid, uint32_t remote)
{
	struct fake_dom *d = called("hvctl_evtchn_alloc", domid);

	(void)h;
	(void)remote;
	return d ? (int)++d->ports : -1;
}

int hvctl_vcpu_affinity_set(struct hvctl *h, uint32_t domid, uint32_t vcpu,
			    uint8_t *hard, uint8_t *soft, unsigned int cpus,
			    bool force)
{
	struct fake_dom *d = called("hvctl_vcpu_affinity_set", domid);

	(void)h;
	(void)soft;
	(void)cpus;
	(void)force;
	if (d && hard)
		d->hard[vcpu] = *hard;
	return d ? 0 : -1;
}

int hvctl_share_get(struct hvctl *h, uint32_t domid,
		     struct xen_domctl_sched_credit *out)
{
	struct fake_dom *d = called("hvctl_share_get", domid);

	(void)h;
	if (d) {
		out->weight = d->weight;
		out->cap = d->cap;
	}
	return d ? 0 : -1;
}

int hvctl_share_set(struct hvctl *h, uint32_t domid,
		     const struct xen_domctl_sched_credit *in)
{
	struct fake_dom *d = called("hvctl_share_set", domid);

	(void)h;
	if (d) {
		d->weight = in->weight;
		d->cap = in->cap;
	}
	return d ? 0 : -1;
}

int hvctl_build(struct hvctl *h, uint32_t domid, struct hvctl_build *b)
{
	struct fake_dom *d = fake_find(domid);

	(void)h;
	b->nr_pages = b->memory_kib >> 2;
	d->pages = b->nr_pages / 2;
	fake.free_pages -= d->pages;
	d->claim -= d->pages;
	if (refused("hvctl_build")) {
		b->stage = "kernel";
		strcpy(b->error, "it is no kernel");
		return -1;
	}
	fake.free_pages -= b->nr_pages - d->pages;
	d->pages = b->nr_pages;
	d->claim = 0;
	b->store_mfn = 77;
	b->console_mfn = 78;
	return 0;
}

/* ---- jobs: done a moment later, in this process ---- */

struct job {
	struct loop_timer *timer;
	job_run_fn *run;
	void *run_arg;
	job_done_fn *done;
	void *arg;
};

static void on_job(void *arg)
{
	char result[JOB_RESULT_MAX] = { 0 };
	struct job *j = arg;
	size_t n = 0;

	if (fake.job_crash)
		fake.job_crash = false;
	else
		n = j->run(j->run_arg, result);
	loop_del_timer(j->timer);
	fake.jobs--;
	j->done(j->arg, result, n, "it died of signal 6 (ABRT)");
	free(j);
}

struct job *job_start(struct loop *l, const char *name, job_run_fn *run,
		      void *run_arg, int keep, job_done_fn *done,
		      void *done_arg)
{
	struct job *j;

	(void)keep;
	if (refused(name))
		return NULL;
	j = calloc(1, sizeof(*j));
	j->run = run;
	j->run_arg = run_arg;
	j->done = done;
	j->arg = done_arg;
	j->timer = loop_add_timer(l, on_job, j);
	loop_arm(j->timer, 3);
	fake.jobs++;
	return j;
}

void job_kill(struct job *j)
{
	if (!j)
		return;
	loop_del_timer(j->timer);
	fake.jobs--;
	free(j);
}

/* ---- the store ---- */

static int find_node(const char *path)
{
	int i;

	for (i = 0; i < FAKE_NODES; i++)
		if (fake.node[i].used && !strcmp(fake.node[i].path, path))
			return i;
	errno = ENOENT;
	return -1;
}

const char *fake_value(const char *path)
{
	int i = find_node(path);

	return i < 0 ? NULL : fake.node[i].value;
}

static bool is_below(const char *node, const char *path)
{
	size_t n = strlen(path);

	return !strncmp(node, path, n) && (!node[n] || node[n] == '/');
}

unsigned int fake_nodes(const char *path)
{
	unsigned int i, n = 0;

	for (i = 0; i < FAKE_NODES; i++)
		n += fake.node[i].used && is_below(fake.node[i].path, path);
	return n;
}

static int set_node(const char *path, const char *value)
{
	int i = find_node(path);

	for (i = i < 0 ? 0 : i; fake.node[i].used && i < FAKE_NODES - 1 &&
	     strcmp(fake.node[i].path, path); i++)
		;
	fake.node[i].used = true;
	snprintf(fake.node[i].path, sizeof(fake.node[i].path), "%s", path);
	snprintf(fake.node[i].value, sizeof(fake.node[i].value), "%s", value);
	return 0;
}

int store_transact(struct store *s, store_txn_fn *fn, void *arg)
{
	struct store_txn t = { .store = s };
	struct fake was = fake;
	int rc;

	if (refused("store_transact"))
		return -1;
	rc = fn(&t, arg);
	if (!rc && refused("store_commit"))
		rc = -1;
	if (rc)
		memcpy(fake.node, was.node, sizeof(fake.node));
	return rc;
}

int txn_put(struct store_txn *t, uint32_t domid, enum store_perm perm,
	    const char *path, const char *value)
{
	(void)t;
	(void)domid;
	(void)perm;
	return refused("txn_put") ? -1 : set_node(path, value);
}

int txn_remove(struct store_txn *t, const char *path)
{
	unsigned int i;

	(void)t;
	if (refused("txn_remove"))
		return -1;
	for (i = 0; i < FAKE_NODES; i++)
		if (is_below(fake.node[i].path, path))
			fake.node[i].used = false;
	return 0;
}

bool txn_exists(struct store_txn *t, const char *path)
{
	(void)t;
	return find_node(path) >= 0;
}

/* A few names are enough here. */
char **txn_list(struct store_txn *t, const char *path, unsigned int *n)
{
	static char names[8][32];
	char **list = calloc(8, sizeof(*list)), name[32];
	unsigned int i, j;

	(void)t;
	*n = 0;
	for (i = 0; i < FAKE_NODES; i++) {
		const char *node = fake.node[i].path;

		if (!fake.node[i].used || !is_below(node, path) ||
		    !node[strlen(path)])
			continue;
		snprintf(name, sizeof(name), "%s", node + strlen(path) + 1);
		name[strcspn(name, "/")] = 0;
		for (j = 0; j < *n && strcmp(names[j], name); j++)
			;
		if (j < *n)
			continue;
		assert_true(*n < 8);
		strcpy(names[*n], name);
		list[*n] = names[*n];
		(*n)++;
	}
	return list;
}

char *store_read(struct store *s, const char *path)
{
	(void)s;
	fake.exchanges++;
	return fake_value(path) ? strdup(fake_value(path)) : NULL;
}

void store_read_many(struct store *s, const char *const *paths, unsigned int n,
		     char **values)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		values[i] = store_read(s, paths[i]);
	fake.exchanges -= n - 1;
}

int store_write(struct store *s, const char *path, const char *value)
{
	(void)s;
	return refused("store_write") ? -1 : set_node(path, value);
}

int store_introduce(struct store *s, uint32_t domid, unsigned long mfn,
		    uint32_t port)
{
	(void)s;
	if (refused("store_introduce"))
		return -1;
	assert_true(mfn && port);
	fake.introduced[domid] = true;
	return 0;
}

int store_release(struct store *s, uint32_t domid)
{
	(void)s;
	fake.introduced[domid] = false;
	return 0;
}

/* ---- backends ---- */

struct backend {
	int none;
};

static unsigned int no_nics(const struct guest_config *c)
{
	(void)c;
	return 0;
}

const struct backend_kind nics_kind = { .device = "nic", .count = no_nics };
const struct backend_kind *const backend_kinds[BACKEND_KINDS] = {
	&disks_kind, &nics_kind,
};

bool backend_installed(struct hvxd *hd, const char *program)
{
	(void)hd;
	(void)program;
	return true;
}

/* No disk is opened here. */
int image_open(struct dom *d, unsigned int i, struct backend_attach *a,
	       struct fault *f)
{
	(void)d;
	(void)i;
	(void)a;
	return fault_set(f, ENOTSUP, "devices", "image", "not here");
}

void image_forget(struct dom *d, unsigned int i)
{
	(void)d;
	(void)i;
}

int backend_check(struct hvxd *hd, const struct guest_config *c,
		  struct fault *f)
{
	unsigned int i;

	if (refused("backend_check"))
		return fault_set(f, ENOTSUP, "devices", c->name, "no backend");
	for (i = 0; i < c->disk_count; i++)
		if (disks_kind.check(hd, c, i, f))
			return -1;
	return 0;
}

int backend_put_nodes(struct dom *d, struct store_txn *t)
{
	struct device_nodes n;
	unsigned int i;

	for (i = 0; i < d->config.disk_count; i++) {
		n = device_nodes(d, &disks_kind, i);
		if (device_nodes_put(&n, t))
			return -1;
	}
	return 0;
}

int backend_add(struct dom *d, unsigned int kind, backend_done_fn *done,
		void *arg, struct fault *f)
{
	(void)kind;
	if (refused("backend_add"))
		return fault_set(f, EBUSY, "devices", d->name, "not now");
	if (refused("attach")) {
		fault_set(f, EIO, "devices", d->name, "no good");
		done(arg, f);
	} else {
		done(arg, NULL);
	}
	return 0;
}

int backend_drop(struct dom *d, unsigned int kind, unsigned int i, bool force,
		 backend_done_fn *done, void *arg, struct fault *f)
{
	(void)kind;
	(void)i;
	if (refused("backend_drop"))
		return fault_set(f, EBUSY, "devices", d->name, "not now");
	if (fake.clings && !force) {
		fake.lets_go = done;
		fake.lets_go_arg = arg;
	} else {
		done(arg, NULL);
	}
	return 0;
}

int backend_resize(struct dom *d, unsigned int kind, unsigned int i,
		   backend_done_fn *done, void *arg, struct fault *f)
{
	(void)kind;
	(void)i;
	if (refused("backend_resize"))
		return fault_set(f, EINVAL, "devices", d->name, "it is empty");
	done(arg, NULL);
	return 0;
}

void backend_dropped(struct dom *d, unsigned int kind)
{
	(void)d;
	(void)kind;
}

int backend_start(struct dom *d, backend_done_fn *done, void *arg,
		  struct fault *f)
{
	(void)done;
	(void)arg;
	if (refused("backend_start"))
		return fault_set(f, EIO, "devices", d->name, "no backend");
	d->backends = calloc(1, sizeof(struct backend));
	fake.backends++;
	return 0;
}

bool backend_stop(struct dom *d, backend_done_fn *done, void *arg)
{
	(void)done;
	(void)arg;
	if (d->backends)
		fake.backends--;
	free(d->backends);
	d->backends = NULL;
	return false;
}

void backend_adopt(struct dom *d)
{
	struct fault f;

	backend_start(d, NULL, NULL, &f);
}

void backend_leave(struct dom *d)
{
	free(d->backends);
	d->backends = NULL;
}

/* No backend here has anything to count. */
void disk_stats_add(struct dom *d, struct json_object *list)
{
	(void)d;
	(void)list;
}

/* ---- reservations ---- */

struct reservation {
	struct dom *d;
	struct loop_timer *timer;
	reservation_fn *fn;
	void *arg;
};

bool reservation_offered(void)
{
	return fake.allocator;
}

static void on_reservation(void *arg)
{
	struct reservation *v = arg;
	struct fault f;

	if (strcmp(fake.allocator, "refuses")) {
		v->fn(v->arg, NULL);
		return;
	}
	fault_set(&f, ENOMEM, "memory", v->d->name, "nobody could give");
	v->fn(v->arg, &f);
}

struct reservation *reservation_ask(struct dom *d, reservation_fn *fn,
				    void *arg)
{
	struct reservation *v;

	if (!fake.allocator)
		return NULL;
	v = calloc(1, sizeof(*v));
	v->d = d;
	v->fn = fn;
	v->arg = arg;
	v->timer = loop_add_timer(d->hd->loop, on_reservation, v);
	if (strcmp(fake.allocator, "waits"))
		loop_arm(v->timer, 10);
	fake.reservations++;
	return v;
}

void reservation_end(struct reservation *v)
{
	if (!v)
		return;
	fake.reservations--;
	loop_del_timer(v->timer);
	free(v);
}

/* ---- clients ---- */

struct request {
	struct fake_request *to;
	bool answered;
};

static struct fake_request requests[32];
static unsigned int nr_requests;

struct fake_request *fake_request_new(void)
{
	struct fake_request *f = &requests[nr_requests++ % 32];

	memset(f, 0, sizeof(*f));
	f->req = calloc(1, sizeof(*f->req));
	f->req->to = f;
	return f;
}

void req_progress(struct request *r, const char *stage)
{
	(void)stage;
	if (r)
		r->to->progress++;
}

static void answered(struct request *r)
{
	assert_false(r->to->answered);
	r->to->answered = true;
	r->to->req = NULL;
	free(r);
}

void req_ok(struct request *r, struct json_object *answer)
{
	if (r) {
		r->to->ok = true;
		snprintf(r->to->text, sizeof(r->to->text), "%s",
			 json_object_to_json_string_ext(answer, 0));
		answered(r);
	}
	json_object_put(answer);
}

void req_fail(struct request *r, const struct fault *f)
{
	if (!r)
		return;
	r->to->fault = *f;
	answered(r);
}

void req_follow(struct request *r)
{
	free(r);
}

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v)
		       ? json_object_get_string(v) : "";
}

void server_event(struct server *s, struct json_object *event)
{
	struct fake_event *e = &fake.event[fake.events++ % 64];

	(void)s;
	snprintf(e->kind, sizeof(e->kind), "%s", member(event, "event"));
	snprintf(e->name, sizeof(e->name), "%s", member(event, "name"));
	snprintf(e->text, sizeof(e->text), "%s", member(event, "text"));
	json_object_put(event);
}

const struct fake_event *fake_last(const char *kind)
{
	unsigned int i;

	for (i = fake.events; i-- > 0;)
		if (!strcmp(fake.event[i % 64].kind, kind))
			return &fake.event[i % 64];
	return NULL;
}

/* ---- all of it ---- */

static void stop(struct hvxd *hd)
{
	kernels_free(hd->kernels);
	loop_del_timer(hd->census);
	bury();
}

unsigned int fake_files(const struct hvxd *hd)
{
	DIR *dir = opendir(hd->state_folder);
	unsigned int n = 0;
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

static void on_census(void *arg)
{
	census_run(arg);
}

static void start(struct hvxd *hd)
{
	hd->hv = (struct hvctl *)&fake;
	hd->store = (struct store *)&fake;
	hd->census = loop_add_timer(NULL, on_census, hd);
	hd->kernels = kernels_new(NULL);
	hd->restart_interval = 10;
}

void fake_end(struct hvxd *hd)
{
	char command[128];

	while (hd->doms)
		dom_free(hd->doms);
	stop(hd);
	snprintf(command, sizeof(command), "rm -rf %s", hd->state_folder);
	assert_int_equal(system(command), 0);
}

void fake_reset(struct hvxd *hd)
{
	static char folder[64];

	memset(&fake, 0, sizeof(fake));
	fake.free_pages = FAKE_PAGES;
	fake.next_domid = 1;
	snprintf(folder, sizeof(folder), "/tmp/hvxd-test.%d", getpid());
	memset(hd, 0, sizeof(*hd));
	hd->state_folder = folder;
	hd->backend_folder = folder;
	assert_int_equal(state_prepare(folder), 0);
	start(hd);
}

void fake_kill(struct hvxd *hd)
{
	struct loop_timer *t;

	for (t = timers; t; t = t->next) {
		if (t->fn == on_job) {
			free(t->arg);
			fake.jobs--;
		}
		t->dead = true;
	}
	stop(hd);
	fake.backends = 0;
	hd->doms = NULL;
	start(hd);
}
