/* SPDX-License-Identifier: MIT */
/* xen_version: who the hypervisor is and what it can do. */
#ifndef ABI_VERSION_H
#define ABI_VERSION_H

#include <abi/xen.h>
#include <abi/features.h>

#define XENVER_version			0	/* major << 16 | minor */
#define XENVER_extraversion		1
#define XENVER_compile_info		2
#define XENVER_capabilities		3
#define XENVER_changeset		4
#define XENVER_platform_parameters	5
#define XENVER_get_features		6
#define XENVER_pagesize			7
#define XENVER_guest_handle		8	/* xen_domain_handle_t */
#define XENVER_commandline		9
#define XENVER_build_id			10

typedef char xen_extraversion_t[16];
typedef char xen_capabilities_info_t[1024];
typedef char xen_changeset_info_t[64];
typedef char xen_commandline_t[1024];

#define XEN_EXTRAVERSION_LEN		(sizeof(xen_extraversion_t))
#define XEN_CAPABILITIES_INFO_LEN	(sizeof(xen_capabilities_info_t))
#define XEN_CHANGESET_INFO_LEN		(sizeof(xen_changeset_info_t))

struct xen_compile_info {
	char compiler[64];
	char compile_by[16];
	char compile_domain[32];
	char compile_date[32];
};

struct xen_platform_parameters {
	xen_ulong_t virt_start;		/* where the hypervisor begins */
};

struct xen_feature_info {
	unsigned int submap_idx;	/* which 32 bits */
	uint32_t submap;		/* out: bits of XENFEAT_* */
};

struct xen_build_id {
	uint32_t len;
	unsigned char buf[];
};

#endif /* ABI_VERSION_H */
