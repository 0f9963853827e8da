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
#define VEC_CALL	  0xfd
#define VEC_APIC_ERROR	  0xfe
#define VEC_SPURIOUS	  0xff

#define NR_PIRQS 512

/* A domain's pirq table; guarded by the irq lock. */
struct pirq {
	uint32_t port;		/* bound event channel; 0: none */
	int16_t irq;		/* the core's irq; -1: not mapped */
	bool masked_for_eoi;	/* level-triggered, waits for the guest's EOI */
};

/* The dispatcher's call for any vector in the dynamic range. */
void irq_handle_vector(unsigned int vector);
/* The core's own use of an ISA interrupt (the UART). */
int irq_request_core(unsigned int gsi, void (*fn)(void));

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

#endif
