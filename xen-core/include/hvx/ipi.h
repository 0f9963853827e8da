/* Requests between CPUs: the interrupt side of what machine.h offers. */
#ifndef HVX_IPI_H
#define HVX_IPI_H

#include <hvx/types.h>

void ipi_serve_flush(void);	/* VEC_FLUSH */

/* The machine is dying: other CPUs stop where they are, by NMI. */
void smp_stop_others(void);
bool smp_stop_wanted(void);	/* asked in the NMI handler: then halt */

/* Boot option, for tests: every n-th preempt_needed() says yes; 0: off. */
extern unsigned int preempt_force;

#endif
