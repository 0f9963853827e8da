/* Debug keys: on the serial console, and by sysctl from dom0. */
#ifndef HVX_KEYS_H
#define HVX_KEYS_H

void key_pressed(char c);
void keys_audit(void);		/* SOFTIRQ_AUDIT: key M */

#endif
