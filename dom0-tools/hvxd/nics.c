/* SPDX-License-Identifier: MIT */
/*
 * A guest's network cards: their nodes, as libxl writes them but under the type
 * hvif, so that dom0's xen-netback lets them alone; the taps and bridges behind
 * them (taps.c, backends/bridge); and what netback is handed for them. Taps stay
 * when netback dies, and are deleted with the domain.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <json-c/json.h>
#include <backends/bridge/bridge.h>
#include <common/log.h>
#include "backend.h"
#include "store.h"
#include "taps.h"

static unsigned int count(const struct guest_config *c)
{
	return c->vif_count;
}

static struct bridges *bridges(struct hvxd *hd)
{
	if (!hd->bridges)
		hd->bridges = bridges_open();
	return hd->bridges;
}

static int unserved(const struct guest_vif *vif, struct fault *f,
		    const char *what)
{
	return fault_set(f, ENOTSUP, "devices", vif->mac,
			 "network card %s: %s", vif->mac, what);
}

static bool is_bridge(const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "/sys/class/net/%.200s/bridge", name);
	return !access(path, F_OK);
}

/* Tying it to a bridge needs no script; one that is named by a path is run. */
static bool has_script(const struct guest_vif *vif)
{
	return vif->script && strcmp(vif->script, "vif-bridge");
}

static int check_script(const struct guest_vif *vif, struct fault *f)
{
	char path[300];

	hotplug_path(vif->script, path, sizeof(path));
	if (!access(path, X_OK))
		return 0;
	fault_set(f, errno, "devices", path, "network card %s: its script %s "
		  "%s", vif->mac, path, errno == ENOENT ? "isn't there" :
		  "can't be run");
	fault_hint(f, "leave out script=, and the card is tied to its bridge");
	return -1;
}

static int check(struct hvxd *hd, const struct guest_config *c, unsigned int i,
		 struct fault *f)
{
	const struct guest_vif *vif = &c->vifs[i];
	char text[BRIDGE_WHY], name[BRIDGE_NAME];

	if (!device_from_dom0(vif->backend_domain))
		return unserved(vif, f, "served by another domain than dom0");
	if (!bridges(hd))
		return fault_errno(f, "devices", c->name, "netlink");
	if (has_script(vif))
		return check_script(vif, f);
	if (!vif->bridge)
		return bridge_default(hd->bridges, name, text)
			       ? fault_set(f, ENODEV, "devices", c->name, "%s",
					   text)
			       : 0;
	if (is_bridge(vif->bridge))
		return 0;
	bridge_list(hd->bridges, text, sizeof(text));
	fault_set(f, ENODEV, "devices", vif->bridge,
		  "there is no bridge %s; there is: %s", vif->bridge, text);
	fault_hint(f, "make it: ip link add %s type bridge", vif->bridge);
	return -1;
}

/* What was given no number has its place's. */
static unsigned int number(const struct guest_config *c, unsigned int i)
{
	return c->vifs[i].devid < 0 ? i : (unsigned int)c->vifs[i].devid;
}

static void tap_name(const struct dom *d, unsigned int i, char *name)
{
	const char *own = d->config.vifs[i].ifname;

	if (own)
		snprintf(name, BRIDGE_NAME, "%s", own);
	else
		snprintf(name, BRIDGE_NAME, "vif%u.%u", d->domid & 0xffff,
			 number(&d->config, i) & 0xffff);
}

/* ---- nodes ---- */

static int put_back(const struct device_nodes *n, struct store_txn *t,
		    const char *base, int perm)
{
	const struct guest_vif *vif = &n->d->config.vifs[n->i];
	uint32_t id = n->d->domid;
	char tap[BRIDGE_NAME];

	tap_name(n->d, n->i, tap);
	if (device_node(t, id, perm, base, "", "%s", "") ||
	    device_node(t, id, PERM_PARENT, base, "frontend", "%s", n->front) ||
	    device_node(t, id, PERM_PARENT, base, "frontend-id", "%u", id) ||
	    device_node(t, id, PERM_PARENT, base, "online", "1") ||
	    device_node(t, id, PERM_PARENT, base, "state", "1") ||
	    device_node(t, id, PERM_PARENT, base, "mac", "%s", vif->mac) ||
	    device_node(t, id, PERM_PARENT, base, "bridge", "%s",
			vif->bridge ? vif->bridge : "") ||
	    device_node(t, id, PERM_PARENT, base, "handle", "%u", n->number) ||
	    device_node(t, id, PERM_PARENT, base, "type", "vif") ||
	    device_node(t, id, PERM_PARENT, base, "vifname", "%s", tap))
		return -1;
	/* A script says itself how it went. */
	if (has_script(vif) ?
	    device_node(t, id, PERM_PARENT, base, "script", "%s",
			vif->script) :
	    device_node(t, id, PERM_PARENT, base, "hotplug-status",
			"connected"))
		return -1;
	if (vif->ip &&
	    device_node(t, id, PERM_PARENT, base, "ip", "%s", vif->ip))
		return -1;
	if (!vif->rate_bytes)
		return 0;
	return device_node(t, id, PERM_PARENT, base, "rate", "%llu,%u",
			   (unsigned long long)vif->rate_bytes,
			   vif->rate_interval);
}

static int put_front(const struct device_nodes *n, struct store_txn *t)
{
	const struct guest_vif *vif = &n->d->config.vifs[n->i];
	uint32_t id = n->d->domid;

	return device_node(t, id, PERM_PARENT, n->front, "handle", "%u",
			   n->number) ||
	       device_node(t, id, PERM_PARENT, n->front, "mac", "%s",
			   vif->mac) ||
	       device_node(t, id, PERM_PARENT, n->front, "trusted", "%d",
			   vif->trusted != 0) ||
	       device_node(t, id, PERM_TOOLS, n->front, "mtu", "%u",
			   vif->mtu ? vif->mtu : 1500)
		       ? -1 : 0;
}

/* ---- what netback gets ---- */

/* As many as the guest has processors to use them. */
static unsigned int queues(const struct guest_config *c)
{
	unsigned int n = c->maxvcpus > c->vcpus ? c->maxvcpus : c->vcpus;

	return n < 1 ? 1 : n > BRIDGE_QUEUES ? BRIDGE_QUEUES : n;
}

static int tie(struct dom *d, unsigned int i, const char *tap, char *why)
{
	const struct guest_vif *vif = &d->config.vifs[i];
	struct port_spec spec = {
		.bridge = vif->bridge, .mtu = vif->mtu, .ip = vif->ip,
		.vlan = vif->vlan, .isolated = vif->isolated,
	};

	sscanf(vif->mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &spec.mac[0],
	       &spec.mac[1], &spec.mac[2], &spec.mac[3], &spec.mac[4],
	       &spec.mac[5]);
	return port_tie(d->hd->bridges, tap, &spec, NULL, NULL, why);
}

static struct hotplug_card card(struct dom *d, unsigned int i, const char *tap)
{
	const struct guest_vif *vif = &d->config.vifs[i];

	return (struct hotplug_card){
		.script = vif->script, .tap = tap,
		.gatewaydev = vif->gatewaydev, .domid = d->domid,
		.device = number(&d->config, i),
	};
}

/* 0; 1: not yet; -1: why. */
static int set_up(struct dom *d, unsigned int i, const char *tap, bool fresh,
		  const struct taps_again *again, char *why)
{
	struct hotplug_card c = card(d, i, tap);

	if (has_script(&d->config.vifs[i]))
		return taps_online(d->hd, &c, again, why);
	/* One that this hvxd has tied before stays as it is. */
	return fresh ? tie(d, i, tap, why) : 0;
}

/* 0; 1: not yet; -1: f. */
static int open_tap(struct dom *d, unsigned int i, const char *tap,
		    struct backend_attach *a, struct fault *f)
{
	struct taps_again again = { a->again, a->again_arg };
	char why[BRIDGE_WHY], ignored[BRIDGE_WHY];
	unsigned int n = queues(&d->config);
	bool fresh;
	int rc;

	rc = taps_get(d->hd, tap, n, a->fd, &fresh, &again, why);
	if (rc < 0)
		fault_set(f, errno, "devices", tap, "%s", why);
	if (rc)
		return rc;
	rc = set_up(d, i, tap, fresh, &again, why);
	if (!rc)
		return 0;
	if (rc < 0)
		fault_set(f, errno, "devices", tap, "%s", why);
	while (n)
		close(a->fd[--n]);
	if (rc < 0)
		taps_delete(d->hd, tap, NULL, ignored);
	return rc;
}

static int open_nic(struct dom *d, unsigned int i, struct backend_attach *a,
		    struct fault *f)
{
	const struct guest_vif *vif = &d->config.vifs[i];
	char tap[BRIDGE_NAME];
	struct json_object *o;
	int rc;

	tap_name(d, i, tap);
	if (!bridges(d->hd))
		return fault_errno(f, "devices", d->name, "netlink");
	rc = open_tap(d, i, tap, a, f);
	if (rc)
		return rc;
	o = json_object_new_object();
	json_object_object_add(o, "device", json_object_new_int(
				       number(&d->config, i)));
	json_object_object_add(o, "vif", json_object_new_string(tap));
	json_object_object_add(o, "rate-bytes",
			       json_object_new_int64(vif->rate_bytes));
	json_object_object_add(o, "rate-interval",
			       json_object_new_int64(vif->rate_interval));
	a->args = o;
	a->fds = queues(&d->config);
	return 0;
}

static void forget(struct dom *d, unsigned int i)
{
	bool script = has_script(&d->config.vifs[i]);
	char tap[BRIDGE_NAME], why[BRIDGE_WHY];
	struct hotplug_card c = card(d, i, tap);

	tap_name(d, i, tap);
	if (bridges(d->hd) &&
	    taps_delete(d->hd, tap, script ? &c : NULL, why))
		log_err("%s: %s", d->name, why);
}

/* ---- one more, one less ---- */

/* A number that no other card has. */
static int free_devid(const struct guest_config *c)
{
	unsigned int i;
	int id = 0;

	for (i = 0; i < c->vif_count; i++)
		if (c->vifs[i].devid == id ||
		    (c->vifs[i].devid < 0 && (int)i == id)) {
			id++;
			i = -1;
		}
	return id;
}

static int add(struct guest_config *c, struct json_object *o, char *why)
{
	struct guest_vif *more;

	more = realloc(c->vifs, (c->vif_count + 1) * sizeof(*more));
	if (!more) {
		strcpy(why, "no memory");
		return -1;
	}
	c->vifs = more;
	if (vif_from_json(o, &more[c->vif_count], why)) {
		guest_vif_free(&more[c->vif_count]);
		return -1;
	}
	if (more[c->vif_count].devid < 0)
		more[c->vif_count].devid = free_devid(c);
	c->vif_count++;
	if (!guest_config_make_macs(c))
		return 0;
	strcpy(why, "no address can be made up");
	c->vif_count--;
	guest_vif_free(&more[c->vif_count]);
	return -1;
}

/* Those behind it keep their numbers. */
static void drop(struct guest_config *c, unsigned int i)
{
	unsigned int j;

	for (j = 0; j < c->vif_count; j++)
		c->vifs[j].devid = number(c, j);
	guest_vif_free(&c->vifs[i]);
	c->vif_count--;
	memmove(&c->vifs[i], &c->vifs[i + 1],
		(c->vif_count - i) * sizeof(*c->vifs));
}

const struct backend_kind nics_kind = {
	.program = "netback", .devices = "network cards", .device = "nic",
	.back = "hvif", .front = "vif", .count = count, .number = number,
	.check = check, .put_back = put_back, .put_front = put_front,
	.open = open_nic, .forget = forget, .add = add, .drop = drop,
};
