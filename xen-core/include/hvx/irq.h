/*
 * Physical interrupts: vectors, I/O APIC entries, MSI messages, and pirqs,
 * which are how a domain (dom0) holds one (cpu/ioapic.c, cpu/irq.c, cpu/msi.c).
 */
#ifndef HVX_IRQ_H
#define HVX_IRQ_H

#include <abi/physdev.h>
#include <hvx/cpumask.h>
#include <hvx/types.h>

struct domain;
struct vcpu;

#define VEC_DYNAMIC_FIRST 0x30
#define VEC_DYNAMIC_LAST  0xef
#define VEC_FLUSH	  0xfa
#define VEC_KICK	  0xfb
#define VEC_TIMER	  0xfc
#define VEC_APIC_ERROR	  0xfe
#define VEC_SPURIOUS	  0xff

#define NR_PIRQS 512

/* A domain's pirq table; guarded by the irq lock. */
struct pirq {
	uint32_t port;		/* bound event channel; 0: none */
	int16_t irq;		/* the core's irq; -1: not mapped */
	bool masked_for_eoi;	/* level-triggered, waits for the guest's EOI */
};

/* Boot CPU, after apic_init: I/O APICs found, all lines masked, and what of
 * the interrupt hardware dom0 may not touch. */
void irq_init(void);

/* The dispatcher's call for any vector in the dynamic range. */
void irq_handle_vector(unsigned int vector);
/* The core's own use of an ISA interrupt (the UART); fn runs on the boot CPU
 * with interrupts off. */
int irq_request_core(unsigned int gsi, void (*fn)(void));
/* The GSI of an ISA interrupt. */
unsigned int irq_isa_to_gsi(unsigned int isa);
void irq_dump(void);		/* debug key 'i' */

/* evtchn bind_pirq and its undoing.  will_share as in the ABI. */
int pirq_bind(struct vcpu *v, unsigned int pirq, bool will_share,
	      unsigned int port);
void pirq_unbind(struct domain *d, unsigned int pirq);
/* The port's vCPU changed: steer the interrupt after it. */
void pirq_set_affinity(struct domain *d, unsigned int pirq, unsigned int cpu);
/* The guest is done with it (PHYSDEVOP_eoi, or unmask of its port). */
void pirq_guest_eoi(struct domain *d, unsigned int pirq);
int pirq_init_domain(struct domain *d);
void pirq_destroy_domain(struct domain *d);

/* PHYSDEVOP_map_pirq and others, for dispatch/physdev_op.c.  The pirq, or
 * -errno.  want: the pirq asked for, or negative. */
int pirq_map_gsi(struct domain *d, unsigned int gsi, int want);
struct msi_request {
	uint16_t segment, bdf;
	unsigned int entry;	/* of the MSI-X table */
	paddr_t table_base;	/* BAR with the MSI-X table; 0: plain MSI */
};
int pirq_map_msi(struct domain *d, const struct msi_request *rq, int want);
int pirq_unmap(struct domain *d, unsigned int pirq);
int pirq_get_free(struct domain *d, bool gsi);
/* XENIRQSTAT_*, or -EINVAL. */
int pirq_status(struct domain *d, unsigned int pirq);
/* The bitmap page that tells the guest which pirqs need an EOI. */
int pirq_set_eoi_map(struct domain *d, mfn_t mfn, bool auto_unmask);
int irq_setup_gsi(unsigned int gsi, bool level, bool low);
/* A device lost its registers: write its messages again. */
int irq_restore_msi(unsigned int segment, unsigned int bdf);
/* Registers of the I/O APIC at that address, as dom0 reads them. */
int ioapic_guest_read(paddr_t base, unsigned int reg, uint32_t *value);

#endif
