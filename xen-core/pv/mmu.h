/* Shared by mmu_update.c and mmuext.c only: lists of operations. */
#ifndef PV_MMU_H
#define PV_MMU_H

#include <hvx/cpumask.h>
#include <hvx/types.h>

struct domain;
struct vcpu;

/* In count: this call goes on with one that was preempted. */
#define MMU_UPDATE_PREEMPTED 0x80000000u

struct mmu_batch {
	unsigned int done;	/* before this entry of the call */
	gva_t pdone;
};

int mmu_batch_start(struct mmu_batch *b, unsigned int *count, gva_t pdone);
long mmu_batch_end(struct vcpu *v, const struct mmu_batch *b, unsigned int nr,
		   gva_t list, unsigned long size, unsigned int count,
		   unsigned int i, unsigned int foreigndom, int rc);
/* The domain whose frames are meant (mmu_put_domain() it), or NULL and *rc. */
struct domain *mmu_get_foreign(struct vcpu *v, unsigned int foreigndom,
			       int *rc);
void mmu_put_domain(struct vcpu *v, struct domain *d);
int mmu_vcpumask(struct vcpu *v, gva_t mask, cpumask_t *cpus);

#endif
