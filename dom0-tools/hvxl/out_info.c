/* SPDX-License-Identifier: MIT */
/* The table of `info`. */
#include "out.h"

#include <stdarg.h>
#include <string.h>

/* Where a line goes to, and which line is wanted. */
struct lines {
	FILE *out;
	const char *key;
};

__attribute__((format(printf, 3, 4)))
static void line(const struct lines *l, const char *key, const char *fmt, ...)
{
	va_list args;

	if (l->key && strcmp(l->key, key))
		return;
	if (!l->key)
		fprintf(l->out, "%-23s: ", key);
	va_start(args, fmt);
	vfprintf(l->out, fmt, args);
	va_end(args);
	fputc('\n', l->out);
}

void virt_caps_text(const struct xen_sysctl_physinfo *p, char text[128])
{
	const bool pv = p->capabilities & XEN_SYSCTL_PHYSCAP_pv;
	const bool hvm = p->capabilities & XEN_SYSCTL_PHYSCAP_hvm;
	const bool direct = p->capabilities & XEN_SYSCTL_PHYSCAP_directio;
	const struct {
		bool there;
		const char *name;
	} words[] = {
		{ pv, "pv" },
		{ hvm, "hvm" },
		{ hvm && direct, "hvm_directio" },
		{ pv && direct, "pv_directio" },
		{ p->capabilities & XEN_SYSCTL_PHYSCAP_hap, "hap" },
		{ p->capabilities & XEN_SYSCTL_PHYSCAP_shadow, "shadow" },
		{ p->capabilities & XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share,
		  "iommu_hap_pt_share" },
		{ p->capabilities & XEN_SYSCTL_PHYSCAP_vmtrace, "vmtrace" },
		{ p->capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v1, "gnttab-v1" },
		{ p->capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v2, "gnttab-v2" },
	};
	size_t i;

	text[0] = 0;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!words[i].there)
			continue;
		if (*text)
			strcat(text, " ");
		strcat(text, words[i].name);
	}
}

static void lines_machine(const struct lines *l, const struct host_info *h)
{
	const struct xen_sysctl_physinfo *p = &h->phys;
	const uint32_t *c = p->hw_cap;
	char virt[128];

	virt_caps_text(p, virt);
	line(l, "nr_cpus", "%u", p->nr_cpus);
	line(l, "max_cpu_id", "%u", p->max_cpu_id);
	line(l, "nr_nodes", "%u", p->nr_nodes);
	line(l, "cores_per_socket", "%u", p->cores_per_socket);
	line(l, "threads_per_core", "%u", p->threads_per_core);
	line(l, "cpu_mhz", "%u.%03u", p->cpu_khz / 1000, p->cpu_khz % 1000);
	line(l, "hw_caps", "%08x:%08x:%08x:%08x:%08x:%08x:%08x:%08x", c[0],
	     c[1], c[2], c[3], c[4], c[5], c[6], c[7]);
	line(l, "virt_caps", "%s", virt);
	line(l, "total_memory", "%lu", p->total_pages >> 8);
	line(l, "free_memory", "%lu", p->free_pages >> 8);
	line(l, "sharing_freed_memory", "%lu", h->freed_pages >> 8);
	line(l, "sharing_used_memory", "%lu", h->used_pages >> 8);
	line(l, "outstanding_claims", "%lu", p->outstanding_pages >> 8);
	line(l, "free_cpus", "%u", h->free_cpus);
}

static void lines_numa(FILE *out, const struct host_info *h)
{
	unsigned int i, j;

	fputs("cpu_topology           :\n"
	      "cpu:    core    socket     node\n", out);
	for (i = 0; i < h->cpu_count; i++)
		if (h->cpus[i].core != XEN_INVALID_CORE_ID)
			fprintf(out, "%3u:    %4u     %4u     %4u\n", i,
				h->cpus[i].core, h->cpus[i].socket,
				h->cpus[i].node);
	fputs("device topology        :\n"
	      "device           node\n", out);
	for (i = 0; i < h->device_count; i++)
		fprintf(out, "%04x:%02x:%02x.%01x      %u\n",
			h->devices[i].segment, h->devices[i].bus,
			h->devices[i].devfn >> 3, h->devices[i].devfn & 7,
			h->devices[i].node);
	if (!h->device_count)
		fputs("No device topology data available\n", out);
	fputs("numa_info              :\n"
	      "node:    memsize    memfree    distances\n", out);
	for (i = 0; i < h->node_count; i++) {
		fprintf(out, "%4u:    %6lu     %6lu      ", i,
			h->nodes[i].memsize >> 20, h->nodes[i].memfree >> 20);
		for (j = 0; j < h->node_count; j++)
			fprintf(out, "%s%u", j ? "," : "",
				h->distances[i * h->node_count + j]);
		fputc('\n', out);
	}
}

static void lines_version(const struct lines *l, const struct host_info *h)
{
	const struct hvctl_version *v = &h->version;

	line(l, "xen_major", "%u", v->major);
	line(l, "xen_minor", "%u", v->minor);
	line(l, "xen_extra", "%s", v->extra);
	line(l, "xen_version", "%u.%u%s", v->major, v->minor, v->extra);
	line(l, "xen_caps", "%s", v->caps);
	line(l, "xen_scheduler", "%s", h->scheduler);
	line(l, "xen_pagesize", "%lu", v->page_size);
	line(l, "platform_params", "virt_start=0x%lx", v->virt_start);
	line(l, "xen_changeset", "%s", v->changeset);
	line(l, "xen_commandline", "%s", v->command_line);
	line(l, "cc_compiler", "%s", v->compiler);
	line(l, "cc_compile_by", "%s", v->compile_by);
	line(l, "cc_compile_domain", "%s", v->compile_domain);
	line(l, "cc_compile_date", "%s", v->compile_date);
	line(l, "build_id", "%s", v->build_id);
	/* What xend wrote long ago; still asked for. */
	line(l, "xend_config_format", "%d", 4);
}

void table_info(FILE *out, const struct host_info *h, const char *key)
{
	struct lines l = { out, key };

	line(&l, "host", "%s", h->uname.nodename);
	line(&l, "release", "%s", h->uname.release);
	line(&l, "version", "%s", h->uname.version);
	line(&l, "machine", "%s", h->uname.machine);
	lines_machine(&l, h);
	if (h->numa && !key)
		lines_numa(out, h);
	lines_version(&l, h);
}
