/* SPDX-License-Identifier: MIT */
#include "build_child.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <common/log.h>
#include <libhvctl/build.h>
#include "job.h"
#include "kernels.h"

struct build_child {
	struct dom *d;
	struct job *job;
	struct rings rings;
	char *kernel;			/* the path that image is of */
	int image;
	build_done_fn *done;
	void *arg;
};

/* What the child says in the end. */
struct result {
	int err;			/* 0: built */
	char stage[24];
	char error[300];
	struct rings rings;
	unsigned long nr_pages;
	uint64_t calls;
};

static size_t run(void *arg, void *out)
{
	struct build_child *b = arg;
	const struct guest_config *c = &b->d->config;
	struct hvctl *hv = hvctl_open_sized(HVCTL_BUILD_PAGES);
	const char *fail_at = getenv(FAIL_AT);
	struct result *res = out;
	struct hvctl_build how = {
		.kernel = c->kernel, .ramdisk = c->ramdisk,
		.cmdline = c->cmdline, .image = b->image,
		.memory_kib = c->memory_kb, .vcpus = guest_vcpus(c),
		.console_port = b->rings.console_port,
		.store_port = b->rings.store_port,
	};

	strcpy(res->stage, "memory");
	if (!hv) {
		res->err = errno;
		snprintf(res->error, sizeof(res->error),
			 "can't open the hypervisor: %s", strerror(errno));
		return sizeof(*res);
	}
	if (hvctl_build(hv, b->d->domid, &how)) {
		res->err = errno ? errno : EIO;
		snprintf(res->stage, sizeof(res->stage), "%s",
			 how.stage ? how.stage : "memory");
		snprintf(res->error, sizeof(res->error), "%s", how.error);
		return sizeof(*res);
	}
	if (fail_at && !strcmp(fail_at, "child"))
		abort();
	res->rings = b->rings;
	res->rings.console_mfn = how.console_mfn;
	res->rings.store_mfn = how.store_mfn;
	res->nr_pages = how.nr_pages;
	res->calls = how.calls;
	return sizeof(*res);
}

static void give_back_image(struct build_child *b)
{
	kernels_put(b->d->hd->kernels, b->kernel, b->image);
	free(b->kernel);
}

static void told(const struct build_child *b, const struct result *res,
		 struct fault *f)
{
	const char *object = b->d->name;

	if (!strcmp(res->stage, "kernel"))
		object = b->kernel;
	if (!strcmp(res->stage, "ramdisk"))
		object = b->d->config.ramdisk;
	fault_set(f, res->err, res->stage, object, "%s", res->error);
	if (res->err == ENOMEM)
		fault_hint(f, "give it more memory, or free some: hvxl list, hvxl info");
}

static void on_done(void *arg, const void *data, size_t size, const char *why)
{
	struct build_child *b = arg;
	const struct result *res = data;
	struct fault f;

	if (size != sizeof(*res))
		fault_set(&f, EIO, "memory", b->d->name,
			  "the process that built its memory failed: %s", why);
	else if (res->err)
		told(b, res, &f);
	else
		log_debug("%s: %lu pages built by %llu hypercalls", b->d->name,
			  res->nr_pages, (unsigned long long)res->calls);
	give_back_image(b);
	if (size != sizeof(*res) || res->err)
		b->done(b->arg, &f, NULL);
	else
		b->done(b->arg, NULL, &res->rings);
	free(b);
}

struct build_child *build_start(struct dom *d, const struct rings *r,
				build_done_fn *done, void *arg,
				struct fault *f)
{
	struct build_child *b = calloc(1, sizeof(*b));
	const char *kernel = d->config.kernel;

	if (!b) {
		fault_errno(f, "memory", d->name, "starting the builder");
		return NULL;
	}
	b->d = d;
	b->rings = *r;
	b->done = done;
	b->arg = arg;
	b->kernel = strdup(kernel);
	b->image = b->kernel ? kernels_get(d->hd->kernels, kernel) : -1;
	if (b->image < 0) {
		fault_errno(f, "kernel", kernel, kernel);
		free(b->kernel);
		free(b);
		return NULL;
	}
	b->job = job_start(d->hd->loop, "hvxd-build", run, b, b->image, on_done,
			   b);
	if (!b->job) {
		fault_errno(f, "memory", d->name, "starting the builder");
		give_back_image(b);
		free(b);
		return NULL;
	}
	return b;
}

void build_kill(struct build_child *b)
{
	if (!b)
		return;
	job_kill(b->job);
	give_back_image(b);
	free(b);
}
