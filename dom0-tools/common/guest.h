/* SPDX-License-Identifier: MIT */
/*
 * A guest as its operator described it: what hvxl reads from a configuration,
 * hvxd keeps and builds from, and both print.  On the way between them, and in
 * hvxd's files, it is JSON in the shape of libxl's (`xl create -n`), with keys
 * that libxl doesn't have under "hvx".
 */
#ifndef COMMON_GUEST_H
#define COMMON_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum guest_action {
	ACTION_DESTROY, ACTION_RESTART, ACTION_RESTART_RENAME, ACTION_PRESERVE,
	ACTION_COREDUMP_DESTROY, ACTION_COREDUMP_RESTART, ACTION_SOFT_RESET,
	ACTION_COUNT
};
extern const char *const guest_action_names[ACTION_COUNT];  /* libxl's */

enum disk_format {
	DISK_FORMAT_DEFAULT, DISK_RAW, DISK_QCOW, DISK_QCOW2, DISK_VHD,
	DISK_QED, DISK_EMPTY
};
enum disk_backend {
	DISK_BACKEND_DEFAULT, DISK_PHY, DISK_TAP, DISK_QDISK
};

struct guest_disk {
	char *target;		/* a path, or what script understands */
	char *vdev;		/* as it was written */
	uint32_t number;	/* the virtual-device number of vdev */
	enum disk_format format;
	enum disk_backend backend;
	char *backend_domain;	/* NULL: dom0 */
	char *script;		/* NULL: none */
	bool readwrite, shared, cdrom, removable, direct_io_safe;
	int discard;		/* 1 or 0 as asked for; -1: not said */
};

struct guest_vif {
	char *mac;		/* canonical; NULL: to be made up */
	char *bridge, *script, *ip, *ifname, *model, *type, *gatewaydev;
	char *backend_domain;
	uint64_t rate_bytes;	/* in an interval; 0: no limit */
	uint32_t rate_interval;	/* us */
	uint32_t mtu;		/* 0: the bridge's */
};

/* A set of CPUs, as bytes of bits; NULL bits: not said. */
struct guest_cpus {
	uint8_t *bits;
	unsigned int count;	/* how many CPUs the set can name */
};

struct guest_config {
	char *name, *uuid;	/* uuid canonical; NULL: to be made up */
	char *pool, *seclabel;
	uint64_t memory_mib, maxmem_mib;	/* maxmem 0: as memory */
	unsigned int vcpus, maxvcpus;	/* 0: not said */
	int weight, cap;		/* -1: not said; cap in percent */
	char *kernel, *ramdisk, *root, *extra, *cmdline;
	char *bootloader;
	char **bootloader_args;
	unsigned int bootloader_arg_count;
	enum guest_action on_poweroff, on_reboot, on_crash, on_watchdog,
		on_soft_reset;
	/* One set a vCPU, or a single one for all. */
	struct guest_cpus *hard, *soft;
	unsigned int hard_count, soft_count;
	struct guest_disk *disks;
	unsigned int disk_count;
	struct guest_vif *vifs;
	unsigned int vif_count;
	char **vscsis;
	unsigned int vscsi_count;
	bool nomigrate;
	int max_grant_frames, max_maptrack_frames, max_event_channels; /* -1 */
};

/* Frees what config points at, and makes it all zero. */
void guest_config_free(struct guest_config *config);
void guest_disk_free(struct guest_disk *disk);
void guest_vif_free(struct guest_vif *vif);
bool guest_cpus_has(const struct guest_cpus *cpus, unsigned int cpu);

/* Makes up what must be there and wasn't said: uuid, and NICs' addresses.
 * 0, or -1 and errno. */
int guest_config_make_uuid(struct guest_config *config);
int guest_config_make_macs(struct guest_config *config);

/* ---- JSON ------------------------------------------------------------- */

#define GUEST_WHY 256

struct json_object;
/* The shape and order of libxl's; NULL: no memory. */
struct json_object *guest_to_json(const struct guest_config *config);
struct json_object *disk_to_json(const struct guest_disk *disk);
struct json_object *vif_to_json(const struct guest_vif *vif, unsigned int n);
/* The way back.  -1: why (GUEST_WHY bytes) names the key and what was
 * expected.  *out is to be freed in either case.  Keys that it doesn't know
 * are passed over. */
int guest_from_json(struct json_object *obj, struct guest_config *out,
		    char *why);
int disk_from_json(struct json_object *obj, struct guest_disk *out, char *why);
int vif_from_json(struct json_object *obj, struct guest_vif *out, char *why);
/* Prints it byte by byte as xl does: four columns a level. */
void json_print_xl(struct json_object *obj, FILE *out);

#endif /* COMMON_GUEST_H */
