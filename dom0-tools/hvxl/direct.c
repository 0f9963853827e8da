/* SPDX-License-Identifier: MIT */
/*
 * Ending domains without hvxd. Devices go first: backends hold the domain's
 * memory until they have closed, and the hypervisor keeps it as long.
 */
#include "direct.h"

#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <libhvxs/hvxs.h>
#include "hvxl.h"
#include "out.h"

#define ACKNOWLEDGE_MS	60000	/* as long as libxl waits */
#define CLOSE_MS	10000	/* likewise, for a backend */
#define STATE_CLOSING	"5"
#define STATE_CLOSED	"6"

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Waits for an event of a watch that was set; false: the time has passed. */
static bool wait_event(int64_t deadline)
{
	struct pollfd p = { .fd = xs_fileno(store()), .events = POLLIN };
	int64_t left = deadline - now_ms();
	char **event;

	if (left <= 0 || poll(&p, 1, left) <= 0)
		return false;
	event = xs_check_watch(store());
	free(event);
	return true;
}

int direct_shutdown(uint32_t domid, const char *how)
{
	char *path = xformat("/local/domain/%u/control/shutdown", domid);
	int64_t deadline = now_ms() + ACKNOWLEDGE_MS;
	char *value = NULL;
	bool taken = false;
	int rc = 0;

	if (store_put(path, how) || !xs_watch(store(), path, "shutdown")) {
		rc = fail("the store refuses domain %u's node: %s", domid,
			  strerror(errno));
		goto out;
	}
	/* The guest empties the node when it begins. */
	do {
		free(value);
		value = store_get("%s", path);
		taken = !value || !*value;
	} while (!taken && wait_event(deadline));
	xs_unwatch(store(), path, "shutdown");
	if (!taken)
		rc = fail("domain %u did not take notice within %d s: it is "
			  "paused, or has no driver for it; `%s destroy %u` "
			  "ends it", domid, ACKNOWLEDGE_MS / 1000, hvxl.prog,
			  domid);
out:
	free(value);
	free(path);
	return rc;
}

int direct_wait(uint32_t domid)
{
	struct xen_domctl_getdomaininfo info;

	xs_watch(store(), "@releaseDomain", "release");
	while (!hvctl_domain_info(hv(), domid, &info)) {
		if (info.flags & XEN_DOMINF_shutdown)
			return info.flags >> XEN_DOMINF_shutdownshift &
			       XEN_DOMINF_shutdownmask;
		/* The store tells of ends; a look now and then besides. */
		wait_event(now_ms() + 2000);
	}
	return -1;
}

/* ---- devices ---- */

static bool backend_closed(const char *path)
{
	char *state = store_get("%s/state", path);
	bool closed = !state || !strcmp(state, STATE_CLOSED);

	free(state);
	return closed;
}

static void close_backend(const char *path, int64_t deadline)
{
	char *state = xformat("%s/state", path);
	char *online = xformat("%s/online", path);

	store_put(online, "0");
	if (!backend_closed(path)) {
		store_put(state, STATE_CLOSING);
		xs_watch(store(), state, "close");
		while (!backend_closed(path) && wait_event(deadline))
			;
		xs_unwatch(store(), state, "close");
	}
	if (!backend_closed(path))
		warn("%s does not close; going on without it", path);
	xs_rm(store(), XBT_NULL, path);
	free(state);
	free(online);
}

static void close_backends(uint32_t domid)
{
	int64_t deadline = now_ms() + CLOSE_MS;
	unsigned int kinds, devices, i, j;
	char **kind, **device;

	kind = store_dir(&kinds, "/local/domain/0/backend");
	for (i = 0; i < kinds; i++) {
		device = store_dir(&devices, "/local/domain/0/backend/%s/%u",
				   kind[i], domid);
		for (j = 0; j < devices; j++) {
			char *path = xformat(
				"/local/domain/0/backend/%s/%u/%s", kind[i],
				domid, device[j]);

			/* The console's is nobody's to close. */
			if (strcmp(kind[i], "console"))
				close_backend(path, deadline);
			free(path);
		}
		free(device);
	}
	free(kind);
}

static void remove_nodes(uint32_t domid, const char *uuid)
{
	unsigned int kinds, i;
	char **kind = store_dir(&kinds, "/local/domain/0/backend"), *path;

	for (i = 0; i < kinds; i++) {
		path = xformat("/local/domain/0/backend/%s/%u", kind[i],
			       domid);
		xs_rm(store(), XBT_NULL, path);
		free(path);
	}
	free(kind);
	path = xformat("/local/domain/%u", domid);
	xs_rm(store(), XBT_NULL, path);
	free(path);
	path = xformat("/vm/%s", uuid);
	xs_rm(store(), XBT_NULL, path);
	free(path);
	path = xformat("/libxl/%u", domid);
	xs_rm(store(), XBT_NULL, path);
	free(path);
}

/* libxl keeps files of its domains, by id and UUID. */
static void remove_files(uint32_t domid, const char *uuid)
{
	char *pattern = xformat("/var/lib/xen/userdata-?.%u.%s.*", domid, uuid);
	glob_t found;
	size_t i;

	if (!glob(pattern, 0, NULL, &found)) {
		for (i = 0; i < found.gl_pathc; i++)
			unlink(found.gl_pathv[i]);
		globfree(&found);
	}
	free(pattern);
}

/* How long the last mappings of a domain's memory may take to go. */
static bool is_gone(uint32_t domid)
{
	struct xen_domctl_getdomaininfo info;
	int i;

	for (i = 0; i < 50; i++) {
		if (hvctl_domain_info(hv(), domid, &info))
			return errno == ESRCH;
		poll(NULL, 0, 20);
	}
	return false;
}

int direct_destroy(uint32_t domid)
{
	struct xen_domctl_getdomaininfo info;
	bool with_store = store_or_null();
	char uuid[37];

	if (hvctl_domain_info(hv(), domid, &info))
		return fail_domain("destroy", domid);
	uuid_text(info.handle, uuid);
	if (!with_store)
		warn("no store answers: domain %u's nodes stay", domid);
	/* Meanwhile it can do no harm. */
	hvctl_domain_pause(hv(), domid);
	if (with_store)
		close_backends(domid);
	if (hvctl_domain_destroy(hv(), domid))
		return fail_domain("destroy", domid);
	if (with_store)
		remove_nodes(domid, uuid);
	remove_files(domid, uuid);
	if (!is_gone(domid))
		return fail("destroy: domain %u is dying, but something in "
			    "dom0 still holds its memory (a backend, a console "
			    "or another tool); it goes when that ends", domid);
	return 0;
}
