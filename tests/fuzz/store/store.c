/* SPDX-License-Identifier: MIT */
/*
 * Any messages from two guests and dom0, any bytes and indices in a guest's
 * ring, and domains that come and go. After each step the tree, the watches and
 * the counts of nodes must be right; at the end nothing may be left.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../host/store_rig.h"

#define GUESTS	2

static const uint8_t *in;
static size_t left;

static uint8_t byte(void)
{
	if (!left)
		return 0;
	left--;
	return *in++;
}

static const char *const words[] = {
	"/", "/a", "/a/b", "/a/b/c", "a", "a/b", "a/b/c", "b", "/b",
	"/local/domain/1", "/local/domain/1/a", "/local/domain/2/a",
	"/local/domain/2", "@releaseDomain", "@introduceDomain", "@x",
	"@releaseDomain/1", "n0", "n1", "n2", "b1", "r2", "w1", "T", "F", "0",
	"1", "2", "5", "4096", "", "//", "a/", "token", "check", "quota",
	"/tool", "long-name-that-is-not-short-at-all",
};
#define WORDS	(sizeof(words) / sizeof(words[0]))

/* The books of all domains are long: now and then will do. */
static void audit(bool all)
{
	const char *wrong = all ? store_audit() : tree_audit(store_root);

	if (!wrong)
		wrong = watch_audit();
	if (wrong) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
}

static struct conn *conn_of(unsigned int domid)
{
	struct dom *d = dom_find(domid);

	return d ? d->conn : NULL;
}

/* Words, or plain bytes. */
static uint32_t payload(char *p)
{
	unsigned int n = byte() % 5, k;
	uint32_t len = 0;

	if (n == 4) {
		for (n = byte(); n && left; n--)
			p[len++] = byte();
		return len;
	}
	for (; n; n--) {
		const char *w = words[byte() % WORDS];

		strcpy(p + len, w);
		len += strlen(w) + 1;
	}
	k = byte();
	return k < 16 && k < len ? len - k % 3 : len;
}

static uint32_t open_txn(struct conn *c)
{
	unsigned int n = byte() % 4;
	struct txn *t;

	TAILQ_FOREACH(t, &c->txns, of_conn)
		if (!n--)
			return t->id;
	return n == 3 ? 77 : 0;
}

/* As the connection would hand it over, if it would. */
static void message(struct conn *c)
{
	char data[XENSTORE_PAYLOAD_MAX + 1];
	struct xsd_sockmsg hdr = { .type = byte() % 26, .req_id = 1 };

	if (!c || c->dead || c->held)
		return;
	hdr.tx_id = open_txn(c);
	hdr.len = payload(data);
	data[hdr.len] = 0;
	stream_in_take(&c->s, 0);
	wire_handle(c, &hdr, data);
}

/* The guest takes what came, or not. */
static void taken(unsigned int domid)
{
	struct conn *c = conn_of(domid);

	if (c && c->link.page && byte() % 4)
		c->link.page->rsp_cons = c->link.page->rsp_prod;
}

static void ring_bytes(unsigned int domid)
{
	struct conn *c = conn_of(domid);
	struct xenstore_domain_interface *r;
	unsigned int n;

	if (!c || !c->link.page)
		return;
	r = c->link.page;
	for (n = byte() % 64; n && left; n--)
		r->req[MASK_XENSTORE_IDX(r->req_prod++)] = byte();
	rig_signal(domid);
	taken(domid);
}

static void ring_index(unsigned int domid)
{
	struct conn *c = conn_of(domid);
	unsigned int which = byte() % 6;

	if (!c || !c->link.page)
		return;
	(&c->link.page->req_cons)[which == 4 ? 5 : which % 4] +=
		(byte() << 8 | byte()) - 256;
	rig_signal(domid);
}

static void domain(unsigned int domid, struct conn *dom0)
{
	struct xsd_sockmsg hdr = { .type = XS_INTRODUCE };
	char data[64];

	switch (byte() % 4) {
	case 0:
		rig_domain_state(domid, byte() % 4);
		rig_virq();
		break;
	case 1:
		rig_domain(domid);
		hdr.len = sprintf(data, "%u%c1%c1", domid, 0, 0) + 1;
		wire_handle(dom0, &hdr, data);
		break;
	case 2:
		hdr.type = XS_RELEASE;
		hdr.len = sprintf(data, "%u", domid) + 1;
		wire_handle(dom0, &hdr, data);
		break;
	default:
		conn_run();
	}
}

static void step(struct conn *dom0)
{
	uint8_t what = byte();
	unsigned int domid = 1 + (what >> 3) % GUESTS;

	switch (what & 7) {
	case 0:
	case 1:
	case 2:
		message(conn_of(domid));
		break;
	case 3:
	case 4:
		message(dom0);
		break;
	case 5:
		ring_bytes(domid);
		break;
	case 6:
		ring_index(domid);
		break;
	default:
		domain(domid, dom0);
	}
	rig_signal(domid);
	conn_run();
	dom0 = conn_of(0);
	if (dom0->s.h->out_put - dom0->s.h->out_sent > 100000)
		stream_out_sent(&dom0->s, stream_out_pending(&dom0->s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int i;

	in = data;
	left = size;
	rig_start(NULL);
	for (i = 1; i <= GUESTS; i++) {
		rig_domain(i);
		dom_introduce(i, 1, 1);
		rig_signal(i);
	}
	for (i = 0; left; i++) {
		step(conn_of(0));
		audit(i % 64 == 63);
	}
	for (i = 1; i <= GUESTS; i++)
		rig_domain_state(i, XEN_GONE);
	rig_virq();
	audit(true);
	rig_stop();
	return 0;
}
