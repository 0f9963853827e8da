/*
 * Grants among three domains, one of them dom0: each six bytes are an
 * operation; frames are granted, mapped, copied, given back by their owner,
 * wanted as page tables, entries are scribbled over.  After each the audits;
 * a frame that is mapped is never free; at the end nothing may be left.
 */
#include <stdlib.h>
#include <string.h>

#include "../../host/machine.h"
#include <hvx/console.h>
#include <hvx/gnttab.h>
#include <hvx/hypercall.h>

#define DOMAINS 3
#define FRAMES	4	/* of each domain */
#define REFS	6
#define ADDRS	8	/* where each domain maps */

static struct domain *dom[DOMAINS];
static mfn_t frame[DOMAINS][FRAMES];
static bool owned[DOMAINS][FRAMES], table[DOMAINS][FRAMES];
static struct grant_entry_v1 *entry[DOMAINS];

/* A page table that is a row of slots. */
static struct slot {
	bool present;
	mfn_t mfn;
} slots[DOMAINS][ADDRS];

static struct slot *slot_of(const struct vcpu *v, uint64_t va)
{
	unsigned long n = va / PAGE_SIZE;

	return n >= 1 && n < ADDRS ? &slots[v->d->id][n] : NULL;
}

int grant_pte_install(struct vcpu *v, uint64_t va, mfn_t mfn,
		      unsigned int flags)
{
	struct slot *s = slot_of(v, va);

	(void)flags;
	if (!s || s->present)
		return GNTST_general_error;
	s->present = true;
	s->mfn = mfn;
	return GNTST_okay;
}

int grant_pte_remove(struct vcpu *v, uint64_t va, mfn_t mfn,
		     unsigned int flags, uint64_t new_va)
{
	struct slot *s = slot_of(v, va);

	(void)flags;
	(void)new_va;
	if (!s || !s->present || !mfn_eq(s->mfn, mfn))
		return GNTST_general_error;
	s->present = false;
	return GNTST_okay;
}

static void make(unsigned int id)
{
	struct domain *d = host_make_domain(id, 1);
	mfn_t mfn;

	BUG_ON(gnttab_init_domain(d, 2, 1));
	host_make_vcpu(d, 0);
	for (unsigned int i = 0; i < FRAMES; i++) {
		frame[id][i] = host_give_frame(d);
		owned[id][i] = true;
		table[id][i] = false;
	}
	BUG_ON(gnttab_get_frame(d, 0, &mfn));
	entry[id] = mfn_to_virt(mfn);
	dom[id] = d;
}

static void unmake(unsigned int id)
{
	for (unsigned int i = 0; i < FRAMES; i++) {
		if (table[id][i])
			frame_put_type_leaf(frame[id][i]);
		if (owned[id][i])
			BUG_ON(!frame_release(frame[id][i], dom[id]));
	}
	BUG_ON(dom[id]->refs != 1);
	gnttab_destroy_domain(dom[id]);
	host_free_domain(dom[id]);
}

/* Any frame: one's own, a peer's, a shared one, none. */
static mfn_t any_frame(unsigned int id, uint8_t x)
{
	if (x < 200)
		return frame[id][x % FRAMES];
	if (x < 230)
		return frame[x % DOMAINS][x % FRAMES];
	return x < 245 ? dom[id]->shared_mfn : _mfn(x * 0x1000001UL);
}

static void op_grant(unsigned int id, const uint8_t *b)
{
	struct grant_entry_v1 *e = &entry[id][b[0] % REFS];

	e->frame = (uint32_t)mfn_x(any_frame(id, b[1]));
	e->domid = b[2] % (DOMAINS + 1);
	e->flags = b[3] < 200 ? GTF_permit_access | (b[3] & GTF_readonly)
			      : b[3] | (b[2] & 1) << 8;
}

static void call(unsigned int id, unsigned int cmd, void *arg, unsigned int n)
{
	(void)hc_grant_table_op(dom[id]->vcpu[0], cmd, (gva_t)arg, n);
}

static void op_map(unsigned int id, const uint8_t *b)
{
	struct gnttab_map_grant_ref op[2] = { 0 };

	for (unsigned int i = 0; i < 2; i++) {
		op[i].dom = b[0] % (DOMAINS + 1);
		op[i].ref = b[1] < 250 ? b[1] % REFS : b[1] * 0x1000U;
		op[i].flags = b[2] & 0x17;
		op[i].host_addr = (uint64_t)((b[3] + i) % (ADDRS + 1))
				  << PAGE_SHIFT;
	}
	call(id, GNTTABOP_map_grant_ref, op, 1 + (b[3] >> 7));
}

static void op_unmap(unsigned int id, const uint8_t *b)
{
	struct gnttab_unmap_grant_ref op[3] = { 0 };

	for (unsigned int i = 0; i < 3; i++) {
		op[i].handle = b[0] < 250 ? (b[0] + i) % 12U : b[0] * 0x100U;
		op[i].host_addr = (uint64_t)((b[1] + i) % (ADDRS + 1))
				  << PAGE_SHIFT;
		op[i].dev_bus_addr =
			b[2] & 1 ? mfn_to_paddr(any_frame(b[3] % DOMAINS,
							  b[2] >> 1))
				 : 0;
	}
	call(id, GNTTABOP_unmap_grant_ref, op, 1 + b[3] % 3);
}

static void op_replace(unsigned int id, const uint8_t *b)
{
	struct gnttab_unmap_and_replace op = {
		.handle = b[0] % 12,
		.host_addr = (uint64_t)(b[1] % (ADDRS + 1)) << PAGE_SHIFT,
		.new_addr = (uint64_t)b[2] << PAGE_SHIFT,
	};

	call(id, GNTTABOP_unmap_and_replace, &op, 1);
}

static void copy_end(struct gnttab_copy_ptr *p, unsigned int id, bool ref,
		     uint8_t x)
{
	p->offset = (uint16_t)(x * 32);
	p->domid = x & 1 ? x % DOMAINS : DOMID_SELF;
	if (ref)
		p->u.ref = x % (REFS + 1);
	else
		p->u.gmfn = mfn_x(any_frame(id, x));
}

static void op_copy(unsigned int id, const uint8_t *b)
{
	struct gnttab_copy op = { .flags = b[0] & 3, .len = b[3] * 16 };

	copy_end(&op.source, id, op.flags & GNTCOPY_source_gref, b[1]);
	copy_end(&op.dest, id, op.flags & GNTCOPY_dest_gref, b[2]);
	call(id, GNTTABOP_copy, &op, 1);
}

/* The owner gives a frame back, or wants it as a page table. */
static void op_frame(unsigned int id, const uint8_t *b)
{
	unsigned int i = b[1] % FRAMES;
	mfn_t mfn = frame[id][i];

	if (b[0] & 1) {
		if (!owned[id][i])
			return;
		BUG_ON(!frame_release(mfn, dom[id]));
		owned[id][i] = false;
	} else if (table[id][i]) {
		frame_put_type_leaf(mfn);
		table[id][i] = false;
	} else if (owned[id][i]) {
		memset(mfn_to_virt(mfn), 0, 8);
		table[id][i] = !frame_get_type(mfn, dom[id], FT_L1);
	}
}

static void op_other(unsigned int id, const uint8_t *b)
{
	static uint8_t arg[64];
	static const unsigned int cmds[] = {
		GNTTABOP_setup_table, GNTTABOP_query_size,
		GNTTABOP_set_version, GNTTABOP_get_version,
		GNTTABOP_swap_grant_ref, GNTTABOP_get_status_frames,
		GNTTABOP_transfer, GNTTABOP_cache_flush, 99,
	};

	memset(arg, 0, sizeof(arg));
	memcpy(arg, b, 3);
	arg[4] = b[3] % 8;
	call(id, cmds[b[0] % ARRAY_SIZE(cmds)], arg, 1);
}

static void op_scribble(unsigned int id, const uint8_t *b)
{
	((uint8_t *)entry[id])[b[0] % (REFS * 8)] = b[1];
}

static void check(void)
{
	for (unsigned int d = 0; d < DOMAINS; d++) {
		BUG_ON(gnttab_audit(dom[d]));
		for (unsigned int i = 0; i < ADDRS; i++)
			if (slots[d][i].present)
				BUG_ON(frame_owner(mfn_to_frame(
					       slots[d][i].mfn)) >= DOMAINS);
	}
}

static void step(const uint8_t *b)
{
	static void (*const ops[])(unsigned int id, const uint8_t *b) = {
		op_grant, op_map,	op_map,	  op_unmap, op_unmap,
		op_copy,  op_frame,	op_other, op_scribble, op_replace,
	};

	host.allocs_left = b[1] & 0x80 ? b[5] % 3 : -1;
	ops[(b[1] & 0x7f) % ARRAY_SIZE(ops)](b[0] % DOMAINS, b + 2);
	host.allocs_left = -1;
	check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	host_reset(2);
	host.quiet = true;
	memset(slots, 0, sizeof(slots));
	for (unsigned int i = 0; i < DOMAINS; i++)
		make(i);
	hw_domain = dom[0];
	dom[0]->is_hw = true;

	for (size_t i = 0; i + 6 <= size && i < 1536; i += 6)
		step(data + i);

	for (unsigned int i = 0; i < DOMAINS; i++)
		while (gnttab_release_mappings(dom[i]) == -ERESTART)
			;
	memset(slots, 0, sizeof(slots));
	check();
	for (unsigned int i = 0; i < DOMAINS; i++)
		unmake(i);
	hw_domain = NULL;
	BUG_ON(host.pages_out || host.heap_out);
	return 0;
}
