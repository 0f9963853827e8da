/*
 * What is PV's own: page tables of guests, descriptor tables, traps into the
 * guest, iret.  A second guest kind would stand beside it.
 */
#ifndef HVX_PV_H
#define HVX_PV_H

#include <abi/xen.h>
#include <hvx/frame.h>
#include <hvx/regs.h>
#include <hvx/types.h>

struct domain;
struct pcpu;
struct vcpu;

#define GUEST_GDT_FRAMES 14

struct pv_vcpu {
	bool kernel_mode;		/* guest kernel, not user, runs */
	bool interrupt_bounce_pending;
	mfn_t kernel_base, user_base;	/* L4s; each holds a type reference */
	paddr_t cr3_kernel, cr3_user;	/* what CR3 gets; user 0: none */
	mfn_t old_table;		/* left PARTIAL by a put; or INVALID */
	uint32_t paged_out, paged_in;	/* entries so far, see ptval.c */
	struct trap_info traps[256];
	uint64_t kernel_ss, kernel_sp;
	uint64_t event_rip, failsafe_rip, syscall_rip, syscall32_rip,
		sysenter_rip, nmi_rip;
	bool syscall_masks_events, syscall32_masks_events,
		sysenter_masks_events, failsafe_masks_events;
	uint64_t fs_base, gs_base_kernel, gs_base_user;
	uint16_t ds, es, fs, gs;	/* selectors saved at switch */
	uint64_t cr0, cr2_shadow, cr4;	/* as the guest chose; cr2 in info */
	bool ts;			/* virtual CR0.TS: next FPU use traps */
	uint64_t tsc_aux;
	uint64_t dr[8];			/* dr7 active bits: dr[7] & 0xff */
	mfn_t gdt_mfn[GUEST_GDT_FRAMES];
	unsigned int gdt_ents;
	gva_t ldt_base;
	unsigned int ldt_ents;
	uint64_t ldt_mapped;		/* bitmap of LDT window pages present */
	unsigned int iopl;
	gva_t iobmp;			/* guest's bitmap, 0: none */
	unsigned int iobmp_limit;	/* ports */
	uint64_t *desc_l1;		/* the 32 entries of its window */
	bool nmi_pending;		/* asked for; atomic */
	bool nmi_masked;		/* its handler runs: until an iret */
};

struct pv_domain {
	mfn_t perdomain_l3;		/* what slot 260 of its L4s points at */
	bool has_32bit_compat;
	uint32_t cf8;			/* PCI configuration address */
	struct pv_pit {			/* channel 2, the one kernels time by */
		uint64_t start;		/* ns of time_now(): loaded */
		uint32_t reload;
		uint16_t latch;
		uint8_t control, latched;	/* bytes of latch still to read */
		bool msb_next_read, msb_next_write;
		uint8_t low, port61;
	} pit;
};

/* alloc + pv: called by domain_create, vcpu_create, domain_kill. */
int pv_init_domain(struct domain *d);
void pv_free_domain(struct domain *d);
int pv_init_vcpu(struct vcpu *v);
void pv_free_vcpu(struct vcpu *v);
/* Drop v's references to tables, GDT, LDT; -ERESTART. */
int pv_release_vcpu(struct vcpu *v);
/* Undo all tables and give back all frames; -ERESTART. */
int pv_release_frames(struct domain *d);

/* A vCPU's first context (VCPUOP_initialise, setvcpucontext, dom0). */
int pv_set_context(struct vcpu *v, const struct vcpu_guest_context *c);
void pv_get_context(struct vcpu *v, struct vcpu_guest_context *c);

/*
 * Page-table validation (pv/ptval.c), called by alloc/frame.c.  validate goes
 * on at *entry and leaves there the number of entries that hold references;
 * undo goes down from it.  0, -EINVAL, -EBUSY, -ERESTART.
 */
int ptval_validate(mfn_t mfn, const struct domain *d, enum frame_type level,
		   unsigned int *entry);
int ptval_undo(mfn_t mfn, enum frame_type level, unsigned int *entry);

/*
 * The L1 entry that maps va in v's kernel tables, the table held by a type
 * reference (frame_put_type_leaf(*l1) when done).  NULL if there is none.
 */
uint64_t *ptval_get_l1e(struct vcpu *v, gva_t va, mfn_t *l1);
/*
 * Change one entry of a table that the caller holds as `level`.  Frames that
 * it maps must be owner's.  0; -errno and nothing changed; -ERESTART: nothing
 * changed, call again.  May leave v->pv.old_table to be finished.
 */
int ptval_set_entry(struct vcpu *v, const struct domain *owner, uint64_t *pte,
		    uint64_t val, enum frame_type level, bool preserve_ad);
/* The same for an L1 entry as compare and swap of `expect`: -EAGAIN if it
 * isn't that any more. */
int ptval_cmpxchg_l1e(struct vcpu *v, uint64_t *pte, uint64_t expect,
		      uint64_t val);
/* Does entry i of a table in force hold a reference, and a typed one? */
bool ptval_entry_counts(uint64_t pte, enum frame_type level, unsigned int i,
			bool *typed);
/* See ptval_finish_old(), which needs all of struct vcpu: <hvx/domain.h>. */
int ptval_finish_old_slow(struct vcpu *v);
/* Make an L4 the kernel's (or user's) base; the old one's reference goes. */
int pv_new_base(struct vcpu *v, mfn_t mfn, bool user);

/* Page-table entry bits. */
#define PTE_P	   0x001UL
#define PTE_RW	   0x002UL
#define PTE_US	   0x004UL
#define PTE_PWT	   0x008UL
#define PTE_PCD	   0x010UL
#define PTE_A	   0x020UL
#define PTE_D	   0x040UL
#define PTE_PS	   0x080UL	/* L2 and up */
#define PTE_PAT	   0x080UL	/* L1 */
#define PTE_G	   0x100UL
#define PTE_NX	   0x8000000000000000UL
#define PTE_ADDR   0x000ffffffffff000UL
/* A software bit of ours: this L1 entry was put there by a grant map. */
#define PTE_GRANT  0x0010000000000000UL

static inline mfn_t pte_mfn(uint64_t pte)
{
	return _mfn((pte & PTE_ADDR) >> PAGE_SHIFT);
}

/*
 * One piece of watching d's working set (pv/sample.c, where the idea is told;
 * the arguments: abi/domctl.h).  d isn't the caller's, and ctl_lock is held.
 * d is paused meanwhile, for no longer than a millisecond.  0; -EINVAL too many
 * samples, -ENOMEM, -ESRCH d is dying.
 */
struct xen_domctl_hvx_working_set;
int sample_step(struct domain *d, struct xen_domctl_hvx_working_set *ws);

/* A direct PTE store by the guest kernel: true if it was one and is done. */
bool ptwr_handle(struct vcpu *v, struct cpu_regs *regs, gva_t va);

/* Load v's address space, by its mode; no-op if it is loaded. */
void pv_load_base(struct vcpu *v);
/* Switch between the guest's kernel and user tables. */
void pv_toggle_mode(struct vcpu *v);

/* Traps into the guest (pv/bounce.c): build its frame and go to its handler.
 * A guest that can't take it is crashed. */
void pv_inject_trap(struct vcpu *v, unsigned int vector, uint32_t error_code);
void pv_inject_page_fault(struct vcpu *v, gva_t cr2, uint32_t error_code);
void pv_inject_gp(struct vcpu *v, uint32_t error_code);
/* The return to the guest faulted: its failsafe callback, or the end. */
void pv_inject_failsafe(struct vcpu *v);
/* The data selectors in the registers now: ds es fs gs. */
void pv_read_selectors(const struct vcpu *v, uint64_t sel[4]);
/* Before a return to a guest: deliver an event upcall if one is due. */
void pv_deliver_event(struct vcpu *v);
/* An NMI was asked for: deliver it unless one is being handled. */
void pv_deliver_nmi(struct vcpu *v);

/* GDT and LDT (pv/desc_op.c). */
int pv_set_gdt(struct vcpu *v, const mfn_t *frames, unsigned int nr,
	       unsigned int entries);
void pv_destroy_gdt(struct vcpu *v);
int pv_set_ldt(struct vcpu *v, gva_t base, unsigned int entries);
void pv_drop_ldt(struct vcpu *v);
/* The processor's LDT as v has it (metal). */
void pv_load_ldt(struct vcpu *v, struct pcpu *pc);
/* The same if v runs here now. */
void pv_reload_ldt(struct vcpu *v);
/* A fault in the LDT window: bring the guest's page in.  True if it did. */
bool pv_map_ldt_page(struct vcpu *v, unsigned long offset);
/* Is the 8-byte descriptor one that a guest may have?  May adjust it. */
bool pv_check_descriptor(uint64_t *desc);
int descpage_validate(mfn_t mfn);
bool pv_selector_ok(uint16_t sel);

/* Guest-chosen selectors and addresses made safe. */
static inline bool is_canonical(uint64_t a)
{
	return (uint64_t)((int64_t)(a << 16) >> 16) == a;
}
bool guest_addr_ok(uint64_t a);		/* canonical, not the core's */
static inline uint16_t fix_guest_cs(uint16_t sel)
{
	return (sel & 0xfffc) | 3;
}

#endif
