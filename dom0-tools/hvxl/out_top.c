/* SPDX-License-Identifier: MIT */
/*
 * The table of top: `xentop -b`, byte by byte. There what dom0 has sent to a
 * guest is called TX: what the guest has received.
 */
#include "top.h"

#include <string.h>
#include <json-c/json.h>
#include <sys/sysmacros.h>
#include <abi/sched.h>
#include <common/json_put.h>
#include "out.h"

void top_state(uint32_t flags, char text[7])
{
	uint32_t reason = flags >> XEN_DOMINF_shutdownshift &
			  XEN_DOMINF_shutdownmask;
	bool down = flags & XEN_DOMINF_shutdown;
	bool crashed = down && reason == SHUTDOWN_crash;

	text[0] = flags & XEN_DOMINF_dying ? 'd' : '-';
	text[1] = down && !crashed ? 's' : '-';
	text[2] = flags & XEN_DOMINF_blocked ? 'b' : '-';
	text[3] = crashed ? 'c' : '-';
	text[4] = flags & XEN_DOMINF_paused ? 'p' : '-';
	text[5] = flags & XEN_DOMINF_running ? 'r' : '-';
	text[6] = 0;
}

void top_header(FILE *out)
{
	fprintf(out, "%10s %6s %10s %6s %10s %6s %10s %9s %5s %4s %8s %8s %4s "
		"%8s %8s %8s %10s %10s %4s\n", "NAME", "STATE", "CPU(sec)",
		"CPU(%)", "MEM(k)", "MEM(%)", "MAXMEM(k)", "MAXMEM(%)",
		"VCPUS", "NETS", "NETTX(k)", "NETRX(k)", "VBDS", "VBD_OO",
		"VBD_RD", "VBD_WR", "VBD_RSECT", "VBD_WSECT", "SSID");
}

/* Sums over a domain's devices. */
struct sums {
	unsigned int nics, disks;
	uint64_t tx, rx, waiting, reads, writes, read_sectors, write_sectors;
};

static struct sums add_up(const struct top_sample *s, unsigned int domid)
{
	struct sums a = { 0 };
	unsigned int i;

	for (i = 0; i < s->nic_count; i++) {
		if (s->nics[i].domid != domid)
			continue;
		a.nics++;
		a.tx += s->nics[i].tx.bytes;
		a.rx += s->nics[i].rx.bytes;
	}
	for (i = 0; i < s->disk_count; i++) {
		const struct top_disk *d = &s->disks[i];

		if (d->domid != domid)
			continue;
		a.disks++;
		a.waiting += d->waiting;
		a.reads += d->reads;
		a.writes += d->writes;
		a.read_sectors += d->read_sectors;
		a.write_sectors += d->write_sectors;
	}
	return a;
}

static uint64_t mem_kib(const struct top_domain *d)
{
	return d->info.tot_pages * 4;
}

/* A domain without a limit could have all: a number is easier to read than
 * xentop's words are to parse. */
static uint64_t max_kib(const struct top_sample *s, const struct top_domain *d)
{
	uint64_t kib = d->info.max_pages > UINT64_MAX / 4 ? UINT64_MAX
						: d->info.max_pages * 4;

	return kib < UINT32_MAX || kib <= s->total_kib ? kib : s->total_kib;
}

static double share(uint64_t kib, const struct top_sample *s)
{
	return s->total_kib ? 100.0 * kib / s->total_kib : 0;
}

void top_row(FILE *out, const struct top_sample *s, const struct top_domain *d,
	     bool full_name)
{
	struct sums a = add_up(s, d->info.domain);
	char state[7];

	top_state(d->info.flags, state);
	if (full_name)
		fprintf(out, "%10s ", d->name);
	else
		fprintf(out, "%10.10s ", d->name);
	fprintf(out, "%6s %10llu %6.1f %10llu %6.1f %10llu %9.1f %5u %4u "
		"%8llu %8llu %4u %8llu %8llu %8llu %10llu %10llu %4u\n", state,
		(unsigned long long)d->info.cpu_time / 1000000000, d->percent,
		(unsigned long long)mem_kib(d), share(mem_kib(d), s),
		(unsigned long long)max_kib(s, d), share(max_kib(s, d), s),
		d->info.max_vcpu_id + 1, a.nics,
		(unsigned long long)a.rx / 1024,
		(unsigned long long)a.tx / 1024, a.disks,
		(unsigned long long)a.waiting, (unsigned long long)a.reads,
		(unsigned long long)a.writes,
		(unsigned long long)a.read_sectors,
		(unsigned long long)a.write_sectors, d->info.ssidref);
}

static void vcpu_line(FILE *out, const struct top_domain *d)
{
	unsigned int i;

	fputs("VCPUs(sec): ", out);
	for (i = 0; i < d->vcpu_count; i++) {
		/* Five fit into a line. */
		if (i && i % 5 == 0)
			fputs("\n            ", out);
		fprintf(out, " %2u: %10llus", d->vcpus[i].id,
			(unsigned long long)d->vcpus[i].ns / 1000000000);
	}
	fputc('\n', out);
}

static void packets(FILE *out, const char *what, const struct top_packets *p)
{
	fprintf(out, "%s: %8llubytes %8llupkts %8lluerr %8lludrop", what,
		(unsigned long long)p->bytes, (unsigned long long)p->packets,
		(unsigned long long)p->errors, (unsigned long long)p->drops);
}

static void disk_line(FILE *out, const struct top_disk *d)
{
	fprintf(out, "VBD BlkBack %4u [%2x:%2x]  OO: %8llu   RD: %8llu   "
		"WR: %8llu   RSECT: %10llu   WSECT: %10llu\n", d->number,
		major(d->number), minor(d->number),
		(unsigned long long)d->waiting, (unsigned long long)d->reads,
		(unsigned long long)d->writes,
		(unsigned long long)d->read_sectors,
		(unsigned long long)d->write_sectors);
}

void top_details(FILE *out, const struct top_sample *s,
		 const struct top_domain *d, const struct top_options *o)
{
	unsigned int i;

	if (o->vcpus)
		vcpu_line(out, d);
	for (i = 0; o->nics && i < s->nic_count; i++) {
		if (s->nics[i].domid != d->info.domain)
			continue;
		fprintf(out, "Net%u ", s->nics[i].id);
		packets(out, "RX", &s->nics[i].tx);
		packets(out, "  TX", &s->nics[i].rx);
		fputc('\n', out);
	}
	for (i = 0; o->disks && i < s->disk_count; i++)
		if (s->disks[i].domid == d->info.domain)
			disk_line(out, &s->disks[i]);
}

void top_table(FILE *out, const struct top_sample *s,
	       const struct top_options *o)
{
	bool first = true;
	unsigned int i;

	for (i = 0; i < s->domain_count; i++) {
		const struct top_domain *d = &s->domains[i];

		if (o->no_dom0 && !d->info.domain)
			continue;
		if (first || o->repeat_header)
			top_header(out);
		first = false;
		top_row(out, s, d, o->full_name);
		top_details(out, s, d, o);
	}
	if (first)
		top_header(out);
}

/* ---- JSON ---- */

static struct json_object *json_domain(const struct top_sample *s,
				       const struct top_domain *d)
{
	struct sums a = add_up(s, d->info.domain);
	struct json_object *o = json_object_new_object();
	char state[7];

	top_state(d->info.flags, state);
	put_number(o, "domid", d->info.domain);
	json_object_object_add(o, "name", json_object_new_string(d->name));
	json_object_object_add(o, "state", json_object_new_string(state));
	put_number(o, "cpu_time_ns", d->info.cpu_time);
	json_object_object_add(o, "cpu_percent",
			       json_object_new_double(d->percent));
	put_number(o, "memory_kib", mem_kib(d));
	put_number(o, "max_memory_kib", max_kib(s, d));
	put_number(o, "vcpus", d->info.max_vcpu_id + 1);
	put_number(o, "nics", a.nics);
	put_number(o, "net_tx_bytes", a.tx);
	put_number(o, "net_rx_bytes", a.rx);
	put_number(o, "disks", a.disks);
	put_number(o, "disk_reads", a.reads);
	put_number(o, "disk_writes", a.writes);
	put_number(o, "disk_read_sectors", a.read_sectors);
	put_number(o, "disk_write_sectors", a.write_sectors);
	return o;
}

struct json_object *json_top(const struct top_sample *s)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	unsigned int i;

	put_number(o, "total_memory_kib", s->total_kib);
	put_number(o, "free_memory_kib", s->free_kib);
	put_number(o, "cpus", s->cpus);
	for (i = 0; i < s->domain_count; i++)
		json_object_array_add(list, json_domain(s, &s->domains[i]));
	json_object_object_add(o, "domains", list);
	return o;
}
