/* Requests between CPUs: the interrupt side of what machine.h offers. */
#ifndef HVX_IPI_H
#define HVX_IPI_H

#include <hvx/types.h>

void ipi_serve_flush(void);	/* VEC_FLUSH */

/*
 * Between these two, every other CPU waits where it would return to a guest or
 * sleep: it holds no lock and no call of a guest is half done, but for one that
 * will be continued.  For looking at the machine as a whole; interrupts wait
 * too.  The caller holds no lock, and may itself be held before it goes on.
 */
void smp_hold_others(void);
void smp_release_others(void);
void smp_held(void);		/* SOFTIRQ_HOLD */

/* The machine is dying: other CPUs stop where they are, by NMI. */
void smp_stop_others(void);
bool smp_stop_wanted(void);	/* asked in the NMI handler: then halt */

/* Boot option, for tests: every n-th preempt_needed() says yes; 0: off. */
extern unsigned int preempt_force;

#endif
