/* SPDX-License-Identifier: MIT */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <json-c/json.h>
#include <common/daemon.h>
#include <common/log.h>

#define SUFFIX		".json"
#define SUFFIX_NEW	".json.new"

int state_prepare(const char *folder)
{
	return daemon_make_folder(folder, 0700);
}

/* ---- writing ---- */

static struct json_object *to_json(const struct dom *d)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "uuid", json_object_new_string(d->uuid));
	json_object_object_add(o, "name", json_object_new_string(d->name));
	json_object_object_add(o, "domid", json_object_new_int(d->domid));
	json_object_object_add(o, "state", json_object_new_string(
						dom_state_names[d->state]));
	json_object_object_add(o, "why", json_object_new_string(d->why));
	json_object_object_add(o, "since", json_object_new_int64(d->since));
	json_object_object_add(o, "started",
			       json_object_new_int64(d->started));
	json_object_object_add(o, "restarted",
			       json_object_new_int64(d->restarted));
	json_object_object_add(o, "restarts", json_object_new_int(d->restarts));
	json_object_object_add(o, "config", guest_to_json(&d->config));
	return o;
}

static int write_file(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, len);
	if (n >= 0 && (size_t)n < len) {
		errno = ENOSPC;
		n = -1;
	}
	if (close(fd))
		n = -1;
	return n < 0 ? -1 : 0;
}

static void path_of(const struct hvxd *hd, const char *uuid,
		    const char *suffix, char *path, size_t size)
{
	snprintf(path, size, "%s/%s%s", hd->state_folder, uuid, suffix);
}

int state_write(const struct dom *d)
{
	char path[320], new[320];
	struct json_object *o;
	const char *text;
	size_t len;
	int rc;

	if (dom_is_foreign(d))
		return 0;
	o = to_json(d);
	path_of(d->hd, d->uuid, SUFFIX, path, sizeof(path));
	path_of(d->hd, d->uuid, SUFFIX_NEW, new, sizeof(new));
	text = json_object_to_json_string_length(o, JSON_C_TO_STRING_PLAIN,
						 &len);
	rc = write_file(new, text, len);
	if (!rc)
		rc = rename(new, path);
	if (rc) {
		rc = errno;
		unlink(new);
		errno = rc;
		rc = -1;
	}
	json_object_put(o);
	return rc;
}

void state_remove(const struct hvxd *hd, const char *uuid)
{
	char path[320];

	path_of(hd, uuid, SUFFIX, path, sizeof(path));
	if (unlink(path) && errno != ENOENT)
		log_err("%s: can't be removed: %s", path, strerror(errno));
}

/* ---- reading ---- */

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, json_type_string))
		return NULL;
	return json_object_get_string(v);
}

static int64_t number_of(struct json_object *o, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v) ||
	    !json_object_is_type(v, json_type_int))
		return 0;
	return json_object_get_int64(v);
}

static int state_of(const char *name)
{
	int i = DOM_STATES;

	while (name && --i >= 0)
		if (!strcmp(name, dom_state_names[i]))
			return i;
	return -1;
}

static struct dom *from_json(struct hvxd *hd, struct json_object *o, char *why)
{
	const char *name = text_of(o, "name"), *uuid = text_of(o, "uuid");
	const char *because = text_of(o, "why");
	int state = state_of(text_of(o, "state"));
	struct json_object *config;
	uint8_t bytes[16];
	struct dom *d;

	strcpy(why, "name, uuid, state or config is not as it should be");
	if (!name || !*name || !uuid || uuid_bytes(uuid, bytes) || state < 0 ||
	    !json_object_object_get_ex(o, "config", &config))
		return NULL;
	d = dom_new(hd, name, uuid);
	if (!d)
		return NULL;
	if (guest_from_json(config, &d->config, why)) {
		dom_free(d);
		return NULL;
	}
	d->domid = number_of(o, "domid");
	d->state = state;
	snprintf(d->why, sizeof(d->why), "%s", because ? because : "");
	d->since = number_of(o, "since");
	d->started = number_of(o, "started");
	d->restarted = number_of(o, "restarted");
	d->restarts = number_of(o, "restarts");
	return d;
}

struct dom *state_parse(struct hvxd *hd, const char *text, char *why)
{
	struct json_object *o = json_tokener_parse(text);
	struct dom *d = NULL;

	if (json_object_is_type(o, json_type_object))
		d = from_json(hd, o, why);
	else
		strcpy(why, "is no JSON object");
	json_object_put(o);
	return d;
}

/* The whole file with a zero behind it, or NULL. */
static char *read_file(const char *path)
{
	char *text = NULL;
	struct stat st;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && st.st_size < 4 << 20)
		text = malloc(st.st_size + 1);
	if (text)
		n = read(fd, text, st.st_size);
	close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[n] = 0;
	return text;
}

static void load_one(struct hvxd *hd, const char *path)
{
	char why[GUEST_WHY] = "can't be read", bad[640];
	char *text = read_file(path);

	if (!text || !state_parse(hd, text, why)) {
		log_err("%s: %s; put aside as .bad", path, why);
		snprintf(bad, sizeof(bad), "%s.bad", path);
		rename(path, bad);
	}
	free(text);
}

unsigned int state_load(struct hvxd *hd)
{
	DIR *dir = opendir(hd->state_folder);
	struct dirent *e;
	unsigned int n = 0;
	struct dom *d;
	char path[600];

	while (dir && (e = readdir(dir))) {
		size_t len = strlen(e->d_name);

		snprintf(path, sizeof(path), "%s/%s", hd->state_folder,
			 e->d_name);
		if (len > sizeof(SUFFIX_NEW) &&
		    !strcmp(e->d_name + len - sizeof(SUFFIX_NEW) + 1,
			    SUFFIX_NEW))
			unlink(path);
		else if (len == UUID_TEXT - 1 + sizeof(SUFFIX) - 1 &&
			 !strcmp(e->d_name + len - sizeof(SUFFIX) + 1, SUFFIX))
			load_one(hd, path);
	}
	if (dir)
		closedir(dir);
	for (d = hd->doms; d; d = d->next)
		n++;
	return n;
}
