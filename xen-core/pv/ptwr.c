/*
 * Direct stores to page tables.  A guest maps its live tables read-only; if
 * it stores to an L1 all the same (VMASST_TYPE_writable_pagetables), the
 * fault brings it here, and a whole 8-byte entry is checked and stored as
 * mmu_update would.  Anything else is the guest's page fault.
 */
#include <hvx/pv.h>

#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/machine.h>
#include <hvx/interp.h>
#include <hvx/traps.h>

static uint64_t *reg_ptr(struct cpu_regs *r, unsigned int n)
{
	uint64_t *const reg[16] = {
		&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp,
		&r->rsi, &r->rdi, &r->r8,  &r->r9,	&r->r10, &r->r11,
		&r->r12, &r->r13, &r->r14, &r->r15,
	};

	return reg[n & 15];
}

static int store_xchg(struct vcpu *v, struct cpu_regs *regs, uint64_t *pte,
		      const struct pte_store *st)
{
	uint64_t old;
	int rc;

	do {
		old = READ_ONCE(*pte);
		rc = ptval_cmpxchg_l1e(v, pte, old, st->value);
	} while (rc == -EAGAIN);
	if (!rc)
		*reg_ptr(regs, st->reg) = old;
	return rc;
}

static int store_cmpxchg(struct vcpu *v, struct cpu_regs *regs, uint64_t *pte,
			 const struct pte_store *st)
{
	uint64_t old = READ_ONCE(*pte);
	int rc = -EAGAIN;

	while (old == regs->rax) {
		rc = ptval_cmpxchg_l1e(v, pte, old, st->value);
		if (rc != -EAGAIN)
			break;
		old = READ_ONCE(*pte);
	}
	if (rc && rc != -EAGAIN)
		return rc;
	regs->rflags = interp_cmp_flags(regs->rflags, regs->rax, old);
	regs->rax = old;
	return 0;
}

/* One bit of an entry, as kernels write-protect and age pages. */
static int store_rmw(struct vcpu *v, struct cpu_regs *regs, uint64_t *pte,
		     const struct pte_store *st)
{
	uint64_t old, flags;
	int rc;

	do {
		uint64_t new;

		old = READ_ONCE(*pte);
		flags = regs->rflags;
		new = interp_rmw(st, old, &flags);
		rc = ptval_cmpxchg_l1e(v, pte, old, new);
	} while (rc == -EAGAIN);
	if (!rc)
		regs->rflags = flags;
	return rc;
}

static int store(struct vcpu *v, struct cpu_regs *regs, uint64_t *pte,
		 const struct pte_store *st)
{
	switch (st->kind) {
	case PTE_STORE_MOV:
		return ptval_set_entry(v, v->d, pte, st->value, FT_L1, false);
	case PTE_STORE_XCHG:
		return store_xchg(v, regs, pte, st);
	case PTE_STORE_CMPXCHG:
		return store_cmpxchg(v, regs, pte, st);
	case PTE_STORE_RMW:
		return store_rmw(v, regs, pte, st);
	}
	return -EINVAL;
}

bool ptwr_handle(struct vcpu *v, struct cpu_regs *regs, gva_t va)
{
	struct pte_store st;
	uint64_t *map, pte;
	mfn_t l1, target;
	int rc;

	if (!(v->d->vm_assist & BIT(VMASST_TYPE_writable_pagetables)) ||
	    (va & 7))
		return false;
	map = ptval_get_l1e(v, va, &l1);
	if (!map)
		return false;
	pte = READ_ONCE(*map);
	frame_put_type_leaf(l1);
	if ((pte & (PTE_P | PTE_RW)) != PTE_P)
		return false;
	target = pte_mfn(pte);
	if (!frame_get_valid(target, v->d, FT_L1))
		return false;
	rc = -EINVAL;
	if (interp_decode_pte_store(v, regs, va, &st))
		rc = store(v, regs,
			   (uint64_t *)mfn_to_virt(target) +
				   (va & ~PAGE_MASK) / 8,
			   &st);
	frame_put_type_leaf(target);
	if (rc)
		return false;
	regs->rip += st.length;
	return true;
}
