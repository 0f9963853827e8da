/* SPDX-License-Identifier: MIT */
/*
 * top: what domains use, sampled every few seconds and printed in the columns
 * of `xentop -b`. Sampling, the table and the live view are a file each.
 */
#ifndef HVXL_TOP_H
#define HVXL_TOP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <libhvctl/hvctl.h>

struct json_object;

/* A network card, as the guest sees it. */
struct top_nic {
	unsigned int domid, id;
	struct top_packets {
		uint64_t bytes, packets, errors, drops;
	} rx, tx;
};

struct top_disk {
	unsigned int domid, number;
	/* Requests that the kernel's backend couldn't take at once; ours, which
	 * leaves them in the ring, has none. */
	uint64_t waiting;
	uint64_t reads, writes, read_sectors, write_sectors;
};

struct top_vcpu {
	unsigned int id;
	uint64_t ns;
};

struct top_domain {
	struct xen_domctl_getdomaininfo info;
	char *name;
	double percent;		/* of one CPU, since the sample before */
	struct top_vcpu *vcpus;	/* those online, with -v */
	unsigned int vcpu_count;
};

struct top_sample {
	uint64_t when_ns;	/* CLOCK_MONOTONIC */
	uint64_t total_kib, free_kib;
	unsigned int cpus, cpu_khz;
	struct top_domain *domains;
	unsigned int domain_count;
	struct top_nic *nics;
	unsigned int nic_count;
	struct top_disk *disks;
	unsigned int disk_count;
};

struct top_options {
	bool full_name, nics, disks, vcpus, repeat_header;
	bool no_dom0;		/* -z */
	bool batch;
	double delay;		/* seconds */
	unsigned long iterations;	/* 0: for ever */
	char sort;		/* one of top_sort_keys; 0: as they come */
};

/* ---- top_sample.c ---- */

/* Looks at the machine; before may be NULL: CPU shares are 0 then. Ends hvxl
 * if the hypervisor doesn't answer. */
void top_sample_take(struct top_sample *s, const struct top_sample *before,
		     bool vcpus);
void top_sample_free(struct top_sample *s);
/* Adds the guests' cards that text, in the form of /proc/net/dev, has. */
void top_read_nics(struct top_sample *s, FILE *text);
/* Adds disks of the kernel's backend; root: "/sys/bus/xen-backend/devices". */
void top_read_disks(struct top_sample *s, const char *root);
/* Adds those that hvxd tells of (disk_stats.h); NULL: none. */
void top_add_disks(struct top_sample *s, struct json_object *list);
/* Sets each domain's share of the time that has passed since before. */
void top_shares(struct top_sample *s, const struct top_sample *before);
extern const char top_sort_keys[];	/* letters: what can be sorted by */
void top_sort(struct top_sample *s, char key);

/* ---- out_top.c ---- */

void top_header(FILE *out);
void top_row(FILE *out, const struct top_sample *s, const struct top_domain *d,
	     bool full_name);
/* What follows a domain's row: -v, -n, -x. */
void top_details(FILE *out, const struct top_sample *s,
		 const struct top_domain *d, const struct top_options *o);
void top_table(FILE *out, const struct top_sample *s,
	       const struct top_options *o);
struct json_object *json_top(const struct top_sample *s);
/* "dsbcpr", a dash for each that isn't. */
void top_state(uint32_t flags, char text[7]);

/* ---- top_view.c ---- */

/* The live view on the terminal, until q. 0, or 1: told why not. */
int top_view(struct top_options *o);

#endif /* HVXL_TOP_H */
