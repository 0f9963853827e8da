/* SPDX-License-Identifier: MIT */
#include "netif.h"

#include <string.h>

static void bad(struct net_tx *tx, const char *why)
{
	if (tx->kind == NET_TX_BAD)
		return;
	tx->kind = NET_TX_BAD;
	tx->why = why;
}

/* ---- extra infos -------------------------------------------------------- */

static void read_gso(const struct netif_extra_info *e, struct net_tx *tx)
{
	if (e->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV4 &&
	    e->u.gso.type != XEN_NETIF_GSO_TYPE_TCPV6)
		bad(tx, "its GSO type is unknown");
	if (!e->u.gso.size)
		bad(tx, "its GSO size is 0");
	tx->gso.type = e->u.gso.type;
	tx->gso.size = e->u.gso.size;
}

static void read_mcast(const struct netif_extra_info *e, struct net_tx *tx)
{
	if (!(e->u.mcast.addr[0] & 1))
		bad(tx, "it lists an address that is no group's");
	if (tx->kind == NET_TX_FRAME)
		tx->kind = NET_TX_MCAST;
	tx->mcast_add = e->type == XEN_NETIF_EXTRA_TYPE_MCAST_ADD;
	memcpy(tx->mcast, e->u.mcast.addr, sizeof(tx->mcast));
}

static void read_extra(const struct netif_extra_info *e, struct net_tx *tx,
		       uint32_t *seen)
{
	uint32_t bit = e->type < 32 ? 1u << e->type : 0;

	if (*seen & bit)
		bad(tx, "it has two extra infos of a kind");
	*seen |= bit;
	switch (e->type) {
	case XEN_NETIF_EXTRA_TYPE_GSO:
		read_gso(e, tx);
		break;
	case XEN_NETIF_EXTRA_TYPE_MCAST_ADD:
	case XEN_NETIF_EXTRA_TYPE_MCAST_DEL:
		read_mcast(e, tx);
		break;
	default:
		/* Hashes belong to a control ring, which isn't offered. */
		bad(tx, "it has an extra info that was not offered");
	}
}

/* Where the extra infos end; 0: beyond count. */
static unsigned int read_extras(const struct netif_tx_request *slot,
				unsigned int count, struct net_tx *tx)
{
	struct netif_extra_info e;
	unsigned int at = 1;
	uint32_t seen = 0;

	do {
		if (at == count)
			return 0;
		memcpy(&e, &slot[at++], sizeof(e));
		read_extra(&e, tx, &seen);
	} while (e.flags & XEN_NETIF_EXTRA_FLAG_MORE);
	return at;
}

/* ---- pieces ------------------------------------------------------------- */

/* rest: bytes in the pieces after the first, which then has what is left of
 * the whole packet's size. */
static void add_piece(struct net_tx *tx, const struct netif_tx_request *slot,
		      uint32_t len)
{
	if (slot->offset > NET_PAGE || len > NET_PAGE - slot->offset)
		bad(tx, "a piece crosses its page's end");
	else if (tx->pieces == NET_PIECES)
		bad(tx, "it takes too many slots");
	else
		tx->piece[tx->pieces++] = (struct net_piece){
			slot->gref, slot->offset, len };
}

static uint32_t size_of_rest(const struct netif_tx_request *slot,
			     unsigned int from, unsigned int to)
{
	uint32_t sum = 0;

	for (; from < to; from++)
		sum += slot[from].size;
	return sum;
}

static void read_pieces(const struct netif_tx_request *slot, unsigned int from,
			struct net_tx *tx)
{
	uint32_t rest = size_of_rest(slot, from, tx->slots);
	unsigned int i;

	tx->len = slot[0].size;
	if (tx->len < NET_HEADER)
		bad(tx, "it is shorter than its header");
	if (rest > tx->len) {
		bad(tx, "its pieces are longer than itself");
		return;
	}
	if (rest < tx->len)
		add_piece(tx, &slot[0], tx->len - rest);
	for (i = from; i < tx->slots && tx->kind == NET_TX_FRAME; i++)
		if (slot[i].size)
			add_piece(tx, &slot[i], slot[i].size);
}

unsigned int netif_parse_tx(const struct netif_tx_request *slot,
			    unsigned int count, struct net_tx *tx)
{
	unsigned int at = 1, from;
	bool more;

	memset(tx, 0, sizeof(*tx));
	if (!count)
		return 0;
	if (slot[0].flags & NETTXF_extra_info)
		at = read_extras(slot, count, tx);
	if (!at)
		return 0;
	tx->extras = at - 1;
	for (from = at, more = slot[0].flags & NETTXF_more_data; more; at++) {
		if (at == count)
			return 0;
		more = slot[at].flags & NETTXF_more_data;
		if (slot[at].flags & NETTXF_extra_info)
			bad(tx, "an extra info follows a later piece");
	}
	tx->slots = at;
	tx->csum_blank = slot[0].flags & NETTXF_csum_blank;
	if (tx->kind == NET_TX_FRAME)
		read_pieces(slot, from, tx);
	else if (tx->kind == NET_TX_MCAST && at != from)
		bad(tx, "a change of the list has data");
	return at;
}

void netif_answer_tx(const struct netif_tx_request *slot,
		     const struct net_tx *tx, int16_t status, uint64_t *answer)
{
	unsigned int i;

	for (i = 0; i < tx->slots; i++) {
		struct netif_tx_response rsp = { slot[i].id, status };

		/* An extra info has no id; its slot only has to be filled. */
		if (i >= 1 && i <= tx->extras)
			rsp = (struct netif_tx_response){ 0, NETIF_RSP_NULL };
		answer[i] = 0;
		memcpy(&answer[i], &rsp, sizeof(rsp));
	}
}

/* ---- to the guest ------------------------------------------------------- */

static unsigned int pages_of(uint32_t len)
{
	return len ? (len + NET_PAGE - 1) / NET_PAGE : 1;
}

unsigned int netif_rx_slots(const struct net_rx *rx)
{
	return pages_of(rx->len) + (rx->gso.type ? 1 : 0);
}

static uint64_t gso_info(const struct net_gso *gso)
{
	struct netif_extra_info e = { .type = XEN_NETIF_EXTRA_TYPE_GSO };
	uint64_t word;

	e.u.gso.size = gso->size;
	e.u.gso.type = gso->type;
	memcpy(&word, &e, sizeof(word));
	return word;
}

static uint64_t rx_answer(uint16_t id, uint16_t flags, int16_t status)
{
	struct netif_rx_response rsp = { .id = id, .flags = flags,
					 .status = status };
	uint64_t word;

	memcpy(&word, &rsp, sizeof(word));
	return word;
}

static uint16_t first_flags(const struct net_rx *rx)
{
	return (rx->csum_blank ? NETRXF_csum_blank : 0) |
		(rx->csum_blank || rx->validated ? NETRXF_data_validated : 0) |
		(rx->gso.type ? NETRXF_extra_info : 0);
}

unsigned int netif_fill_rx(const struct netif_rx_request *slot,
			   const struct net_rx *rx, struct net_piece *piece,
			   uint64_t *answer)
{
	unsigned int at = 0, pieces = 0, pages = pages_of(rx->len);
	uint32_t left = rx->len;

	while (pieces < pages) {
		uint16_t len = left < NET_PAGE ? left : NET_PAGE;
		uint16_t flags = pieces ? 0 : first_flags(rx);

		left -= len;
		piece[pieces++] = (struct net_piece){ slot[at].gref, 0, len };
		if (pieces < pages)
			flags |= NETRXF_more_data;
		answer[at] = rx_answer(slot[at].id, flags, len);
		at++;
		if (flags & NETRXF_extra_info)
			answer[at++] = gso_info(&rx->gso);
	}
	return pieces;
}

void netif_fail_rx(const uint16_t *id, unsigned int slots, uint64_t *answer)
{
	unsigned int i;

	for (i = 0; i < slots; i++)
		answer[i] = rx_answer(id[i], 0, NETIF_RSP_ERROR);
}
