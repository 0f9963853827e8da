/* SPDX-License-Identifier: MIT */
/*
 * An event of the store only says where to look. What a guest can write itself
 * (some nodes below console/ are its own) makes us look at most once in
 * LOOK_PAUSE. While the store is away nothing is lost: when it is back all
 * watches fire.
 */
#include "domains.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <common/log.h>

#define LOOK_PAUSE	50		/* ms, for each domain */
#define EVENTS_A_ROUND	64
#define PATH_SIZE	64
/* No number, which a domain's own watch has. */
#define TOKEN_CAME	"introduce"

/* A domain that the store knows. */
struct domain {
	struct domain *next;
	uint32_t domid;
	struct console *console;	/* NULL: not yet */
	bool dirty;			/* to be looked at */
	bool failed;			/* said once */
	int64_t looked;			/* ms */
};

struct domains {
	struct consoles *all;
	struct xs_handle *xs;
	struct loop_fd *source;
	struct loop_timer *later;
	struct domain *list;
	struct hyper_domain *alive;
	int alive_count;
	uint32_t seen;			/* ids up to here were added */
	bool refresh_due, came_due;
	void (*changed)(void *arg);
	void *arg;
};

/* ---- the hypervisor's list ---- */

static int by_domid(const void *domid, const void *h)
{
	uint32_t a = *(const uint32_t *)domid;
	uint32_t b = ((const struct hyper_domain *)h)->domid;

	return a < b ? -1 : a > b;
}

static struct hyper_domain *alive(const struct domains *d, uint32_t domid)
{
	struct hyper_domain *h = NULL;

	if (d->alive_count)
		h = bsearch(&domid, d->alive, d->alive_count,
			    sizeof(*d->alive), by_domid);
	return h && !h->dying ? h : NULL;
}

static void list_alive(struct domains *d)
{
	struct hyper_domain *list;
	int n = hyper_domains(d->all->hyper, 1, &list);

	if (n < 0) {
		log_err("the hypervisor's domains: %s", strerror(errno));
		return;
	}
	free(d->alive);
	d->alive = list;
	d->alive_count = n;
}

bool domains_there(void *arg, uint32_t domid)
{
	struct domains *d = arg;

	if (!alive(d, domid))
		list_alive(d);
	return alive(d, domid);
}

/* ---- reading the store ---- */

static char *read_node(struct domains *d, uint32_t domid, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, name);
	return xs_read(d->xs, XBT_NULL, path, NULL);
}

/* False: it isn't there, or no number. */
static bool read_number(struct domains *d, uint32_t domid, const char *name,
			unsigned long *out)
{
	char *text = read_node(d, domid, name), *end;
	bool ok;

	if (!text)
		return false;
	errno = 0;
	*out = strtoul(text, &end, 10);
	ok = *text >= '0' && *text <= '9' && !*end && !errno;
	free(text);
	return ok;
}

/* The toolstack may want somebody else to serve it. */
static bool is_ours(struct domains *d, uint32_t domid)
{
	char *type = read_node(d, domid, "console/type");
	bool ours = !type || !strcmp(type, "xenconsoled");

	free(type);
	return ours;
}

static void write_terminal(struct domains *d, struct console *c)
{
	char path[PATH_SIZE], tty[PATH_SIZE], *now;

	if (!console_terminal(c, tty, sizeof(tty)))
		return;
	/* Written only if it says otherwise: the write is an event, too. */
	now = read_node(d, c->domid, "console/tty");
	snprintf(path, sizeof(path), "/local/domain/%u/console/tty", c->domid);
	if ((!now || strcmp(now, tty)) &&
	    !xs_write(d->xs, XBT_NULL, path, tty, strlen(tty)))
		log_warn("%s: %s can't be written: %s", c->name, path,
			 strerror(errno));
	free(now);
}

/* ---- one domain ---- */

static struct console *make_console(struct domains *d, struct domain *dom)
{
	const struct hyper_domain *h;
	char *name, number[32];
	struct console *c;

	if (!domains_there(d, dom->domid))
		return NULL;
	h = alive(d, dom->domid);
	name = read_node(d, dom->domid, "name");
	snprintf(number, sizeof(number), "domain-%u", dom->domid);
	c = console_new(d->all, dom->domid, h->uuid,
			name && *name ? name : number);
	if (!c && !dom->failed)
		log_err("%s: no console: %s", name ? name : number,
			strerror(errno));
	dom->failed = !c;
	free(name);
	return c;
}

static void look(struct domains *d, struct domain *dom)
{
	unsigned long mfn, port;
	bool had = dom->console;

	dom->dirty = false;
	dom->looked = loop_now();
	if (!read_number(d, dom->domid, "console/port", &port) ||
	    !read_number(d, dom->domid, "console/ring-ref", &mfn) ||
	    !port || port > UINT_MAX || !is_ours(d, dom->domid))
		return;
	if (!dom->console)
		dom->console = make_console(d, dom);
	if (!dom->console)
		return;
	if (console_connect(dom->console, mfn, port)) {
		if (!dom->failed)
			log_warn("%s: its console's ring: %s",
				 dom->console->name, strerror(errno));
		dom->failed = true;
		return;
	}
	dom->failed = false;
	write_terminal(d, dom->console);
	if (!had) {
		log_debug("%s: domain %u has its console", dom->console->name,
			  dom->domid);
		d->changed(d->arg);
	}
}

/* At once, or when its pause is over. */
static void look_soon(struct domains *d, struct domain *dom)
{
	if (loop_now() - dom->looked >= LOOK_PAUSE) {
		look(d, dom);
	} else if (!dom->dirty) {
		dom->dirty = true;
		loop_arm(d->later, LOOK_PAUSE);
	}
}

static void watch_path(char *path, uint32_t domid)
{
	snprintf(path, PATH_SIZE, "/local/domain/%u/console", domid);
}

static void domain_add(struct domains *d, uint32_t domid)
{
	struct domain *dom = calloc(1, sizeof(*dom));
	char path[PATH_SIZE], token[16];

	if (!dom)
		return;
	dom->domid = domid;
	dom->looked = loop_now() - LOOK_PAUSE;
	watch_path(path, domid);
	snprintf(token, sizeof(token), "%u", domid);
	if (!xs_watch(d->xs, path, token) && errno != EEXIST) {
		log_err("domain %u: its console isn't watched: %s", domid,
			strerror(errno));
		free(dom);
		return;
	}
	dom->next = d->list;
	d->list = dom;
}

static void domain_remove(struct domains *d, struct domain **p)
{
	struct domain *dom = *p;
	char path[PATH_SIZE], token[16];

	watch_path(path, dom->domid);
	snprintf(token, sizeof(token), "%u", dom->domid);
	xs_unwatch(d->xs, path, token);
	if (dom->console)
		console_end(dom->console);
	*p = dom->next;
	free(dom);
}

static struct domain *find(struct domains *d, uint32_t domid)
{
	struct domain *dom;

	for (dom = d->list; dom; dom = dom->next)
		if (dom->domid == domid)
			return dom;
	return NULL;
}

/* ---- all of them ---- */

/* Its number went to another: the one we knew has ended unseen. */
static bool is_other(const struct domain *dom, const struct hyper_domain *h)
{
	return dom->console && memcmp(dom->console->uuid, h->uuid, 16);
}

static void remove_ended(struct domains *d)
{
	struct domain **p = &d->list;
	bool some = false;

	while (*p) {
		struct hyper_domain *h = alive(d, (*p)->domid);

		if (h && !is_other(*p, h)) {
			h->known = true;
			p = &(*p)->next;
			continue;
		}
		domain_remove(d, p);
		some = true;
	}
	if (some)
		d->changed(d->arg);
}

static void add_unknown(struct domains *d, int from)
{
	for (; from < d->alive_count; from++) {
		d->seen = d->alive[from].domid;
		if (!d->alive[from].dying && !d->alive[from].known)
			domain_add(d, d->seen);
	}
}

static void refresh(struct domains *d)
{
	list_alive(d);
	remove_ended(d);
	add_unknown(d, 0);
}

/* Those that came have ids above all that were seen; false if all must be looked
 * at, as when ids begin again. */
static bool add_came(struct domains *d)
{
	struct hyper_domain *list = NULL, *longer = NULL;
	int n = hyper_domains(d->all->hyper, d->seen + 1, &list);
	int count = d->alive_count;

	/* Who came while somebody was looked for is among them already. */
	if (n > 0 && (!count || d->alive[count - 1].domid <= d->seen))
		longer = realloc(d->alive, (count + n) * sizeof(*longer));
	if (longer) {
		memcpy(longer + count, list, n * sizeof(*list));
		d->alive = longer;
		d->alive_count += n;
		add_unknown(d, count);
	}
	free(list);
	return longer;
}

/* What the events said. */
static void catch_up(struct domains *d)
{
	struct domain *dom;

	if (d->refresh_due || !add_came(d))
		refresh(d);
	d->refresh_due = d->came_due = false;
	for (dom = d->list; dom; dom = dom->next)
		if (dom->failed)
			look_soon(d, dom);
}

static void on_event(struct domains *d, const char *token)
{
	struct domain *dom;

	if (token[0] < '0' || token[0] > '9') {
		d->came_due = true;
		d->refresh_due |= strcmp(token, TOKEN_CAME) != 0;
		return;
	}
	dom = find(d, strtoul(token, NULL, 10));
	if (dom)
		look_soon(d, dom);
}

static void on_store(void *arg, uint32_t events)
{
	struct domains *d = arg;
	char **event;
	int i;

	(void)events;
	for (i = 0; i < EVENTS_A_ROUND; i++) {
		event = xs_check_watch(d->xs);
		if (!event)
			break;
		on_event(d, event[XS_WATCH_TOKEN]);
		free(event);
	}
	/* Once for all that have come and gone together. */
	if (d->came_due)
		catch_up(d);
}

static void on_later(void *arg)
{
	struct domains *d = arg;
	struct domain *dom;

	for (dom = d->list; dom; dom = dom->next)
		if (dom->dirty)
			look(d, dom);
}

void domains_reopen_logs(struct domains *d)
{
	struct consoles *all = d->all;
	struct domain *dom;

	if (!all->log_folder)
		return;
	for (dom = d->list; dom; dom = dom->next) {
		struct console *c = dom->console;
		char *name = c ? read_node(d, dom->domid, "name") : NULL;

		if (!c)
			continue;
		if (name && *name && strcmp(name, c->name)) {
			free(c->name);
			c->name = name;
			name = NULL;
		}
		free(name);
		logfile_close(&c->log);
		c->log_failed = false;
		if (logfile_open(&c->log, all->log_folder, c->name,
				 all->log_limit))
			log_warn("%s: no log: %s", c->name, strerror(errno));
	}
}

static bool known_to_hypervisor(void *arg, uint32_t domid)
{
	return alive(arg, domid);
}

struct domains *domains_open(struct consoles *all, struct xs_handle *xs,
			     void (*changed)(void *arg), void *arg)
{
	struct domains *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->all = all;
	d->xs = xs;
	d->changed = changed;
	d->arg = arg;
	d->later = loop_add_timer(all->loop, on_later, d);
	d->source = loop_add_fd(all->loop, xs_fileno(xs), EPOLLIN, on_store, d);
	if (!d->later || !d->source ||
	    !xs_watch(xs, "@introduceDomain", TOKEN_CAME) ||
	    !xs_watch(xs, "@releaseDomain", "release")) {
		int error = errno;

		domains_close(d);
		errno = error;
		return NULL;
	}
	refresh(d);
	history_sweep(all->history_folder, known_to_hypervisor, d);
	return d;
}

void domains_close(struct domains *d)
{
	struct domain *dom;

	while ((dom = d->list)) {
		d->list = dom->next;
		free(dom);
	}
	loop_del_timer(d->later);
	if (d->source)
		loop_del_fd(d->source);
	free(d->alive);
	free(d);
}
