/* SPDX-License-Identifier: MIT */
#include "move.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdio.h>
#include <string.h>

int belongings_note(struct bridges *b, int ifindex, struct belongings *of)
{
	int rc;

	*of = (struct belongings){ .ifindex = ifindex };
	rc = rtnl_addr_alloc_cache(b->sock, &of->addrs);
	if (rc)
		return rc;
	rc = rtnl_route_alloc_cache(b->sock, AF_UNSPEC, 0, &of->routes);
	if (rc)
		nl_cache_free(of->addrs);
	return rc;
}

void belongings_free(struct belongings *of)
{
	nl_cache_free(of->addrs);
	nl_cache_free(of->routes);
}

/* ---- addresses ---------------------------------------------------------- */

/* What the kernel gives each link by itself is not moved. */
static bool is_ours(const struct belongings *of, struct rtnl_addr *a)
{
	return rtnl_addr_get_ifindex(a) == of->ifindex &&
		rtnl_addr_get_scope(a) != RT_SCOPE_LINK;
}

static int put_address(struct bridges *b, struct rtnl_addr *a, int to)
{
	struct rtnl_addr *copy = (struct rtnl_addr *)
		nl_object_clone(OBJ_CAST(a));
	int rc;

	if (!copy)
		return -NLE_NOMEM;
	rtnl_addr_set_ifindex(copy, to);
	/* It was ours before: no probing, which would take seconds. */
	if (rtnl_addr_get_family(copy) == AF_INET6)
		rtnl_addr_set_flags(copy, IFA_F_NODAD);
	rc = rtnl_addr_add(b->sock, copy, 0);
	rtnl_addr_put(copy);
	return rc == -NLE_EXIST ? 0 : rc;
}

static int move_address(struct bridges *b, struct rtnl_addr *a, int from,
			int to)
{
	struct rtnl_addr *old = (struct rtnl_addr *)
		nl_object_clone(OBJ_CAST(a));
	int rc = put_address(b, a, to);

	if (old && !rc) {
		rtnl_addr_set_ifindex(old, from);
		rtnl_addr_delete(b->sock, old, 0);
	}
	if (old)
		rtnl_addr_put(old);
	return rc;
}

static int move_addresses(struct bridges *b, const struct belongings *of,
			  int from, int to)
{
	struct nl_object *o;
	int rc = 0;

	for (o = nl_cache_get_first(of->addrs); o && !rc;
	     o = nl_cache_get_next(o)) {
		struct rtnl_addr *a = (struct rtnl_addr *)o;

		if (is_ours(of, a))
			rc = move_address(b, a, from, to);
	}
	return rc;
}

void belongings_list(const struct belongings *of, char *text, size_t size)
{
	struct nl_object *o;
	size_t used = 0;
	char one[64];

	text[0] = 0;
	for (o = nl_cache_get_first(of->addrs); o; o = nl_cache_get_next(o)) {
		struct rtnl_addr *a = (struct rtnl_addr *)o;

		if (!is_ours(of, a) || used >= size)
			continue;
		nl_addr2str(rtnl_addr_get_local(a), one, sizeof(one));
		used += snprintf(text + used, size - used, "%s%s",
				 used ? " " : "", one);
	}
}

/* ---- routes ------------------------------------------------------------- */

/* Of one next hop by this link, and not what the kernel makes by itself. */
static bool goes_by(const struct belongings *of, struct rtnl_route *r)
{
	return rtnl_route_get_nnexthops(r) == 1 &&
		rtnl_route_nh_get_ifindex(rtnl_route_nexthop_n(r, 0)) ==
			of->ifindex &&
		rtnl_route_get_protocol(r) != RTPROT_KERNEL &&
		rtnl_route_get_type(r) == RTN_UNICAST;
}

static int put_route(struct bridges *b, struct rtnl_route *r, int to)
{
	struct rtnl_route *copy = (struct rtnl_route *)
		nl_object_clone(OBJ_CAST(r));
	int rc;

	if (!copy)
		return -NLE_NOMEM;
	rtnl_route_nh_set_ifindex(rtnl_route_nexthop_n(copy, 0), to);
	rtnl_route_unset_flags(copy, ~0u);
	rc = rtnl_route_add(b->sock, copy, NLM_F_CREATE | NLM_F_REPLACE);
	rtnl_route_put(copy);
	return rc == -NLE_EXIST ? 0 : rc;
}

/* A route by a gateway needs the one to the gateway first. */
static int put_routes(struct bridges *b, const struct belongings *of, int to)
{
	struct nl_object *o;
	int pass, rc = 0;

	for (pass = 0; pass < 2; pass++)
		for (o = nl_cache_get_first(of->routes); o && !rc;
		     o = nl_cache_get_next(o)) {
			struct rtnl_route *r = (struct rtnl_route *)o;
			bool far = goes_by(of, r) && rtnl_route_nh_get_gateway(
					rtnl_route_nexthop_n(r, 0));

			if (goes_by(of, r) && far == (pass == 1))
				rc = put_route(b, r, to);
		}
	return rc;
}

struct nl_addr *belongings_gateway(const struct belongings *of)
{
	struct nl_object *o;

	for (o = nl_cache_get_first(of->routes); o; o = nl_cache_get_next(o)) {
		struct rtnl_route *r = (struct rtnl_route *)o;
		struct nl_addr *via;

		if (!goes_by(of, r) ||
		    nl_addr_get_prefixlen(rtnl_route_get_dst(r)))
			continue;
		via = rtnl_route_nh_get_gateway(rtnl_route_nexthop_n(r, 0));
		if (via)
			return via;
	}
	return NULL;
}

/* ---- both --------------------------------------------------------------- */

int belongings_move(struct bridges *b, const struct belongings *of, int to)
{
	int rc = move_addresses(b, of, of->ifindex, to);

	return rc ? rc : put_routes(b, of, to);
}

int belongings_restore(struct bridges *b, const struct belongings *of,
		       int from)
{
	int rc = move_addresses(b, of, from, of->ifindex);

	return rc ? rc : put_routes(b, of, of->ifindex);
}
