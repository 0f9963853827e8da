/* SPDX-License-Identifier: MIT */
/*
 * A tap as a bridge's port. The order matters: the port is locked and has its
 * VLAN and its static entry before it is up, so that no frame of the guest goes
 * by unchecked.
 */
#include "private.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/neighbour.h>
#include <stdio.h>
#include <string.h>

/* Frames that wait for a slow guest; each may be 64 KiB. */
#define QUEUE_LENGTH	256

/* What the steps share. */
struct tie {
	struct bridges *b;
	const struct port_spec *spec;
	const char *tap, *bridge;
	int port, master;		/* ifindex */
	char *why;
};

/* ---- messages that libnl has no words for ------------------------------- */

/* Of the family AF_BRIDGE, about the port. */
static struct nl_msg *about_port(const struct tie *t, int type)
{
	struct ifinfomsg head = { .ifi_family = AF_BRIDGE,
				  .ifi_index = t->port };
	struct nl_msg *m = nlmsg_alloc_simple(type, 0);

	if (m)
		nlmsg_append(m, &head, sizeof(head), NLMSG_ALIGNTO);
	return m;
}

static int set_flags(const struct tie *t)
{
	bool locked = !t->spec->trusted;
	struct nl_msg *m = about_port(t, RTM_SETLINK);
	struct nlattr *port;

	if (!m)
		return -NLE_NOMEM;
	port = nla_nest_start(m, IFLA_PROTINFO | NLA_F_NESTED);
	nla_put_u8(m, IFLA_BRPORT_LEARNING, !locked);
	nla_put_u8(m, IFLA_BRPORT_LOCKED, locked);
	nla_put_u8(m, IFLA_BRPORT_ISOLATED, t->spec->isolated);
	/* A guest makes no spanning tree of ours. */
	nla_put_u8(m, IFLA_BRPORT_GUARD, 1);
	nla_nest_end(m, port);
	return message_send(t->b, m);
}

static int change_vlan(const struct tie *t, int type, uint16_t vid,
		       uint16_t flags)
{
	struct bridge_vlan_info v = { .flags = flags, .vid = vid };
	struct nl_msg *m = about_port(t, type);
	struct nlattr *spec;

	if (!m)
		return -NLE_NOMEM;
	spec = nla_nest_start(m, IFLA_AF_SPEC);
	nla_put(m, IFLA_BRIDGE_VLAN_INFO, sizeof(v), &v);
	nla_nest_end(m, spec);
	return message_send(t->b, m);
}

/* ---- steps -------------------------------------------------------------- */

static int set_vlan(const struct tie *t)
{
	int rc;

	if (!t->spec->vlan)
		return 0;
	rc = change_vlan(t, RTM_SETLINK, t->spec->vlan,
			 BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
	if (rc || t->spec->vlan == 1)
		return rc;
	/* The bridge's own default; gone already if it is tied once more. */
	rc = change_vlan(t, RTM_DELLINK, 1, 0);
	return rc == -NLE_OBJ_NOTFOUND ? 0 : rc;
}

/* The bridge's entry: frames to this address go to the port, and frames from
 * it may come from there. */
static int add_entry(const struct tie *t, int flags)
{
	struct rtnl_neigh *n = rtnl_neigh_alloc();
	struct nl_addr *mac = nl_addr_build(AF_LLC, t->spec->mac, 6);
	int rc = -NLE_NOMEM;

	if (n && mac) {
		rtnl_neigh_set_family(n, AF_BRIDGE);
		rtnl_neigh_set_ifindex(n, t->port);
		rtnl_neigh_set_lladdr(n, mac);
		rtnl_neigh_set_state(n, NUD_NOARP);
		rtnl_neigh_set_flags(n, NTF_MASTER);
		rc = rtnl_neigh_add(t->b->sock, n, flags);
	}
	if (mac)
		nl_addr_put(mac);
	if (n)
		rtnl_neigh_put(n);
	return rc;
}

struct holder {
	const uint8_t *mac;
	int master, port;		/* 0: nobody */
};

static int look(struct nl_msg *m, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(m);
	struct ndmsg *nd = nlmsg_data(h);
	struct nlattr *a[NDA_MAX + 1];
	struct holder *who = arg;

	if (h->nlmsg_type != RTM_NEWNEIGH ||
	    nlmsg_parse(h, sizeof(*nd), a, NDA_MAX, NULL) ||
	    !a[NDA_LLADDR] || nla_len(a[NDA_LLADDR]) != 6 || !a[NDA_MASTER])
		return NL_OK;
	if ((int)nla_get_u32(a[NDA_MASTER]) == who->master &&
	    (nd->ndm_state & (NUD_NOARP | NUD_PERMANENT)) &&
	    !memcmp(nla_data(a[NDA_LLADDR]), who->mac, 6))
		who->port = nd->ndm_ifindex;
	return NL_OK;
}

/* Whose port has a lasting entry for the address; 0: nobody's. */
static int holder_of(const struct tie *t)
{
	struct holder who = { t->spec->mac, t->master, 0 };
	struct ndmsg ask = { .ndm_family = AF_BRIDGE };
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);

	if (!cb)
		return 0;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, look, &who);
	if (nl_send_simple(t->b->sock, RTM_GETNEIGH, NLM_F_DUMP, &ask,
			   sizeof(ask)) >= 0)
		nl_recvmsgs(t->b->sock, cb);
	nl_cb_put(cb);
	return who.port;
}

static int take_address(const struct tie *t)
{
	char holder[IF_NAMESIZE] = "a port";
	int port = holder_of(t), rc;
	const uint8_t *m = t->spec->mac;

	if (port && port != t->port) {
		if_indextoname(port, holder);
		return bridge_fail(t->why, EADDRINUSE,
				   "the address %02x:%02x:%02x:%02x:%02x:%02x "
				   "is in use on %s by %s; choose another mac=",
				   m[0], m[1], m[2], m[3], m[4], m[5],
				   t->bridge, holder);
	}
	/* One that was learned elsewhere is a guest that has moved here. */
	rc = add_entry(t, NLM_F_CREATE | NLM_F_REPLACE);
	return rc ? bridge_fail_nl(t->why, rc, "%s: no entry in %s for its "
				   "address", t->tap, t->bridge) : 0;
}

static int enslave(const struct tie *t, struct rtnl_link *link, uint32_t mtu)
{
	static const uint8_t ours[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct rtnl_link *change = rtnl_link_alloc();
	struct nl_addr *mac = nl_addr_build(AF_LLC, ours, 6);
	int rc = -NLE_NOMEM;

	if (change && mac) {
		rtnl_link_set_addr(change, mac);
		rtnl_link_set_mtu(change, mtu);
		rtnl_link_set_txqlen(change, QUEUE_LENGTH);
		rtnl_link_set_master(change, t->master);
		/* dom0 itself is not reached by this link. */
		rtnl_link_inet6_set_addr_gen_mode(change,
						  IN6_ADDR_GEN_MODE_NONE);
		rc = link_change(t->b, link, change);
	}
	if (mac)
		nl_addr_put(mac);
	if (change)
		rtnl_link_put(change);
	return rc;
}

static int release(struct bridges *b, struct rtnl_link *link)
{
	struct rtnl_link *change = rtnl_link_alloc();
	int rc;

	if (!change)
		return -NLE_NOMEM;
	rtnl_link_unset_flags(change, IFF_UP);
	rtnl_link_set_master(change, 0);
	rc = link_change(b, link, change);
	rtnl_link_put(change);
	return rc;
}

int tap_release(struct bridges *b, const char *tap, char *why)
{
	struct rtnl_link *link = link_find(b, tap);
	int rc;

	if (!link)
		return 0;
	rc = release(b, link);
	rtnl_link_put(link);
	return rc ? bridge_fail_nl(why, rc, "%s can't be released", tap) : 0;
}

static int tie(const struct tie *t, struct rtnl_link *link, uint32_t mtu)
{
	int rc = enslave(t, link, mtu);

	if (rc)
		return bridge_fail_nl(t->why, rc, "%s can't be tied to %s",
				      t->tap, t->bridge);
	rc = set_flags(t);
	if (rc)
		return bridge_fail_nl(t->why, rc, "%s: the bridge doesn't lock "
				      "ports; that needs Linux 5.18", t->tap);
	if (t->spec->vlan && !bridge_filters(t->b, t->master))
		return bridge_fail(t->why, EOPNOTSUPP, "%s: vlan=%u: %s "
				   "doesn't filter VLANs; ip link set %s type "
				   "bridge vlan_filtering 1", t->tap,
				   t->spec->vlan, t->bridge, t->bridge);
	rc = set_vlan(t);
	if (rc)
		return bridge_fail_nl(t->why, rc, "%s: vlan=%u", t->tap,
				      t->spec->vlan);
	if (!t->spec->trusted && take_address(t))
		return -1;
	if (t->spec->ip && filter_set(t->b, t->port, t->tap, t->spec->ip,
				      t->why))
		return -1;
	rc = link_up(t->b, link);
	return rc ? bridge_fail_nl(t->why, rc, "%s can't be brought up",
				   t->tap) : 0;
}

/* ---- all of it ---------------------------------------------------------- */

static struct rtnl_link *find_bridge(struct bridges *b, const char *name,
				     char *why)
{
	struct rtnl_link *link = link_find(b, name);
	const char *type = link ? rtnl_link_get_type(link) : NULL;
	char list[120];

	if (type && !strcmp(type, "bridge"))
		return link;
	if (link)
		rtnl_link_put(link);
	bridge_list(b, list, sizeof(list));
	bridge_fail(why, ENODEV, "%s %s; there are: %s",
		    type ? "not a bridge:" : "no such bridge", name, list);
	return NULL;
}

static int tie_found(struct tie *t, struct rtnl_link *master, uint32_t *mtu)
{
	struct rtnl_link *link = link_find(t->b, t->tap);
	uint32_t size = t->spec->mtu;
	int rc, error;

	if (!link)
		return bridge_fail(t->why, ENODEV, "there is no tap %s",
				   t->tap);
	if (!size)
		size = rtnl_link_get_mtu(master);
	t->port = rtnl_link_get_ifindex(link);
	t->master = rtnl_link_get_ifindex(master);
	rc = tie(t, link, size);
	if (rc) {
		error = errno;
		release(t->b, link);
		errno = error;
	} else if (mtu) {
		*mtu = size;
	}
	rtnl_link_put(link);
	return rc;
}

int port_tie(struct bridges *b, const char *tap, const struct port_spec *spec,
	     char bridge[BRIDGE_NAME], uint32_t *mtu, char *why)
{
	char name[BRIDGE_NAME];
	struct tie t = { .b = b, .spec = spec, .tap = tap, .bridge = name,
			 .why = why };
	struct rtnl_link *master;
	int rc;

	if (spec->bridge)
		snprintf(name, sizeof(name), "%s", spec->bridge);
	else if (bridge_default(b, name, why))
		return -1;
	master = find_bridge(b, name, why);
	if (!master)
		return -1;
	rc = tie_found(&t, master, mtu);
	rtnl_link_put(master);
	if (!rc && bridge)
		memcpy(bridge, name, BRIDGE_NAME);
	return rc;
}
