/* SPDX-License-Identifier: MIT */
/*
 * A guest's description as JSON: keys, order and omissions are those of
 * libxl_domain_config in Xen 4.17, so that what reads xl's output reads this.
 */
#include "guest.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "json_field.h"

/* For a few keys there is nothing to choose. */
#define TYPE	"pv"

#define F(type, name, k, member) \
	{ .key = name, .kind = FIELD_##k, .at = offsetof(type, member) }
#define LIST(type, name, k, member, counter, most) \
	{ .key = name, .kind = FIELD_##k, .at = offsetof(type, member), \
	  .count_at = offsetof(type, counter), .max = most }
#define ENUM(type, name, member, list, most) \
	{ .key = name, .kind = FIELD_ENUM, .at = offsetof(type, member), \
	  .names = list, .max = most }
#define C(name, k, member)	F(struct guest_config, name, k, member)
#define D(name, k, member)	F(struct guest_disk, name, k, member)
#define V(name, k, member)	F(struct guest_vif, name, k, member)
#define ACTION(name) \
	ENUM(struct guest_config, #name, name, guest_action_names, ACTION_COUNT)

static const struct field name_fields[] = {
	C("ssid_label", STRING, seclabel),
	C("name", STRING, name),
	{ }
};

/* A running guest's domid stands before these. */
static const struct field c_info_fields[] = {
	C("uuid", STRING, uuid),
	C("pool_name", STRING, pool),
	{ }
};

/* vCPUs stand before these. */
static const struct field memory_fields[] = {
	LIST(struct guest_config, "vcpu_hard_affinity", CPUS, hard, hard_count,
	     GUEST_VCPUS_MAX),
	LIST(struct guest_config, "vcpu_soft_affinity", CPUS, soft, soft_count,
	     GUEST_VCPUS_MAX),
	C("numa_placement", TRI, numa_placement),
	C("max_memkb", U64, maxmem_kb),
	C("target_memkb", U64, memory_kb),
	{ }
};

static const struct field limit_fields[] = {
	C("disable_migrate", TRI, nomigrate),
	C("max_grant_frames", INT, max_grant_frames),
	C("max_maptrack_frames", INT, max_maptrack_frames),
	{ }
};

static const struct field sched_fields[] = {
	C("weight", INT, weight),
	C("cap", INT, cap),
	{ }
};

static const struct field boot_fields[] = {
	C("event_channels", INT, max_event_channels),
	C("kernel", STRING, kernel),
	C("cmdline", STRING, cmdline),
	C("ramdisk", STRING, ramdisk),
	C("bootloader", STRING, bootloader),
	LIST(struct guest_config, "bootloader_args", STRINGS, bootloader_args,
	     bootloader_arg_count, GUEST_STRINGS_MAX),
	{ }
};

static const struct field action_fields[] = {
	ACTION(on_poweroff), ACTION(on_reboot), ACTION(on_watchdog),
	ACTION(on_crash), ACTION(on_soft_reset),
	{ }
};

static const struct field hvx_fields[] = {
	C("mem_floor_kb", U64, mem_floor_kb),
	C("mem_weight", UINT, mem_weight),
	C("cpu_guarantee", UINT, cpu_guarantee),
	C("cpu_burst", INT, cpu_burst),
	C("cpu_bind", UINT, cpu_bind),
	LIST(struct guest_config, "vscsis", STRINGS, vscsis, vscsi_count,
	     GUEST_STRINGS_MAX),
	{ }
};

static const struct field disk_fields[] = {
	D("backend_domname", STRING, backend_domain),
	D("pdev_path", STRING, target),
	D("vdev", STRING, vdev),
	ENUM(struct guest_disk, "backend", backend, disk_backend_names,
	     DISK_BACKEND_COUNT),
	ENUM(struct guest_disk, "format", format, disk_format_names,
	     DISK_FORMAT_COUNT),
	D("script", STRING, script),
	D("removable", FLAG, removable),
	D("readwrite", FLAG, readwrite),
	D("is_cdrom", FLAG, cdrom),
	D("direct_io_safe", BOOL, direct_io_safe),
	D("discard_enable", TRI, discard),
	D("trusted", TRI, trusted),
	{ }
};

static const struct field disk_hvx_fields[] = {
	D("shared", BOOL, shared),
	D("offset", U64, offset),
	D("length", U64, length),
	D("sector_size", UINT, sector_size),
	{ }
};

static const struct field vif_fields[] = {
	V("backend_domname", STRING, backend_domain),
	V("devid", INT, devid),
	V("mtu", UINT, mtu),
	V("model", STRING, model),
	V("mac", STRING, mac),
	V("ip", STRING, ip),
	V("bridge", STRING, bridge),
	V("ifname", STRING, ifname),
	V("script", STRING, script),
	V("nictype", STRING, type),
	V("rate_bytes_per_interval", U64, rate_bytes),
	V("rate_interval_usecs", UINT, rate_interval),
	V("gatewaydev", STRING, gatewaydev),
	V("trusted", TRI, trusted),
	{ }
};

/* What libxl's own form has no words for. */
static const struct field vif_hvx_fields[] = {
	V("vlan", UINT, vlan),
	V("isolated", BOOL, isolated),
	{ }
};

/* ---- to JSON ------------------------------------------------------------ */

static bool put_word(struct json_object *obj, const char *key, const char *word)
{
	return json_put(obj, key, json_object_new_string(word));
}

/* An object for key, filled from fields; owned by obj. */
static struct json_object *put_part(struct json_object *obj, const char *key,
				    const struct field *fields,
				    const void *base)
{
	struct json_object *part = json_object_new_object();

	if (!json_put(obj, key, part))
		return NULL;
	return !fields || fields_put(part, fields, base) ? part : NULL;
}

static bool put_vcpus(struct json_object *b, const struct guest_config *config)
{
	struct json_object *avail;

	if (config->vcpus || config->maxvcpus)
		if (!json_put(b, "max_vcpus",
			      json_object_new_int(guest_maxvcpus(config))))
			return false;
	if (!config->vcpus)
		return true;
	avail = json_object_new_array();
	if (!json_put(b, "avail_vcpus", avail))
		return false;
	for (unsigned int i = 0; i < config->vcpus; i++) {
		struct json_object *n = json_object_new_int(i);

		if (!n || json_object_array_add(avail, n))
			return false;
	}
	return true;
}

/*
 * What libxl says of a running guest beside its configuration; the domid
 * there is always the one that stands for none.
 */
#define LIVE_DOMID	UINT32_MAX

static bool put_c_info(struct json_object *obj,
		       const struct guest_config *config, bool live)
{
	struct json_object *c = json_object_new_object();

	return json_put(obj, "c_info", c) && put_word(c, "type", TYPE) &&
		fields_put(c, name_fields, config) &&
		(!live || json_put(c, "domid",
				   json_object_new_int64(LIVE_DOMID))) &&
		fields_put(c, c_info_fields, config) &&
		put_word(c, "run_hotplug_scripts", "True");
}

static bool put_sched(struct json_object *b, const struct guest_config *config,
		      const char *sched)
{
	struct json_object *part = json_object_new_object();

	return json_put(b, "sched_params", part) &&
		(!sched || put_word(part, "sched", sched)) &&
		fields_put(part, sched_fields, config);
}

static bool put_b_info(struct json_object *obj,
		       const struct guest_config *config, const char *sched)
{
	struct json_object *b = json_object_new_object(), *x86;
	struct guest_config full = *config;

	full.maxmem_kb = guest_maxmem_kb(config);
	if (!json_put(obj, "b_info", b) || !put_vcpus(b, config) ||
	    !fields_put(b, memory_fields, &full) ||
	    (sched && !json_put(b, "video_memkb", json_object_new_int(0))) ||
	    !fields_put(b, limit_fields, config) ||
	    !put_sched(b, config, sched) ||
	    !put_word(b, "claim_mode", "True") ||
	    !fields_put(b, boot_fields, config) ||
	    !put_part(b, "type.pv", NULL, NULL) ||
	    !put_part(b, "arch_arm", NULL, NULL))
		return false;
	x86 = put_part(b, "arch_x86", NULL, NULL);
	return x86 && (!sched || put_word(x86, "msr_relaxed", "False"));
}

static bool put_disks(struct json_object *obj,
		      const struct guest_config *config)
{
	struct json_object *list = json_object_new_array();

	if (!json_put(obj, "disks", list))
		return false;
	for (unsigned int i = 0; i < config->disk_count; i++) {
		struct json_object *disk = disk_to_json(&config->disks[i]);

		if (!disk || json_object_array_add(list, disk))
			return false;
	}
	return true;
}

static bool put_vifs(struct json_object *obj,
		     const struct guest_config *config)
{
	struct json_object *list = json_object_new_array();

	if (!json_put(obj, "nics", list))
		return false;
	for (unsigned int i = 0; i < config->vif_count; i++) {
		struct json_object *vif = vif_to_json(&config->vifs[i], i);

		if (!vif || json_object_array_add(list, vif))
			return false;
	}
	return true;
}

/* Whether something is said that libxl has no key for. */
static bool says_ours(const struct guest_config *config)
{
	return config->vscsi_count || config->mem_floor_kb ||
	       config->mem_weight || config->cpu_guarantee ||
	       config->cpu_burst >= 0 || config->cpu_bind;
}

/* sched: NULL for a guest that is only described. */
static struct json_object *to_json(const struct guest_config *config,
				   const char *sched)
{
	struct json_object *obj = json_object_new_object();

	if (obj && put_c_info(obj, config, sched) &&
	    put_b_info(obj, config, sched) &&
	    (!config->disk_count || put_disks(obj, config)) &&
	    (!config->vif_count || put_vifs(obj, config)) &&
	    fields_put(obj, action_fields, config) &&
	    (!says_ours(config) || put_part(obj, "hvx", hvx_fields, config)))
		return obj;
	json_object_put(obj);
	return NULL;
}

struct json_object *guest_to_json(const struct guest_config *config)
{
	return to_json(config, NULL);
}

struct json_object *guest_to_live_json(const struct guest_config *config,
				       const char *sched)
{
	return to_json(config, sched);
}

static bool has_hvx_part(const struct guest_disk *disk)
{
	return disk->shared || disk->offset || disk->length ||
	       disk->sector_size;
}

struct json_object *disk_to_json(const struct guest_disk *disk)
{
	struct json_object *obj = json_object_new_object();

	if (obj && fields_put(obj, disk_fields, disk) &&
	    (!has_hvx_part(disk) ||
	     put_part(obj, "hvx", disk_hvx_fields, disk)))
		return obj;
	json_object_put(obj);
	return NULL;
}

struct json_object *vif_to_json(const struct guest_vif *vif, unsigned int n)
{
	struct json_object *obj = json_object_new_object();
	struct guest_vif full = *vif;

	if (full.devid < 0)
		full.devid = n;
	if (obj && fields_put(obj, vif_fields, &full) &&
	    ((!vif->vlan && !vif->isolated) ||
	     put_part(obj, "hvx", vif_hvx_fields, vif)))
		return obj;
	json_object_put(obj);
	return NULL;
}

/* ---- from JSON ---------------------------------------------------------- */

static bool get_part(struct json_object *obj, const char *key,
		     const struct field *fields, void *base, char *why)
{
	struct json_object *part = json_at(obj, key);

	if (!part)
		return true;
	if (!json_object_is_type(part, json_type_object))
		return json_bad(why, "", key, "an object", part);
	return fields_get(part, key, fields, base, why);
}

static bool get_c_info(struct json_object *obj, struct guest_config *out,
		       char *why)
{
	struct json_object *c = json_at(obj, "c_info"), *type;
	char uuid[37];

	if (!json_object_is_type(c, json_type_object))
		return json_bad(why, "", "c_info", "an object", c);
	type = json_at(c, "type");
	if (!json_object_is_type(type, json_type_string) ||
	    strcmp(json_object_get_string(type), TYPE))
		return json_bad(why, "c_info", "type", "\"pv\"", type);
	if (!fields_get(c, "c_info", name_fields, out, why) ||
	    !fields_get(c, "c_info", c_info_fields, out, why))
		return false;
	if (out->uuid && !guest_canonical_uuid(out->uuid, uuid))
		memcpy(out->uuid, uuid, sizeof(uuid));
	return true;
}

/* libxl's bitmap; that of a started guest may have holes, here it is the
 * number that counts. */
static bool get_vcpus(struct json_object *b, struct guest_config *out,
		      char *why)
{
	static const struct field fields[] = {
		C("max_vcpus", UINT, maxvcpus),
		{ }
	};
	struct json_object *avail = json_at(b, "avail_vcpus");

	if (!fields_get(b, "b_info", fields, out, why))
		return false;
	if (!avail)
		return true;
	if (!json_object_is_type(avail, json_type_array) ||
	    json_object_array_length(avail) > GUEST_VCPUS_MAX)
		return json_bad(why, "b_info", "avail_vcpus",
				"an array of vCPUs", avail);
	out->vcpus = json_object_array_length(avail);
	return true;
}

static bool get_b_info(struct json_object *obj, struct guest_config *out,
		       char *why)
{
	struct json_object *b = json_at(obj, "b_info");

	if (!json_object_is_type(b, json_type_object))
		return json_bad(why, "", "b_info", "an object", b);
	return get_vcpus(b, out, why) &&
		fields_get(b, "b_info", memory_fields, out, why) &&
		fields_get(b, "b_info", limit_fields, out, why) &&
		get_part(b, "sched_params", sched_fields, out, why) &&
		fields_get(b, "b_info", boot_fields, out, why);
}

/* The array of a key, none if it isn't there; false: it is none. */
static bool get_array(struct json_object *obj, const char *key,
		      unsigned int max, struct json_object **array, size_t *n,
		      char *why)
{
	*array = json_at(obj, key);
	*n = 0;
	if (!*array)
		return true;
	if (!json_object_is_type(*array, json_type_array))
		return json_bad(why, "", key, "an array", *array);
	*n = json_object_array_length(*array);
	if (*n <= max)
		return true;
	snprintf(why, GUEST_WHY, "%s: expected at most %u, found %zu", key,
		 max, *n);
	return false;
}

static bool bad_device(const char *kind, unsigned int i, const char *inner,
		       char *why)
{
	snprintf(why, GUEST_WHY, "%s %u: %.230s", kind, i + 1, inner);
	return false;
}

static bool get_devices(struct json_object *obj, struct guest_config *out,
			char *why)
{
	char inner[GUEST_WHY];
	struct json_object *disks, *nics;
	size_t disk_count, nic_count;

	if (!get_array(obj, "disks", GUEST_DISKS_MAX, &disks, &disk_count,
		       why) ||
	    !get_array(obj, "nics", GUEST_VIFS_MAX, &nics, &nic_count, why))
		return false;
	out->disks = calloc(disk_count + 1, sizeof(*out->disks));
	out->vifs = calloc(nic_count + 1, sizeof(*out->vifs));
	if (!out->disks || !out->vifs) {
		snprintf(why, GUEST_WHY, "no memory");
		return false;
	}
	while (out->disk_count < disk_count) {
		unsigned int i = out->disk_count++;

		if (disk_from_json(json_object_array_get_idx(disks, i),
				   &out->disks[i], inner))
			return bad_device("disk", i, inner, why);
	}
	while (out->vif_count < nic_count) {
		unsigned int i = out->vif_count++;

		if (vif_from_json(json_object_array_get_idx(nics, i),
				  &out->vifs[i], inner))
			return bad_device("vif", i, inner, why);
	}
	return true;
}

/* The first fault is the one that is told. */
static void keep_fault(void *arg, const char *key, int index, const char *text)
{
	char *why = arg;

	if (*why)
		return;
	if (index < 0)
		snprintf(why, GUEST_WHY, "%s: %s", key, text);
	else
		snprintf(why, GUEST_WHY, "%s %d: %s", key, index + 1, text);
}

int guest_from_json(struct json_object *obj, struct guest_config *out,
		    char *why)
{
	guest_config_init(out);
	/* What isn't there is libxl's default, not xl's. */
	out->on_reboot = out->on_soft_reset = ACTION_DESTROY;
	*why = '\0';
	if (!json_object_is_type(obj, json_type_object)) {
		json_bad(why, "", "config", "an object", obj);
		return -1;
	}
	if (!get_c_info(obj, out, why) || !get_b_info(obj, out, why) ||
	    !get_devices(obj, out, why) ||
	    !fields_get(obj, "", action_fields, out, why) ||
	    !get_part(obj, "hvx", hvx_fields, out, why))
		return -1;
	return guest_config_check(out, keep_fault, why) ? -1 : 0;
}

int disk_from_json(struct json_object *obj, struct guest_disk *out, char *why)
{
	guest_disk_init(out);
	*why = '\0';
	if (!json_object_is_type(obj, json_type_object)) {
		json_bad(why, "", "", "an object", obj);
		return -1;
	}
	if (!fields_get(obj, "", disk_fields, out, why) ||
	    !get_part(obj, "hvx", disk_hvx_fields, out, why) ||
	    guest_disk_check(out, why))
		return -1;
	return guest_vdev_number(out->vdev, &out->number);
}

int vif_from_json(struct json_object *obj, struct guest_vif *out, char *why)
{
	char mac[18];

	guest_vif_init(out);
	*why = '\0';
	if (!json_object_is_type(obj, json_type_object)) {
		json_bad(why, "", "", "an object", obj);
		return -1;
	}
	if (!fields_get(obj, "", vif_fields, out, why) ||
	    !get_part(obj, "hvx", vif_hvx_fields, out, why))
		return -1;
	if (out->mac && !guest_canonical_mac(out->mac, mac)) {
		free(out->mac);
		out->mac = strdup(mac);
		if (!out->mac) {
			snprintf(why, GUEST_WHY, "no memory");
			return -1;
		}
	}
	return guest_vif_check(out, why);
}
