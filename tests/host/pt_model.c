/* The oracle of pt_model.h, and the guest operations it is asked about. */
#include "pt_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <abi/domctl.h>
#include <hvx/interp.h>
#include <hvx/paging.h>
#include <hvx/pv.h>

#include "machine.h"

#define FRAMES	8
#define SLOTS	3	/* of a table are used: the first, one, the last */
#define LEVELS	7	/* enum frame_type */

static const unsigned int slot_index[SLOTS] = { 0, 5, 511 };

/* The core's other parts, as far as page tables ask them. */
void paging_fill_core_slots(uint64_t *l4, mfn_t perdomain_l3)
{
	unsigned int i;

	for (i = 256; i <= 271; i++)
		l4[i] = 0x1000 + mfn_x(perdomain_l3);
}

bool domain_iomem_allowed(const struct domain *d, mfn_t mfn)
{
	(void)d;
	(void)mfn;
	return false;
}

int descpage_validate(mfn_t mfn)
{
	(void)mfn;
	return 0;
}

bool guest_addr_ok(uint64_t a)
{
	return is_canonical(a);
}

void pv_load_base(struct vcpu *v)
{
	(void)v;
}

void domain_slot_hold(unsigned int slot)
{
	(void)slot;
}

void domain_slot_release(unsigned int slot)
{
	(void)slot;
}

/* ---- the oracle ---------------------------------------------------------- */

struct mframe {
	unsigned int count[LEVELS];	/* typed references, by type */
	unsigned int refs;
	bool pinned;
	uint64_t e[SLOTS];
};

struct model {
	struct mframe f[FRAMES];
};

static mfn_t frames[FRAMES];

static int frame_index(uint64_t pte)
{
	int i;

	for (i = 0; i < FRAMES; i++)
		if (mfn_x(frames[i]) == mfn_x(pte_mfn(pte)))
			return i;
	return -1;
}

static int type_in_force(const struct mframe *f)
{
	int t;

	for (t = FT_WRITABLE; t < LEVELS; t++)
		if (f->count[t])
			return t;
	return FT_NONE;
}

static bool m_take(struct model *m, int i, int type);

/* The reference behind one entry of a table of that level. */
static bool m_take_entry(struct model *m, uint64_t e, int level)
{
	uint64_t allowed = PTE_ADDR | PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D |
			   0xe00 | 0x3fUL << 53 | PTE_NX;
	int i = frame_index(e);

	if (!(e & PTE_P))
		return true;
	if (level == FT_L1)
		allowed |= PTE_PWT | PTE_PCD | PTE_PAT | PTE_G;
	if (i < 0 || (e & ~allowed))
		return false;
	if (level > FT_L1)
		return m_take(m, i, level - 1);
	if (e & PTE_RW)
		return m_take(m, i, FT_WRITABLE);
	m->f[i].refs++;
	return true;
}

static bool m_take(struct model *m, int i, int type)
{
	struct mframe *f = &m->f[i];
	int now = type_in_force(f), s;

	if (now != FT_NONE && now != type)
		return false;
	f->count[type]++;
	if (now == type || type == FT_WRITABLE)
		return true;
	for (s = 0; s < SLOTS; s++)
		if (!m_take_entry(m, f->e[s], type))
			return false;
	return true;
}

static void m_drop(struct model *m, int i, int type);

static void m_drop_entry(struct model *m, uint64_t e, int level)
{
	int i = frame_index(e);

	if (!(e & PTE_P))
		return;
	if (level > FT_L1)
		m_drop(m, i, level - 1);
	else if (e & PTE_RW)
		m_drop(m, i, FT_WRITABLE);
	else
		m->f[i].refs--;
}

static void m_drop(struct model *m, int i, int type)
{
	struct mframe *f = &m->f[i];
	int s;

	if (--f->count[type] || type == FT_WRITABLE)
		return;
	for (s = 0; s < SLOTS; s++)
		m_drop_entry(m, f->e[s], type);
}

/* ---- both, side by side -------------------------------------------------- */

static struct model now;
static struct domain *d;
static struct vcpu *v;
static unsigned int held[FRAMES];	/* WRITABLE, as a device would */

static void differ(const char *what, int i)
{
	fprintf(stderr, "pt_model: %s, frame %d, word %#lx, type %d\n", what, i,
		(unsigned long)mfn_to_frame(frames[i])->word,
		type_in_force(&now.f[i]));
	for (i = 0; i < FRAMES; i++)
		fprintf(stderr, "  %d (%#lx): %#lx %#lx %#lx, word %#lx\n", i,
			mfn_x(frames[i]), now.f[i].e[0], now.f[i].e[1],
			now.f[i].e[2],
			(unsigned long)mfn_to_frame(frames[i])->word);
	abort();
}

/* The word's counts against the model's. */
static void compare(void)
{
	int i;

	for (i = 0; i < FRAMES; i++) {
		uint64_t w = mfn_to_frame(frames[i])->word;
		int t = type_in_force(&now.f[i]);
		unsigned int tcount = w >> 25 & 0xfffff;

		if ((w & 0x1ffffff) != now.f[i].refs)
			differ("plain references", i);
		if (tcount != (t ? now.f[i].count[t] : 0))
			differ("typed references", i);
		if (t && (int)frame_type(mfn_to_frame(frames[i])) != t)
			differ("type", i);
		if (!!(w >> 46 & 1) != now.f[i].pinned)
			differ("pin", i);
	}
}

static void verdict(const char *what, int i, int rc, bool ok)
{
	if ((rc == 0) != ok) {
		fprintf(stderr, "%s: core %d, oracle %s\n", what, rc,
			ok ? "allows" : "refuses");
		differ(what, i);
	}
}

static int finish_old(int rc)
{
	while (ptval_finish_old(v) == -ERESTART)
		;
	return rc;
}

static bool op_pin(int i, int level)
{
	struct model trial = now;
	bool ok = m_take(&trial, i, level) && !now.f[i].pinned;
	int rc;

	do {
		rc = frame_pin(frames[i], d, (enum frame_type)level);
	} while (rc == -ERESTART);
	verdict("pin", i, rc, ok);
	if (ok) {
		trial.f[i].pinned = true;
		now = trial;
	}
	return ok;
}

static bool op_unpin(int i)
{
	bool ok = now.f[i].pinned;
	int rc;

	do {
		rc = frame_unpin(frames[i], d);
	} while (rc == -ERESTART);
	verdict("unpin", i, rc, ok);
	if (ok) {
		now.f[i].pinned = false;
		m_drop(&now, i, type_in_force(&now.f[i]));
	}
	return ok;
}

static bool op_hold(int i)
{
	struct model trial = now;
	bool ok = m_take(&trial, i, FT_WRITABLE);
	int rc;

	do {
		rc = frame_get_type(frames[i], d, FT_WRITABLE);
	} while (rc == -ERESTART);
	verdict("hold", i, rc, ok);
	if (ok) {
		now = trial;
		held[i]++;
	}
	return ok;
}

static bool op_release(int i)
{
	if (!held[i])
		return false;
	held[i]--;
	frame_put_type_leaf(frames[i]);
	m_drop(&now, i, FT_WRITABLE);
	return true;
}

static uint64_t *slot_ptr(int i, int s)
{
	return (uint64_t *)mfn_to_virt(frames[i]) + slot_index[s];
}

/* ---- watched ------------------------------------------------------------- */

static bool watching;
static bool was_l1[FRAMES];

static void note_tables(void)
{
	for (int i = 0; i < FRAMES; i++)
		was_l1[i] |= type_in_force(&now.f[i]) == FT_L1;
}

/* One piece, of an interval that goes on if there is one and it is to be kept; 0
 * samples: all of what it takes to end. */
static void watch(uint32_t samples, bool keep)
{
	struct xen_domctl_hvx_working_set ws;

	do {
		ws.samples = samples;
		ws.keep = keep;
		if (sample_step(d, &ws) || d->pause_count)
			differ("sample", 0);
		/* Preempted at each piece, it still comes to an end. */
	} while (!samples && ws.more);
}

/* What the guest reads back, less the bits that the core manages. */
static void check_slot(int i, int s)
{
	uint64_t managed = PTE_US | PTE_G | PTE_PWT | PTE_PCD | PTE_PAT;

	if (was_l1[i])
		managed |= PTE_A;
	if ((*slot_ptr(i, s) ^ now.f[i].e[s]) & ~managed)
		differ("entry", i);
}

/* A store by the guest (if the frame is no table) or mmu_update. */
static bool op_write(int i, int s, uint64_t e)
{
	int type = type_in_force(&now.f[i]);
	struct model trial = now;
	bool ok;
	int rc;

	if (type < FT_L1 || type > FT_L4) {
		*slot_ptr(i, s) = now.f[i].e[s] = e;
		return true;
	}
	ok = m_take_entry(&trial, e, type);
	do {
		rc = ptval_set_entry(v, d, slot_ptr(i, s), e,
				     (enum frame_type)type, false);
	} while (rc == -ERESTART);
	finish_old(0);
	verdict("write", i, rc, ok);
	if (ok) {
		trial.f[i].e[s] = e;
		m_drop_entry(&trial, now.f[i].e[s], type);
		now = trial;
	}
	check_slot(i, s);
	return ok;
}

static uint64_t make_entry(uint8_t a, uint8_t b)
{
	uint64_t e = mfn_to_paddr(frames[a % FRAMES]);

	switch (b & 15) {
	case 0:
		return 0;
	case 1:
		return e | PTE_RW;		/* absent, with a frame */
	case 2:
		return e | PTE_P | (1UL << (52 + (b >> 4) % 11));
	case 3:
		return 0x7ff000 | PTE_P;	/* beyond RAM */
	case 4:
		return e | PTE_P | PTE_PS;
	case 5:
	case 6:
	case 7:
	case 8:
		return e | PTE_P;
	case 9:
		return e | PTE_P | PTE_NX | PTE_A;
	default:
		return e | PTE_P | PTE_RW | PTE_US;
	}
}

static void setup(void)
{
	int i;

	host_reset(1);
	host.quiet = true;
	d = host_make_domain(1, 1);
	v = host_make_vcpu(d, 0);
	d->is_hw = true;	/* may use cache bits: they stay as written */
	v->pv.old_table = INVALID_MFN;
	memset(&now, 0, sizeof(now));
	memset(held, 0, sizeof(held));
	memset(was_l1, 0, sizeof(was_l1));
	for (i = 0; i < FRAMES; i++) {
		frames[i] = host_give_frame(d);
		memset(mfn_to_virt(frames[i]), 0, PAGE_SIZE);
	}
}

static void take_apart(void)
{
	int i;

	if (watching)
		watch(0, false);
	for (i = 0; i < FRAMES; i++) {
		if (now.f[i].pinned)
			op_unpin(i);
		while (held[i])
			op_release(i);
	}
	compare();
	for (i = 0; i < FRAMES; i++)
		if (type_in_force(&now.f[i]) || now.f[i].refs)
			differ("left over", i);
	for (i = 0; i < FRAMES; i++)
		if (!frame_release(frames[i], d))
			differ("not released", i);
	host_free_domain(d);
}

unsigned long pt_model_run(const uint8_t *p, size_t n)
{
	unsigned long allowed = 0;

	setup();
	for (; n >= 4; p += 4, n -= 4) {
		int i = p[1] % FRAMES;

		host.preempt = p[0] & 0x80;
		host.clock += p[3];
		if (watching && (p[0] & 0x60)) {
			note_tables();
			watch(p[0] & 0x10 ? 5 : FRAMES, p[0] & 0x20);
		}
		switch (p[0] & 7) {
		case 0:
		case 1:
			allowed += op_pin(i, FT_L1 + p[2] % 4);
			break;
		case 2:
			allowed += op_unpin(i);
			break;
		case 3:
			allowed += op_hold(i);
			break;
		case 4:
			allowed += op_release(i);
			break;
		default:
			allowed += op_write(i, p[2] % SLOTS,
					    make_entry(p[2] / SLOTS, p[3]));
			break;
		}
		compare();
		for (int s = 0; watching && s < FRAMES * SLOTS; s++)
			check_slot(s / SLOTS, s % SLOTS);
	}
	take_apart();
	return allowed;
}

unsigned long pt_model_run_watched(const uint8_t *p, size_t n)
{
	unsigned long allowed;

	watching = true;
	allowed = pt_model_run(p, n);
	watching = false;
	return allowed;
}
