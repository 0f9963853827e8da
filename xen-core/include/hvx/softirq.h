/* Deferred work (dispatch/softirq.c): raised by softirq_raise(), machine.h. */
#ifndef HVX_SOFTIRQ_H
#define HVX_SOFTIRQ_H

#include <hvx/machine.h>

/* Who serves it; timer and schedule have theirs from the start. */
void softirq_register(enum softirq nr, void (*fn)(void));
/* Serve what is pending on this CPU; may switch vCPUs and not return.  From
 * the exit path or idle only. */
void softirq_run(void);

#endif
