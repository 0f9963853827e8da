/* SPDX-License-Identifier: MIT */
/*
 * What is known of a running domain's configuration: what its toolstack keeps
 * (hvxd, or libxl in its files), brought up to date with what has changed
 * since: name, memory, weight and cap.
 */
#include "config.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <common/json_put.h>
#include "args.h"
#include "hvxd_client.h"
#include "hvxl.h"
#include "out.h"

static struct json_object *from_hvxd(uint32_t domid)
{
	struct json_object *answer, *config = NULL;
	struct hvxd *h = domid ? hvxd_open() : NULL;
	struct hvxd_error e;

	if (!h)
		return NULL;
	answer = hvxd_ask(h, "config", hvxd_domain_args(domid), NULL, NULL,
			  &e);
	if (answer && json_object_object_get_ex(answer, "config", &config))
		json_object_get(config);
	json_object_put(answer);
	hvxd_error_free(&e);
	hvxd_close(h);
	return config;
}

/* libxl keeps a file for each of its domains, root's alone. */
static struct json_object *from_libxl(uint32_t domid, const char *uuid)
{
	char *path = xformat("/var/lib/xen/userdata-d.%u.%s.libxl-json", domid,
			     uuid);
	struct json_object *o = NULL;

	if (!access(path, R_OK))
		o = json_object_from_file(path);
	free(path);
	if (json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	return NULL;
}

/* The object o[key]; an empty one is put there if there is none. */
static struct json_object *part(struct json_object *o, const char *key)
{
	struct json_object *p;

	if (json_object_object_get_ex(o, key, &p) &&
	    json_object_is_type(p, json_type_object))
		return p;
	p = json_object_new_object();
	json_object_object_add(o, key, p);
	return p;
}

/* In libxl's order of keys, as far as hypervisor and store know them. */
static struct json_object *from_facts(const struct xen_domctl_getdomaininfo *d,
				      const char *name, const char *uuid)
{
	struct json_object *o = json_object_new_object();
	struct json_object *c = part(o, "c_info"), *b = part(o, "b_info");

	put_text(c, "type", "pv");
	put_text(c, "name", name);
	if (d->domain) {
		put_text(c, "uuid", uuid);
		put_number(b, "max_vcpus", d->max_vcpu_id + 1);
	}
	put_number(b, "max_memkb", d->max_pages * 4);
	put_number(b, "target_memkb", d->tot_pages * 4);
	part(b, "sched_params");
	part(b, "type.pv");
	part(b, "arch_arm");
	part(b, "arch_x86");
	return o;
}

static void update_memory(struct json_object *b, uint32_t domid)
{
	char *text = store_get("/local/domain/%u/memory/target", domid);
	unsigned long kib;

	if (text && parse_number(text, UINT64_MAX, &kib))
		put_number(b, "target_memkb", kib);
	free(text);
}

static void update_sched(struct json_object *b, uint32_t domid)
{
	struct xen_domctl_sched_credit credit;
	struct json_object *s;

	if (hvctl_credit_get(hv(), domid, &credit))
		return;
	s = part(b, "sched_params");
	put_text(s, "sched", "credit");
	put_number(s, "weight", credit.weight);
	put_number(s, "cap", credit.cap);
}

struct json_object *config_of_domain(const struct xen_domctl_getdomaininfo *d,
				     const char *name)
{
	struct json_object *o;
	char uuid[37];

	uuid_text(d->handle, uuid);
	o = from_hvxd(d->domain);
	/* Of dom0 libxl's file says next to nothing. */
	if (!o && d->domain)
		o = from_libxl(d->domain, uuid);
	if (!o)
		o = from_facts(d, name, uuid);
	put_text(part(o, "c_info"), "name", name);
	update_memory(part(o, "b_info"), d->domain);
	update_sched(part(o, "b_info"), d->domain);
	return o;
}
