/* SPDX-License-Identifier: MIT */
/*
 * What top looks at: the hypervisor's list of domains, their names (asked of
 * the store once a domain), dom0's own counters of the guests' devices, and
 * those of our disk backends, which hvxd asks for.
 */
#include "top.h"

#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "disk_stats.h"
#include "hvxl.h"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* ---- devices ---- */

static void add_nic(struct top_sample *s, const struct top_nic *nic)
{
	s->nics = xrealloc(s->nics, s->nic_count + 1, sizeof(*s->nics));
	s->nics[s->nic_count++] = *nic;
}

/* A line of /proc/net/dev: "vif5.0: bytes packets errs drop fifo frame
 * compressed multicast bytes packets errs drop ...", first what dom0 received,
 * which is what the guest has sent. */
void top_read_nics(struct top_sample *s, FILE *text)
{
	struct top_nic nic;
	char line[512];

	while (fgets(line, sizeof(line), text)) {
		unsigned long in[4], out[4];
		int at = 0;

		if (sscanf(line, " vif%u.%u:%n", &nic.domid, &nic.id, &at) !=
			    2 || !at ||
		    sscanf(line + at, "%lu %lu %lu %lu %*u %*u %*u %*u "
			   "%lu %lu %lu %lu", &in[0], &in[1], &in[2], &in[3],
			   &out[0], &out[1], &out[2], &out[3]) != 8)
			continue;
		nic.tx = (struct top_packets){ in[0], in[1], in[2], in[3] };
		nic.rx = (struct top_packets){ out[0], out[1], out[2],
					       out[3] };
		add_nic(s, &nic);
	}
}

static uint64_t read_counter(const char *folder, const char *name)
{
	char *path = xformat("%s/statistics/%s", folder, name);
	FILE *f = fopen(path, "re");
	unsigned long n = 0;

	free(path);
	if (!f)
		return 0;
	if (fscanf(f, "%lu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

static void add_disk(struct top_sample *s, const struct top_disk *disk)
{
	s->disks = xrealloc(s->disks, s->disk_count + 1, sizeof(*s->disks));
	s->disks[s->disk_count++] = *disk;
}

void top_read_disks(struct top_sample *s, const char *root)
{
	struct dirent *entry;
	DIR *dir = opendir(root);

	while (dir && (entry = readdir(dir))) {
		struct top_disk d;
		char *folder;
		int end = 0;

		if (sscanf(entry->d_name, "vbd-%u-%u%n", &d.domid, &d.number,
			   &end) != 2 || entry->d_name[end])
			continue;
		folder = xformat("%s/%s", root, entry->d_name);
		d.waiting = read_counter(folder, "oo_req");
		d.reads = read_counter(folder, "rd_req");
		d.writes = read_counter(folder, "wr_req");
		d.read_sectors = read_counter(folder, "rd_sect");
		d.write_sectors = read_counter(folder, "wr_sect");
		free(folder);
		add_disk(s, &d);
	}
	if (dir)
		closedir(dir);
}

static uint64_t member(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) ?
		       json_object_get_uint64(v) : 0;
}

void top_add_disks(struct top_sample *s, struct json_object *list)
{
	struct json_object *o;
	size_t i;

	for (i = 0; list && i < json_object_array_length(list); i++) {
		o = json_object_array_get_idx(list, i);
		add_disk(s, &(struct top_disk){
			.domid = member(o, "domid"),
			.number = member(o, "device"),
			.reads = member(o, "read-requests"),
			.writes = member(o, "write-requests"),
			.read_sectors = member(o, "read-sectors"),
			.write_sectors = member(o, "write-sectors"),
		});
	}
}

/* ---- domains ---- */

static const struct top_domain *same_domain(const struct top_sample *before,
					    const struct top_domain *d)
{
	unsigned int i;

	for (i = 0; before && i < before->domain_count; i++) {
		const struct top_domain *b = &before->domains[i];

		if (b->info.domain == d->info.domain &&
		    !memcmp(b->info.handle, d->info.handle, 16))
			return b;
	}
	return NULL;
}

void top_shares(struct top_sample *s, const struct top_sample *before)
{
	unsigned int i;

	for (i = 0; i < s->domain_count; i++) {
		struct top_domain *d = &s->domains[i];
		const struct top_domain *b = same_domain(before, d);

		d->percent = 0;
		if (b && s->when_ns > before->when_ns &&
		    d->info.cpu_time > b->info.cpu_time)
			d->percent = 100.0 *
				(d->info.cpu_time - b->info.cpu_time) /
				(s->when_ns - before->when_ns);
	}
}

static void read_vcpus(struct top_domain *d)
{
	unsigned int i, n = d->info.max_vcpu_id + 1;
	struct xen_domctl_getvcpuinfo v;

	d->vcpus = xalloc(n, sizeof(*d->vcpus));
	for (i = 0; i < n; i++) {
		if (hvctl_vcpu_info(hv(), d->info.domain, i, &v) || !v.online)
			continue;
		d->vcpus[d->vcpu_count].id = i;
		d->vcpus[d->vcpu_count++].ns = v.cpu_time;
	}
}

static void read_domains(struct top_sample *s, const struct top_sample *before,
			 bool vcpus)
{
	struct xen_domctl_getdomaininfo *list;
	unsigned int i;

	s->domain_count = domain_list(&list);
	s->domains = xalloc(s->domain_count, sizeof(*s->domains));
	for (i = 0; i < s->domain_count; i++) {
		struct top_domain *d = &s->domains[i];
		const struct top_domain *b;

		d->info = list[i];
		b = same_domain(before, d);
		d->name = b ? xstrdup(b->name)
			    : domain_name_shown(d->info.domain);
		if (vcpus)
			read_vcpus(d);
	}
	free(list);
}

void top_sample_take(struct top_sample *s, const struct top_sample *before,
		     bool vcpus)
{
	struct xen_sysctl_physinfo phys;
	FILE *nets = fopen("/proc/net/dev", "re");
	struct json_object *disks;

	memset(s, 0, sizeof(*s));
	s->when_ns = now_ns();
	if (hvctl_physinfo(hv(), &phys))
		die("the hypervisor does not tell what the machine has: %s",
		    strerror(errno));
	s->total_kib = phys.total_pages * 4;
	s->free_kib = phys.free_pages * 4;
	s->cpus = phys.nr_cpus;
	s->cpu_khz = phys.cpu_khz;
	read_domains(s, before, vcpus);
	top_shares(s, before);
	if (nets) {
		top_read_nics(s, nets);
		fclose(nets);
	}
	top_read_disks(s, "/sys/bus/xen-backend/devices");
	disks = disk_stats_ask();
	top_add_disks(s, disks);
	json_object_put(disks);
}

void top_sample_free(struct top_sample *s)
{
	unsigned int i;

	for (i = 0; i < s->domain_count; i++) {
		free(s->domains[i].name);
		free(s->domains[i].vcpus);
	}
	free(s->domains);
	free(s->nics);
	free(s->disks);
	memset(s, 0, sizeof(*s));
}

/* ---- order ---- */

const char top_sort_keys[] = "cmndi";	/* CPU, memory, name, CPU time, id */

static int by_number(double a, double b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int compare(const void *pa, const void *pb, void *key)
{
	const struct top_domain *a = pa, *b = pb;
	int order = 0;

	switch (*(const char *)key) {
	case 'c':
		order = by_number(a->percent, b->percent);
		break;
	case 'm':
		order = by_number(a->info.tot_pages, b->info.tot_pages);
		break;
	case 'n':
		order = strcmp(a->name, b->name);
		break;
	case 'd':
		order = by_number(a->info.cpu_time, b->info.cpu_time);
		break;
	}
	return order ? order : a->info.domain - b->info.domain;
}

void top_sort(struct top_sample *s, char key)
{
	if (key)
		qsort_r(s->domains, s->domain_count, sizeof(*s->domains),
			compare, &key);
}
