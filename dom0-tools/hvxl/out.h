/* SPDX-License-Identifier: MIT */
/*
 * What hvxl prints, as functions of data: out_table.c in xl's own columns,
 * byte by byte, out_json.c as JSON. Commands collect, these print.
 */
#ifndef HVXL_OUT_H
#define HVXL_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <libhvctl/hvctl.h>

struct json_object;

/* A domain as it appears in tables. */
struct dom_row {
	char *name;
	struct xen_domctl_getdomaininfo info;
	char *pool;		/* name of its CPU pool, or NULL */
	char *nodes;		/* its node affinity, or NULL */
	struct xen_domctl_sched_credit credit;	/* sched-credit only */
};

/* list */
enum {
	LIST_VERBOSE = 1, LIST_LABEL = 2, LIST_POOL = 4, LIST_NODES = 8
};
void table_list(FILE *out, const struct dom_row *rows, unsigned int n,
		unsigned int columns);
struct json_object *json_list(const struct dom_row *rows, unsigned int n);
/* "7541c1fd-998b-...", 37 bytes with the end. */
void uuid_text(const xen_domain_handle_t handle, char text[37]);
/* The six letters of column State. */
void state_text(uint32_t flags, char text[7]);

/* Of SHUTDOWN_*: "poweroff", ...; "unknown". */
const char *shutdown_reason_name(unsigned int reason);

/* A set of numbers the way xl writes it: "all", "none", "0-2,5". bits of max
 * members, all of those that exist being the first of them. To be freed. */
char *set_text(const uint8_t *bits, unsigned int max);

/* vcpu-list */
struct vcpu_row {
	const char *name;	/* belongs to the domain's row */
	uint32_t domid;
	struct xen_domctl_getvcpuinfo info;
	char *hard, *soft;	/* as set_text says it */
};
void table_vcpus(FILE *out, const struct vcpu_row *rows, unsigned int n);
struct json_object *json_vcpus(const struct vcpu_row *rows, unsigned int n);

/* sched-credit */
void table_credit_pool(FILE *out, const char *pool,
		       const struct xen_sysctl_credit_schedule *s);
void table_credit(FILE *out, const struct dom_row *rows, unsigned int n);
struct json_object *json_credit_domain(const struct dom_row *row);
struct json_object *json_credit(const char *pool,
				const struct xen_sysctl_credit_schedule *s,
				const struct dom_row *rows, unsigned int n);

/* uptime: seconds of each; negative: unknown. clock: "01:03:37", for -s. */
struct uptime_row {
	const char *name;
	uint32_t domid;
	long seconds;
};
void table_uptime(FILE *out, const struct uptime_row *rows, unsigned int n);
void table_uptime_short(FILE *out, const struct uptime_row *rows,
			unsigned int n, const char *clock);
struct json_object *json_uptime(const struct uptime_row *rows, unsigned int n);

void table_claims(FILE *out, const struct dom_row *rows, unsigned int n);
void table_vms(FILE *out, const struct dom_row *rows, unsigned int n);

/* cpupool-list */
struct pool;
void table_pools(FILE *out, const struct pool *pools, unsigned int n);
void table_pool_cpus(FILE *out, const struct pool *pools, unsigned int n);
struct json_object *json_pools(const struct pool *pools, unsigned int n);

/* info */
struct pci_node {
	unsigned int segment, bus, devfn;
	uint32_t node;
};

struct host_info {
	struct utsname uname;
	struct hvctl_version version;
	struct xen_sysctl_physinfo phys;
	const char *scheduler;
	unsigned int free_cpus;
	uint64_t freed_pages, used_pages;	/* by sharing */
	/* With -n only; otherwise the counts are 0. */
	bool numa;
	struct xen_sysctl_cputopo *cpus;
	unsigned int cpu_count;
	struct xen_sysctl_meminfo *nodes;
	uint32_t *distances;			/* rows of node_count */
	unsigned int node_count;
	struct pci_node *devices;
	unsigned int device_count;
};
/* key NULL: all; else its value alone, nothing if it is unknown. */
void table_info(FILE *out, const struct host_info *h, const char *key);
/* What the machine can, in words. */
void virt_caps_text(const struct xen_sysctl_physinfo *p, char text[128]);
struct json_object *json_info(const struct host_info *h);

/* block-list and network-list: the header once, the rest for each domain */
struct device;
void table_disks_head(FILE *out);
void table_disks(FILE *out, const struct device *d, unsigned int n);
void table_nics_head(FILE *out);
void table_nics(FILE *out, const struct device *d, unsigned int n);
void json_devices(struct json_object *list, const struct device *d,
		  unsigned int n, uint32_t domid, bool nic);

/* alloc status, and alloc plan, from hvxallocd's answers */
void table_alloc(FILE *out, struct json_object *status);
void table_plan(FILE *out, const char *name, struct json_object *plan);

/* events: one a line */
void event_text(FILE *out, struct json_object *event);

/* For answers made of several. */
struct json_object *json_new_list(void);
void json_append(struct json_object *list, struct json_object *entry);
/* Prints obj in xl's own layout and puts it. 0, or 1: told. */
int json_print(FILE *out, struct json_object *obj);

#endif /* HVXL_OUT_H */
