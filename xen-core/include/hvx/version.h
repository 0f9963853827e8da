/* Who we say we are: in xen_version, in messages, in CPUID's leaves. */
#ifndef HVX_VERSION_H
#define HVX_VERSION_H

#include <hvx/types.h>

#define HVX_ABI_MAJOR	 4
#define HVX_ABI_MINOR	 17
#define HVX_VERSION	 "0.1"
#define HVX_EXTRAVERSION "-hvx-" HVX_VERSION

#endif
