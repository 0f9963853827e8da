/*
 * This CPU's local APIC (cpu/apic.c): interrupts between CPUs, end of
 * interrupt, the timer.
 */
#ifndef HVX_APIC_H
#define HVX_APIC_H

#include <hvx/types.h>

/* Boot CPU, after acpi_init: choose xAPIC or x2APIC, silence the old PICs. */
void apic_init(void);
/* Each CPU, the boot CPU too: turn it on.  Interrupts may come after. */
void apic_init_cpu(void);

uint32_t apic_id(void);		/* of this CPU */
void apic_eoi(void);
uint32_t apic_error_status(void);	/* and clears it */
/* The physical address that MSI messages to APICs go to. */
#define MSI_ADDRESS 0xfee00000U

/* Fixed interrupt, or NMI, to the CPU with that APIC id. */
void apic_send_ipi(uint32_t id, unsigned int vector);
void apic_send_nmi(uint32_t id);
/* The start sequence of another CPU: INIT, then twice STARTUP at a page
 * below 1 MiB.  Waits as the processors want it. */
void apic_start_cpu(uint32_t id, paddr_t entry);

/*
 * The timer, this CPU's: one interrupt (VEC_TIMER) after that many ns, or a
 * little earlier where the counter isn't long enough.
 */
void apic_timer_arm(uint64_t ns);
void apic_timer_stop(void);
void apic_timer_calibrate(void);	/* boot CPU, once the TSC is known */

#endif
