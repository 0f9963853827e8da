/* The control domain, built from a PV64 kernel (pv/dom0.c). */
#ifndef HVX_DOM0_H
#define HVX_DOM0_H

#include <hvx/pvboot.h>
#include <hvx/types.h>

struct dom0_params {
	const void *kernel;		/* ELF image, mapped */
	unsigned long kernel_size;
	const void *initrd;		/* NULL: none */
	unsigned long initrd_size;
	const char *cmdline;
	paddr_t rsdp;			/* 0: dom0 finds it in low memory */
	unsigned long nr_pages, max_pages;
	unsigned int max_vcpus;
};

/* Builds dom0, vCPU 0 ready to run, all paused by the control tool; panics
 * with one clear line if it can't. */
struct domain *dom0_build(const struct dom0_params *p);

#endif
