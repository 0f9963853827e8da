/*
 * CPUID for the tools: the list of leaves from which they build a guest's, and
 * the words of feature bits that they compare machines by.
 */
#include "private.h"

#include <asm/cpu.h>
#include <hvx/guest_access.h>
#include <hvx/interp.h>
#include <hvx/string.h>

/* What the tools' library knows; more it would refuse. */
#define LAST_BASIC    0xdU
#define LAST_EXTENDED 0x80000021U
#define LAST_FEATURE  2U
#define LAST_CACHE    5U
#define LAST_TOPOLOGY 1U
#define LAST_XSTATE   62U
/* No list of leaves is longer, nor one that the library makes of it. */
#define POLICY_MAX_LEAVES                                                      \
	(LAST_BASIC + LAST_FEATURE + LAST_CACHE + LAST_TOPOLOGY + LAST_XSTATE + \
	 (LAST_EXTENDED & 0xff) + 8)

static void leaf_read(struct vcpu *v, uint32_t leaf, uint32_t sub,
		      uint32_t out[4])
{
	if (v)
		cpuid_policy(v, leaf, sub, out);
	else
		cpuid_count(leaf, sub, out);
}

struct leaf_list {
	struct vcpu *v;
	gva_t to;
	uint32_t room, nr;
	int rc;
};

static void emit(struct leaf_list *l, uint32_t leaf, uint32_t sub,
		 const uint32_t r[4])
{
	struct xen_cpuid_leaf e = { leaf, sub, r[0], r[1], r[2], r[3] };

	if (l->nr >= l->room)
		l->rc = -ENOBUFS;
	else if (copy_to_guest_index(l->to, l->nr, &e))
		l->rc = -EFAULT;
	l->nr++;
}

static void emit_plain(struct leaf_list *l, uint32_t leaf)
{
	uint32_t r[4];

	leaf_read(l->v, leaf, 0, r);
	emit(l, leaf, XEN_CPUID_NO_SUBLEAF, r);
}

/* Subleaves up to last, or until one's type field (mask of reg) is 0. */
static void emit_typed(struct leaf_list *l, uint32_t leaf, uint32_t last,
		       unsigned int reg, uint32_t mask)
{
	for (uint32_t sub = 0; sub <= last; sub++) {
		uint32_t r[4];

		leaf_read(l->v, leaf, sub, r);
		emit(l, leaf, sub, r);
		if (!(r[reg] & mask))
			break;
	}
}

static void emit_features(struct leaf_list *l)
{
	uint32_t r[4], last;

	leaf_read(l->v, 7, 0, r);
	last = MIN(r[0], LAST_FEATURE);
	for (uint32_t sub = 0; sub <= last; sub++) {
		leaf_read(l->v, 7, sub, r);
		if (sub == 0)
			r[0] = last;
		emit(l, 7, sub, r);
	}
}

static void emit_xstate(struct leaf_list *l)
{
	uint32_t r[4];
	uint64_t have;

	leaf_read(l->v, 0xd, 0, r);
	have = (uint64_t)r[3] << 32 | r[0];
	emit(l, 0xd, 0, r);
	leaf_read(l->v, 0xd, 1, r);
	have |= (uint64_t)r[3] << 32 | r[2];
	emit(l, 0xd, 1, r);
	for (uint32_t sub = 2; sub <= LAST_XSTATE; sub++) {
		if (!(have >> sub & 1))
			continue;
		leaf_read(l->v, 0xd, sub, r);
		emit(l, 0xd, sub, r);
	}
}

static void emit_basic(struct leaf_list *l)
{
	uint32_t r[4], last;

	leaf_read(l->v, 0, 0, r);
	last = MIN(r[0], LAST_BASIC);
	for (uint32_t leaf = 0; leaf <= last; leaf++) {
		switch (leaf) {
		case 0:
			r[0] = last;
			emit(l, 0, XEN_CPUID_NO_SUBLEAF, r);
			break;
		case 4:
			emit_typed(l, 4, LAST_CACHE, 0, 0x1f);
			break;
		case 7:
			emit_features(l);
			break;
		case 0xb:
			emit_typed(l, 0xb, LAST_TOPOLOGY, 2, 0xff00);
			break;
		case 0xd:
			emit_xstate(l);
			break;
		default:
			emit_plain(l, leaf);
		}
	}
}

static void emit_extended(struct leaf_list *l)
{
	uint32_t r[4], last;

	leaf_read(l->v, 0x80000000, 0, r);
	if (r[0] < 0x80000000)
		return;
	last = MIN(r[0], LAST_EXTENDED);
	r[0] = last;
	emit(l, 0x80000000, XEN_CPUID_NO_SUBLEAF, r);
	for (uint32_t leaf = 0x80000001; leaf <= last; leaf++)
		emit_plain(l, leaf);
}

int policy_put_leaves(struct vcpu *v, gva_t leaves, uint32_t *nr)
{
	struct leaf_list l = { .v = v, .to = leaves, .room = *nr };

	if (!leaves) {
		*nr = POLICY_MAX_LEAVES;
		return 0;
	}
	emit_basic(&l);
	emit_plain(&l, 0x40000000);
	emit_plain(&l, 0x40000100);
	emit_extended(&l);
	*nr = l.nr;
	return l.rc;
}

void policy_features(struct vcpu *v, uint32_t words[POLICY_WORDS])
{
	/* Leaf, subleaf and register of each word; leaf 0: an MSR's, not
	 * shown. */
	static const struct {
		uint32_t leaf;
		uint8_t sub, reg;
	} from[POLICY_WORDS] = {
		{ 1, 0, 3 },	      { 1, 0, 2 },
		{ 0x80000001, 0, 3 }, { 0x80000001, 0, 2 },
		{ 0xd, 1, 0 },	      { 7, 0, 1 },
		{ 7, 0, 2 },	      { 0x80000007, 0, 3 },
		{ 0x80000008, 0, 1 }, { 7, 0, 3 },
		{ 7, 1, 0 },	      { 0x80000021, 0, 0 },
		{ 7, 1, 1 },	      { 7, 2, 3 },
		{ 7, 1, 2 },	      { 7, 1, 3 },
		{ 0, 0, 0 },	      { 0, 0, 0 },
		{ 0x80000021, 0, 2 },
	};
	uint32_t r[4], basic, extended;

	leaf_read(v, 0, 0, r);
	basic = r[0];
	leaf_read(v, 0x80000000, 0, r);
	extended = r[0];
	for (unsigned int i = 0; i < POLICY_WORDS; i++) {
		uint32_t leaf = from[i].leaf;

		words[i] = 0;
		if (!leaf || leaf > (leaf >> 31 ? extended : basic))
			continue;
		leaf_read(v, leaf, from[i].sub, r);
		words[i] = r[from[i].reg];
	}
}
