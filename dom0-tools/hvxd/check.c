/* SPDX-License-Identifier: MIT */
/* What is wrong with a configuration, before anything is made of it. */
#include "create.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "backend.h"
#include "census.h"

/* What the hypervisor needs for a domain beside its memory, at least. */
#define OVERHEAD_PAGES	256

/* Of all that an otherwise empty configuration lacks, the name matters. */
static void name_fault(void *arg, const char *key, int index, const char *text)
{
	(void)index;
	if (!strcmp(key, "name"))
		fault_set(arg, EINVAL, "name", NULL, "name: %s", text);
}

int check_name(struct hvxd *hd, const char *name, const struct dom *except,
	       struct fault *f)
{
	const struct dom *other;
	struct guest_config as = { .name = (char *)(uintptr_t)name };

	f->err = 0;
	guest_config_check(&as, name_fault, f);
	if (f->err)
		return -1;
	if (strspn(name, "0123456789") == strlen(name))
		return fault_set(f, EINVAL, "name", name,
				 "the name %s would be taken for a domain's number",
				 name);
	census_names(hd);
	other = strcmp(name, "Domain-0") ? dom_by_name(hd, name) : NULL;
	if (strcmp(name, "Domain-0") && (!other || other == except))
		return 0;
	fault_set(f, EEXIST, "name", name,
		  other && other->domid != DOMID_NONE
			  ? "a domain of this name is there already (id %u)"
			  : "a domain of this name is there already",
		  other ? other->domid : 0);
	fault_hint(f, "hvxl list shows it; take another name, or hvxl destroy %s",
		   name);
	return -1;
}

static int check_file(const char *stage, const char *path, struct fault *f)
{
	struct stat st;

	if (stat(path, &st) || access(path, R_OK)) {
		fault_errno(f, stage, path, path);
		fault_hint(f, "check %s in its configuration", stage);
		return -1;
	}
	if (!S_ISREG(st.st_mode))
		return fault_set(f, EINVAL, stage, path, "%s is no plain file",
				 path);
	return 0;
}

static int check_boot(const struct guest_config *c, struct fault *f)
{
	if (c->bootloader && !c->kernel) {
		fault_set(f, ENOTSUP, "kernel", c->bootloader,
			  "bootloader %s: there are no boot loaders here",
			  c->bootloader);
		fault_hint(f, "name the guest's kernel (and ramdisk) by a path in dom0");
		return -1;
	}
	if (!c->kernel)
		return fault_set(f, EINVAL, "kernel", c->name,
				 "no kernel is named");
	if (check_file("kernel", c->kernel, f))
		return -1;
	return c->ramdisk ? check_file("ramdisk", c->ramdisk, f) : 0;
}

static void first_fault(void *arg, const char *key, int index, const char *text)
{
	struct fault *f = arg;

	if (f->err)
		return;
	if (index < 0)
		fault_set(f, EINVAL, "config", key, "%s: %s", key, text);
	else
		fault_set(f, EINVAL, "config", key, "%s[%d]: %s", key, index,
			  text);
}

static int check_rest(struct hvxd *hd, const struct guest_config *c,
		      struct fault *f)
{
	if (c->vscsi_count)
		return fault_set(f, ENOTSUP, "devices", c->name,
				 "virtual SCSI is not there yet");
	if (c->pool && *c->pool && strcmp(c->pool, "Pool-0") &&
	    strcmp(c->pool, "0"))
		return fault_set(f, ENOENT, "limits", c->pool,
				 "there is no CPU pool %s; there is Pool-0",
				 c->pool);
	return backend_check(hd, c, f);
}

int check_config(struct hvxd *hd, const struct guest_config *c, struct fault *f)
{
	f->err = 0;
	if (guest_config_check(c, first_fault, f) || check_boot(c, f))
		return -1;
	return check_rest(hd, c, f);
}

int check_memory(struct hvxd *hd, const struct guest_config *c, struct fault *f)
{
	uint64_t need = (c->memory_kb >> 2) + OVERHEAD_PAGES, free;
	struct xen_sysctl_physinfo info;

	if (hvctl_physinfo(hd->hv, &info))
		return fault_errno(f, "memory", c->name,
				   "asking the hypervisor for its free memory");
	free = info.free_pages > info.outstanding_pages
		       ? info.free_pages - info.outstanding_pages
		       : 0;
	if (need <= free)
		return 0;
	fault_set(f, ENOMEM, "memory", c->name,
		  "it needs %llu MiB and 1 MiB for the hypervisor, but %llu MiB are free (of %llu)",
		  (unsigned long long)(c->memory_kb + 1023) >> 10,
		  (unsigned long long)free >> 8,
		  (unsigned long long)info.total_pages >> 8);
	fault_hint(f, "end a guest, or take memory from one: hvxl mem-set NAME MIB (dom0 is Domain-0)");
	return -1;
}
