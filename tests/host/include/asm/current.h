/* A host program's CPU is the one the test chose with host_set_cpu(). */
#ifndef HOST_ASM_CURRENT_H
#define HOST_ASM_CURRENT_H

struct pcpu;

struct pcpu *host_this_pcpu(void);

static inline struct pcpu *this_pcpu(void)
{
	return host_this_pcpu();
}

#endif
