/* SPDX-License-Identifier: MIT */
/* vcpu-pin: where a domain's virtual processors may, and had better, run. */
#include "cmds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "args.h"
#include "hvxl.h"
#include "machine.h"
#include "out.h"

const struct option_def vcpu_pin_options[] = {
	{ 'f', "force", NULL, "Undo a pinning that the domain's kernel did" },
	{ OPT_IGNORE_MASKS, "ignore-global-affinity-masks", NULL,
	  "Don't look at the masks in xl.conf" },
	{ 0 }
};

/* The CPUs that text means as bits, to be freed; "-", which leaves an affinity
 * as it is, gives NULL. False: told why. */
static bool read_mask(uint8_t **bits, const char *text,
		      const struct cfg_host *host)
{
	struct guest_cpus cpus = { 0 };
	char why[CFG_WHY];
	unsigned int i, n = 0;
	int rc;

	*bits = NULL;
	if (!strcmp(text, "-"))
		return true;
	rc = cfg_parse_cpus(text, host, &cpus, why);
	if (rc)
		fail("vcpu-pin: %s: %s", text, why);
	*bits = xalloc((host->cpus + 7) / 8, 1);
	for (i = 0; !rc && i < host->cpus; i++) {
		if (!guest_cpus_has(&cpus, i))
			continue;
		(*bits)[i / 8] |= 1 << i % 8;
		n++;
	}
	guest_cpus_free(&cpus);
	if (!rc && !n)
		rc = fail("vcpu-pin: %s has none of this machine's %u "
			  "processors", text, host->cpus);
	return !rc;
}

/* xl.conf may keep all guests within some processors. */
static int apply_global_masks(uint8_t *hard, const struct cfg_host *host)
{
	struct cfg_notes notes = { 0 };
	struct xl_conf conf;
	const char *masks[2];
	unsigned int i, j, n = 0;
	int rc = xl_conf_read("/etc/xen/xl.conf", &conf, &notes);

	masks[0] = conf.cpumask;
	masks[1] = conf.pv_cpumask;
	for (i = 0; !rc && i < 2; i++) {
		uint8_t *mask;

		if (!masks[i])
			continue;
		if (!read_mask(&mask, masks[i], host))
			rc = -1;
		for (j = 0; mask && j < (host->cpus + 7) / 8; j++)
			hard[j] &= mask[j];
		free(mask);
	}
	for (j = 0; j < (host->cpus + 7) / 8; j++)
		n += !!hard[j];
	if (rc)
		cfg_notes_print(&notes, false, stderr);
	else if (!n)
		rc = fail("vcpu-pin: xl.conf's masks leave none of these "
			  "processors; --ignore-global-affinity-masks does it "
			  "all the same");
	cfg_notes_free(&notes);
	xl_conf_free(&conf);
	return rc ? 1 : 0;
}

static uint8_t *copy(const uint8_t *bits, unsigned int cpus)
{
	size_t size = (cpus + 7) / 8;

	return bits ? memcpy(xalloc(size, 1), bits, size) : NULL;
}

static int pin(uint32_t domid, unsigned int vcpu, const uint8_t *hard,
	       const uint8_t *soft, unsigned int cpus, bool force)
{
	/* The hypervisor writes back what came of it. */
	uint8_t *h = copy(hard, cpus), *s = copy(soft, cpus);
	int rc = hvctl_vcpu_affinity_set(hv(), domid, vcpu, h, s, cpus, force);

	free(h);
	free(s);
	if (!rc)
		return 0;
	tell("Could not set affinity for vcpu `%u'.", vcpu);
	return fail("vcpu-pin: domain %u, vCPU %u: %s%s", domid, vcpu,
		    strerror(errno), errno == EBUSY && !force
		    ? "; its kernel has pinned it, which -f undoes" : "");
}

/* All of a domain's, or vcpu's alone. */
static int pin_these(uint32_t domid, bool all, unsigned int vcpu,
		     const uint8_t *hard, const uint8_t *soft,
		     unsigned int cpus, bool force)
{
	struct xen_domctl_getdomaininfo info;
	unsigned int i;

	if (hvctl_domain_info(hv(), domid, &info))
		return fail_domain("vcpu-pin", domid);
	if (!all && vcpu > info.max_vcpu_id)
		return fail("vcpu-pin: domain %u has vCPUs 0 to %u, not %u",
			    domid, info.max_vcpu_id, vcpu);
	for (i = 0; i <= info.max_vcpu_id; i++)
		if ((all || i == vcpu) &&
		    pin(domid, i, hard, soft, cpus, force))
			return 1;
	return 0;
}

static void dry_run(uint32_t domid, const char *vcpu, const uint8_t *hard,
		    const uint8_t *soft, unsigned int cpus)
{
	char *h = hard ? set_text(hard, cpus) : xstrdup("-");
	char *s = soft ? set_text(soft, cpus) : xstrdup("-");

	only_dry_run("pin vCPU %s of domain %u: hard %s, soft %s", vcpu,
		     domid, h, s);
	free(h);
	free(s);
}

int cmd_vcpu_pin(int argc, char **argv)
{
	uint8_t *hard = NULL, *soft = NULL;
	bool force = hvxl.force, masks = true, all;
	struct cfg_host host;
	unsigned long vcpu = 0;
	const char *arg;
	uint32_t domid;
	char **rest;
	int c, n, rc = 1;

	while ((c = args_next(argc, argv, &arg)) >= 0) {
		force |= c == 'f';
		masks &= c != OPT_IGNORE_MASKS;
	}
	n = args_rest(argc, argv, 3, 4, &rest);
	domid = domain_find(rest[0]);
	all = !strcmp(rest[1], "all");
	if (!all && !parse_number(rest[1], UINT32_MAX, &vcpu)) {
		tell("Error: Invalid argument %s as VCPU.", rest[1]);
		return fail("vcpu-pin: a vCPU is a number, or all");
	}
	machine_read(&host);
	if (read_mask(&hard, rest[2], &host) &&
	    (n < 4 || read_mask(&soft, rest[3], &host)) &&
	    !(masks && hard && apply_global_masks(hard, &host)))
		rc = 0;
	if (!rc && !hard && !soft)
		rc = fail("vcpu-pin: with - for both there is nothing to do");
	if (!rc && hvxl.dry_run)
		dry_run(domid, rest[1], hard, soft, host.cpus);
	else if (!rc)
		rc = pin_these(domid, all, vcpu, hard, soft, host.cpus,
			       force);
	free(hard);
	free(soft);
	machine_free(&host);
	return rc;
}
