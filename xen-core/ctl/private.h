/*
 * The control calls among themselves: what a handler of a sub-operation gets,
 * and the prototypes of all of them, made from hypercalls/ops/.
 */
#ifndef CTL_PRIVATE_H
#define CTL_PRIVATE_H

#include <abi/domctl.h>
#include <abi/platform.h>
#include <abi/sysctl.h>
#include <hvx/cpumask.h>
#include <hvx/types.h>

struct domain;
struct vcpu;

/* v calls about d (referenced); op is a private copy of the guest's. */
struct domctl_call {
	struct vcpu *v;
	struct domain *d;
	struct xen_domctl *op;
};

#define SUBOP(nr, name, type, dir, who) long domctl_##name(struct domctl_call *c);
#include <ops/domctl.def>
#define SUBOP(nr, name, type, dir, who)                                        \
	long sysctl_##name(struct vcpu *v, struct xen_sysctl *op);
#include <ops/sysctl.def>
#define SUBOP(nr, name, type, dir, who)                                        \
	long platform_##name(struct vcpu *v, struct xen_platform_op *op);
#include <ops/platform_op.def>

/* A handler may stop: the call is to be made again as it was. */
#define CTL_AGAIN (-ERESTART)

void domctl_fill_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

/* A set of CPUs to a tool's bitmap of whatever length, and back. */
int bitmap_put(const struct xenctl_bitmap *to, cpumask_t mask);
int bitmap_get(const struct xenctl_bitmap *from, cpumask_t *mask);

/* CPUID as v may see it (NULL: as the processor says) as a list of leaves.
 * Room for *nr; *nr becomes the count.  -ENOBUFS if that isn't enough.  With
 * no list only *nr is set, to what is always enough. */
#define POLICY_MAX_MSRS 2	/* as the library has; we list none */
int policy_put_leaves(struct vcpu *v, gva_t leaves, uint32_t *nr);
#define POLICY_WORDS 19
void policy_features(struct vcpu *v, uint32_t words[POLICY_WORDS]);

#endif
