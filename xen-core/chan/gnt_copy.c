/*
 * GNTTABOP_copy: bytes between two frames, each the caller's own or granted
 * to it.  Both are held (pinned, referenced) while the bytes go; nothing is
 * mapped, so there is nothing to flush.
 */
#include "gnt_private.h"

#include <hvx/frame.h>
#include <hvx/machine.h>
#include <hvx/string.h>

/* One side of a copy, held. */
struct copy_side {
	struct domain *granter;	/* NULL: the caller's own frame */
	grant_ref_t ref;
	bool write;
	mfn_t mfn;
};

static uint32_t copy_pin(const struct copy_side *s)
{
	return s->write ? PIN_HOST_WRITE : PIN_HOST_READ;
}

static int hold_granted(struct vcpu *v, const struct gnttab_copy_ptr *p,
			struct copy_side *s)
{
	struct domain *rd;
	int rc;

	rd = p->domid == DOMID_SELF ? domain_get_remote_or_self(v, DOMID_SELF)
				    : domain_get_by_id(p->domid);
	if (!rd)
		return GNTST_bad_domain;
	rc = grant_pin(rd, p->u.ref, v->d->id, copy_pin(s), &s->mfn);
	if (rc) {
		domain_put(rd);
		return rc;
	}
	s->granter = rd;
	s->ref = p->u.ref;
	return GNTST_okay;
}

static int hold(struct vcpu *v, const struct gnttab_copy_ptr *p, bool by_ref,
		struct copy_side *s)
{
	bool ok;

	if (by_ref)
		return hold_granted(v, p, s);
	if (p->domid != DOMID_SELF)
		return GNTST_permission_denied;
	s->mfn = _mfn(p->u.gmfn);
	ok = s->write ? frame_get_writable(s->mfn, v->d)
		      : frame_get(s->mfn, v->d);
	return ok ? GNTST_okay : GNTST_general_error;
}

static void let_go(const struct copy_side *s)
{
	if (s->granter) {
		grant_unpin(s->granter, s->ref, copy_pin(s));
		domain_put(s->granter);
	} else if (s->write) {
		frame_put_writable(s->mfn);
	} else {
		frame_put(s->mfn);
	}
}

int grant_copy_one(struct vcpu *v, const struct gnttab_copy *op)
{
	struct copy_side from = { .write = false }, to = { .write = true };
	int rc;

	if ((unsigned long)op->source.offset + op->len > PAGE_SIZE ||
	    (unsigned long)op->dest.offset + op->len > PAGE_SIZE)
		return GNTST_bad_copy_arg;
	rc = hold(v, &op->source, op->flags & GNTCOPY_source_gref, &from);
	if (rc)
		return rc;
	rc = hold(v, &op->dest, op->flags & GNTCOPY_dest_gref, &to);
	if (!rc) {
		memmove((char *)mfn_to_virt(to.mfn) + op->dest.offset,
			(const char *)mfn_to_virt(from.mfn) + op->source.offset,
			op->len);
		let_go(&to);
	}
	let_go(&from);
	return rc;
}
