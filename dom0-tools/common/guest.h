/* SPDX-License-Identifier: MIT */
/*
 * A guest as its operator described it: what hvxl reads from a configuration,
 * hvxd keeps and builds from, and both print.  On the way between them, and in
 * hvxd's files, it is JSON in the shape of libxl's (`xl create -n`), with keys
 * that libxl doesn't have under "hvx".
 *
 * Strings are NULL where nothing was said.  A config that came from cfg_apply
 * or guest_from_json without an error satisfies guest_config_check.
 */
#ifndef COMMON_GUEST_H
#define COMMON_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Limits on what a description may hold. */
#define GUEST_CPUS_MAX		4096	/* CPUs that a set can name */
#define GUEST_VCPUS_MAX		512
#define GUEST_DISKS_MAX		256
#define GUEST_VIFS_MAX		64
#define GUEST_STRINGS_MAX	64	/* bootloader_args, vscsis */
#define GUEST_NAME_MAX		127	/* bytes */
#define GUEST_CMDLINE_MAX	1023	/* bytes: start_info's room */
#define GUEST_STRING_MAX	4095	/* bytes of any other string */
#define GUEST_MEMORY_MAX_KB	(UINT64_C(16) << 30)	/* 16 TiB */

enum guest_action {
	ACTION_DESTROY, ACTION_RESTART, ACTION_RESTART_RENAME, ACTION_PRESERVE,
	ACTION_COREDUMP_DESTROY, ACTION_COREDUMP_RESTART, ACTION_SOFT_RESET,
	ACTION_COUNT
};
extern const char *const guest_action_names[ACTION_COUNT];  /* libxl's */

enum disk_format {
	DISK_FORMAT_DEFAULT, DISK_RAW, DISK_QCOW, DISK_QCOW2, DISK_VHD,
	DISK_QED, DISK_EMPTY, DISK_FORMAT_COUNT
};
extern const char *const disk_format_names[DISK_FORMAT_COUNT];

enum disk_backend {
	DISK_BACKEND_DEFAULT, DISK_PHY, DISK_TAP, DISK_QDISK,
	DISK_BACKEND_COUNT
};
extern const char *const disk_backend_names[DISK_BACKEND_COUNT];

struct guest_disk {
	char *target;		/* a path, or what script understands */
	char *vdev;		/* as it was written */
	uint32_t number;	/* the virtual-device number of vdev */
	enum disk_format format;
	enum disk_backend backend;
	char *backend_domain;	/* NULL: dom0 */
	char *script;		/* NULL: none */
	bool readwrite, cdrom, removable, direct_io_safe;
	bool shared;		/* others may write it meanwhile: w! */
	/* The part of target that it is, in bytes; length 0: to its end. */
	uint64_t offset, length;
	unsigned int sector_size;	/* 512 or 4096; 0: target's own */
	int discard;		/* 1 or 0 as asked for; -1: not said */
	int trusted;		/* likewise */
};

struct guest_vif {
	int devid;		/* -1: to be chosen */
	char *mac;		/* canonical; NULL: to be made up */
	char *bridge, *script, *ip, *ifname, *model, *gatewaydev;
	char *type;		/* vif, or vif_ioemu, which is as good */
	char *backend_domain;	/* NULL: dom0 */
	uint64_t rate_bytes;	/* in an interval; 0: no limit */
	uint32_t rate_interval;	/* us */
	uint32_t mtu;		/* 0: the bridge's */
	unsigned int vlan;	/* 1 to 4094; 0: the bridge's own */
	bool isolated;		/* talks to no other isolated card */
	int trusted;		/* 1 or 0 as asked for; -1: not said */
};

/* A set of CPUs, as bytes of bits, the lowest first. */
struct guest_cpus {
	uint8_t *bits;
	unsigned int count;	/* how many CPUs the set can name */
};

struct guest_config {
	char *name, *uuid;	/* uuid canonical; NULL: to be made up */
	char *pool, *seclabel;
	uint64_t memory_kb;	/* at the start; 0: not said */
	uint64_t maxmem_kb;	/* 0: as memory_kb */
	uint64_t mem_floor_kb;	/* that it always keeps; 0: memory_kb */
	unsigned int mem_weight;	/* 1 to 65535; 0: 256 */
	unsigned int vcpus;	/* online at the start; 0: one */
	unsigned int maxvcpus;	/* 0: as vcpus */
	int weight, cap;	/* -1: not said; cap in percent, 0: none */
	unsigned int cpu_guarantee;	/* percent of a CPU; 0: none */
	int cpu_burst;		/* percent beyond it; -1: no limit */
	unsigned int cpu_bind;	/* 1: each vCPU to the best processor */
	char *kernel, *ramdisk;
	char *cmdline;		/* of the kernel, whole */
	char *bootloader;
	char **bootloader_args;
	unsigned int bootloader_arg_count;
	enum guest_action on_poweroff, on_reboot, on_crash, on_watchdog,
		on_soft_reset;
	/* A set for each vCPU; vCPUs after the last set run anywhere. */
	struct guest_cpus *hard, *soft;
	unsigned int hard_count, soft_count;
	int numa_placement;	/* 0: CPUs were chosen; -1: not said */
	struct guest_disk *disks;
	unsigned int disk_count;
	struct guest_vif *vifs;
	unsigned int vif_count;
	char **vscsis;
	unsigned int vscsi_count;
	int nomigrate;		/* 1 or 0 as asked for; -1: not said */
	int max_grant_frames, max_maptrack_frames;	/* -1: not said */
	int max_event_channels;				/* likewise */
};

/* Nothing said; on_reboot and on_soft_reset as xl has them. */
void guest_config_init(struct guest_config *config);
void guest_disk_init(struct guest_disk *disk);
void guest_vif_init(struct guest_vif *vif);
/* Frees what it points at, and makes it all zero. */
void guest_config_free(struct guest_config *config);
void guest_disk_free(struct guest_disk *disk);
void guest_vif_free(struct guest_vif *vif);

/* vCPUs, and memory in KiB, with what wasn't said filled in. */
unsigned int guest_vcpus(const struct guest_config *config);
unsigned int guest_maxvcpus(const struct guest_config *config);
uint64_t guest_maxmem_kb(const struct guest_config *config);
uint64_t guest_floor_kb(const struct guest_config *config);
unsigned int guest_mem_weight(const struct guest_config *config);

/* 0, or -1 without memory or at cpu >= GUEST_CPUS_MAX. */
int guest_cpus_add(struct guest_cpus *cpus, unsigned int cpu);
bool guest_cpus_has(const struct guest_cpus *cpus, unsigned int cpu);
void guest_cpus_free(struct guest_cpus *cpus);

/* Makes up what must be there and wasn't said: uuid, and NICs' addresses.
 * 0, or -1 and errno. */
int guest_config_make_uuid(struct guest_config *config);
int guest_config_make_macs(struct guest_config *config);
/* Lets paths begin with /: those of kernel and ramdisk go on from the folder
 * cwd, those of disks without a script from /dev, as in xl. 0, or -1 and
 * errno, when some may have been changed. */
int guest_config_make_absolute(struct guest_config *config, const char *cwd);
int guest_disk_make_absolute(struct guest_disk *disk);

/* To the canonical form, in buf (37 and 18 bytes).  -1: it isn't one. */
int guest_canonical_uuid(const char *text, char *buf);
int guest_canonical_mac(const char *text, char *buf);
/* A device's number from its name, like xvda1, sdb, d3p2, or 51712; as
 * xen-vbd-interface(7) has it.  -1: it names none. */
int guest_vdev_number(const char *text, uint32_t *number);

/*
 * What any guest must satisfy.  Each fault is told to fn: which key of xl.cfg
 * (a literal), which entry of its list or -1, and a sentence.
 * Returns how many there were.
 */
typedef void guest_fault_fn(void *arg, const char *key, int index,
			    const char *text);
unsigned int guest_config_check(const struct guest_config *config,
				guest_fault_fn *fn, void *arg);

#define GUEST_WHY 256

/* The same of one device: -1 and a sentence in why (GUEST_WHY bytes). */
int guest_disk_check(const struct guest_disk *disk, char *why);
int guest_vif_check(const struct guest_vif *vif, char *why);

/* ---- JSON ------------------------------------------------------------- */

struct json_object;
/* The shape and order of libxl's; NULL: no memory. */
struct json_object *guest_to_json(const struct guest_config *config);
/* As `xl list -l` has a guest that runs under a scheduler ("credit"). */
struct json_object *guest_to_live_json(const struct guest_config *config,
				       const char *sched);
struct json_object *disk_to_json(const struct guest_disk *disk);
/* n: the place in its list, which is the devid of one that has none. */
struct json_object *vif_to_json(const struct guest_vif *vif, unsigned int n);
/* The way back.  -1: why (GUEST_WHY bytes) names the key and what was
 * expected.  *out is to be freed in either case.  Keys that it doesn't know
 * are passed over. */
int guest_from_json(struct json_object *obj, struct guest_config *out,
		    char *why);
int disk_from_json(struct json_object *obj, struct guest_disk *out, char *why);
int vif_from_json(struct json_object *obj, struct guest_vif *out, char *why);
/* Prints it byte by byte as xl does: four columns a level, and a newline. */
void json_print_xl(struct json_object *obj, FILE *out);

#endif /* COMMON_GUEST_H */
