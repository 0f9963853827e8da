/*
 * The control domain: a PV64 kernel's ELF image read (pv/elf.c), and the
 * domain built from it (pv/dom0.c).
 */
#ifndef HVX_DOM0_H
#define HVX_DOM0_H

#include <hvx/types.h>

#define ELF_MAX_LOADS 16
#define NOTE_UNSET    (~0UL)

/* What a kernel's ELF headers and Xen notes say; all checked against the
 * image's size. */
struct elf_kernel {
	struct elf_load {
		unsigned long offset, filesz, memsz;	/* bytes */
		unsigned long paddr;
	} load[ELF_MAX_LOADS];
	unsigned int nr_loads;
	unsigned long paddr_low, paddr_high;	/* of all loads */
	unsigned long entry;			/* virtual addresses */
	unsigned long virt_base;
	unsigned long hypercall_page;		/* or NOTE_UNSET */
	unsigned long init_p2m;			/* or NOTE_UNSET */
	unsigned long paddr_offset;
	bool mod_start_pfn;
	char guest_os[32];
};

/* NULL, or why the image can't be a PV64 kernel. */
const char *elf_read_kernel(const void *image, unsigned long size,
			    struct elf_kernel *k);

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
