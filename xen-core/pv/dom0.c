/*
 * Building the control domain, as the ABI describes a PV64 domain's start; the
 * plan of its memory is pv/layout.c's.
 *
 * The tables are written raw and then pinned: the same validation that every
 * guest's tables pass finds any mistake made here.
 */
#include <hvx/dom0.h>

#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/hypercall_page.h>
#include <hvx/machine.h>
#include <hvx/panic.h>
#include <hvx/pv.h>
#include <hvx/string.h>

#define PAGES(bytes) (((bytes) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define MAX_EXTENTS  1024
#define LINK	     (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

/* Where dom0's frames are: runs of machine frames, in order of pfn. */
struct extent {
	unsigned long pfn, mfn, nr;
};

struct build {
	const struct dom0_params *p;
	struct elf_kernel k;
	struct domain *d;
	struct extent *extent;
	unsigned int nr_extents;
	struct pv_layout l;
	unsigned long tables_used, p2m_tables_used;
};

static mfn_t pfn_mfn(const struct build *b, unsigned long pfn)
{
	unsigned int lo = 0, hi = b->nr_extents;

	while (hi - lo > 1) {
		unsigned int mid = (lo + hi) / 2;

		if (b->extent[mid].pfn <= pfn)
			lo = mid;
		else
			hi = mid;
	}
	return _mfn(b->extent[lo].mfn + (pfn - b->extent[lo].pfn));
}

static void *pfn_virt(const struct build *b, unsigned long pfn)
{
	return mfn_to_virt(pfn_mfn(b, pfn));
}

static unsigned long pfn_va(const struct build *b, unsigned long pfn)
{
	return b->k.virt_base + (pfn << PAGE_SHIFT);
}

static void plan(struct build *b)
{
	b->l.initrd_pages = b->p->initrd ? PAGES(b->p->initrd_size) : 0;
	pv_layout_plan(&b->k, &b->l);
	if (b->l.end > b->l.nr_pages)
		panic("dom0_mem: %lu MiB is too little for this kernel and "
		      "initrd, which need %lu MiB\n",
		      b->l.nr_pages >> 8, (b->l.end >> 8) + 1);
}

/* The biggest runs there are; less than was asked for if memory is short. */
static void take_memory(struct build *b)
{
	unsigned int order = MAX_ORDER;
	unsigned long pfn = 0, i;

	while (pfn < b->l.nr_pages && b->nr_extents < MAX_EXTENTS) {
		unsigned long left = b->l.nr_pages - pfn;
		struct extent *e = &b->extent[b->nr_extents];
		bool dirty;
		mfn_t mfn;

		while ((1UL << order) > left)
			order--;
		/* All of it is filled, or cleared as dom0 boots. */
		mfn = buddy_take(order, 64, &dirty);
		if (mfn_eq(mfn, INVALID_MFN)) {
			if (!order--)
				break;
			continue;
		}
		e->pfn = pfn;
		e->mfn = mfn_x(mfn);
		e->nr = 1UL << order;
		for (i = 0; i < e->nr; i++) {
			frame_assign(_mfn(e->mfn + i), b->d);
			m2p_set(_mfn(e->mfn + i), pfn + i);
		}
		pfn += e->nr;
		b->nr_extents++;
	}
	b->l.nr_pages = pfn;
	if (!domain_reserve_pages(b->d, pfn))
		panic("dom0: no quota for its own memory\n");
}

static void copy_to_pfns(const struct build *b, unsigned long paddr,
			 const void *from, unsigned long size)
{
	const char *src = from;

	while (size) {
		unsigned long off = paddr & ~PAGE_MASK;
		unsigned long n = MIN(size, PAGE_SIZE - off);
		char *to = pfn_virt(b, paddr >> PAGE_SHIFT);

		if (src) {
			memcpy(to + off, src, n);
			src += n;
		} else {
			memset(to + off, 0, n);
		}
		paddr += n;
		size -= n;
	}
}

static void load_kernel(const struct build *b)
{
	const char *image = b->p->kernel;
	unsigned int i;

	for (i = 0; i < b->k.nr_loads; i++) {
		const struct elf_load *l = &b->k.load[i];
		unsigned long at = l->paddr - b->k.paddr_offset;

		copy_to_pfns(b, at, image + l->offset, l->filesz);
		copy_to_pfns(b, at + l->filesz, NULL, l->memsz - l->filesz);
	}
	if (b->k.hypercall_page != NOTE_UNSET) {
		unsigned long off = b->k.hypercall_page - b->k.virt_base;

		if ((off & ~PAGE_MASK) || off >> PAGE_SHIFT >= b->l.kernel_end)
			panic("dom0: its hypercall page is not in the image\n");
		hypercall_page_fill(pfn_virt(b, off >> PAGE_SHIFT));
	}
	if (b->p->initrd)
		copy_to_pfns(b, b->l.initrd << PAGE_SHIFT, b->p->initrd,
			     b->p->initrd_size);
}

static void write_p2m(const struct build *b)
{
	unsigned long pfn;
	unsigned int i;

	for (i = 0; i < b->nr_extents; i++) {
		const struct extent *e = &b->extent[i];

		for (pfn = e->pfn; pfn < e->pfn + e->nr; pfn++) {
			uint64_t *list = pfn_virt(b, b->l.p2m + pfn / 512);

			list[pfn % 512] = e->mfn + (pfn - e->pfn);
		}
	}
}

/* The next table, empty; from the region's, or the p2m's own. */
static mfn_t new_table(struct build *b, bool for_p2m)
{
	unsigned long pfn;

	if (for_p2m) {
		BUG_ON(b->p2m_tables_used == b->l.nr_p2m_tables);
		pfn = b->l.p2m_tables + b->p2m_tables_used++;
	} else {
		BUG_ON(b->tables_used == b->l.nr_tables);
		pfn = b->l.tables + b->tables_used++;
	}
	memset(pfn_virt(b, pfn), 0, PAGE_SIZE);
	return pfn_mfn(b, pfn);
}

static void map_one(struct build *b, mfn_t l4, unsigned long va, uint64_t pte,
		    bool for_p2m)
{
	uint64_t *t = mfn_to_virt(l4);
	unsigned int shift;

	for (shift = 39; shift > 12; shift -= 9) {
		uint64_t *e = &t[va >> shift & 511];

		if (!*e)
			*e = mfn_to_paddr(new_table(b, for_p2m)) | LINK;
		t = mfn_to_virt(pte_mfn(*e));
	}
	t[va >> 12 & 511] = pte;
}

static mfn_t build_tables(struct build *b)
{
	mfn_t l4 = new_table(b, false);
	unsigned long pfn, i, p2m_pages = PAGES(b->l.nr_pages * 8);
	int rc;

	for (pfn = 0; pfn < b->l.region_end; pfn++) {
		uint64_t pte = mfn_to_paddr(pfn_mfn(b, pfn)) | LINK;

		if (pfn >= b->l.tables && pfn < b->l.tables + b->l.nr_tables)
			pte &= ~PTE_RW;
		map_one(b, l4, pfn_va(b, pfn), pte, false);
	}
	if (pv_p2m_is_apart(&b->k))
		for (i = 0; i < p2m_pages; i++)
			map_one(b, l4, b->k.init_p2m + (i << PAGE_SHIFT),
				mfn_to_paddr(pfn_mfn(b, b->l.p2m + i)) | LINK,
				true);
	do {
		rc = frame_pin(l4, b->d, FT_L4);
	} while (rc == -ERESTART);
	BUG_ON(rc);
	return l4;
}

static void write_start_info(const struct build *b)
{
	struct start_info *si = pfn_virt(b, b->l.start_info);
	unsigned long p2m_pages = PAGES(b->l.nr_pages * 8);
	char *cmdline = (char *)si->cmd_line;

	memset(si, 0, PAGE_SIZE);
	snprintf(si->magic, sizeof(si->magic), "xen-3.0-x86_64");
	si->nr_pages = b->l.nr_pages;
	si->shared_info = mfn_to_paddr(b->d->shared_mfn);
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
	si->pt_base = pfn_va(b, b->l.tables);
	si->nr_pt_frames = b->l.nr_tables;
	si->mfn_list = pv_p2m_is_apart(&b->k) ? b->k.init_p2m : pfn_va(b, b->l.p2m);
	if (pv_p2m_is_apart(&b->k)) {
		si->first_p2m_pfn = b->l.p2m;
		si->nr_p2m_frames = p2m_pages + b->l.nr_p2m_tables;
	}
	if (b->p->initrd) {
		si->mod_len = b->p->initrd_size;
		if (b->k.mod_start_pfn) {
			si->mod_start = b->l.initrd;
			si->flags |= SIF_MOD_START_PFN;
		} else {
			si->mod_start = pfn_va(b, b->l.initrd);
		}
	}
	strlcpy(cmdline, b->p->cmdline, sizeof(si->cmd_line));
	if (b->p->rsdp && !strstr(cmdline, "acpi_rsdp=")) {
		size_t n = strlen(cmdline);

		snprintf(cmdline + n, sizeof(si->cmd_line) - n,
			 " acpi_rsdp=%#lx", b->p->rsdp);
	}
}

static void set_context(const struct build *b, mfn_t l4)
{
	struct vcpu_guest_context *c = heap_alloc(sizeof(*c));
	int rc;

	if (!c)
		panic("dom0: out of memory for a context\n");
	c->flags = VGCF_in_kernel | VGCF_online;
	c->user_regs.rip = b->k.entry;
	c->user_regs.rsp = pfn_va(b, b->l.stack + 1);
	c->user_regs.rsi = pfn_va(b, b->l.start_info);
	c->user_regs.rflags = 1 << 9;
	c->user_regs.cs = FLAT_KERNEL_CS;
	c->user_regs.ss = FLAT_KERNEL_SS;
	c->user_regs.ds = c->user_regs.es = FLAT_KERNEL_DS;
	c->user_regs.fs = c->user_regs.gs = FLAT_KERNEL_DS;
	c->kernel_ss = FLAT_KERNEL_SS;
	c->kernel_sp = c->user_regs.rsp;
	c->ctrlreg[3] = xen_pfn_to_cr3(mfn_x(l4));
	do {
		rc = pv_set_context(b->d->vcpu[0], c);
	} while (rc == -ERESTART);
	if (rc)
		panic("dom0: its first context is refused (%d)\n", rc);
	heap_free(c);
}

static void create(struct build *b)
{
	struct domain_config cfg = {
		.max_vcpus = b->p->max_vcpus,
		.max_evtchn_port = ~0u,
		.max_grant_frames = 64,
		.max_maptrack_frames = 1024,
		.is_hw = true,
	};
	unsigned int i;
	int rc = domain_create(0, &cfg, &b->d);

	for (i = 0; !rc && i < cfg.max_vcpus; i++)
		rc = vcpu_create(b->d, i);
	if (rc)
		panic("dom0 can't be created (%d): too little memory?\n", rc);
	b->d->max_pages = (uint32_t)MIN(b->p->max_pages, 0xffffffffUL);
}

struct domain *dom0_build(const struct dom0_params *p)
{
	struct build *b = heap_alloc(sizeof(*b));
	const char *why;
	struct domain *d;
	mfn_t l4;

	if (!b || !(b->extent = heap_alloc(MAX_EXTENTS * sizeof(*b->extent))))
		panic("dom0: out of memory\n");
	b->p = p;
	why = elf_read_kernel(p->kernel, p->kernel_size, &b->k);
	if (why)
		boot_refuse("the dom0 module %s", why);
	create(b);
	b->l.nr_pages = p->nr_pages;
	take_memory(b);
	plan(b);
	load_kernel(b);
	write_p2m(b);
	l4 = build_tables(b);
	write_start_info(b);
	set_context(b, l4);
	d = b->d;
	printk(LOG_INFO "dom0: %s kernel, %lu MiB, %u vCPUs, entry %#lx\n",
	       b->k.guest_os, b->l.nr_pages >> 8, d->max_vcpus, b->k.entry);
	heap_free(b->extent);
	heap_free(b);
	return d;
}
