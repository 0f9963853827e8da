/* SPDX-License-Identifier: MIT */
/*
 * Which IP addresses a guest may send from: u32 filters in a clsact qdisc at
 * the tap's ingress, each with an action (gact), in order of priority:
 *
 *   1  IPv4 from one of its addresses              pass
 *   2  ARP whose sender is one of them, or nobody  pass
 *   3  a DHCP request from nobody                  pass
 *   9  anything else                               drop
 */
#include "private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <netlink/route/act/gact.h>
#include <netlink/route/action.h>
#include <netlink/route/classifier.h>
#include <netlink/route/cls/u32.h>
#include <netlink/route/qdisc.h>
#include <stdio.h>
#include <string.h>

enum { PRIO_IP = 1, PRIO_ARP, PRIO_DHCP, PRIO_REST = 9 };

/* Offsets from the network header. */
#define IP_SOURCE	12
#define IP_PROTOCOL	8		/* the word with TTL, protocol, sum */
#define UDP_PORTS	20		/* of a packet without options */
#define ARP_SENDER	14

int filter_parse(const char *ip, uint32_t addr[FILTER_MAX])
{
	char text[INET_ADDRSTRLEN];
	unsigned int count = 0;
	struct in_addr in;
	size_t len;

	for (ip += strspn(ip, " ,"); *ip; ip += strspn(ip, " ,")) {
		len = strcspn(ip, " ,");
		if (len >= sizeof(text) || count == FILTER_MAX)
			return -1;
		memcpy(text, ip, len);
		text[len] = 0;
		if (inet_pton(AF_INET, text, &in) != 1)
			return -1;
		addr[count++] = ntohl(in.s_addr);
		ip += len;
	}
	return count;
}

/* ---- one filter --------------------------------------------------------- */

struct match {
	uint32_t value, mask;
	int offset;
};

static int add_action(struct rtnl_cls *c, int verdict)
{
	struct rtnl_act *act = rtnl_act_alloc();
	int rc = -NLE_NOMEM;

	if (!act)
		return rc;
	rc = rtnl_tc_set_kind(TC_CAST(act), "gact");
	if (!rc)
		rc = rtnl_gact_set_action(act, verdict);
	if (!rc)
		rc = rtnl_u32_add_action(c, act);
	rtnl_act_put(act);
	return rc;
}

static int fill(struct rtnl_cls *c, const struct match *m, unsigned int n,
		int verdict)
{
	int rc = rtnl_tc_set_kind(TC_CAST(c), "u32");

	for (; !rc && n; n--, m++)
		rc = rtnl_u32_add_key_uint32(c, m->value, m->mask, m->offset,
					     0);
	if (!rc)
		rc = rtnl_u32_set_cls_terminal(c);
	return rc ? rc : add_action(c, verdict);
}

static int add(struct bridges *b, int ifindex, int prio, int protocol,
	       const struct match *m, unsigned int n, int verdict)
{
	struct rtnl_cls *c = rtnl_cls_alloc();
	int rc;

	if (!c)
		return -NLE_NOMEM;
	rtnl_tc_set_ifindex(TC_CAST(c), ifindex);
	rtnl_tc_set_parent(TC_CAST(c), TC_H_MAKE(TC_H_CLSACT,
						 TC_H_MIN_INGRESS));
	rtnl_cls_set_prio(c, prio);
	rtnl_cls_set_protocol(c, protocol);
	rc = fill(c, m, n, verdict);
	if (!rc)
		rc = rtnl_cls_add(b->sock, c, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_cls_put(c);
	return rc;
}

/* ---- all ---------------------------------------------------------------- */

static int add_qdisc(struct bridges *b, int ifindex, bool make)
{
	struct rtnl_qdisc *q = rtnl_qdisc_alloc();
	int rc;

	if (!q)
		return -NLE_NOMEM;
	rtnl_tc_set_ifindex(TC_CAST(q), ifindex);
	rtnl_tc_set_parent(TC_CAST(q), TC_H_CLSACT);
	rtnl_tc_set_handle(TC_CAST(q), TC_H_MAKE(TC_H_CLSACT, 0));
	rc = rtnl_tc_set_kind(TC_CAST(q), "clsact");
	if (!rc)
		rc = make ? rtnl_qdisc_add(b->sock, q, NLM_F_CREATE) :
			rtnl_qdisc_delete(b->sock, q);
	rtnl_qdisc_put(q);
	return rc;
}

static int add_address(struct bridges *b, int ifindex, uint32_t addr)
{
	const struct match ip = { addr, UINT32_MAX, IP_SOURCE };
	/* The sender's address is not at a multiple of 4: half of it in each
	 * of two words. */
	const struct match arp[2] = {
		{ addr >> 16, 0xffff, ARP_SENDER - 2 },
		{ addr << 16, 0xffff0000, ARP_SENDER + 2 },
	};
	int rc = add(b, ifindex, PRIO_IP, ETH_P_IP, &ip, 1, TC_ACT_OK);

	return rc ? rc : add(b, ifindex, PRIO_ARP, ETH_P_ARP, arp, 2,
			     TC_ACT_OK);
}

/* From 0.0.0.0, port 68 to port 67, without IP options. */
static int add_dhcp(struct bridges *b, int ifindex)
{
	static const struct match dhcp[] = {
		{ 0x45000000, 0xff000000, 0 },
		{ 0x00110000, 0x00ff0000, IP_PROTOCOL },
		{ 0, UINT32_MAX, IP_SOURCE },
		{ 68u << 16 | 67, UINT32_MAX, UDP_PORTS },
	};
	static const struct match probe[2] = {
		{ 0, 0xffff, ARP_SENDER - 2 },
		{ 0, 0xffff0000, ARP_SENDER + 2 },
	};
	int rc = add(b, ifindex, PRIO_DHCP, ETH_P_IP, dhcp, 4, TC_ACT_OK);

	return rc ? rc : add(b, ifindex, PRIO_ARP, ETH_P_ARP, probe, 2,
			     TC_ACT_OK);
}

int filter_set(struct bridges *b, int ifindex, const char *tap, const char *ip,
	       char *why)
{
	static const struct match any = { 0, 0, 0 };
	uint32_t addr[FILTER_MAX];
	int i, rc, count = filter_parse(ip, addr);

	if (count < 0)
		return bridge_fail(why, EINVAL, "%s: ip=%s is no list of up to "
				   "%u IPv4 addresses", tap, ip, FILTER_MAX);
	if (!count)
		return 0;
	/* What an earlier life of this tap had. */
	add_qdisc(b, ifindex, false);
	rc = add_qdisc(b, ifindex, true);
	for (i = 0; !rc && i < count; i++)
		rc = add_address(b, ifindex, addr[i]);
	if (!rc)
		rc = add_dhcp(b, ifindex);
	if (!rc)
		rc = add(b, ifindex, PRIO_REST, ETH_P_ALL, &any, 1,
			 TC_ACT_SHOT);
	if (!rc)
		return 0;
	add_qdisc(b, ifindex, false);
	return bridge_fail_nl(why, rc, "%s: ip= needs the kernel's modules "
			      "sch_ingress, cls_u32 and act_gact", tap);
}
