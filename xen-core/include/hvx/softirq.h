/* Deferred work (dispatch/softirq.c): raised by softirq_raise(), machine.h. */
#ifndef HVX_SOFTIRQ_H
#define HVX_SOFTIRQ_H

#include <hvx/machine.h>

/* Serve what is pending on this CPU; may switch vCPUs and not return.  From
 * the exit path or idle only. */
void softirq_run(void);

#endif
