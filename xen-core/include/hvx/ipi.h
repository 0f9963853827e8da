/* Requests between CPUs: the interrupt side of what machine.h offers. */
#ifndef HVX_IPI_H
#define HVX_IPI_H

#include <hvx/types.h>

void ipi_serve_flush(void);	/* VEC_FLUSH */
void ipi_serve_call(void);	/* VEC_CALL */

/* Boot option, for tests: every n-th preempt_needed() says yes; 0: off. */
extern unsigned int preempt_force;

#endif
