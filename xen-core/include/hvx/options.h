/*
 * Boot options, spelled as Xen's.  One table (boot/options.c) names them all:
 * those we obey, those we know and ignore, and how each is read.
 */
#ifndef HVX_OPTIONS_H
#define HVX_OPTIONS_H

#include <hvx/types.h>

/* Sizes in bytes; 0: not given. */
struct dom0_mem {
	uint64_t size, min, max;
	bool size_negative, min_negative, max_negative; /* all RAM less that */
};
extern struct dom0_mem opt_dom0_mem;
/* 0: not given; max 0: as many as there are CPUs. */
extern unsigned int opt_dom0_vcpus_min, opt_dom0_vcpus_max;
extern bool opt_dom0_vcpus_pin;
extern unsigned int opt_maxcpus;	/* 0: all */
extern bool opt_nosmp, opt_noreboot, opt_x2apic;

/*
 * Reads a whole command line.  Unknown options are warned about; NULL, or, if
 * a value can't be read, the option's name (and what the matter is in why).
 */
const char *options_parse(const char *cmdline, const char **why);

#endif
