/*
 * mmuext_op: pinning, address-space switches, flushes, LDT, page copies.
 */
#include <hvx/pv.h>

#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/machine.h>
#include <hvx/string.h>

#include "mmu.h"

static int table_rc(int rc)
{
	return rc == -EBUSY ? -EINVAL : rc;
}

static int op_pin(struct domain *owner, const struct mmuext_op *op)
{
	enum frame_type type = (enum frame_type)(FT_L1 + op->cmd -
						 MMUEXT_PIN_L1_TABLE);

	mfn_t mfn = _mfn(op->arg1.mfn);
	int rc = frame_pin(mfn, owner, type);

	/* domain_kill() looks at each frame once, maybe before this pin. */
	if (unlikely(owner->is_dying) && rc != -ERESTART) {
		rc = frame_unpin(mfn, owner);
		return rc == -ERESTART ? rc : -EINVAL;
	}
	return table_rc(rc);
}

static int op_new_base(struct vcpu *v, struct domain *owner,
		       const struct mmuext_op *op)
{
	bool user = op->cmd == MMUEXT_NEW_USER_BASEPTR;
	mfn_t mfn = _mfn(op->arg1.mfn);

	if (owner != v->d)
		return -EPERM;
	if (user && !op->arg1.mfn)
		mfn = INVALID_MFN;
	else if (!mfn_valid(mfn))	/* also what INVALID_MFN looks like */
		return -EINVAL;
	return table_rc(pv_new_base(v, mfn, user));
}

static int op_flush_multi(struct vcpu *v, const struct mmuext_op *op)
{
	cpumask_t cpus;

	if (mmu_vcpumask(v, handle_gva(op->arg2.vcpumask), &cpus))
		return -EINVAL;
	if (op->cmd == MMUEXT_TLB_FLUSH_MULTI)
		tlb_flush_mask(cpus);
	else if (guest_addr_ok(op->arg1.linear_addr))
		tlb_flush_va_mask(cpus, op->arg1.linear_addr);
	return 0;
}

static int op_clear_page(struct domain *owner, const struct mmuext_op *op)
{
	mfn_t mfn = _mfn(op->arg1.mfn);

	if (!frame_get_writable(mfn, owner))
		return -EINVAL;
	memset(mfn_to_virt(mfn), 0, PAGE_SIZE);
	frame_put_writable(mfn);
	return 0;
}

static int op_copy_page(struct domain *owner, const struct mmuext_op *op)
{
	mfn_t to = _mfn(op->arg1.mfn), from = _mfn(op->arg2.src_mfn);

	if (!frame_get(from, owner))
		return -EINVAL;
	if (!frame_get_writable(to, owner)) {
		frame_put(from);
		return -EINVAL;
	}
	memcpy(mfn_to_virt(to), mfn_to_virt(from), PAGE_SIZE);
	frame_put_writable(to);
	frame_put(from);
	return 0;
}

static int op_set_ldt(struct vcpu *v, struct domain *owner,
		      const struct mmuext_op *op)
{
	if (owner != v->d)
		return -EPERM;
	return pv_set_ldt(v, op->arg1.linear_addr, op->arg2.nr_ents);
}

static int op_one(struct vcpu *v, struct domain *owner,
		  const struct mmuext_op *op)
{
	switch (op->cmd) {
	case MMUEXT_PIN_L1_TABLE:
	case MMUEXT_PIN_L2_TABLE:
	case MMUEXT_PIN_L3_TABLE:
	case MMUEXT_PIN_L4_TABLE:
		return op_pin(owner, op);
	case MMUEXT_UNPIN_TABLE:
		return frame_unpin(_mfn(op->arg1.mfn), owner);
	case MMUEXT_NEW_BASEPTR:
	case MMUEXT_NEW_USER_BASEPTR:
		return op_new_base(v, owner, op);
	case MMUEXT_TLB_FLUSH_LOCAL:
		tlb_flush_local();
		return 0;
	case MMUEXT_INVLPG_LOCAL:
		if (guest_addr_ok(op->arg1.linear_addr))
			tlb_flush_va_local(op->arg1.linear_addr);
		return 0;
	case MMUEXT_TLB_FLUSH_MULTI:
	case MMUEXT_INVLPG_MULTI:
		return op_flush_multi(v, op);
	case MMUEXT_TLB_FLUSH_ALL:
		tlb_flush_mask(v->d->dirty_cpus);
		return 0;
	case MMUEXT_INVLPG_ALL:
		if (guest_addr_ok(op->arg1.linear_addr))
			tlb_flush_va_mask(v->d->dirty_cpus,
					  op->arg1.linear_addr);
		return 0;
	case MMUEXT_FLUSH_CACHE:
	case MMUEXT_FLUSH_CACHE_GLOBAL:
		if (!v->d->is_hw)
			return -EACCES;
		machine_flush_cache();
		return 0;
	case MMUEXT_SET_LDT:
		return op_set_ldt(v, owner, op);
	case MMUEXT_CLEAR_PAGE:
		return op_clear_page(owner, op);
	case MMUEXT_COPY_PAGE:
		return op_copy_page(owner, op);
	default:
		return (int)hypercall_unknown(v, __HYPERVISOR_mmuext_op,
					      op->cmd);
	}
}

static long continue_later(struct vcpu *v, gva_t list, unsigned int count,
			   gva_t pdone, unsigned int foreigndom)
{
	return hypercall_continue(v, __HYPERVISOR_mmuext_op, 4, list,
				  (unsigned long)count, pdone,
				  (unsigned long)foreigndom);
}

long hc_mmuext_op(struct vcpu *v, gva_t list, unsigned int count, gva_t pdone,
		  unsigned int foreigndom)
{
	struct domain *owner;
	struct mmu_batch b;
	unsigned int i = 0;
	int rc;

	rc = ptval_finish_old(v);
	if (unlikely(rc))
		return continue_later(v, list, count, pdone, foreigndom);
	if (unlikely(count == MMU_UPDATE_PREEMPTED && !list))
		return 0;
	rc = mmu_batch_start(&b, &count, pdone);
	if (unlikely(rc))
		return rc;
	if (unlikely(!guest_array_ok(list, count, sizeof(struct mmuext_op))))
		return -EFAULT;
	rc = -ESRCH;
	owner = mmu_get_foreign(v, foreigndom, &rc);
	if (unlikely(!owner))
		return rc;
	rc = 0;
	for (; i < count; i++) {
		struct mmuext_op op;

		if (unlikely(i && preempt_needed())) {
			rc = -ERESTART;
			break;
		}
		rc = copy_from_guest_index(&op, list, i);
		if (unlikely(rc))
			break;
		rc = op_one(v, owner, &op);
		if (unlikely(rc))
			break;
		rc = ptval_finish_old(v);
		if (unlikely(rc)) {
			i++;
			break;
		}
	}
	mmu_put_domain(v, owner);
	return mmu_batch_end(v, &b, __HYPERVISOR_mmuext_op, list,
			     sizeof(struct mmuext_op), count, i, foreigndom,
			     rc);
}
