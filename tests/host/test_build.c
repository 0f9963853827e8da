/* SPDX-License-Identifier: MIT */
/*
 * A guest is built into memory of this test's own, which plays the hypervisor;
 * then everything that the PV boot protocol (abi/xen.h, struct start_info)
 * promises a kernel is looked up the way the kernel would: through the page
 * tables, from the first vCPU's CR3 on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <abi/grant_table.h>
#include <abi/memory.h>
#include <hvx/pvboot.h>
#include <libhvctl/build.h>
#include <libhvctl/private.h>
#include "kernel_file.h"

#define DOMID		7
#define FIRST_MFN	0x1000UL
#define MFNS		16384UL		/* 64 MiB */
#define SHARED_INFO	(FIRST_MFN + MFNS)
#define ARENA		(256 << 10)

/* The hypervisor's side. Frames are given out from the top down, so that no
 * frame's number is its place in the guest. */
static struct {
	char *memory;			/* MFNS frames, then shared_info */
	unsigned long next;		/* frames given out */
	unsigned long limit;
	bool big_extents;
	unsigned long pinned, hypercall_page;
	struct vcpu_guest_context context;
	struct grant_entry_v1 grants[512];
	unsigned int mapped;		/* frames mapped now */
	const char *refuse;		/* the call that fails */
} hv;

static void *frame(unsigned long mfn)
{
	assert_in_range(mfn, FIRST_MFN, SHARED_INFO);
	return hv.memory + ((mfn - FIRST_MFN) << PAGE_SHIFT);
}

int hvctl_linux_open(struct hvctl *h, unsigned int pages)
{
	(void)pages;
	h->size = ARENA;
	h->arena = calloc(1, ARENA);
	return 0;
}

void hvctl_linux_close(struct hvctl *h)
{
	free(h->arena);
}

static bool refused(const char *call)
{
	if (!hv.refuse || strcmp(hv.refuse, call))
		return false;
	errno = EPERM;
	return true;
}

static long populate(struct xen_memory_reservation *r)
{
	unsigned long i, n = 1UL << r->extent_order;
	xen_pfn_t *list = r->extent_start;

	assert_int_equal(r->domid, DOMID);
	/* 32 MiB: a call that clears more keeps dom0's CPU for too long. */
	assert_true(r->nr_extents << r->extent_order <= 8192);
	if (r->extent_order && !hv.big_extents)
		return 0;
	for (i = 0; i < r->nr_extents; i++) {
		if (hv.next + n > hv.limit)
			break;
		hv.next += n;
		list[i] = FIRST_MFN + MFNS - hv.next;
	}
	return i;
}

static long domctl(struct xen_domctl *op)
{
	assert_int_equal(op->domain, DOMID);
	switch (op->cmd) {
	case XEN_DOMCTL_hypercall_init:
		hv.hypercall_page = op->u.hypercall_init.gmfn;
		return refused("hypercall_init") ? -1 : 0;
	case XEN_DOMCTL_getdomaininfo:
		op->u.getdomaininfo.domain = DOMID;
		op->u.getdomaininfo.shared_info_frame = SHARED_INFO;
		return refused("getdomaininfo") ? -1 : 0;
	case XEN_DOMCTL_setvcpucontext:
		hv.context = *op->u.vcpucontext.ctxt;
		return refused("setvcpucontext") ? -1 : 0;
	}
	fail_msg("unexpected domctl %u", op->cmd);
	return -1;
}

long hvctl_linux_call(struct hvctl *h, unsigned int op, unsigned int n,
		      const uint64_t *a)
{
	(void)n;
	h->calls++;
	switch (op) {
	case __HYPERVISOR_memory_op:
		assert_int_equal(a[0], XENMEM_populate_physmap);
		return refused("populate") ? -1
			: populate((void *)(uintptr_t)a[1]);
	case __HYPERVISOR_domctl:
		return domctl((void *)(uintptr_t)a[0]);
	case __HYPERVISOR_mmuext_op:
		assert_int_equal(((struct mmuext_op *)(uintptr_t)a[0])->cmd,
				 MMUEXT_PIN_L4_TABLE);
		hv.pinned = ((struct mmuext_op *)(uintptr_t)a[0])->arg1.mfn;
		return refused("pin") ? -1 : 0;
	}
	fail_msg("unexpected hypercall %u", op);
	return -1;
}

/* Frames that are no neighbours appear as neighbours: by a copy that is
 * written back when it is unmapped. */
static struct mapping {
	char *copy;
	unsigned long *mfns;
	size_t n;
} mapping;

void *hvctl_map(struct hvctl *h, uint32_t domid, size_t n,
		const unsigned long *mfns)
{
	size_t i;

	(void)h;
	assert_int_equal(domid, DOMID);
	assert_null(mapping.copy);
	if (refused("map"))
		return NULL;
	mapping.n = n;
	mapping.copy = malloc(n << PAGE_SHIFT);
	mapping.mfns = malloc(n * sizeof(*mfns));
	memcpy(mapping.mfns, mfns, n * sizeof(*mfns));
	for (i = 0; i < n; i++)
		memcpy(mapping.copy + (i << PAGE_SHIFT), frame(mfns[i]),
		       PAGE_SIZE);
	return mapping.copy;
}

void hvctl_unmap(struct hvctl *h, void *p, size_t n)
{
	size_t i;

	(void)h;
	if (!p)
		return;
	assert_ptr_equal(p, mapping.copy);
	assert_int_equal(n, mapping.n);
	for (i = 0; i < n; i++)
		memcpy(frame(mapping.mfns[i]),
		       mapping.copy + (i << PAGE_SHIFT), PAGE_SIZE);
	free(mapping.copy);
	free(mapping.mfns);
	memset(&mapping, 0, sizeof(mapping));
}

void *hvctl_map_grants(struct hvctl *h, uint32_t domid, void **token)
{
	(void)h;
	assert_int_equal(domid, DOMID);
	*token = hv.grants;
	return refused("map_grants") ? NULL : hv.grants;
}

void hvctl_unmap_grants(struct hvctl *h, void *token)
{
	(void)h;
	assert_ptr_equal(token, hv.grants);
}

/* ---- the kernel's view ---- */

/* The entry that maps va, or 0. */
static uint64_t lookup(uint64_t va)
{
	unsigned long mfn = xen_cr3_to_pfn(hv.context.ctrlreg[3]);
	uint64_t e = 0;
	int shift;

	for (shift = 39; shift >= 12; shift -= 9) {
		e = ((uint64_t *)frame(mfn))[(va >> shift) & 511];
		if (!(e & 1))
			return 0;
		mfn = e >> PAGE_SHIFT;
	}
	return e;
}

static void *at(uint64_t va)
{
	uint64_t e = lookup(va);

	assert_true(e & 1);
	return (char *)frame(e >> PAGE_SHIFT) + (va & ~PAGE_MASK);
}

static unsigned long pfn_of_va(uint64_t va)
{
	return (va - KERNEL_VIRT_BASE) >> PAGE_SHIFT;
}

static void check_image(bool linux_like)
{
	uint64_t va = KERNEL_VIRT_BASE + kernel_paddr(linux_like);
	unsigned long i;

	for (i = 0; i < KERNEL_TEXT; i++)
		if (linux_like || i < 4096)
			assert_int_equal(*(uint8_t *)at(va + i), 1 + i % 251);
	for (; i < KERNEL_TEXT + KERNEL_BSS; i++)
		assert_int_equal(*(uint8_t *)at(va + i), 0);
	assert_int_equal(hv.context.user_regs.rip, va + 16);
}

static const struct start_info *start_info(void)
{
	return at(hv.context.user_regs.rsi);
}

static void check_start_info(const struct hvctl_build *b)
{
	const struct start_info *si = start_info();

	assert_string_equal(si->magic, "xen-3.0-x86_64");
	assert_int_equal(si->nr_pages, b->memory_kib / 4);
	assert_int_equal(si->shared_info, SHARED_INFO << PAGE_SHIFT);
	assert_int_equal(si->flags & ~SIF_MOD_START_PFN, 0);
	assert_int_equal(si->store_mfn, b->store_mfn);
	assert_int_equal(si->store_evtchn, 11);
	assert_int_equal(si->console.domU.mfn, b->console_mfn);
	assert_int_equal(si->console.domU.evtchn, 12);
	assert_string_equal((const char *)si->cmd_line, b->cmdline);
	assert_int_equal(hv.grants[GNTTAB_RESERVED_XENSTORE].frame,
			 b->store_mfn);
	assert_int_equal(hv.grants[GNTTAB_RESERVED_CONSOLE].frame,
			 b->console_mfn);
	assert_int_equal(hv.grants[GNTTAB_RESERVED_CONSOLE].flags,
			 GTF_permit_access);
}

/* The list of frames is true, and lies where the kernel looks for it. */
static void check_p2m(const struct hvctl_build *b)
{
	const struct start_info *si = start_info();
	bool seen[MFNS] = { false };
	unsigned long pfn, region;

	for (pfn = 0; pfn < si->nr_pages; pfn++) {
		uint64_t mfn = *(uint64_t *)at(si->mfn_list + 8 * pfn);

		assert_in_range(mfn, FIRST_MFN, SHARED_INFO - 1);
		assert_false(seen[mfn - FIRST_MFN]);
		seen[mfn - FIRST_MFN] = true;
	}
	for (region = 0; lookup(KERNEL_VIRT_BASE + (region << PAGE_SHIFT));
	     region++)
		assert_int_equal(
			lookup(KERNEL_VIRT_BASE + (region << PAGE_SHIFT)) >>
				PAGE_SHIFT,
			*(uint64_t *)at(si->mfn_list + 8 * region));
	/* Boot protocol: 512 KiB behind the stack, in all whole 4 MiB. */
	assert_int_equal(region % 1024, 0);
	assert_true((region << PAGE_SHIFT) + KERNEL_VIRT_BASE >=
		    hv.context.user_regs.rsp + 0x80000);
	assert_int_equal(*(uint64_t *)at(si->mfn_list +
					 8 * pfn_of_va(si->pt_base)),
			 hv.pinned);
	assert_true(region <= b->memory_kib / 4);
}

/* A page table is nowhere mapped writable. */
static void check_tables(void)
{
	const struct start_info *si = start_info();
	unsigned long i;

	assert_int_equal(hv.pinned, xen_cr3_to_pfn(hv.context.ctrlreg[3]));
	for (i = 0; i < si->nr_pt_frames; i++)
		assert_int_equal(lookup(si->pt_base + (i << PAGE_SHIFT)) & 3, 1);
	assert_int_equal(lookup(si->pt_base - PAGE_SIZE) & 3, 3);
}

/* ---- the tests ---- */

static struct hvctl *h;
static char ramdisk[32];

static int setup(void **state)
{
	(void)state;
	memset(&hv, 0, sizeof(hv));
	hv.memory = malloc((MFNS + 1) << PAGE_SHIFT);
	/* What was there before must not show through. */
	memset(hv.memory, 0xa5, (MFNS + 1) << PAGE_SHIFT);
	hv.limit = MFNS;
	hv.big_extents = true;
	h = hvctl_open();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	hvctl_close(h);
	free(hv.memory);
	return 0;
}

static void make_ramdisk(size_t size)
{
	int fd;

	strcpy(ramdisk, "/tmp/hvx-ramdisk-XXXXXX");
	fd = mkstemp(ramdisk);
	assert_true(fd >= 0);
	while (size--)
		assert_int_equal(write(fd, &size, 1), 1);
	close(fd);
}

static int build_kernel(struct hvctl_build *b, bool linux_like,
			unsigned int mib)
{
	struct kernel_file elf = kernel_elf(linux_like);
	struct kernel_file k = kernel_pack(elf, PACK_GZIP, true);
	int rc, err;

	b->kernel = kernel_write(k);
	b->cmdline = "console=hvc0 a=1";
	b->memory_kib = mib * 1024;
	b->vcpus = 1;
	b->store_port = 11;
	b->console_port = 12;
	rc = hvctl_build(h, DOMID, b);
	err = errno;
	unlink(b->kernel);
	free(k.data);
	free(elf.data);
	errno = err;
	assert_null(mapping.copy);
	return rc;
}

static void check_all(const struct hvctl_build *b, bool linux_like)
{
	check_image(linux_like);
	check_start_info(b);
	check_tables();
	check_p2m(b);
}

static void a_small_kernel_fits_in_4_mib(void **state)
{
	struct hvctl_build b = { 0 };

	(void)state;
	assert_int_equal(build_kernel(&b, false, 4), 0);
	check_all(&b, false);
	assert_int_equal(*(uint64_t *)at(start_info()->mfn_list +
					 8 * (0x101000 >> PAGE_SHIFT)),
			 hv.hypercall_page);
	assert_true(b.calls < 12);
}

static void a_linux_kernel_has_its_p2m_apart(void **state)
{
	struct hvctl_build b = { 0 };

	(void)state;
	assert_int_equal(build_kernel(&b, true, 40), 0);
	check_all(&b, true);
	assert_int_equal(start_info()->mfn_list, KERNEL_INIT_P2M);
	assert_int_equal(start_info()->nr_p2m_frames, 20 + 3);
	/* Linux takes what is below it for what is mapped at VIRT_BASE, and
	 * may use the 512 KiB behind its stack. */
	assert_true(start_info()->first_p2m_pfn >=
		    pfn_of_va(hv.context.user_regs.rsp) + 128);
	assert_true(b.calls < 12);
}

static void scattered_memory_is_as_good(void **state)
{
	struct hvctl_build b = { 0 };

	(void)state;
	hv.big_extents = false;
	assert_int_equal(build_kernel(&b, true, 40), 0);
	check_all(&b, true);
}

static void the_initramfs_is_found(void **state)
{
	struct hvctl_build b = { .ramdisk = ramdisk };
	const struct start_info *si;
	unsigned long i;

	(void)state;
	make_ramdisk(5000);
	assert_int_equal(build_kernel(&b, true, 40), 0);
	si = start_info();
	assert_int_equal(si->mod_len, 5000);
	assert_int_equal(si->flags, SIF_MOD_START_PFN);
	for (i = 0; i < 8192; i++) {
		uint64_t mfn = *(uint64_t *)at(si->mfn_list + 8 *
			(si->mod_start + (i >> PAGE_SHIFT)));
		uint8_t byte = ((uint8_t *)frame(mfn))[i & ~PAGE_MASK];

		assert_int_equal(byte, i < 5000 ? (4999 - i) & 0xff : 0);
	}
	assert_int_equal(build_kernel(&b, false, 8), 0);
	si = start_info();
	assert_int_equal(si->flags, 0);
	assert_int_equal(*(uint8_t *)at(si->mod_start), 4999 & 0xff);
	check_all(&b, false);
	unlink(ramdisk);
}

static void too_little_memory_is_said_with_numbers(void **state)
{
	struct hvctl_build b = { 0 };

	(void)state;
	assert_int_equal(build_kernel(&b, true, 18), -1);
	assert_int_equal(errno, ENOMEM);
	assert_string_equal(b.stage, "memory");
	assert_string_equal(b.error, "18 MiB of memory is too little: kernel and initramfs need 20 MiB");
	hv.next = 0;
	hv.limit = 20 << 8;
	assert_int_equal(build_kernel(&b, true, 32), -1);
	assert_string_equal(b.error, "the machine has 12 MiB less free than the 32 MiB asked for");
}

static void each_refusal_ends_the_build(void **state)
{
	static const char *const calls[][2] = {
		{ "populate", "memory" }, { "map", "kernel" },
		{ "hypercall_init", "kernel" }, { "pin", "tables" },
		{ "getdomaininfo", "start_info" },
		{ "map_grants", "start_info" },
		{ "setvcpucontext", "context" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		struct hvctl_build b = { 0 };

		hv.refuse = calls[i][0];
		hv.next = 0;
		assert_int_equal(build_kernel(&b, false, 8), -1);
		assert_int_equal(errno, EPERM);
		assert_string_equal(b.stage, calls[i][1]);
		assert_non_null(strstr(b.error, "Operation not permitted"));
	}
}

static void files_that_are_missing_are_named(void **state)
{
	struct hvctl_build b = { .kernel = "/nonexistent",
				 .memory_kib = 8192 };

	(void)state;
	assert_int_equal(hvctl_build(h, DOMID, &b), -1);
	assert_string_equal(b.stage, "kernel");
	assert_string_equal(b.error,
			    "/nonexistent: No such file or directory");
	b.ramdisk = "/nonexistent-too";
	assert_int_equal(build_kernel(&b, true, 40), -1);
	assert_string_equal(b.stage, "ramdisk");
	assert_string_equal(b.error,
			    "/nonexistent-too: No such file or directory");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_small_kernel_fits_in_4_mib),
		T(a_linux_kernel_has_its_p2m_apart),
		T(scattered_memory_is_as_good),
		T(the_initramfs_is_found),
		T(too_little_memory_is_said_with_numbers),
		T(each_refusal_ends_the_build),
		T(files_that_are_missing_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
