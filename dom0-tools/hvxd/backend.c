/* SPDX-License-Identifier: MIT */
#include "backend.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <json-c/json.h>
#include <common/log.h>
#include "events.h"
#include "qmp.h"

#define kinds		backend_kinds
/* So long one may take until it is ready and has taken its devices. */
#define START_MS	60000
/* One that dies again so soon is started later and later, up to PAUSE_MAX. */
#define QUICK_MS	5000
#define PAUSE_MAX	10000
/* A killed one that doesn't go is left to the end's own patience. */
#define STOP_MS		5000

const struct backend_kind *const backend_kinds[BACKEND_KINDS] = {
	&disks_kind, &nics_kind,
};

struct process {
	struct dom *d;
	const struct backend_kind *kind;
	pid_t pid;			/* 0: none */
	const char *binary;		/* what it runs */
	struct channel *channel;
	struct loop_timer *timer;	/* start's limit, or the next start */
	unsigned int attached;		/* devices, of this process */
	bool ready, stopping;
	bool later;			/* its next device isn't there yet */
	backend_done_fn *added;		/* who waits for the last device */
	void *added_arg;
	int64_t began;
	int pause;			/* ms before the next start */
};

struct backend {
	struct process *p[BACKEND_KINDS];
	struct qmp *qmp;		/* NULL: xentop finds no counters */
	unsigned int waiting;		/* of them, for done */
	struct fault fault;
	backend_done_fn *done;
	void *arg;
	struct loop_timer *stop_limit;
};

/* ---- for others: done ---- */

static void finish(struct backend *b, const struct fault *f)
{
	backend_done_fn *done = b->done;

	b->done = NULL;
	if (done)
		done(b->arg, f);
}

/* Whether somebody waited for the last device. */
static bool tell_added(struct process *p, const struct fault *f)
{
	backend_done_fn *added = p->added;

	p->added = NULL;
	if (added)
		added(p->added_arg, f);
	return added;
}

static void one_started(struct process *p)
{
	struct backend *b = p->d->backends;

	loop_arm(p->timer, -1);
	if (tell_added(p, NULL))
		return;
	event_emit(p->d, "backend-started", NULL, "%s (pid %d) serves %u %s",
		   p->kind->program, p->pid, p->attached, p->kind->devices);
	if (b->done && b->waiting && !--b->waiting)
		finish(b, NULL);
}

/* A start that fails before the guest runs fails its create. */
static bool failed_start(struct process *p, const struct fault *f)
{
	struct backend *b = p->d->backends;

	if (!b->done || p->stopping)
		return false;
	b->fault = *f;
	finish(b, &b->fault);
	return true;
}

/* ---- one process ---- */

/* Files, and what else outlives processes. */
static void forget(struct dom *d)
{
	unsigned int i, k;

	for (k = 0; k < BACKEND_KINDS; k++) {
		backend_kill_orphan(d, kinds[k]->program);
		backend_remove_files(d, kinds[k]->program);
		for (i = 0; i < kinds[k]->count(&d->config); i++)
			kinds[k]->forget(d, i);
	}
}

static void start(struct process *p, struct fault *f);

static void end_process(struct process *p)
{
	channel_free(p->channel);
	p->channel = NULL;
	p->ready = p->later = false;
	p->attached = 0;
	p->pid = 0;
}

static void kill_process(struct process *p)
{
	if (p->pid)
		kill(p->pid, SIGKILL);
}

static void attach_next(struct process *p);

/* The next device isn't served; who added it, the last one, is told. */
static void not_attached(struct process *p, const struct fault *f)
{
	if (failed_start(p, f))
		return;
	log_err("%s: %s", p->d->name, f->text);
	p->attached++;
	if (p->attached < p->kind->count(&p->d->config) || !tell_added(p, f))
		attach_next(p);
}

static void on_attached(void *arg, struct json_object *answer)
{
	struct process *p = arg;
	struct fault f;

	if (channel_fault(answer, "devices", p->d->name, &f)) {
		/* Of a dead process its end tells more. */
		if (answer)
			not_attached(p, &f);
		return;
	}
	p->attached++;
	attach_next(p);
}

/* A device that was not there yet: of a start, or one that was added. */
static void on_again(void *arg)
{
	struct process *p = arg;
	bool later = p->later;

	p->later = false;
	if (later && p->ready)
		attach_next(p);
}

static void attach_next(struct process *p)
{
	struct backend_attach a = { .again = on_again, .again_arg = p };
	struct fault f;
	int rc;

	if (p->attached == p->kind->count(&p->d->config)) {
		one_started(p);
		return;
	}
	rc = p->kind->open(p->d, p->attached, &a, &f);
	if (rc > 0) {
		p->later = true;
		loop_arm(p->timer, -1);
		return;
	}
	if (rc) {
		not_attached(p, &f);
		return;
	}
	if (channel_ask(p->channel, "attach", &a, on_attached, p))
		log_err("%s: %s: %s", p->d->name, p->kind->program,
			strerror(errno));
}

static void on_timer(void *arg)
{
	struct process *p = arg;
	struct fault f;

	if (p->pid) {
		log_err("%s: %s is not ready in %d s: killed", p->d->name,
			p->kind->program, START_MS / 1000);
		kill_process(p);
		return;
	}
	start(p, &f);
}

static void how_it_ended(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "signal %d (%s)", WTERMSIG(status),
			 sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == 127)
		snprintf(text, size, "it can't be run");
	else
		snprintf(text, size, "exit status %d", WEXITSTATUS(status));
}

static bool any_alive(const struct backend *b)
{
	unsigned int i;

	for (i = 0; i < BACKEND_KINDS; i++)
		if (b->p[i] && b->p[i]->pid)
			return true;
	return false;
}

static void free_all(struct dom *d);

static void stopped(struct dom *d)
{
	struct backend *b = d->backends;
	backend_done_fn *done = b->done;
	void *arg = b->arg;

	if (any_alive(b))
		return;
	free_all(d);
	forget(d);
	if (done)
		done(arg, NULL);
}

static void died(struct process *p)
{
	int status = 0;
	struct fault f;
	char how[64];

	/* A process that hung up, but lives, is of no use. */
	kill(p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	how_it_ended(status, how, sizeof(how));
	if (p->stopping) {
		end_process(p);
		stopped(p->d);
		return;
	}
	event_emit(p->d, "backend-died", NULL, "%s (pid %d): %s",
		   p->kind->program, p->pid, how);
	end_process(p);
	fault_set(&f, EIO, "devices", p->d->name, "%s has ended early: %s",
		  p->kind->program, how);
	if (failed_start(p, &f))
		return;
	if (loop_now() - p->began > QUICK_MS)
		p->pause = 0;
	loop_arm(p->timer, p->pause);
	p->pause = p->pause ? p->pause * 2 : 100;
	p->pause = p->pause < PAUSE_MAX ? p->pause : PAUSE_MAX;
}

static void on_event(void *arg, struct json_object *event)
{
	struct process *p = arg;
	struct json_object *o = NULL;
	const char *kind;

	if (!event) {
		died(p);
		return;
	}
	json_object_object_get_ex(event, "event", &o);
	kind = o ? json_object_get_string(o) : "";
	if (!strcmp(kind, "ready") && !p->ready) {
		p->ready = true;
		attach_next(p);
	} else if (!strcmp(kind, "broken") || !strcmp(kind, "io-error")) {
		log_warn("%s: %s: %s", p->d->name, p->kind->program,
			 json_object_to_json_string_ext(
				 event, JSON_C_TO_STRING_PLAIN));
	}
}

static const char *binary_for(const struct process *p)
{
	return p->kind->binary ? p->kind->binary(&p->d->config) :
		p->kind->program;
}

static void start(struct process *p, struct fault *f)
{
	int control = -1;

	p->began = loop_now();
	p->binary = binary_for(p);
	p->pid = backend_spawn(p->d, p->kind->program, p->binary, &control);
	if (p->pid > 0)
		p->channel = channel_new(p->d->hd->loop, control, on_event, p);
	if (p->channel) {
		loop_arm(p->timer, START_MS);
		return;
	}
	fault_errno(f, "devices", p->d->name, p->kind->program);
	if (p->pid > 0) {
		close(control);
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	p->pid = 0;
	log_err("%s: %s", p->d->name, f->text);
	loop_arm(p->timer, PAUSE_MAX);
}

/* ---- all of a domain's ---- */

static void free_all(struct dom *d)
{
	struct backend *b = d->backends;
	struct process *p;
	unsigned int i;

	for (i = 0; b && i < BACKEND_KINDS; i++) {
		p = b->p[i];
		if (!p)
			continue;
		channel_free(p->channel);
		loop_del_timer(p->timer);
		free(p);
	}
	if (b) {
		loop_del_timer(b->stop_limit);
		qmp_free(b->qmp);
	}
	free(b);
	d->backends = NULL;
}

int backend_check(struct hvxd *hd, const struct guest_config *c,
		  struct fault *f)
{
	unsigned int i, k;

	for (k = 0; k < BACKEND_KINDS; k++) {
		if (kinds[k]->count(c) &&
		    !backend_installed(hd, kinds[k]->program)) {
			fault_set(f, ENOENT, "devices", c->name,
				  "its %s need the program %s/%s, which isn't there",
				  kinds[k]->devices, hd->backend_folder,
				  kinds[k]->program);
			fault_hint(f, "install it, or leave out its %s",
				   kinds[k]->devices);
			return -1;
		}
		for (i = 0; i < kinds[k]->count(c); i++)
			if (kinds[k]->check(hd, c, i, f))
				return -1;
	}
	return 0;
}

int backend_put_nodes(struct dom *d, struct store_txn *t)
{
	struct device_nodes n;
	unsigned int i, k;

	for (k = 0; k < BACKEND_KINDS; k++)
		for (i = 0; i < kinds[k]->count(&d->config); i++) {
			n = device_nodes(d, kinds[k], i);
			if (device_nodes_put(&n, t))
				return -1;
		}
	return 0;
}

static struct process *process_new(struct dom *d, unsigned int k)
{
	struct process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->d = d;
	p->kind = kinds[k];
	p->timer = loop_add_timer(d->hd->loop, on_timer, p);
	if (!p->timer) {
		free(p);
		return NULL;
	}
	if (k == BACKEND_DISKS && !(d->backends->qmp = qmp_new(d)))
		log_warn("%s: xentop will not see its disks: %s", d->name,
			 strerror(errno));
	return p;
}

static int start_all(struct dom *d, struct fault *f)
{
	struct backend *b = d->backends;
	unsigned int k;

	for (k = 0; k < BACKEND_KINDS; k++) {
		if (!kinds[k]->count(&d->config))
			continue;
		b->p[k] = process_new(d, k);
		if (!b->p[k])
			return fault_errno(f, "devices", d->name,
					   kinds[k]->program);
		b->waiting++;
		start(b->p[k], f);
		if (!b->p[k]->pid && b->done)
			return -1;
	}
	return 0;
}

int backend_start(struct dom *d, backend_done_fn *done, void *arg,
		  struct fault *f)
{
	unsigned int k, n = 0;

	for (k = 0; k < BACKEND_KINDS; k++)
		n += kinds[k]->count(&d->config);
	if (!n)
		return 0;
	d->backends = calloc(1, sizeof(*d->backends));
	if (!d->backends)
		return fault_errno(f, "devices", d->name, "its backends");
	d->backends->done = done;
	d->backends->arg = arg;
	if (!start_all(d, f))
		return 1;
	d->backends->done = NULL;
	return -1;
}

void backend_adopt(struct dom *d)
{
	struct fault f;
	unsigned int k;

	for (k = 0; k < BACKEND_KINDS; k++)
		if (kinds[k]->count(&d->config))
			backend_kill_orphan(d, kinds[k]->program);
	backend_start(d, NULL, NULL, &f);
}

static void on_stop_limit(void *arg)
{
	struct dom *d = arg;

	log_err("%s: a killed backend doesn't go", d->name);
	finish(d->backends, NULL);
}

bool backend_stop(struct dom *d, backend_done_fn *done, void *arg)
{
	struct backend *b = d->backends;
	unsigned int i;

	if (!b || !any_alive(b)) {
		free_all(d);
		if (d->domid != DOMID_NONE)
			forget(d);
		return false;
	}
	b->done = done;
	b->arg = arg;
	for (i = 0; i < BACKEND_KINDS; i++)
		if (b->p[i]) {
			b->p[i]->stopping = true;
			loop_arm(b->p[i]->timer, -1);
			kill_process(b->p[i]);
		}
	b->stop_limit = loop_add_timer(d->hd->loop, on_stop_limit, d);
	if (b->stop_limit)
		loop_arm(b->stop_limit, STOP_MS);
	return true;
}

void backend_leave(struct dom *d)
{
	free_all(d);
}

/* ---- one device more or less ---- */

struct change {
	struct dom *d;
	backend_done_fn *done;
	void *arg;
};

static void on_changed(void *arg, struct json_object *answer)
{
	struct change *c = arg;
	struct fault f;
	bool failed = channel_fault(answer, "devices", c->d->name, &f);

	c->done(c->arg, failed ? &f : NULL);
	free(c);
}

static int change(struct process *p, const char *what,
		  struct backend_attach *a, backend_done_fn *done, void *arg,
		  struct fault *f)
{
	struct change *c = calloc(1, sizeof(*c));
	unsigned int i;

	if (c) {
		c->d = p->d;
		c->done = done;
		c->arg = arg;
		if (!channel_ask(p->channel, what, a, on_changed, c))
			return 0;
		free(c);
	} else {
		for (i = 0; i < a->fds; i++)
			close(a->fd[i]);
		json_object_put(a->args);
	}
	return fault_errno(f, "devices", p->d->name, p->kind->program);
}

static int first_device(struct dom *d, unsigned int kind,
			backend_done_fn *done, void *arg, struct fault *f)
{
	struct backend *b = d->backends;

	if (!b)
		b = d->backends = calloc(1, sizeof(*b));
	if (!b || !(b->p[kind] = process_new(d, kind)))
		return fault_errno(f, "devices", d->name, "its backend");
	b->done = done;
	b->arg = arg;
	b->waiting = 1;
	start(b->p[kind], f);
	if (b->p[kind]->pid)
		return 0;
	b->done = NULL;
	return -1;
}

int backend_add(struct dom *d, unsigned int kind, backend_done_fn *done,
		void *arg, struct fault *f)
{
	struct process *p = d->backends ? d->backends->p[kind] : NULL;
	struct backend_attach a = { .again = on_again, .again_arg = p };
	int rc;

	if (d->backends && (d->backends->done || (p && p->added)))
		return fault_set(f, EBUSY, "devices", d->name,
				 "another device is being attached");
	if (!p)
		return first_device(d, kind, done, arg, f);
	if (!p->ready || p->attached + 1 != p->kind->count(&d->config))
		return fault_set(f, EBUSY, "devices", d->name,
				 "%s is just starting", p->kind->program);
	if (strcmp(p->binary, binary_for(p))) {
		log_info("%s: its %s are taken over by %s, which knows the"
			 " new one", d->name, p->kind->devices, binary_for(p));
		p->added = done;
		p->added_arg = arg;
		kill_process(p);
		return 0;
	}
	rc = p->kind->open(d, p->attached, &a, f);
	if (rc > 0) {
		p->later = true;
		p->added = done;
		p->added_arg = arg;
		return 0;
	}
	if (rc)
		return -1;
	p->attached++;
	return change(p, "attach", &a, done, arg, f);
}

/* Asks the process that serves device i for what. */
static int ask_about(struct dom *d, unsigned int kind, unsigned int i,
		     const char *what, struct json_object *args,
		     backend_done_fn *done, void *arg, struct fault *f)
{
	struct process *p = d->backends ? d->backends->p[kind] : NULL;
	struct backend_attach a = { .args = args };

	if (!p || !p->ready) {
		json_object_put(args);
		return fault_set(f, EBUSY, "devices", d->name,
				 "%s is just starting",
				 kinds[kind]->program);
	}
	json_object_object_add(args, "device", json_object_new_int64(
				       kinds[kind]->number(&d->config, i)));
	return change(p, what, &a, done, arg, f);
}

int backend_drop(struct dom *d, unsigned int kind, unsigned int i, bool force,
		 backend_done_fn *done, void *arg, struct fault *f)
{
	struct json_object *args = json_object_new_object();

	json_object_object_add(args, "force", json_object_new_boolean(force));
	return ask_about(d, kind, i, "detach", args, done, arg, f);
}

int backend_resize(struct dom *d, unsigned int kind, unsigned int i,
		   backend_done_fn *done, void *arg, struct fault *f)
{
	return ask_about(d, kind, i, "resize", json_object_new_object(), done,
			 arg, f);
}

/* The configuration has one device less than the process had. */
void backend_dropped(struct dom *d, unsigned int kind)
{
	struct process *p = d->backends ? d->backends->p[kind] : NULL;

	if (p && p->attached)
		p->attached--;
}
