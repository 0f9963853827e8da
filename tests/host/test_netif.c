/* SPDX-License-Identifier: MIT */
/*
 * What netback makes of a guest's slots and headers, as pure functions: shapes
 * of packets, lies about them (NB-02, NB-03, NB-04), offloads both ways, the
 * rate limit by a clock that the test turns, groups, and the log of answers cut
 * at each step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/if_tun.h>
#include <string.h>
#include "backends/netback/answers.h"
#include "backends/netback/mcast.h"
#include "backends/netback/netif.h"
#include "backends/netback/rate.h"
#include "backends/netback/vnet.h"

#define MORE	NETTXF_more_data
#define EXTRA	NETTXF_extra_info

static struct netif_tx_request data(uint16_t flags, uint16_t offset,
				    uint16_t size)
{
	static uint16_t id = 7;

	id++;
	return (struct netif_tx_request){ .gref = 100u + id, .offset = offset,
					  .flags = flags, .id = id,
					  .size = size };
}

static struct netif_tx_request extra(uint8_t type, uint8_t flags,
				     const void *u)
{
	struct netif_extra_info e = { .type = type, .flags = flags };
	struct netif_tx_request slot = { 0 };

	if (u)
		memcpy(&e.u, u, 6);
	memcpy(&slot, &e, sizeof(e));
	return slot;
}

static struct netif_tx_request gso(uint8_t type, uint16_t size, uint8_t flags)
{
	uint8_t u[6] = { size, size >> 8, type };

	return extra(XEN_NETIF_EXTRA_TYPE_GSO, flags, u);
}

/* ---- shapes of packets -------------------------------------------------- */

static void one_slot(void **state)
{
	struct netif_tx_request s = data(NETTXF_csum_blank, 10, 60);
	struct net_tx tx;

	(void)state;
	assert_int_equal(netif_parse_tx(&s, 1, &tx), 1);
	assert_int_equal(tx.kind, NET_TX_FRAME);
	assert_true(tx.csum_blank);
	assert_int_equal(tx.len, 60);
	assert_int_equal(tx.pieces, 1);
	assert_int_equal(tx.piece[0].ref, s.gref);
	assert_int_equal(tx.piece[0].offset, 10);
	assert_int_equal(tx.piece[0].len, 60);
	assert_int_equal(netif_parse_tx(&s, 0, &tx), 0);
}

/* The first slot's size is the whole packet's. */
static void several_slots(void **state)
{
	struct netif_tx_request s[] = {
		data(MORE, 96, 4000 + 4096 + 100), data(MORE, 0, 4096),
		data(MORE, 5, 0), data(0, 50, 100), data(0, 0, 60) };
	struct netif_tx_response rsp;
	uint64_t answer[5] = { 1, 1, 1, 1, 77 };
	struct net_tx tx;
	unsigned int i;

	(void)state;
	assert_int_equal(netif_parse_tx(s, 5, &tx), 4);
	assert_int_equal(tx.kind, NET_TX_FRAME);
	assert_int_equal(tx.pieces, 3);
	assert_int_equal(tx.len, 8196);
	assert_int_equal(tx.piece[0].len, 4000);
	assert_int_equal(tx.piece[1].len, 4096);
	assert_int_equal(tx.piece[2].ref, s[3].gref);
	netif_answer_tx(s, &tx, NETIF_RSP_DROPPED, answer);
	for (i = 0; i < 4; i++) {
		memcpy(&rsp, &answer[i], sizeof(rsp));
		assert_int_equal(rsp.id, s[i].id);
		assert_int_equal(rsp.status, NETIF_RSP_DROPPED);
	}
	assert_int_equal(answer[4], 77);
}

static void with_gso(void **state)
{
	struct netif_tx_request s[] = {
		data(MORE | EXTRA, 0, 6000), gso(1, 1448, 0),
		data(0, 0, 3000) };
	struct netif_tx_response rsp;
	uint64_t answer[3];
	struct net_tx tx;

	(void)state;
	assert_int_equal(netif_parse_tx(s, 3, &tx), 3);
	assert_int_equal(tx.kind, NET_TX_FRAME);
	assert_int_equal(tx.gso.type, XEN_NETIF_GSO_TYPE_TCPV4);
	assert_int_equal(tx.gso.size, 1448);
	assert_int_equal(tx.pieces, 2);
	assert_int_equal(tx.piece[0].len, 3000);
	netif_answer_tx(s, &tx, NETIF_RSP_OKAY, answer);
	memcpy(&rsp, &answer[1], sizeof(rsp));
	assert_int_equal(rsp.status, NETIF_RSP_NULL);
	memcpy(&rsp, &answer[2], sizeof(rsp));
	assert_int_equal(rsp.id, s[2].id);
	assert_int_equal(rsp.status, NETIF_RSP_OKAY);
}

/* A packet of so many slots is bad, and takes all of them. */
static void is_bad(const struct netif_tx_request *s, unsigned int n)
{
	struct net_tx tx;

	assert_int_equal(netif_parse_tx(s, n, &tx), n);
	assert_int_equal(tx.kind, NET_TX_BAD);
	assert_non_null(tx.why);
	assert_int_equal(tx.slots, n);
}

static void bad_sizes(void **state)
{
	static const struct {
		uint16_t offset, size;
	} one[] = { { 0, 0 }, { 0, 13 }, { 0, 65535 }, { 0, 4097 },
		    { 4096, 60 }, { 4037, 60 }, { 65535, 60 },
		    { 65535, 65535 } };
	struct netif_tx_request s[3];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
		s[0] = data(0, one[i].offset, one[i].size);
		is_bad(s, 1);
		/* The same as a later piece of a packet that is long enough. */
		s[0] = data(MORE, 0, 65535);
		s[1] = data(0, one[i].offset, one[i].size);
		is_bad(s, 2);
	}
	s[0] = data(MORE, 0, 99);
	s[1] = data(0, 0, 100);
	is_bad(s, 2);
	s[0] = data(MORE, 0, 60);
	s[1] = data(MORE, 0, 65535);
	s[2] = data(0, 0, 65535);
	is_bad(s, 3);
}

static void chains(void **state)
{
	struct netif_tx_request s[256];
	struct net_tx tx;
	unsigned int i;

	(void)state;
	for (i = 0; i < 256; i++)
		s[i] = data(MORE, 0, 100);
	s[0].size = 1800;
	/* Never completed. */
	for (i = 1; i <= 256; i++)
		assert_int_equal(netif_parse_tx(s, i, &tx), 0);
	s[17].flags = 0;
	assert_int_equal(netif_parse_tx(s, 256, &tx), 18);
	assert_int_equal(tx.kind, NET_TX_FRAME);
	assert_int_equal(tx.pieces, 18);
	s[17].flags = MORE;
	s[18].flags = 0;
	s[0].size = 1900;
	is_bad(s, 19);
	s[18].flags = MORE;
	s[255].flags = 0;
	s[0].size = 25600;
	is_bad(s, 256);
	s[100].flags = EXTRA;
	is_bad(s, 101);
}

static void bad_extras(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 1, 2, 3 };
	static const uint8_t single[6] = { 0, 0x16, 0x3e, 1, 2, 3 };
	struct netif_tx_request s[256];
	struct net_tx tx;
	unsigned int type, i;

	(void)state;
	s[0] = data(EXTRA, 0, 100);
	assert_int_equal(netif_parse_tx(s, 1, &tx), 0);
	for (type = 0; type < 256; type++) {
		s[1] = extra(type, 0, NULL);
		is_bad(s, 2);
	}
	s[1] = gso(3, 1448, 0);
	is_bad(s, 2);
	s[1] = gso(1, 0, 0);
	is_bad(s, 2);
	s[1] = gso(1, 1448, 1);
	s[2] = gso(1, 1448, 0);
	is_bad(s, 3);
	s[1] = extra(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 0, single);
	is_bad(s, 2);
	s[0] = data(EXTRA | MORE, 0, 100);
	s[1] = extra(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 0, group);
	s[2] = data(0, 0, 50);
	is_bad(s, 3);
	/* Endless. */
	for (i = 1; i < 256; i++)
		s[i] = gso(1, 1448, 1);
	assert_int_equal(netif_parse_tx(s, 256, &tx), 0);
	s[255] = gso(1, 1448, 0);
	s[0] = data(EXTRA, 0, 100);
	is_bad(s, 256);
}

static void changes_of_groups(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 1, 2, 3 };
	struct netif_tx_request s[2] = { data(EXTRA, 0, 0) };
	struct net_tx tx;

	(void)state;
	s[1] = extra(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 0, group);
	assert_int_equal(netif_parse_tx(s, 2, &tx), 2);
	assert_int_equal(tx.kind, NET_TX_MCAST);
	assert_true(tx.mcast_add);
	assert_memory_equal(tx.mcast, group, 6);
	s[1] = extra(XEN_NETIF_EXTRA_TYPE_MCAST_DEL, 0, group);
	assert_int_equal(netif_parse_tx(s, 2, &tx), 2);
	assert_false(tx.mcast_add);
}

/* ---- to the guest ------------------------------------------------------- */

static void rx_layout(void **state)
{
	struct net_rx rx = { .len = 9000, .csum_blank = true,
			     .gso = { XEN_NETIF_GSO_TYPE_TCPV6, 1400 } };
	struct netif_rx_request s[4] = { { 1, 0, 11 }, { 2, 0, 22 },
					 { 3, 0, 33 }, { 4, 0, 44 } };
	union {
		uint64_t word;
		struct netif_rx_response rsp;
		struct netif_extra_info extra;
	} a[4];
	static const uint16_t id[4] = { 1, 2, 3, 4 };
	struct net_piece piece[4];
	uint64_t answer[4];

	(void)state;
	assert_int_equal(netif_rx_slots(&rx), 4);
	assert_int_equal(netif_fill_rx(s, &rx, piece, answer), 3);
	memcpy(a, answer, sizeof(a));
	assert_int_equal(a[0].rsp.id, 1);
	assert_int_equal(a[0].rsp.status, 4096);
	assert_int_equal(a[0].rsp.offset, 0);
	assert_int_equal(a[0].rsp.flags, NETRXF_csum_blank | NETRXF_more_data |
			 NETRXF_data_validated | NETRXF_extra_info);
	assert_int_equal(a[1].extra.type, XEN_NETIF_EXTRA_TYPE_GSO);
	assert_int_equal(a[1].extra.flags, 0);
	assert_int_equal(a[1].extra.u.gso.size, 1400);
	assert_int_equal(a[1].extra.u.gso.type, XEN_NETIF_GSO_TYPE_TCPV6);
	assert_int_equal(a[2].rsp.id, 3);
	assert_int_equal(a[2].rsp.flags, NETRXF_more_data);
	assert_int_equal(a[3].rsp.id, 4);
	assert_int_equal(a[3].rsp.flags, 0);
	assert_int_equal(a[3].rsp.status, 9000 - 8192);
	/* The extra info's buffer gets no data. */
	assert_int_equal(piece[0].ref, 11);
	assert_int_equal(piece[1].ref, 33);
	assert_int_equal(piece[2].ref, 44);
	assert_int_equal(piece[2].len, 9000 - 8192);

	netif_fail_rx(id, 4, answer);
	memcpy(a, answer, sizeof(a));
	assert_int_equal(a[1].rsp.id, 2);
	assert_int_equal(a[1].rsp.status, NETIF_RSP_ERROR);
	assert_int_equal(a[0].rsp.flags, 0);
	rx = (struct net_rx){ .len = 60 };
	assert_int_equal(netif_rx_slots(&rx), 1);
	rx.len = NET_RX_MAX;
	rx.gso.type = XEN_NETIF_GSO_TYPE_TCPV4;
	assert_true(netif_rx_slots(&rx) <= NET_PIECES);
}

/* ---- frames ------------------------------------------------------------- */

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

/* Of one's complement, as RFC 1071 says; slow and apart from what is tested. */
static unsigned int sum(const uint8_t *p, unsigned int len, unsigned int s)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		s += i & 1 ? p[i] : p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

/* An IPv4 frame, or IPv6, with so much data after its TCP (20 bytes) or UDP
 * header. Returns its length; *l4: where that header is. */
static unsigned int make(uint8_t *f, bool v6, bool tagged, uint8_t protocol,
			 unsigned int bytes, unsigned int *l4)
{
	unsigned int header = protocol == 6 ? 20 : 8, l3 = tagged ? 18 : 14;
	unsigned int i, end;

	*l4 = l3 + (v6 ? 40 : 20);
	end = *l4 + header + bytes;
	for (i = 0; i < end; i++)
		f[i] = i * 7 + 3;
	if (tagged) {
		put16(f + 12, 0x8100);
		put16(f + 14, 5);
	}
	put16(f + l3 - 2, v6 ? 0x86dd : 0x0800);
	f[l3] = v6 ? 0x60 : 0x45;
	if (v6) {
		put16(f + l3 + 4, header + bytes);
		f[l3 + 6] = protocol;
	} else {
		put16(f + l3 + 2, end - l3);
		put16(f + l3 + 6, 0x4000);
		f[l3 + 9] = protocol;
	}
	if (protocol == 6)
		f[*l4 + 12] = 0x50;
	else
		put16(f + *l4 + 4, 8 + bytes);
	return end;
}

static unsigned int pseudo(const uint8_t *f, bool v6, unsigned int l4,
			   unsigned int end, uint8_t protocol)
{
	unsigned int bytes = v6 ? 32 : 8;

	return sum(f + l4 - bytes, bytes, end - l4 + protocol);
}

static uint8_t frame[70000];

static void to_tap_checksum(void **state)
{
	unsigned int kind, l4;

	(void)state;
	for (kind = 0; kind < 8; kind++) {
		bool v6 = kind & 1, tagged = kind & 2;
		uint8_t protocol = kind & 4 ? 17 : 6;
		unsigned int end = make(frame, v6, tagged, protocol, 101, &l4);
		unsigned int offset = protocol == 6 ? 16 : 6;
		struct net_tx tx = { .len = end + 9, .csum_blank = true };
		struct virtio_net_hdr h;
		uint32_t len = end + 9;		/* bytes after the packet */

		assert_null(vnet_to_tap(&tx, frame, &len, &h));
		assert_int_equal(len, end);
		assert_int_equal(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(h.gso_type, VIRTIO_NET_HDR_GSO_NONE);
		assert_int_equal(h.csum_start, l4);
		assert_int_equal(h.csum_offset, offset);
		assert_int_equal(frame[l4 + offset] << 8 |
				 frame[l4 + offset + 1],
				 pseudo(frame, v6, l4, end, protocol));
	}
}

static void to_tap_plain(void **state)
{
	struct net_tx tx = { .len = 60 };
	struct virtio_net_hdr h, zero = { 0 };
	uint8_t before[60];
	uint32_t len = 60;

	(void)state;
	memcpy(before, frame, 60);
	assert_null(vnet_to_tap(&tx, frame, &len, &h));
	assert_memory_equal(&h, &zero, sizeof(h));
	assert_memory_equal(frame, before, 60);
	assert_int_equal(len, 60);
}

static const char *try_gso(unsigned int end, uint8_t type, uint16_t size,
			   struct virtio_net_hdr *h)
{
	struct net_tx tx = { .len = end, .csum_blank = true,
			     .gso = { type, size } };
	uint32_t len = end;

	return vnet_to_tap(&tx, frame, &len, h);
}

static void to_tap_gso(void **state)
{
	struct virtio_net_hdr h;
	unsigned int l4, end;

	(void)state;
	end = make(frame, false, false, 6, 30000, &l4);
	assert_null(try_gso(end, 1, 1448, &h));
	assert_int_equal(h.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(h.gso_size, 1448);
	assert_int_equal(h.hdr_len, l4 + 20);
	assert_int_equal(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	end = make(frame, true, true, 6, 30000, &l4);
	assert_null(try_gso(end, 2, 1428, &h));
	assert_int_equal(h.gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
	assert_int_equal(h.hdr_len, l4 + 20);
	/* What fits into a segment is none of several. */
	end = make(frame, false, false, 6, 1000, &l4);
	assert_null(try_gso(end, 1, 1000, &h));
	assert_int_equal(h.gso_type, VIRTIO_NET_HDR_GSO_NONE);
	assert_int_equal(h.gso_size, 0);
}

/* NB-04 */
static void gso_lies(void **state)
{
	struct virtio_net_hdr h;
	unsigned int l4, end = make(frame, false, false, 6, 3000, &l4);

	(void)state;
	assert_non_null(try_gso(end, 2, 1448, &h));	/* v6 on v4 */
	assert_non_null(try_gso(end, 1, end + 1, &h));
	assert_non_null(try_gso(end, 1, VNET_GSO_MIN - 1, &h));
	frame[l4 + 12] = 0x40;				/* TCP of 16 bytes */
	assert_non_null(try_gso(end, 1, 1448, &h));
	end = make(frame, false, false, 6, 30, &l4);
	frame[l4 + 12] = 0xf0;				/* beyond the end */
	assert_non_null(try_gso(end, 1, 50, &h));
	end = make(frame, false, false, 17, 3000, &l4);
	assert_non_null(try_gso(end, 1, 1448, &h));	/* UDP */
	end = make(frame, true, false, 6, 3000, &l4);
	assert_non_null(try_gso(end, 1, 1448, &h));	/* v4 on v6 */
}

static const char *try_blank(unsigned int end)
{
	struct net_tx tx = { .len = end, .csum_blank = true };
	struct virtio_net_hdr h;
	uint32_t len = end;
	/* Bytes beyond the frame are somebody else's. */
	uint8_t *copy = test_malloc(end);
	const char *why;

	memcpy(copy, frame, end);
	why = vnet_to_tap(&tx, copy, &len, &h);
	assert_true(len <= end);
	test_free(copy);
	return why;
}

static void blank_outside(void **state)
{
	unsigned int l4, cut, end;
	bool v6;

	(void)state;
	for (v6 = false;; v6 = true) {
		end = make(frame, v6, true, 6, 40, &l4);
		assert_null(try_blank(end));
		for (cut = 14; cut < end; cut++)
			assert_non_null(try_blank(cut));
		if (v6)
			break;
	}
	end = make(frame, false, false, 6, 40, &l4);
	put16(frame + 12, 0x0806);			/* ARP */
	assert_non_null(try_blank(end));
	end = make(frame, false, false, 1, 40, &l4);	/* ICMP */
	assert_non_null(try_blank(end));
	end = make(frame, false, false, 6, 40, &l4);
	put16(frame + 20, 0x2000);			/* a fragment */
	assert_non_null(try_blank(end));
	put16(frame + 20, 0x0001);
	assert_non_null(try_blank(end));
	end = make(frame, false, false, 6, 40, &l4);
	frame[14] = 0x44;				/* a header of 16 */
	assert_non_null(try_blank(end));
	frame[14] = 0x4f;				/* of 60: no room for TCP */
	put16(frame + 16, 79);
	assert_non_null(try_blank(end));
	frame[14] = 0x55;				/* version 5 */
	assert_non_null(try_blank(end));
}

static void v6_extensions(void **state)
{
	unsigned int l4, end = make(frame, true, false, 6, 100, &l4);
	struct net_tx tx = { .len = end, .csum_blank = true };
	struct virtio_net_hdr h;
	uint32_t len = end;

	(void)state;
	/* Hop by hop of 8 bytes, destination options of 16, then TCP. */
	frame[14 + 6] = 0;
	frame[54] = 60;
	frame[55] = 0;
	frame[62] = 6;
	frame[63] = 1;
	frame[78 + 12] = 0x50;
	assert_null(vnet_to_tap(&tx, frame, &len, &h));
	assert_int_equal(h.csum_start, 78);
	assert_int_equal(frame[94] << 8 | frame[95],
			 sum(frame + 22, 32, end - 78 + 6));
	frame[62] = 44;				/* a fragment's header */
	assert_non_null(try_blank(end));
	frame[62] = 60;				/* as long as all that is left */
	frame[63] = 255;
	assert_non_null(try_blank(end));
	memset(frame + 54, 0, end - 54);	/* hop by hop without end */
	assert_non_null(try_blank(end));
}

static const struct vnet_taste all = { true, true, true, true, true };

static void from_tap_checksum(void **state)
{
	struct vnet_taste none = { .sg = true };
	unsigned int kind, l4;

	(void)state;
	for (kind = 0; kind < 4; kind++) {
		uint8_t protocol = kind & 2 ? 17 : 6;
		unsigned int end = make(frame, kind & 1, false, protocol, 77,
					&l4);
		unsigned int offset = protocol == 6 ? 16 : 6;
		struct virtio_net_hdr h = {
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.csum_start = l4, .csum_offset = offset };
		struct net_rx rx;

		put16(frame + l4 + offset,
		      pseudo(frame, kind & 1, l4, end, protocol));
		assert_true(vnet_from_tap(&h, frame, end, &all, &rx));
		assert_true(rx.csum_blank);
		/* A guest that can't gets a whole one. */
		assert_true(vnet_from_tap(&h, frame, end, &none, &rx));
		assert_false(rx.csum_blank);
		assert_true(rx.validated);
		assert_int_equal(sum(frame + l4, end - l4,
				     pseudo(frame, kind & 1, l4, end,
					    protocol)), 0xffff);
	}
}

static void from_tap_elsewhere(void **state)
{
	unsigned int l4, end = make(frame, false, false, 47, 100, &l4);
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				    .csum_start = 80, .csum_offset = 16 };
	struct net_rx rx;

	(void)state;
	/* A tunnel's inner TCP: the guest wouldn't find it. */
	put16(frame + 96, 0);
	assert_true(vnet_from_tap(&h, frame, end, &all, &rx));
	assert_false(rx.csum_blank);
	assert_int_equal(sum(frame + 80, end - 80, 0), 0xffff);
	h.csum_start = end - 17;
	assert_false(vnet_from_tap(&h, frame, end, &all, &rx));
	h.csum_start = 65535;
	h.csum_offset = 65535;
	assert_false(vnet_from_tap(&h, frame, end, &all, &rx));
}

static void from_tap_gso(void **state)
{
	unsigned int l4, end = make(frame, true, false, 6, 9000, &l4);
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
				    .gso_type = VIRTIO_NET_HDR_GSO_TCPV6,
				    .gso_size = 1400, .csum_start = l4,
				    .csum_offset = 16 };
	struct vnet_taste less = all;
	struct net_rx rx;

	(void)state;
	assert_true(vnet_from_tap(&h, frame, end, &all, &rx));
	assert_int_equal(rx.gso.type, XEN_NETIF_GSO_TYPE_TCPV6);
	assert_int_equal(rx.gso.size, 1400);
	assert_true(rx.csum_blank);
	less.gso6 = false;
	assert_false(vnet_from_tap(&h, frame, end, &less, &rx));
	h.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	assert_false(vnet_from_tap(&h, frame, end, &all, &rx));
	h.gso_type = VIRTIO_NET_HDR_GSO_NONE;
	less.sg = false;
	assert_false(vnet_from_tap(&h, frame, end, &less, &rx));
	assert_false(vnet_from_tap(&h, frame, 13, &all, &rx));
}

static void offloads(void **state)
{
	struct vnet_taste t = all;

	(void)state;
	assert_int_equal(vnet_offloads(&t),
			 TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6);
	t.csum4 = false;
	assert_int_equal(vnet_offloads(&t), TUN_F_CSUM | TUN_F_TSO6);
	t.sg = false;
	assert_int_equal(vnet_offloads(&t), TUN_F_CSUM);
	t.csum6 = false;
	assert_int_equal(vnet_offloads(&t), 0);
}

/* ---- rate, groups ------------------------------------------------------- */

static void rate(void **state)
{
	uint64_t now = 1000, sent = 0, wait;
	struct rate r;

	(void)state;
	rate_init(&r, 0, 0, now);
	assert_int_equal(rate_take(&r, 65535, now), 0);
	/* 10,000 bytes in 1 ms, by packets of 1,500: exact over 10 s. */
	rate_init(&r, 10000, 1000, now);
	while (now < 1000 + 10000000) {
		wait = rate_take(&r, 1500, now);
		assert_true(wait <= 1000);
		if (wait)
			now += wait;
		else
			sent += 1500;
	}
	assert_in_range(sent, 100000000 - 10000, 100000000 + 10000 + 1500);
	/* Nothing is saved up in an hour. */
	now += 3600000000ull;
	for (sent = 0; !rate_take(&r, 1500, now);)
		sent += 1500;
	assert_int_equal(sent, 10500);
}

static void rate_tiny(void **state)
{
	uint64_t now = 0, wait, waits = 0;
	struct rate r;

	(void)state;
	/* A byte in 50 ms: the longest packet goes, and is paid for. */
	rate_init(&r, 1, 0, now);
	assert_int_equal(rate_take(&r, 65535, now), 0);
	while ((wait = rate_take(&r, 1, now))) {
		assert_true(wait <= 50000);
		now += wait;
		waits++;
	}
	assert_int_equal(waits, 65535);
	rate_init(&r, UINT64_MAX, UINT32_MAX, 0);
	assert_int_equal(rate_take(&r, 65535, UINT64_MAX / 2), 0);
}

static void groups(void **state)
{
	uint8_t a[6] = { 1, 0, 0x5e, 0, 0, 0 }, single[6] = { 0 };
	uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	struct mcast m = { .chosen = false };
	unsigned int i;

	(void)state;
	assert_true(mcast_wants(&m, a));
	m.chosen = true;
	assert_false(mcast_wants(&m, a));
	assert_true(mcast_wants(&m, single));
	assert_true(mcast_wants(&m, broadcast));
	for (i = 0; i < MCAST_MAX; i++) {
		a[5] = i;
		assert_true(mcast_add(&m, a));
	}
	assert_true(mcast_add(&m, a));
	a[4] = 1;
	assert_false(mcast_add(&m, a));
	assert_false(mcast_del(&m, a));
	a[4] = 0;
	for (i = 0; i < MCAST_MAX; i++) {
		a[5] = i;
		assert_true(mcast_wants(&m, a));
		assert_true(mcast_del(&m, a));
		assert_false(mcast_wants(&m, a));
	}
	assert_int_equal(m.count, 0);
}

/* ---- answers ------------------------------------------------------------ */

static union {
	uint8_t bytes[4096];
	struct ring_head head;
} page __attribute__((aligned(4096)));

static uint16_t id_at(unsigned int index)
{
	uint16_t id;

	memcpy(&id, page.bytes + 64 + (index & 255) * 12, 2);
	return id;
}

/* A process that dies at any moment of answering 10 requests leaves the log,
 * the slots and the index in one of these ways. */
static void death_while_answering(void **state)
{
	static const uint64_t stale = 0x4444;
	unsigned int step, i;

	(void)state;
	for (step = 0; step < 13; step++) {
		struct answers log = { 0 };
		uint64_t answer[10];
		struct ring r;

		memset(&page, 0, sizeof(page));
		page.head.rsp_prod = 250;
		page.head.req_prod = 270;
		ring_init(&r, &page, 4096, 12);
		for (i = 0; i < 256; i++)
			memcpy(page.bytes + 64 + i * 12, &stale, 2);
		for (i = 0; i < 10; i++)
			answer[i] = 100 + i;
		if (step > 0) {		/* the log is whole */
			memcpy(log.answer, answer, sizeof(answer));
			log.span = (uint64_t)10 << 32 | 250;
		}
		for (i = 0; i + 1 < step && i < 10; i++)
			memcpy(page.bytes + 64 + ((250 + i) & 255) * 12,
			       &answer[i], 4);
		if (step == 12)		/* the guest knows */
			page.head.rsp_prod = 260;
		assert_int_equal(answers_recover(&log, &r, 4), 0);
		assert_int_equal(log.span, 0);
		assert_int_equal(r.req_cons, step ? 260 : 250);
		assert_int_equal(r.rsp_prod, r.req_cons);
		assert_int_equal(page.head.rsp_prod, r.rsp_prod);
		for (i = 0; i < 10; i++)
			assert_int_equal(id_at(250 + i),
					 step ? 100 + i : stale);
		assert_int_equal(ring_peek(&r), 270 - r.req_cons);
	}
}

static void answers_that_contradict(void **state)
{
	struct answers log = { .span = (uint64_t)10 << 32 | 250 };
	struct ring r;

	(void)state;
	memset(&page, 0, sizeof(page));
	page.head.rsp_prod = 255;
	ring_init(&r, &page, 4096, 12);
	assert_int_equal(answers_recover(&log, &r, 4), -1);
	log.span = (uint64_t)257 << 32 | 255;
	assert_int_equal(answers_recover(&log, &r, 4), -1);
	log.span = (uint64_t)UINT32_MAX << 32 | 255;
	assert_int_equal(answers_recover(&log, &r, 4), -1);
	answers_forget(&log);
	assert_int_equal(answers_recover(&log, &r, 4), 0);
	assert_int_equal(r.req_cons, 255);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_slot),
		cmocka_unit_test(several_slots),
		cmocka_unit_test(with_gso),
		cmocka_unit_test(bad_sizes),
		cmocka_unit_test(chains),
		cmocka_unit_test(bad_extras),
		cmocka_unit_test(changes_of_groups),
		cmocka_unit_test(rx_layout),
		cmocka_unit_test(to_tap_checksum),
		cmocka_unit_test(to_tap_plain),
		cmocka_unit_test(to_tap_gso),
		cmocka_unit_test(gso_lies),
		cmocka_unit_test(blank_outside),
		cmocka_unit_test(v6_extensions),
		cmocka_unit_test(from_tap_checksum),
		cmocka_unit_test(from_tap_elsewhere),
		cmocka_unit_test(from_tap_gso),
		cmocka_unit_test(offloads),
		cmocka_unit_test(rate),
		cmocka_unit_test(rate_tiny),
		cmocka_unit_test(groups),
		cmocka_unit_test(death_while_answering),
		cmocka_unit_test(answers_that_contradict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
