/* SPDX-License-Identifier: MIT */
#include "vnet.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <string.h>

#define TAGS		2u		/* of 802.1Q and 802.1ad, at most */
#define TCP_HEADER	20u
#define UDP_HEADER	8u
#define EXTENSIONS	8u		/* headers between IPv6's and TCP's */

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

/* ---- layers ------------------------------------------------------------- */

static bool find_v4(const uint8_t *frame, uint32_t len, struct vnet_layers *l)
{
	const uint8_t *ip = frame + l->l3;
	uint32_t header, total;

	if (len - l->l3 < 20 || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 15) * 4;
	total = get16(ip + 2);
	if (header < 20 || total < header || total > len - l->l3)
		return false;
	if (get16(ip + 6) & 0x3fff)	/* a fragment */
		return false;
	l->protocol = ip[9];
	l->l4 = l->l3 + header;
	l->end = l->l3 + total;
	l->v6 = false;
	return true;
}

/* The length of an extension header at p, of which there are 2 bytes at least;
 * 0: it is none that may stand before TCP. */
static uint32_t extension(uint8_t protocol, const uint8_t *p)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (p[1] + 1) * 8;
	case IPPROTO_AH:
		return (p[1] + 2) * 4;
	}
	return 0;
}

static bool find_v6(const uint8_t *frame, uint32_t len, struct vnet_layers *l)
{
	const uint8_t *ip = frame + l->l3;
	uint32_t at, size, i;

	if (len - l->l3 < 40 || ip[0] >> 4 != 6)
		return false;
	l->end = l->l3 + 40 + get16(ip + 4);
	if (l->end > len)
		return false;
	l->protocol = ip[6];
	at = l->l3 + 40;
	for (i = 0; i < EXTENSIONS; i++) {
		if (l->end - at < 2)
			return false;
		size = extension(l->protocol, frame + at);
		if (!size)
			break;
		if (size > l->end - at)
			return false;
		l->protocol = frame[at];
		at += size;
	}
	l->l4 = at;
	l->v6 = true;
	return at <= UINT16_MAX;
}

static bool find_l3(const uint8_t *frame, uint32_t len, struct vnet_layers *l)
{
	uint32_t at = 12, i;
	uint16_t type;

	for (i = 0; i <= TAGS; i++, at += 4) {
		if (at + 2 > len)
			return false;
		type = get16(frame + at);
		if (type != ETH_P_8021Q && type != ETH_P_8021AD)
			break;
	}
	l->l3 = at + 2;
	if (type == ETH_P_IP)
		return find_v4(frame, len, l);
	return type == ETH_P_IPV6 && find_v6(frame, len, l);
}

bool vnet_find_layers(const uint8_t *frame, uint32_t len,
		      struct vnet_layers *l)
{
	uint32_t header;

	if (!find_l3(frame, len, l))
		return false;
	header = l->protocol == IPPROTO_TCP ? TCP_HEADER :
		l->protocol == IPPROTO_UDP ? UDP_HEADER : UINT32_MAX;
	return l->end - l->l4 >= header;
}

/* ---- checksums ---------------------------------------------------------- */

static uint32_t sum_words(const uint8_t *p, uint32_t len, uint32_t sum)
{
	uint64_t wide = sum;

	for (; len > 1; len -= 2, p += 2)
		wide += get16(p);
	if (len)
		wide += *p << 8;
	while (wide >> 32)
		wide = (wide & UINT32_MAX) + (wide >> 32);
	return wide;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static uint32_t checksum_offset(const struct vnet_layers *l)
{
	return l->protocol == IPPROTO_TCP ? 16 : 6;
}

/* Of addresses, length and protocol, which the checksum covers, too. */
static uint16_t pseudo_sum(const uint8_t *frame, const struct vnet_layers *l)
{
	uint32_t addresses = l->v6 ? l->l3 + 8 : l->l3 + 12;
	uint32_t sum = (l->end - l->l4) + l->protocol;

	return fold(sum_words(frame + addresses, l->v6 ? 32 : 8, sum));
}

/* RFC 768: a UDP checksum that comes out as 0 is sent as all ones. */
static void complete(uint8_t *frame, uint32_t start, uint32_t offset,
		     uint32_t end)
{
	uint16_t sum = ~fold(sum_words(frame + start, end - start, 0));

	put16(frame + start + offset, sum || offset != 6 ? sum : 0xffff);
}

/* ---- from the guest ----------------------------------------------------- */

static const char *add_gso(const struct net_tx *tx, const uint8_t *frame,
			   const struct vnet_layers *l,
			   struct virtio_net_hdr *h)
{
	uint32_t header, payload;

	if (l->protocol != IPPROTO_TCP)
		return "GSO without TCP";
	if (l->v6 != (tx->gso.type == XEN_NETIF_GSO_TYPE_TCPV6))
		return "its GSO type is another IP version's";
	header = (frame[l->l4 + 12] >> 4) * 4;
	if (header < TCP_HEADER || header > l->end - l->l4)
		return "its TCP header's length is wrong";
	if (tx->gso.size < VNET_GSO_MIN || tx->gso.size > tx->len)
		return "its GSO size is out of range";
	payload = l->end - l->l4 - header;
	/* What fits into one segment isn't to be cut. */
	if (payload <= tx->gso.size)
		return NULL;
	h->gso_type = l->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 :
		VIRTIO_NET_HDR_GSO_TCPV4;
	h->gso_size = tx->gso.size;
	h->hdr_len = l->l4 + header;
	return NULL;
}

const char *vnet_to_tap(const struct net_tx *tx, uint8_t *frame, uint32_t *len,
			struct virtio_net_hdr *h)
{
	struct vnet_layers l;
	const char *why = NULL;

	memset(h, 0, sizeof(*h));
	if (!tx->csum_blank && !tx->gso.type)
		return NULL;
	if (!vnet_find_layers(frame, *len, &l))
		return "no place for the checksum that is blank";
	if (tx->gso.type)
		why = add_gso(tx, frame, &l, h);
	if (why)
		return why;
	/* The kernel sums up to the frame's end. */
	*len = l.end;
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = l.l4;
	h->csum_offset = checksum_offset(&l);
	put16(frame + l.l4 + h->csum_offset, pseudo_sum(frame, &l));
	return NULL;
}

/* ---- to the guest ------------------------------------------------------- */

/* The guest finds the place by the headers: they have to say the same. */
static bool guest_completes(const struct virtio_net_hdr *h,
			    const uint8_t *frame, uint32_t len,
			    const struct vnet_taste *taste)
{
	struct vnet_layers l;

	return vnet_find_layers(frame, len, &l) && l.l4 == h->csum_start &&
		checksum_offset(&l) == h->csum_offset &&
		(l.v6 ? taste->csum6 : taste->csum4);
}

static bool give_checksum(const struct virtio_net_hdr *h, uint8_t *frame,
			  uint32_t len, const struct vnet_taste *taste,
			  struct net_rx *rx)
{
	if ((uint32_t)h->csum_start + h->csum_offset + 2 > len)
		return false;
	if (guest_completes(h, frame, len, taste)) {
		rx->csum_blank = true;
		return true;
	}
	if (rx->gso.type)
		return false;
	complete(frame, h->csum_start, h->csum_offset, len);
	rx->validated = true;
	return true;
}

static bool give_gso(const struct virtio_net_hdr *h,
		     const struct vnet_taste *taste, struct net_rx *rx)
{
	bool takes = false;

	switch (h->gso_type) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return true;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		rx->gso.type = XEN_NETIF_GSO_TYPE_TCPV4;
		takes = taste->gso4;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		rx->gso.type = XEN_NETIF_GSO_TYPE_TCPV6;
		takes = taste->gso6;
		break;
	}
	rx->gso.size = h->gso_size;
	return takes && h->gso_size &&
		(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
}

bool vnet_from_tap(const struct virtio_net_hdr *h, uint8_t *frame,
		   uint32_t len, const struct vnet_taste *taste,
		   struct net_rx *rx)
{
	*rx = (struct net_rx){ .len = len };
	if (len < NET_HEADER || len > NET_RX_MAX)
		return false;
	if (!give_gso(h, taste, rx))
		return false;
	if (!taste->sg && len > NET_PAGE)
		return false;
	rx->validated = h->flags & VIRTIO_NET_HDR_F_DATA_VALID;
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		return give_checksum(h, frame, len, taste, rx);
	return true;
}

unsigned int vnet_offloads(const struct vnet_taste *taste)
{
	unsigned int flags = 0;

	/* Blank checksums of either IP version come together; those that the
	 * guest doesn't take are completed here. */
	if (taste->csum4 || taste->csum6)
		flags |= TUN_F_CSUM;
	if (taste->sg && taste->csum4 && taste->gso4)
		flags |= TUN_F_TSO4;
	if (taste->sg && taste->csum6 && taste->gso6)
		flags |= TUN_F_TSO6;
	return flags;
}
