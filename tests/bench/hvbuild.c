/* SPDX-License-Identifier: MIT */
/*
 * Builds a guest by libhvctl alone: no store, no daemons. Prints what the
 * building cost and what became of the domain, and destroys it.
 *
 *	hvbuild KERNEL RAMDISK|- MIB VCPUS SECONDS [CMDLINE]
 *
 * SECONDS: how long the guest runs (0: it is only built). What it writes into
 * its console ring in the meantime is printed.
 */
#include <libhvctl/build.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <abi/io/console.h>
#include <libhvctl/private.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int die(const char *what)
{
	fprintf(stderr, "hvbuild: %s: %s\n", what, strerror(errno));
	return 1;
}

static int make_domain(struct hvctl *h, unsigned int mib, unsigned int vcpus,
		       uint32_t *domid)
{
	struct xen_domctl_createdomain how = {
		.max_vcpus = vcpus,
		.max_evtchn_port = 1023,
		.max_grant_frames = -1,
		.max_maptrack_frames = -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};

	*domid = 0;
	if (hvctl_domain_create(h, &how, domid))
		return die("creating a domain");
	if (hvctl_domain_max_vcpus(h, *domid, vcpus) ||
	    hvctl_domain_max_mem(h, *domid, mib * 1024UL + 1024) ||
	    hvctl_domain_set_tsc_native(h, *domid))
		return die("setting the domain's limits");
	return 0;
}

static void drain(struct xencons_interface *c)
{
	uint32_t prod = __atomic_load_n(&c->out_prod, __ATOMIC_ACQUIRE);

	while (c->out_cons != prod && prod - c->out_cons <= sizeof(c->out)) {
		putchar(c->out[c->out_cons % sizeof(c->out)]);
		__atomic_store_n(&c->out_cons, c->out_cons + 1,
				 __ATOMIC_RELEASE);
	}
	fflush(stdout);
}

static void watch(struct hvctl *h, uint32_t domid, unsigned long mfn,
		  double seconds)
{
	struct xencons_interface *c = hvctl_map(h, domid, 1, &mfn);
	double end = now() + seconds;

	while (c && now() < end) {
		struct xen_domctl_getdomaininfo info;

		drain(c);
		usleep(2000);
		if (hvctl_domain_info(h, domid, &info) ||
		    info.flags & XEN_DOMINF_shutdown)
			break;
	}
	if (c)
		drain(c);
	hvctl_unmap(h, c, 1);
}

static void report(struct hvctl *h, uint32_t domid)
{
	struct xen_domctl_getdomaininfo info;

	if (!hvctl_domain_info(h, domid, &info))
		printf("\nhvbuild: domain %u: flags %x reason %u pages %lu cpu %.3f s\n",
		       domid, info.flags & 0xffff,
		       info.flags >> XEN_DOMINF_shutdownshift & 0xff,
		       (unsigned long)info.tot_pages, info.cpu_time / 1e9);
}

static int run(struct hvctl *h, char **argv, int argc)
{
	struct hvctl_build b = {
		.kernel = argv[1],
		.ramdisk = strcmp(argv[2], "-") ? argv[2] : NULL,
		.memory_kib = strtoul(argv[3], NULL, 0) * 1024,
		.vcpus = strtoul(argv[4], NULL, 0),
		.cmdline = argc > 6 ? argv[6] : "",
	};
	double t = now(), seconds = atof(argv[5]);
	uint32_t domid;
	int rc;

	if (make_domain(h, b.memory_kib >> 10, b.vcpus, &domid))
		return 1;
	b.store_port = hvctl_evtchn_alloc(h, domid, 0);
	b.console_port = hvctl_evtchn_alloc(h, domid, 0);
	rc = hvctl_build(h, domid, &b);
	printf("BENCH build-ms %.0f\nBENCH build-calls %lu\n",
	       (now() - t) * 1000, (unsigned long)b.calls);
	if (rc)
		fprintf(stderr, "hvbuild: %s: %s (%s)\n", b.stage, b.error,
			strerror(errno));
	else if (seconds > 0 && !hvctl_domain_unpause(h, domid))
		watch(h, domid, b.console_mfn, seconds);
	report(h, domid);
	t = now();
	if (hvctl_domain_destroy(h, domid))
		return die("destroying the domain");
	printf("BENCH destroy-ms %.0f\n", (now() - t) * 1000);
	return rc ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct hvctl *h;
	int rc;

	if (argc < 6) {
		fprintf(stderr, "usage: hvbuild KERNEL RAMDISK|- MIB VCPUS SECONDS [CMDLINE]\n");
		return 2;
	}
	h = hvctl_open();
	if (!h)
		return die("opening the hypervisor");
	rc = run(h, argv, argc);
	hvctl_close(h);
	return rc;
}
