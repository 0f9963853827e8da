/* SPDX-License-Identifier: MIT */
/* Configurations as hvxl reads them, for create and config-update. */
#ifndef HVXL_CONFIG_H
#define HVXL_CONFIG_H

#include "cfg.h"

/*
 * What file and the count arguments key=value after it say, with what xl.conf
 * adds. Mistakes, and with warnings set warnings, are told, each with its file
 * and line. 0 and *out, which is to be freed; or 1.
 */
int config_read(const char *file, char **settings, unsigned int count,
		bool warnings, struct guest_config *out);

/*
 * What is known of a running domain, in the shape of libxl's JSON: from hvxd,
 * or what libxl keeps of its own domains, or what hypervisor and store say.
 * To be put.
 */
struct json_object;
struct xen_domctl_getdomaininfo;
struct json_object *config_of_domain(const struct xen_domctl_getdomaininfo *d,
				     const char *name);

#endif /* HVXL_CONFIG_H */
