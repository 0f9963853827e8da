/* SPDX-License-Identifier: MIT */
#include "taps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <common/log.h>
#include "hvxd.h"
#include "store.h"

/* A killed netback's descriptors are closed a moment after its memory went. */
#define BUSY_MS		1000

enum script_state { SCRIPT_NONE, SCRIPT_RUNS, SCRIPT_DONE, SCRIPT_FAILED,
		    SCRIPT_LEAVES };

struct held_tap {
	struct held_tap *next;
	char name[BRIDGE_NAME];
	unsigned int queues;
	int fd[BRIDGE_QUEUES];
	enum script_state script;
	struct taps_again again;
	char why[BRIDGE_WHY];		/* SCRIPT_FAILED */
};

/* A script under way; its tap may be gone when it ends. */
struct errand {
	struct hvxd *hd;
	uint32_t domid, device;
	char name[BRIDGE_NAME];
};

static struct held_tap **place_of(struct hvxd *hd, const char *name)
{
	struct held_tap **at = &hd->taps;

	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	return at;
}

static void close_all(const int *fd, unsigned int n)
{
	while (n)
		close(fd[--n]);
}

/* ---- holding ------------------------------------------------------------ */

static int open_patiently(struct hvxd *hd, struct held_tap *t, char *why)
{
	int ms, rc;

	for (ms = 0;; ms += 10) {
		rc = tap_open(hd->bridges, t->name, t->queues, t->fd, why);
		if (!rc || errno != EBUSY || ms >= BUSY_MS)
			return rc;
		usleep(10000);
	}
}

static int hold(struct hvxd *hd, struct held_tap **at, const char *name,
		unsigned int queues, char *why)
{
	struct held_tap *t = calloc(1, sizeof(*t));

	if (!t) {
		snprintf(why, BRIDGE_WHY, "tap %s: no memory", name);
		return -1;
	}
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->queues = queues;
	if (open_patiently(hd, t, why)) {
		free(t);
		return -1;
	}
	*at = t;
	return 0;
}

int taps_get(struct hvxd *hd, const char *name, unsigned int queues,
	     int fd[BRIDGE_QUEUES], bool *fresh, const struct taps_again *again,
	     char *why)
{
	struct held_tap **at = place_of(hd, name), *t;
	unsigned int i;

	*fresh = !*at;
	if (*fresh && hold(hd, at, name, queues, why))
		return -1;
	t = *at;
	if (t->script == SCRIPT_LEAVES) {
		t->again = *again;
		return 1;
	}
	for (i = 0; i < queues && i < t->queues; i++) {
		fd[i] = fcntl(t->fd[i], F_DUPFD_CLOEXEC, 0);
		if (fd[i] < 0)
			break;
	}
	if (i == queues)
		return 0;
	snprintf(why, BRIDGE_WHY, "tap %s: queue %u of %u: %s", name, i + 1,
		 queues, i < t->queues ? strerror(errno) : "it has fewer");
	close_all(fd, i);
	return -1;
}

static int drop(struct hvxd *hd, const char *name, char *why)
{
	struct held_tap **at = place_of(hd, name), *t = *at;

	if (t) {
		*at = t->next;
		close_all(t->fd, t->queues);
		free(t);
	}
	return tap_delete(hd->bridges, name, why);
}

/* ---- scripts ------------------------------------------------------------ */

static int send_out(struct hvxd *hd, const struct hotplug_card *c,
		    const char *action, hotplug_done_fn *done)
{
	struct errand *e = malloc(sizeof(*e));

	if (!e)
		return -1;
	*e = (struct errand){ .hd = hd, .domid = c->domid,
			      .device = c->device };
	snprintf(e->name, sizeof(e->name), "%s", c->tap);
	if (!hotplug_run(hd->loop, c, action, done, e))
		return 0;
	free(e);
	return -1;
}

static void call_again(struct taps_again *again)
{
	struct taps_again now = *again;

	again->fn = NULL;
	if (now.fn)
		now.fn(now.arg);
}

/* What a script says for people is in the store. */
static void note_failure(struct held_tap *t, const struct errand *e,
			 const char *how)
{
	char path[128], *said;

	snprintf(path, sizeof(path), "/local/domain/0/backend/hvif/%u/%u/"
		 "hotplug-error", e->domid, e->device);
	said = store_read(e->hd->store, path);
	t->script = SCRIPT_FAILED;
	snprintf(t->why, sizeof(t->why), "%s%s%s", said ? said : "",
		 said ? "; " : "", how);
	free(said);
}

static void on_online(void *arg, const char *how)
{
	struct errand *e = arg;
	struct held_tap *t = *place_of(e->hd, e->name);

	if (t && t->script == SCRIPT_RUNS) {
		t->script = SCRIPT_DONE;
		if (how)
			note_failure(t, e, how);
		call_again(&t->again);
	}
	free(e);
}

int taps_online(struct hvxd *hd, const struct hotplug_card *c,
		const struct taps_again *again, char *why)
{
	struct held_tap *t = *place_of(hd, c->tap);

	if (t->script == SCRIPT_DONE)
		return 0;
	if (t->script == SCRIPT_FAILED) {
		snprintf(why, BRIDGE_WHY, "%s", t->why);
		errno = EIO;
		return -1;
	}
	if (t->script == SCRIPT_NONE && send_out(hd, c, "online", on_online)) {
		snprintf(why, BRIDGE_WHY, "%s can't be run: %s", c->script,
			 strerror(errno));
		return -1;
	}
	t->script = SCRIPT_RUNS;
	t->again = *again;
	return 1;
}

static void on_offline(void *arg, const char *how)
{
	struct errand *e = arg;
	struct held_tap *t = *place_of(e->hd, e->name);
	struct taps_again again = { 0 };
	char why[BRIDGE_WHY];

	if (t)
		again = t->again;
	if (how)
		log_warn("%s: %s", e->name, how);
	if (drop(e->hd, e->name, why))
		log_err("%s", why);
	call_again(&again);
	free(e);
}

int taps_delete(struct hvxd *hd, const char *name,
		const struct hotplug_card *script, char *why)
{
	struct held_tap *t = *place_of(hd, name);

	if (t)
		t->again.fn = NULL;
	if (t && t->script == SCRIPT_LEAVES)
		return 0;
	if (!script || !t || t->script == SCRIPT_NONE ||
	    send_out(hd, script, "offline", on_offline))
		return drop(hd, name, why);
	t->script = SCRIPT_LEAVES;
	return 0;
}
