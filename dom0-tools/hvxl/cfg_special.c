/* SPDX-License-Identifier: MIT */
/* The keys that need more than a member of the description. */
#include <stdlib.h>
#include <string.h>
#include "cfg.h"
#include "cfg_keys.h"

static void no_memory(struct apply *a, const struct cfg_entry *e)
{
	apply_error(a, e->at, "%s: no memory", e->key);
}

/* type = "pv", and builder = "generic" or "linux" as xm had it. */
void apply_type(struct apply *a, const struct cfg_entry *e)
{
	const char *type = value_text(a, e->key, e->value);
	bool builder = !strcmp(e->key, "builder");

	if (!type || !*type || !strcmp(type, builder ? "generic" : "pv") ||
	    (builder && (!strcmp(type, "linux") || !strcmp(type, "pv"))))
		return;
	if (!strcmp(type, "hvm") || !strcmp(type, "pvh"))
		apply_error(a, e->value->at, "%s: expected \"%s\", found "
			    "\"%s\": such guests need hardware virtualisation, "
			    "which hvx does not use; for a Linux guest, give "
			    "type=\"pv\", its kernel= and ramdisk=", e->key,
			    builder ? "generic" : "pv", type);
	else
		apply_error(a, e->value->at, "%s: expected \"%s\", found "
			    "\"%.60s\"", e->key, builder ? "generic" : "pv",
			    type);
}

void apply_uuid(struct apply *a, const struct cfg_entry *e)
{
	const char *text = value_text(a, e->key, e->value);
	char buf[80], uuid[37];

	if (!text || !*text)
		return;
	if (guest_canonical_uuid(text, uuid)) {
		apply_error(a, e->value->at, "uuid: expected 32 hexadecimal "
			    "digits like 00112233-4455-6677-8899-aabbccddeeff, "
			    "found %s", found_text(e->value, buf));
		return;
	}
	a->out->uuid = strdup(uuid);
	if (!a->out->uuid)
		no_memory(a, e);
}

/* cmdline alone, or root=ROOT EXTRA with as much of it as there is. */
void apply_cmdline(struct apply *a, const struct cfg_entry *e)
{
	const struct cfg_entry *whole = cfg_find(a->tree, "cmdline");
	const char *text = value_text(a, e->key, e->value);
	char *was = a->out->cmdline;
	int n;

	if (!text)
		return;
	if (whole && whole != e) {
		apply_warning(a, e->at, "ignored: %s, as cmdline is given, too",
			      e->key);
		return;
	}
	/* As in xl, an empty extra still brings its space. */
	if (!*text && !was)
		return;
	if (!strcmp(e->key, "root"))
		n = asprintf(&a->out->cmdline, "root=%s", text);
	else
		n = asprintf(&a->out->cmdline, "%s%s%s", was ? was : "",
			     was ? " " : "", text);
	if (n < 0) {
		a->out->cmdline = was;
		no_memory(a, e);
		return;
	}
	free(was);
}

/* What a bootloader does is not done here yet. */
void apply_bootloader(struct apply *a, const struct cfg_entry *e)
{
	const char *text = value_text(a, e->key, e->value);
	const struct cfg_entry *kernel = cfg_find(a->tree, "kernel");

	if (!text || !*text)
		return;
	a->out->bootloader = strdup(text);
	if (!a->out->bootloader)
		no_memory(a, e);
	if (kernel)
		apply_warning(a, e->at, "ignored: bootloader, as kernel is "
			      "given, too");
	else
		apply_error(a, e->value->at, "bootloader: expected kernel= "
			    "instead, found \"%.60s\": hvx does not look into "
			    "guests' disks; copy the guest's kernel and initrd "
			    "to this machine, and name them with kernel= and "
			    "ramdisk=", text);
}

/* A list, or a string whose words are it. */
void apply_bootloader_args(struct apply *a, const struct cfg_entry *e)
{
	struct guest_config *out = a->out;
	char *words, *state, *word;
	unsigned int n = 0;

	out->bootloader_args = value_texts(a, e, true, GUEST_STRINGS_MAX,
					   &out->bootloader_arg_count);
	if (!out->bootloader_arg_count || e->value->type == CFG_LIST)
		return;
	words = out->bootloader_args[0];
	free(out->bootloader_args);
	out->bootloader_args = calloc(GUEST_STRINGS_MAX, sizeof(char *));
	word = strtok_r(words, " \t", &state);
	while (out->bootloader_args && word && n < GUEST_STRINGS_MAX) {
		out->bootloader_args[n] = strdup(word);
		if (!out->bootloader_args[n])
			break;
		n++;
		word = strtok_r(NULL, " \t", &state);
	}
	out->bootloader_arg_count = n;
	if (n == GUEST_STRINGS_MAX && word)
		apply_error(a, e->value->at, "bootloader_args: expected at "
			    "most %d words, found more", GUEST_STRINGS_MAX);
	else if (word)
		no_memory(a, e);
	free(words);
}

static bool parse_set(struct apply *a, const struct cfg_entry *e,
		      const struct cfg_value *value, struct guest_cpus *set)
{
	const char *text = value_text(a, e->key, value);
	char why[CFG_WHY];

	if (!text)
		return false;
	if (cfg_parse_cpus(text, a->host, set, why)) {
		apply_error(a, value->at, "%s: %s", e->key, why);
		return false;
	}
	if (*why)
		apply_warning(a, value->at, "%s: %s", e->key, why);
	return true;
}

static bool copy_set(struct guest_cpus *to, const struct guest_cpus *from)
{
	for (unsigned int cpu = 0; cpu < from->count; cpu++)
		if (guest_cpus_has(from, cpu) && guest_cpus_add(to, cpu))
			return false;
	return true;
}

/* One set for all vCPUs: each gets its own copy. */
static unsigned int same_set(struct apply *a, const struct cfg_entry *e,
			     struct guest_cpus *sets, unsigned int vcpus)
{
	/* Where the CPUs' number isn't known, all means what nothing means. */
	if (e->value->type == CFG_STRING && !strcmp(e->value->text, "all") &&
	    (!a->host || !a->host->cpus))
		return 0;
	if (!parse_set(a, e, e->value, &sets[0]))
		return 1;
	for (unsigned int i = 1; i < vcpus; i++) {
		if (copy_set(&sets[i], &sets[0]))
			continue;
		no_memory(a, e);
		break;
	}
	return vcpus;
}

static unsigned int own_sets(struct apply *a, const struct cfg_entry *e,
			     struct guest_cpus *sets, unsigned int vcpus)
{
	unsigned int n = e->value->count;

	if (n > vcpus) {
		apply_warning(a, e->at, "%s: there are sets for %u vCPUs, "
			      "the guest has %u", e->key, n, vcpus);
		n = vcpus;
	}
	for (unsigned int i = 0; i < n; i++)
		parse_set(a, e, e->value->items[i], &sets[i]);
	return n;
}

/* cpus, cpu and cpus_soft */
void apply_cpus(struct apply *a, const struct cfg_entry *e)
{
	struct guest_config *out = a->out;
	unsigned int vcpus = guest_maxvcpus(out), n;
	bool soft = !strcmp(e->key, "cpus_soft");
	bool list = e->value->type == CFG_LIST;
	struct guest_cpus *sets = calloc(vcpus, sizeof(*sets));

	if (!sets) {
		no_memory(a, e);
		return;
	}
	n = list ? own_sets(a, e, sets, vcpus) : same_set(a, e, sets, vcpus);
	if (soft) {
		out->soft = sets;
		out->soft_count = n;
	} else {
		out->hard = sets;
		out->hard_count = n;
	}
	if (soft || list)
		out->numa_placement = 0;
}

static bool is_spec_list(struct apply *a, const struct cfg_entry *e,
			 unsigned int max)
{
	char buf[80];

	if (e->value->type != CFG_LIST)
		apply_error(a, e->at, "%s: expected a list like [ \"...\" ], "
			    "found %s", e->key, found_text(e->value, buf));
	else if (e->value->count > max)
		apply_error(a, e->at, "%s: expected at most %u entries, found "
			    "%u", e->key, max, e->value->count);
	else
		return true;
	return false;
}

/* NULL: it is none, which was said. */
static const char *spec_text(struct apply *a, const struct cfg_entry *e,
			     unsigned int i)
{
	char label[16];

	snprintf(label, sizeof(label), "%s %u", e->key, i + 1);
	return value_text(a, label, e->value->items[i]);
}

static void note_spec(struct apply *a, const struct cfg_entry *e,
		      unsigned int i, bool failed, const char *why)
{
	struct cfg_place at = e->value->items[i]->at;

	if (failed)
		apply_error(a, at, "%s %u: %s", e->key, i + 1, why);
	else if (*why)
		apply_warning(a, at, "%s %u: %s", e->key, i + 1, why);
}

void apply_disks(struct apply *a, const struct cfg_entry *e)
{
	struct guest_config *out = a->out;
	char why[CFG_WHY];

	if (!is_spec_list(a, e, GUEST_DISKS_MAX) || !e->value->count)
		return;
	out->disks = calloc(e->value->count, sizeof(*out->disks));
	for (unsigned int i = 0; out->disks && i < e->value->count; i++) {
		struct guest_disk *disk = &out->disks[out->disk_count];
		const char *text = spec_text(a, e, i);
		bool failed;

		if (!text)
			continue;
		failed = cfg_parse_disk(text, disk, why);
		note_spec(a, e, i, failed, why);
		if (failed)
			guest_disk_free(disk);
		else
			a->disk_item[out->disk_count++] = i;
	}
	if (!out->disks)
		no_memory(a, e);
}

void apply_vifs(struct apply *a, const struct cfg_entry *e)
{
	struct guest_config *out = a->out;
	char why[CFG_WHY];

	if (!is_spec_list(a, e, GUEST_VIFS_MAX) || !e->value->count)
		return;
	out->vifs = calloc(e->value->count, sizeof(*out->vifs));
	for (unsigned int i = 0; out->vifs && i < e->value->count; i++) {
		struct guest_vif *vif = &out->vifs[out->vif_count];
		const char *text = spec_text(a, e, i);
		bool failed;

		if (!text)
			continue;
		failed = cfg_parse_vif(text, vif, why);
		note_spec(a, e, i, failed, why);
		if (failed)
			guest_vif_free(vif);
		else
			a->vif_item[out->vif_count++] = i;
	}
	if (!out->vifs)
		no_memory(a, e);
}

void apply_vscsis(struct apply *a, const struct cfg_entry *e)
{
	a->out->vscsis = value_texts(a, e, false, GUEST_STRINGS_MAX,
				     &a->out->vscsi_count);
}
