/* SPDX-License-Identifier: MIT */
/* /etc/xen/xl.conf: xl.conf(5), as far as it matters here. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cfg.h"

static void take_text(const struct cfg_tree *tree, const char *key, char **out,
		      struct cfg_notes *notes)
{
	const struct cfg_entry *e = cfg_find(tree, key);

	if (!e)
		return;
	if (e->value->type == CFG_LIST) {
		cfg_note(notes, CFG_ERROR, e->at, "%s: expected text, found a "
			 "list", key);
		return;
	}
	free(*out);
	*out = NULL;
	if (!*e->value->text)
		return;
	*out = strdup(e->value->text);
	if (!*out)
		cfg_note(notes, CFG_ERROR, e->at, "%s: no memory", key);
}

static bool take_number(const struct cfg_tree *tree, const char *key, int max,
			int *out, struct cfg_notes *notes)
{
	const struct cfg_entry *e = cfg_find(tree, key);
	char *end = NULL;
	long n = 0;

	if (!e)
		return false;
	if (e->value->type != CFG_LIST)
		n = strtol(e->value->text, &end, 0);
	if (!end || end == e->value->text || *end || n < 0 || n > max) {
		cfg_note(notes, CFG_ERROR, e->at, "%s: expected a number from "
			 "0 to %d, found %s%.60s", key, max,
			 end ? "" : "a list", end ? e->value->text : "");
		return false;
	}
	*out = n;
	return true;
}

static void take_bool(const struct cfg_tree *tree, const char *key, bool *out,
		      struct cfg_notes *notes)
{
	int n;

	if (take_number(tree, key, 1, &n, notes))
		*out = n;
}

int xl_conf_read(const char *path, struct xl_conf *out,
		 struct cfg_notes *notes)
{
	struct cfg_tree tree = { 0 };
	char *format = NULL;

	*out = (struct xl_conf){
		.lockfile = strdup("/var/lock/xl"), .claim = true,
		.run_hotplug_scripts = true,
		.max_grant_frames = -1, .max_maptrack_frames = -1,
	};
	if (!access(path, F_OK))
		cfg_parse_file(&tree, path, notes);
	take_text(&tree, "vif.default.script", &out->vif_script, notes);
	take_text(&tree, "vifscript", &out->vif_script, notes);
	take_text(&tree, "vif.default.bridge", &out->vif_bridge, notes);
	take_text(&tree, "defaultbridge", &out->vif_bridge, notes);
	take_text(&tree, "vif.default.backend", &out->vif_backend, notes);
	take_text(&tree, "vif.default.gatewaydev", &out->vif_gatewaydev, notes);
	take_text(&tree, "lockfile", &out->lockfile, notes);
	take_text(&tree, "output_format", &format, notes);
	out->output_sxp = format && !strcmp(format, "sxp");
	free(format);
	take_bool(&tree, "run_hotplug_scripts", &out->run_hotplug_scripts,
		  notes);
	take_bool(&tree, "claim_mode", &out->claim, notes);
	take_text(&tree, "vm.cpumask", &out->cpumask, notes);
	take_text(&tree, "vm.pv.cpumask", &out->pv_cpumask, notes);
	take_number(&tree, "max_grant_frames", 65536, &out->max_grant_frames,
		    notes);
	take_number(&tree, "max_maptrack_frames", 65536,
		    &out->max_maptrack_frames, notes);
	cfg_tree_free(&tree);
	return notes->errors ? -1 : 0;
}

void xl_conf_free(struct xl_conf *conf)
{
	free(conf->vif_script);
	free(conf->vif_bridge);
	free(conf->vif_backend);
	free(conf->vif_gatewaydev);
	free(conf->lockfile);
	free(conf->cpumask);
	free(conf->pv_cpumask);
	memset(conf, 0, sizeof(*conf));
}

static bool set_default(char **at, const char *text)
{
	if (*at || !text)
		return true;
	*at = strdup(text);
	return *at;
}

/* Every vCPU gets a set, and of its set what is in mask. */
static bool keep_within(struct guest_config *config,
			const struct guest_cpus *mask)
{
	unsigned int vcpus = guest_maxvcpus(config);
	struct guest_cpus *sets = calloc(vcpus, sizeof(*sets));

	if (!sets)
		return false;
	for (unsigned int i = 0; i < vcpus; i++) {
		for (unsigned int cpu = 0; cpu < mask->count; cpu++) {
			if (!guest_cpus_has(mask, cpu) ||
			    (i < config->hard_count &&
			     !guest_cpus_has(&config->hard[i], cpu)))
				continue;
			if (!guest_cpus_add(&sets[i], cpu))
				continue;
			vcpus = i + 1;
			goto out_of_memory;
		}
	}
	for (unsigned int i = 0; i < config->hard_count; i++)
		guest_cpus_free(&config->hard[i]);
	free(config->hard);
	config->hard = sets;
	config->hard_count = vcpus;
	return true;
out_of_memory:
	while (vcpus)
		guest_cpus_free(&sets[--vcpus]);
	free(sets);
	return false;
}

static void apply_mask(const char *key, const char *text,
		       const struct cfg_host *host, struct guest_config *config,
		       struct cfg_notes *notes)
{
	struct cfg_place at = { "xl.conf", 0 };
	struct guest_cpus mask;
	char why[CFG_WHY];

	if (!text)
		return;
	if (cfg_parse_cpus(text, host, &mask, why)) {
		cfg_note(notes, CFG_ERROR, at, "%s: %s", key, why);
		guest_cpus_free(&mask);
		return;
	}
	if (!keep_within(config, &mask))
		cfg_note(notes, CFG_ERROR, at, "no memory");
	guest_cpus_free(&mask);
	for (unsigned int i = 0; i < config->hard_count; i++) {
		if (config->hard[i].bits)
			continue;
		cfg_note(notes, CFG_ERROR, at, "%s: expected some of the CPUs "
			 "of vCPU %u, found none of them", key, i);
		return;
	}
}

int xl_conf_apply(const struct xl_conf *conf, const struct cfg_host *host,
		  struct guest_config *config, struct cfg_notes *notes)
{
	bool ok = true;

	for (unsigned int i = 0; i < config->vif_count; i++) {
		struct guest_vif *vif = &config->vifs[i];

		ok = ok && set_default(&vif->script, conf->vif_script) &&
			set_default(&vif->bridge, conf->vif_bridge) &&
			set_default(&vif->gatewaydev, conf->vif_gatewaydev) &&
			set_default(&vif->backend_domain, conf->vif_backend);
	}
	if (!ok)
		cfg_note(notes, CFG_ERROR, (struct cfg_place){ "xl.conf", 0 },
			 "no memory");
	if (config->max_grant_frames < 0)
		config->max_grant_frames = conf->max_grant_frames;
	if (config->max_maptrack_frames < 0)
		config->max_maptrack_frames = conf->max_maptrack_frames;
	apply_mask("vm.cpumask", conf->cpumask, host, config, notes);
	apply_mask("vm.pv.cpumask", conf->pv_cpumask, host, config, notes);
	return notes->errors ? -1 : 0;
}
