/* SPDX-License-Identifier: MIT */
/*
 * Building a PV64 guest, in stages that each leave what they hold in struct
 * builder, so that one end undoes all of them.
 *
 * The kernel is unpacked by a child while the memory is populated. Memory comes
 * in 2 MiB extents as long as there are any, frames are mapped in long runs,
 * tables are made here and copied whole, and the top one is pinned: the
 * hypervisor's validation then finds any mistake made in them.
 */
#include <libhvctl/build.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <abi/grant_table.h>
#include <abi/memory.h>
#include <hvx/pvboot.h>
#include "private.h"
#include "unpack.h"

#define EXTENT_ORDER	9
#define LINK		0x67UL		/* present, rw, user, accessed, dirty */
#define PTE_WRITABLE	0x2UL
/* Frames mapped at once, for bulk work. */
#define MAP_RUN		4096UL
/* Frames populated at once. Each is cleared, and dom0's kernel runs nothing else
 * on that CPU until the call is done: 16 GiB in one were a soft lockup to it. */
#define POPULATE_RUN	8192UL
_Static_assert(POPULATE_RUN * sizeof(xen_pfn_t) + PAGE_SIZE <=
		       HVCTL_BUILD_PAGES * PAGE_SIZE,
	       "a run's list fits in the arguments");

typedef uint64_t table_t[512];

struct builder {
	struct hvctl *h;
	struct hvctl_build *b;
	uint32_t domid;
	struct unpack kernel;
	struct elf_kernel k;
	struct pv_layout l;
	unsigned long *mfn;		/* by pfn */
	int ramdisk;
	size_t ramdisk_size;
	unsigned long shared_info;	/* machine frame */
};

/* ---- saying what went wrong ---- */

static int __attribute__((format(printf, 3, 4)))
fail(struct builder *c, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->b->error, sizeof(c->b->error), fmt, ap);
	va_end(ap);
	errno = err;
	return -1;
}

static int fail_errno(struct builder *c, const char *what)
{
	int err = errno;

	return fail(c, err, "%s: %s", what, strerror(err));
}

/* ---- the guest's frames ---- */

static void *map(struct builder *c, unsigned long pfn, unsigned long n)
{
	return hvctl_map(c->h, c->domid, n, c->mfn + pfn);
}

/* Populates from *pfn on by extents of 2^order; stops where there are none. */
static int populate(struct builder *c, unsigned long *pfn, unsigned int order)
{
	unsigned long left, i, j, nr;
	long done;

	while ((left = (c->l.nr_pages - *pfn) >> order)) {
		struct xen_memory_reservation *r = hvctl_arena_head(c->h);
		xen_pfn_t *list;

		nr = hvctl_arena_room(c->h, sizeof(*list)) - 2;
		nr = MIN(MIN(left, nr), POPULATE_RUN >> order);
		list = hvctl_arena_take(c->h, nr * sizeof(*list));
		for (i = 0; i < nr; i++)
			list[i] = *pfn + (i << order);
		r->extent_start = list;
		r->nr_extents = nr;
		r->extent_order = order;
		r->domid = c->domid;
		done = hvctl_call2(c->h, __HYPERVISOR_memory_op,
				   XENMEM_populate_physmap, (uintptr_t)r);
		if (done < 0)
			return -1;
		for (i = 0; i < (unsigned long)done; i++)
			for (j = 0; j < 1UL << order; j++)
				c->mfn[*pfn + (i << order) + j] = list[i] + j;
		*pfn += (unsigned long)done << order;
		if ((unsigned long)done < nr)
			break;
	}
	return 0;
}

static int take_memory(struct builder *c)
{
	unsigned long pfn = 0;

	c->b->stage = "memory";
	c->mfn = calloc(c->l.nr_pages, sizeof(*c->mfn));
	if (!c->mfn)
		return fail_errno(c, "list of frames");
	if (populate(c, &pfn, EXTENT_ORDER) || populate(c, &pfn, 0))
		return fail_errno(c, "populating memory");
	if (pfn < c->l.nr_pages)
		return fail(c, ENOMEM, "the machine has %lu MiB less free than the %lu MiB asked for",
			    (c->l.nr_pages - pfn + 255) >> 8,
			    c->l.nr_pages >> 8);
	return 0;
}

/* ---- kernel and initramfs ---- */

static int start_kernel(struct builder *c)
{
	const char *why;

	c->b->stage = "kernel";
	why = unpack_start(&c->kernel, c->b->kernel, c->b->image);
	if (why)
		return fail(c, ENOEXEC, "%s: %s", c->b->kernel, why);
	return 0;
}

static int open_ramdisk(struct builder *c)
{
	struct stat st;

	if (!c->b->ramdisk)
		return 0;
	c->b->stage = "ramdisk";
	c->ramdisk = open(c->b->ramdisk, O_RDONLY | O_CLOEXEC);
	if (c->ramdisk < 0 || fstat(c->ramdisk, &st))
		return fail_errno(c, c->b->ramdisk);
	if (!S_ISREG(st.st_mode))
		return fail(c, EINVAL, "%s: is no plain file", c->b->ramdisk);
	c->ramdisk_size = st.st_size;
	return 0;
}

static int read_kernel(struct builder *c)
{
	const char *why;

	c->b->stage = "kernel";
	why = unpack_finish(&c->kernel);
	if (!why)
		why = elf_read_kernel(c->kernel.image, c->kernel.size, &c->k);
	if (why)
		return fail(c, ENOEXEC, "%s: %s", c->b->kernel, why);
	return 0;
}

static int plan(struct builder *c)
{
	c->b->stage = "memory";
	c->l.initrd_pages = (c->ramdisk_size + PAGE_SIZE - 1) >> PAGE_SHIFT;
	c->l.rings = c->l.use_hole = true;
	pv_layout_plan(&c->k, &c->l);
	if (c->l.end == ~0UL)
		return fail(c, ENOEXEC, "%s: above its VIRT_BASE or INIT_P2M there is too little room",
			    c->b->kernel);
	if (c->l.end > c->l.nr_pages)
		return fail(c, ENOMEM, "%lu MiB of memory is too little: kernel and initramfs need %lu MiB",
			    c->l.nr_pages >> 8, (c->l.end + 255) >> 8);
	return 0;
}

/* Bytes to guest memory; from NULL: zeros. */
static int put(struct builder *c, unsigned long paddr, const char *from,
	       unsigned long size)
{
	while (size) {
		unsigned long off = paddr & ~PAGE_MASK;
		unsigned long n = MIN(size, (MAP_RUN << PAGE_SHIFT) - off);
		unsigned long pages = (off + n + PAGE_SIZE - 1) >> PAGE_SHIFT;
		char *p = map(c, paddr >> PAGE_SHIFT, pages);

		if (!p)
			return fail_errno(c, "mapping the guest's memory");
		if (from) {
			memcpy(p + off, from, n);
			from += n;
		} else {
			memset(p + off, 0, n);
		}
		hvctl_unmap(c->h, p, pages);
		paddr += n;
		size -= n;
	}
	return 0;
}

static int fill_hypercall_page(struct builder *c)
{
	unsigned long pfn = (c->k.hypercall_page - c->k.virt_base) >> PAGE_SHIFT;
	struct xen_domctl *op;

	if (c->k.hypercall_page == NOTE_UNSET)
		return 0;
	if (c->k.hypercall_page & ~PAGE_MASK || pfn >= c->l.kernel_end)
		return fail(c, ENOEXEC, "%s: its hypercall page is not in the image",
			    c->b->kernel);
	op = hvctl_domctl_new(c->h, XEN_DOMCTL_hypercall_init, c->domid);
	op->u.hypercall_init.gmfn = c->mfn[pfn];
	return hvctl_domctl_do(c->h, op) ? fail_errno(c, "hypercall page") : 0;
}

static int load_kernel(struct builder *c)
{
	const char *image = c->kernel.image;
	unsigned int i;

	c->b->stage = "kernel";
	for (i = 0; i < c->k.nr_loads; i++) {
		const struct elf_load *l = &c->k.load[i];
		unsigned long at = l->paddr - c->k.paddr_offset;

		if (put(c, at, image + l->offset, l->filesz) ||
		    put(c, at + l->filesz, NULL, l->memsz - l->filesz))
			return -1;
	}
	return fill_hypercall_page(c);
}

static int load_ramdisk(struct builder *c)
{
	unsigned long pfn = c->l.initrd, left = c->l.initrd_pages;

	c->b->stage = "ramdisk";
	while (left) {
		unsigned long n = MIN(left, MAP_RUN);
		size_t got = 0, size = n << PAGE_SHIFT;
		char *p = map(c, pfn, n);
		ssize_t r = 0;

		if (!p)
			return fail_errno(c, "mapping the guest's memory");
		while (got < size && (r = read(c->ramdisk, p + got,
					       size - got)) > 0)
			got += r;
		memset(p + got, 0, size - got);
		hvctl_unmap(c->h, p, n);
		if (r < 0)
			return fail_errno(c, c->b->ramdisk);
		pfn += n;
		left -= n;
	}
	return 0;
}

/* ---- tables ---- */

static uint64_t pte(struct builder *c, unsigned long pfn)
{
	return c->mfn[pfn] << PAGE_SHIFT | LINK;
}

/*
 * Maps n pages from pfn on at va. The tables below the L4, t, whose pfns begin
 * at at, are laid out level by level: all L3, all L2, all L1.
 */
static int map_range(struct builder *c, uint64_t *l4, table_t *t,
		     unsigned long at, unsigned long va, unsigned long pfn,
		     unsigned long n)
{
	unsigned long n3 = pv_tables_at(va, n, 39);
	unsigned long n2 = pv_tables_at(va, n, 30);
	unsigned long n1 = pv_tables_at(va, n, 21);
	table_t *l3 = t, *l2 = t + n3, *l1 = t + n3 + n2;
	unsigned long i, x;

	for (i = 0; i < n3; i++) {
		x = ((va >> 39) + i) & 511;
		if (l4[x])
			return fail(c, ENOEXEC, "%s: its INIT_P2M is too near to its VIRT_BASE",
				    c->b->kernel);
		l4[x] = pte(c, at + i);
	}
	for (i = 0; i < n2; i++) {
		x = (va >> 30) + i;
		l3[(x >> 9) - (va >> 39)][x & 511] = pte(c, at + n3 + i);
	}
	for (i = 0; i < n1; i++) {
		x = (va >> 21) + i;
		l2[(x >> 9) - (va >> 30)][x & 511] = pte(c, at + n3 + n2 + i);
	}
	for (i = 0; i < n; i++) {
		x = (va >> 12) + i;
		l1[(x >> 9) - (va >> 21)][x & 511] = pte(c, pfn + i);
	}
	return 0;
}

/* Tables are mapped read-only, where they are mapped at all. */
static void protect(struct builder *c, table_t *t, unsigned long pfn,
		    unsigned long n)
{
	unsigned long va = c->k.virt_base, end = c->l.region_end, x;
	table_t *l1 = t + 1 + pv_tables_at(va, end, 39) +
		      pv_tables_at(va, end, 30);

	for (end = MIN(end, pfn + n); pfn < end; pfn++) {
		x = (va >> 12) + pfn;
		l1[(x >> 9) - (va >> 21)][x & 511] &= ~PTE_WRITABLE;
	}
}

static int make_tables(struct builder *c, table_t *t, table_t *p2m)
{
	const struct pv_layout *l = &c->l;

	if (map_range(c, t[0], t + 1, l->tables + 1, c->k.virt_base, 0,
		      l->region_end))
		return -1;
	protect(c, t, l->tables, l->nr_tables);
	protect(c, t, l->p2m_tables, l->nr_p2m_tables);
	if (pv_p2m_is_apart(&c->k) &&
	    map_range(c, t[0], p2m, l->p2m_tables, c->k.init_p2m, l->p2m,
		      l->nr_p2m))
		return -1;
	if (put(c, l->tables << PAGE_SHIFT, (char *)t,
		l->nr_tables << PAGE_SHIFT) ||
	    put(c, l->p2m_tables << PAGE_SHIFT, (char *)p2m,
		l->nr_p2m_tables << PAGE_SHIFT))
		return -1;
	return put(c, l->p2m << PAGE_SHIFT, (char *)c->mfn, l->nr_pages * 8);
}

static int pin(struct builder *c)
{
	struct mmuext_op *op = hvctl_arena_head(c->h);

	op->cmd = MMUEXT_PIN_L4_TABLE;
	op->arg1.mfn = c->mfn[c->l.tables];
	if (hvctl_call4(c->h, __HYPERVISOR_mmuext_op, (uintptr_t)op, 1, 0,
			c->domid) < 0)
		return fail_errno(c, "the page tables are refused");
	return 0;
}

static int build_tables(struct builder *c)
{
	table_t *t = calloc(c->l.nr_tables, sizeof(*t));
	table_t *p2m = calloc(c->l.nr_p2m_tables + 1, sizeof(*p2m));
	int rc;

	c->b->stage = "tables";
	rc = t && p2m ? make_tables(c, t, p2m) : fail_errno(c, "tables");
	free(t);
	free(p2m);
	return rc ? rc : pin(c);
}

/* ---- what the kernel finds ---- */

static unsigned long va_of(const struct builder *c, unsigned long pfn)
{
	return c->k.virt_base + (pfn << PAGE_SHIFT);
}

static void fill_start_info(struct builder *c, struct start_info *si)
{
	const struct pv_layout *l = &c->l;
	bool apart = pv_p2m_is_apart(&c->k);

	memset(si, 0, PAGE_SIZE);
	strcpy(si->magic, "xen-3.0-x86_64");
	si->nr_pages = l->nr_pages;
	si->shared_info = c->shared_info << PAGE_SHIFT;
	si->store_mfn = c->mfn[l->store];
	si->store_evtchn = c->b->store_port;
	si->console.domU.mfn = c->mfn[l->console];
	si->console.domU.evtchn = c->b->console_port;
	si->pt_base = va_of(c, l->tables);
	si->nr_pt_frames = l->nr_tables;
	si->mfn_list = apart ? c->k.init_p2m : va_of(c, l->p2m);
	if (apart) {
		si->first_p2m_pfn = l->p2m;
		si->nr_p2m_frames = l->nr_p2m + l->nr_p2m_tables;
	}
	if (c->ramdisk_size) {
		si->mod_len = c->ramdisk_size;
		si->mod_start = c->k.mod_start_pfn ? l->initrd
						   : va_of(c, l->initrd);
		si->flags = c->k.mod_start_pfn ? SIF_MOD_START_PFN : 0;
	}
	if (c->b->cmdline)
		strncpy((char *)si->cmd_line, c->b->cmdline,
			sizeof(si->cmd_line) - 1);
}

/* start_info and the two rings, which are neighbours. */
static int write_start_info(struct builder *c)
{
	char *p = map(c, c->l.start_info, 3);

	if (!p)
		return fail_errno(c, "mapping start_info");
	fill_start_info(c, (struct start_info *)p);
	memset(p + PAGE_SIZE, 0, 2 * PAGE_SIZE);
	hvctl_unmap(c->h, p, 3);
	return 0;
}

static int write_shared_info(struct builder *c)
{
	struct shared_info *s = hvctl_map(c->h, c->domid, 1, &c->shared_info);
	unsigned int i;

	if (!s)
		return fail_errno(c, "mapping shared_info");
	/* A vCPU starts without interruptions, as a processor does. */
	for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		s->vcpu_info[i].evtchn_upcall_mask = 1;
	hvctl_unmap(c->h, s, 1);
	return 0;
}

static void grant(struct grant_entry_v1 *e, uint32_t domid, unsigned long mfn)
{
	e->domid = domid;
	e->frame = mfn;
	__atomic_store_n(&e->flags, GTF_permit_access, __ATOMIC_RELEASE);
}

/* The rings' servers map them by grants, so need no other right. */
static int grant_rings(struct builder *c)
{
	struct grant_entry_v1 *g;
	void *token;

	g = hvctl_map_grants(c->h, c->domid, &token);
	if (!g)
		return fail_errno(c, "mapping the grant table");
	grant(&g[GNTTAB_RESERVED_CONSOLE], c->b->console_domid,
	      c->mfn[c->l.console]);
	grant(&g[GNTTAB_RESERVED_XENSTORE], c->b->store_domid,
	      c->mfn[c->l.store]);
	hvctl_unmap_grants(c->h, token);
	return 0;
}

static int write_pages(struct builder *c)
{
	struct xen_domctl_getdomaininfo info;

	c->b->stage = "start_info";
	if (hvctl_domain_info(c->h, c->domid, &info))
		return fail_errno(c, "asking for shared_info");
	c->shared_info = info.shared_info_frame;
	if (write_start_info(c) || write_shared_info(c) || grant_rings(c))
		return -1;
	c->b->store_mfn = c->mfn[c->l.store];
	c->b->console_mfn = c->mfn[c->l.console];
	return 0;
}

static int set_context(struct builder *c)
{
	struct xen_domctl *op =
		hvctl_domctl_new(c->h, XEN_DOMCTL_setvcpucontext, c->domid);
	struct vcpu_guest_context *v = hvctl_arena_take(c->h, sizeof(*v));

	c->b->stage = "context";
	memset(v, 0, sizeof(*v));
	v->flags = VGCF_in_kernel | VGCF_online;
	v->user_regs.rip = c->k.entry;
	v->user_regs.rsp = va_of(c, c->l.stack + 1);
	v->user_regs.rsi = va_of(c, c->l.start_info);
	v->user_regs.rflags = 1 << 9;
	v->user_regs.cs = FLAT_KERNEL_CS;
	v->user_regs.ss = v->kernel_ss = FLAT_KERNEL_SS;
	v->user_regs.ds = v->user_regs.es = FLAT_KERNEL_DS;
	v->user_regs.fs = v->user_regs.gs = FLAT_KERNEL_DS;
	v->kernel_sp = v->user_regs.rsp;
	v->ctrlreg[3] = xen_pfn_to_cr3(c->mfn[c->l.tables]);
	op->u.vcpucontext.vcpu = 0;
	op->u.vcpucontext.ctxt = v;
	if (hvctl_domctl_do(c->h, op))
		return fail_errno(c, "the first vCPU's context is refused");
	return 0;
}

static int build(struct builder *c)
{
	if (start_kernel(c) || open_ramdisk(c) || take_memory(c) ||
	    read_kernel(c) || plan(c) || load_kernel(c) || load_ramdisk(c) ||
	    build_tables(c) || write_pages(c) || set_context(c))
		return -1;
	c->b->stage = NULL;
	return 0;
}

int hvctl_build(struct hvctl *h, uint32_t domid, struct hvctl_build *b)
{
	struct builder c = { .h = h, .b = b, .domid = domid, .ramdisk = -1 };
	uint64_t calls = h->calls;
	int rc, err;

	c.kernel.out = -1;
	c.l.nr_pages = b->nr_pages = b->memory_kib >> (PAGE_SHIFT - 10);
	b->error[0] = 0;
	rc = build(&c);
	err = errno;
	unpack_end(&c.kernel);
	if (c.ramdisk >= 0)
		close(c.ramdisk);
	free(c.mfn);
	b->calls = h->calls - calls;
	errno = err;
	return rc;
}
