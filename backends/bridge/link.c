/* SPDX-License-Identifier: MIT */
/* The netlink socket; links found, listed, changed; bridges. */
#include "private.h"

#include <errno.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/route/link/bridge.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- errors ------------------------------------------------------------- */

int bridge_fail(char *why, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, BRIDGE_WHY, fmt, ap);
	va_end(ap);
	errno = error;
	return -1;
}

static int errno_of(int rc)
{
	switch (-rc) {
	case NLE_NODEV:
	case NLE_OBJ_NOTFOUND:
		return ENODEV;
	case NLE_EXIST:
		return EEXIST;
	case NLE_PERM:
	case NLE_NOACCESS:
		return EPERM;
	case NLE_BUSY:
		return EBUSY;
	case NLE_NOMEM:
		return ENOMEM;
	case NLE_OPNOTSUPP:
		return EOPNOTSUPP;
	default:
		return EINVAL;
	}
}

int bridge_fail_nl(char *why, int rc, const char *fmt, ...)
{
	char what[BRIDGE_WHY];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return bridge_fail(why, errno_of(rc), "%s: %s", what,
			   nl_geterror(rc));
}

/* ---- the socket --------------------------------------------------------- */

struct bridges *bridges_open(void)
{
	struct bridges *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->sock = nl_socket_alloc();
	if (b->sock && !nl_connect(b->sock, NETLINK_ROUTE))
		return b;
	bridges_close(b);
	errno = EPROTONOSUPPORT;
	return NULL;
}

void bridges_close(struct bridges *b)
{
	if (b->sock)
		nl_socket_free(b->sock);
	free(b);
}

int message_send(struct bridges *b, struct nl_msg *m)
{
	/* Sends, frees, and waits for the acknowledgement. */
	return nl_send_sync(b->sock, m);
}

/* ---- links -------------------------------------------------------------- */

struct rtnl_link *link_find(struct bridges *b, const char *name)
{
	struct rtnl_link *link;

	return rtnl_link_get_kernel(b->sock, 0, name, &link) ? NULL : link;
}

int link_change(struct bridges *b, struct rtnl_link *link,
		struct rtnl_link *change)
{
	return rtnl_link_change(b->sock, link, change, 0);
}

int link_up(struct bridges *b, struct rtnl_link *link)
{
	struct rtnl_link *change = rtnl_link_alloc();
	int rc;

	if (!change)
		return -NLE_NOMEM;
	rtnl_link_set_flags(change, IFF_UP);
	rc = link_change(b, link, change);
	rtnl_link_put(change);
	return rc;
}

int links_each(struct bridges *b, const char *kind,
	       void (*fn)(void *arg, struct rtnl_link *link), void *arg)
{
	struct nl_cache *all;
	struct nl_object *o;
	int rc = rtnl_link_alloc_cache(b->sock, AF_UNSPEC, &all);

	if (rc)
		return rc;
	for (o = nl_cache_get_first(all); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *link = (struct rtnl_link *)o;
		const char *type = rtnl_link_get_type(link);

		if (!kind || (type && !strcmp(type, kind)))
			fn(arg, link);
	}
	nl_cache_free(all);
	return 0;
}

/* ---- bridges ------------------------------------------------------------ */

struct names {
	char *text;
	size_t size, used;
	unsigned int count;
	char last[BRIDGE_NAME];
};

static void add_name(void *arg, struct rtnl_link *link)
{
	const char *name = rtnl_link_get_name(link);
	struct names *n = arg;
	int len;

	n->count++;
	snprintf(n->last, sizeof(n->last), "%s", name);
	if (n->used >= n->size)
		return;
	len = snprintf(n->text + n->used, n->size - n->used, "%s%s",
		       n->used ? " " : "", name);
	n->used += len;
}

void bridge_list(struct bridges *b, char *names, size_t size)
{
	struct names n = { .text = names, .size = size };

	snprintf(names, size, "none");
	links_each(b, "bridge", add_name, &n);
}

int bridge_default(struct bridges *b, char name[BRIDGE_NAME], char *why)
{
	struct rtnl_link *link = link_find(b, "xenbr0");
	char list[120];
	struct names n = { .text = list, .size = sizeof(list) };

	if (link) {
		rtnl_link_put(link);
		strcpy(name, "xenbr0");
		return 0;
	}
	links_each(b, "bridge", add_name, &n);
	if (n.count == 1) {
		memcpy(name, n.last, BRIDGE_NAME);
		return 0;
	}
	if (!n.count)
		return bridge_fail(why, ENODEV, "there is no bridge; "
				   "hvxl net setup makes one");
	return bridge_fail(why, ENODEV, "no bridge is named, none is xenbr0, "
			   "and there are several: %s", list);
}

/* A message about the bridge of this name, with its settings; to be ended by
 * send_settings. */
struct settings {
	struct nl_msg *m;
	struct nlattr *info, *data;
};

static bool begin_settings(struct settings *s, const char *name, int flags)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC };

	s->m = nlmsg_alloc_simple(RTM_NEWLINK, flags);
	if (!s->m)
		return false;
	nlmsg_append(s->m, &head, sizeof(head), NLMSG_ALIGNTO);
	nla_put_string(s->m, IFLA_IFNAME, name);
	s->info = nla_nest_start(s->m, IFLA_LINKINFO);
	nla_put_string(s->m, IFLA_INFO_KIND, "bridge");
	s->data = nla_nest_start(s->m, IFLA_INFO_DATA);
	return true;
}

static int send_settings(struct bridges *b, struct settings *s)
{
	nla_nest_end(s->m, s->data);
	nla_nest_end(s->m, s->info);
	return message_send(b, s->m);
}

int bridge_make(struct bridges *b, const char *name, char *why)
{
	struct settings s;
	int rc;

	if (!begin_settings(&s, name, NLM_F_CREATE | NLM_F_EXCL))
		return bridge_fail(why, ENOMEM, "bridge %s: no memory", name);
	nla_put_u32(s.m, IFLA_BR_STP_STATE, 0);
	nla_put_u32(s.m, IFLA_BR_FORWARD_DELAY, 0);
	rc = send_settings(b, &s);
	return rc ? bridge_fail_nl(why, rc, "bridge %s can't be made", name) :
		0;
}

static int look_at_vlans(struct nl_msg *m, void *arg)
{
	struct nlattr *link[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct nlattr *data[IFLA_BR_MAX + 1];
	bool *on = arg;

	if (!nlmsg_parse(nlmsg_hdr(m), sizeof(struct ifinfomsg), link,
			 IFLA_MAX, NULL) && link[IFLA_LINKINFO] &&
	    !nla_parse_nested(info, IFLA_INFO_MAX, link[IFLA_LINKINFO],
			      NULL) && info[IFLA_INFO_DATA] &&
	    !nla_parse_nested(data, IFLA_BR_MAX, info[IFLA_INFO_DATA], NULL) &&
	    data[IFLA_BR_VLAN_FILTERING])
		*on = nla_get_u8(data[IFLA_BR_VLAN_FILTERING]);
	return NL_OK;
}

/* libnl 3.7 doesn't read it. */
bool bridge_filters(struct bridges *b, int ifindex)
{
	struct ifinfomsg ask = { .ifi_family = AF_UNSPEC,
				 .ifi_index = ifindex };
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	bool on = false;

	if (!cb)
		return false;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, look_at_vlans, &on);
	if (nl_send_simple(b->sock, RTM_GETLINK, 0, &ask, sizeof(ask)) >= 0 &&
	    nl_recvmsgs(b->sock, cb) >= 0)
		nl_wait_for_ack(b->sock);
	nl_cb_put(cb);
	return on;
}

int bridge_filter_vlans(struct bridges *b, const char *name, char *why)
{
	struct settings s;
	int rc;

	if (!begin_settings(&s, name, 0))
		return bridge_fail(why, ENOMEM, "bridge %s: no memory", name);
	nla_put_u8(s.m, IFLA_BR_VLAN_FILTERING, 1);
	rc = send_settings(b, &s);
	return rc ? bridge_fail_nl(why, rc, "bridge %s can't filter VLANs",
				   name) : 0;
}

int bridge_up(struct bridges *b, const char *name, char *why)
{
	struct rtnl_link *link = link_find(b, name);
	int rc;

	if (!link)
		return bridge_fail(why, ENODEV, "there is no bridge %s", name);
	rc = link_up(b, link);
	rtnl_link_put(link);
	return rc ? bridge_fail_nl(why, rc, "bridge %s can't be brought up",
				   name) : 0;
}

int bridge_delete(struct bridges *b, const char *name, char *why)
{
	struct rtnl_link *link = link_find(b, name);
	int rc;

	if (!link)
		return 0;
	rc = rtnl_link_delete(b->sock, link);
	rtnl_link_put(link);
	return rc ? bridge_fail_nl(why, rc, "bridge %s can't be deleted",
				   name) : 0;
}
