/*
 * Domains and vCPUs: the objects that everything else serves.
 *
 * Each module keeps its own share in a struct of its own (sched_vcpu,
 * evtchn_domain, pv_vcpu, ...), declared in its header; what is here is what
 * several need.  "hw" = dom0, the domain that owns the devices.
 */
#ifndef HVX_DOMAIN_H
#define HVX_DOMAIN_H

#include <abi/xen.h>
#include <hvx/cpumask.h>
#include <hvx/evtchn.h>
#include <hvx/lock.h>
#include <hvx/pv.h>
#include <hvx/regs.h>
#include <hvx/sched.h>
#include <hvx/types.h>

#define MAX_DOMAINS 1024		/* slots; owner field of a frame word */
#define MAX_VCPUS   128			/* of one domain */
#define DOMAIN_E820_MAX 128		/* entries of a domain's memory map */
#define LEGACY_VCPUS 32			/* with a vcpu_info in shared_info */

/* Why a vCPU doesn't run; it runs when none is set (v->blocked_by == 0). */
#define VPF_BLOCKED   BIT(0)	/* waits for an event */
#define VPF_POLLING   BIT(1)	/* waits for one of some ports */
#define VPF_DOWN      BIT(2)	/* not brought up, or taken down */
#define VPF_PAUSED    BIT(3)	/* pause_count of it or its domain */
#define VPF_PARKED    BIT(4)	/* used up what its domain's cap allows */

struct vcpu {
	struct cpu_regs regs;		/* entry.S pushes here; keep first */
	struct pcpu *pcpu;		/* where it runs now; for entry.S */
	struct domain *d;
	unsigned int id;
	unsigned int cpu;		/* where it runs or last ran */
	bool is_idle;
	bool initialised;		/* has a context */
	uint32_t pause_flags;		/* VPF_*; atomic */
	uint32_t pause_count;		/* atomic */
	uint32_t poll_port;		/* VPF_POLLING: the one, or 0: several */
	struct vcpu_info *info;		/* in shared_info, or where registered */
	mfn_t info_mfn;			/* INVALID_MFN: in shared_info */
	gva_t runstate_area;		/* guest's; 0: none */
	gva_t time_area;
	struct vcpu_runstate_info runstate;
	bool is_urgent;			/* polls: wake quickly */
	struct multicall_state {
		bool active;
		bool continued;		/* this entry is to be entered again */
		struct multicall_entry call;
	} mc;
	bool hcall_continued;		/* set by hypercall_continue */
	struct sched_vcpu sched;
	struct evtchn_vcpu evtchn;
	struct pv_vcpu pv;
	void *xsave;			/* FPU state, 64-byte aligned */
	uint64_t xcr0;
};

/* What a guest may ask for by vm_assist. */
#define VM_ASSIST_OFFERED                                                              \
	(BIT(VMASST_TYPE_4gb_segments) | BIT(VMASST_TYPE_4gb_segments_notify) | \
	 BIT(VMASST_TYPE_writable_pagetables) |                                \
	 BIT(VMASST_TYPE_pae_extended_cr3) |                                   \
	 BIT(VMASST_TYPE_architectural_iopl) |                                 \
	 BIT(VMASST_TYPE_runstate_update_flag) | BIT(VMASST_TYPE_m2p_strict))

struct domain {
	domid_t id;
	unsigned int slot;		/* index in the domain table */
	bool is_hw;			/* dom0: owns devices, may call control */
	bool is_dying;
	bool is_shut_down;
	bool is_shutting_down;
	bool is_xenstore;		/* the store daemon's: told to tools */
	uint32_t ctl_pauses;		/* by the tools; in pause_count as well */
	uint8_t shutdown_code;
	uint8_t debugger_attached;
	uint32_t pause_count;		/* atomic */
	uint32_t refs;			/* atomic; domain_get/put */
	struct lock lock;
	unsigned int max_vcpus;
	struct vcpu **vcpu;		/* max_vcpus of them; some NULL */
	struct shared_info *shared;
	mfn_t shared_mfn;
	uint32_t tot_pages;		/* atomic; frames of the reservation */
	uint32_t max_pages;
	uint32_t claimed_pages;		/* promised, not given; quota.c's lock */
	/* Where in the machine's memory it ever had frames; by lock. */
	uint64_t regions[FRAME_REGIONS / 64];
	cpumask_t dirty_cpus;		/* may hold its translations; atomic */
	uint64_t vm_assist;		/* bits of VMASST_TYPE_* */
	uint8_t handle[16];
	uint32_t ssidref;
	int64_t time_offset;		/* seconds */
	struct e820_entry *e820;	/* by the tools; NULL: none.  By lock */
	unsigned int nr_e820;
	struct sched_domain sched;
	struct evtchn_domain evtchn;
	struct grant_table *grants;
	struct pirq *pirqs;		/* NULL: may have none */
	mfn_t pirq_eoi_mfn;		/* bitmap page, or INVALID_MFN */
	bool auto_unmask;		/* PHYSDEVOP_pirq_eoi_gmfn_v1/2 choice */
	struct pv_domain pv;
	struct sample *sample;		/* NULL: not watched.  By ctl_lock */
	/* How far domain_kill() has come. */
	uint32_t destroy_step;
	unsigned int destroy_vcpu;
	unsigned long destroy_mfn;
	struct list list;		/* all domains, by id */
	struct domain *next_in_bucket;	/* alloc/domain.c's */
};

extern struct domain *hw_domain;	/* dom0; NULL before it exists */
extern struct domain idle_domain;
extern struct list domain_list;		/* by id; guarded by domain_list_lock */
extern struct lock domain_list_lock;

#define for_each_vcpu(d, v)                                                    \
	for (unsigned int vi_ = 0; vi_ < (d)->max_vcpus; vi_++)                \
		if (((v) = (d)->vcpu[vi_]) != NULL)

static inline bool vcpu_runnable(const struct vcpu *v)
{
	return !READ_ONCE(v->pause_flags);
}

/* Finish what v's last table change left half undone; 0 or -ERESTART. */
static inline int ptval_finish_old(struct vcpu *v)
{
	if (likely(mfn_eq(v->pv.old_table, INVALID_MFN)))
		return 0;
	return ptval_finish_old_slow(v);
}

/* A reference by id, or NULL; DOMID_SELF means v's own. */
struct domain *domain_get_by_id(domid_t id);
/* The domain with the lowest id that isn't below this one. */
struct domain *domain_get_next(domid_t id);
struct domain *domain_get_remote_or_self(struct vcpu *v, domid_t id);
struct domain *domain_by_slot(unsigned int slot);
void domain_get(struct domain *d);
void domain_put(struct domain *d);

/* NULL if none such.  id is clamped, not only compared. */
struct vcpu *domain_vcpu(struct domain *d, unsigned int id);

/* Birth (alloc/domain.c).  A new domain is paused by the control tool. */
struct domain_config {
	unsigned int max_vcpus;
	unsigned int max_evtchn_port;
	unsigned int max_grant_frames, max_maptrack_frames;
	bool is_hw;
};
int domain_create(domid_t id, const struct domain_config *cfg,
		  struct domain **out);
int vcpu_create(struct domain *d, unsigned int id);
/* What a CPU runs when it has nothing to run; NULL: no memory. */
struct vcpu *vcpu_create_idle(unsigned int cpu);
/* Death: -ERESTART while there is more to do. */
int domain_kill(struct domain *d);
/* All vCPUs stop for that reason; dom0 is told (VIRQ_DOM_EXC). */
void domain_shutdown(struct domain *d, uint8_t reason);
/* A suspended domain goes on as if it had never stopped. */
void domain_resume(struct domain *d);
/* The guest did what can't be answered: message, registers, SHUTDOWN_crash. */
void domain_crash(struct domain *d, const char *why, ...) __printf(2, 3);
/* Reserve n frames of d's quota: false if that passes max_pages. */
bool __must_check domain_reserve_pages(struct domain *d, unsigned long n);
void domain_unreserve_pages(struct domain *d, unsigned long n);
/* One more, one less frame whose word names this slot; a slot goes to another
 * domain only when there are none.  Called by alloc/frame.c. */
void domain_slot_hold(unsigned int slot);
void domain_slot_release(unsigned int slot);
/* Promise d that it can have `want` frames in all; 0 ends a promise.  -EINVAL
 * if it has as many or may not have them, -ENOMEM if there aren't as many that
 * nobody else was promised, -ESRCH if d is dying. */
int __must_check domain_claim_pages(struct domain *d, unsigned long want);
/* 2^order frames below the 2^bits'th byte for d, if that breaks no promise to
 * others; uses up its own.  INVALID_MFN if not.  They aren't d's yet. */
mfn_t domain_alloc_frames(struct domain *d, unsigned int order,
			  unsigned int bits);
unsigned long domain_claims_total(void);

#endif
