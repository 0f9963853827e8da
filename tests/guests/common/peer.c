/* SPDX-License-Identifier: MIT */
/*
 * Building and calling a peer; what it is for stands in peer.h.
 *
 * Its frames are mapped into a window of ours while they are filled, all but
 * mailbox and console ring are unmapped again, and its tables are pinned.
 * Frame n is mapped at VIRT_BASE + n * 4096 in the peer, as it is with us.
 */
#include "peer.h"

#include <abi/io/console.h>
#include <pv/console.h>
#include <pv/trap.h>

#define WINDOW		0xffffff4000000000ul
#define EXTENT_ORDER	9
#define NR_L1		(PEER_PAGES / 512)

struct peer_mail {
	volatile uint32_t asked, answered;
	peer_fn fn;
	long ret;
	uint32_t port;			/* the peer's end */
	domid_t self, builder;
	uint8_t arg[PEER_ARG_MAX] __attribute__((aligned(16)));
};

_Static_assert(PEER_EXTENT == 1 << EXTENT_ORDER, "one is the other");
_Static_assert(sizeof(struct peer_mail) <= PAGE_SIZE, "it is one page");

extern char _text[], _bss[], _end[];

/* Where things lie in a peer, by frame. mem.c leaves three pages after the
 * tables alone. */
struct layout {
	unsigned long image, bss, info, p2m, tables, ring, mail;
};

static struct layout peer_layout(void)
{
	struct layout l = {
		.image = va_to_pfn((unsigned long)_text),
		.bss = va_to_pfn((unsigned long)_bss),
		.info = va_to_pfn((unsigned long)_end),
	};

	l.p2m = l.info + 1;
	l.tables = l.p2m + PEER_PAGES * sizeof(long) / PAGE_SIZE;
	l.ring = l.tables + 3 + NR_L1;
	l.mail = l.ring + 1;
	return l;
}

/* ---- control ---- */

long domctl(struct xen_domctl *op, uint32_t cmd, domid_t id)
{
	op->cmd = cmd;
	op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
	op->domain = id;
	return HYPERVISOR_domctl(op);
}

long domctl_plain(uint32_t cmd, domid_t id)
{
	struct xen_domctl op = { 0 };

	return domctl(&op, cmd, id);
}

long domain_info(domid_t id, struct xen_domctl_getdomaininfo *info)
{
	struct xen_domctl op = { 0 };
	long rc = domctl(&op, XEN_DOMCTL_getdomaininfo, id);

	*info = op.u.getdomaininfo;
	if (!rc && info->domain != id)
		return -XEN_ESRCH;
	return rc;
}

static void physinfo(struct xen_sysctl *op)
{
	memset(op, 0, sizeof(*op));
	op->cmd = XEN_SYSCTL_physinfo;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (HYPERVISOR_sysctl(op))
		error("no physinfo");
}

unsigned long free_pages_of_machine(void)
{
	struct xen_sysctl op;

	physinfo(&op);
	return op.u.physinfo.free_pages;
}

unsigned long claimed_pages_of_machine(void)
{
	struct xen_sysctl op;

	physinfo(&op);
	return op.u.physinfo.outstanding_pages;
}

unsigned int cpus_of_machine(void)
{
	struct xen_sysctl op;

	physinfo(&op);
	return op.u.physinfo.nr_cpus;
}

bool on_hvx(void)
{
	char extra[16];

	return HYPERVISOR_xen_version(XENVER_extraversion, extra) >= 0 &&
	       !strncmp(extra, "-hvx", 4);
}

void relax(void)
{
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

bool wait_until(bool (*cond)(void *arg), void *arg, unsigned int ms)
{
	uint64_t end = time_now() + ms * 1000000ull;

	while (!cond(arg)) {
		if (time_now() > end)
			return false;
		relax();
	}
	return true;
}

long map_foreign(domid_t id, unsigned long va, unsigned long mfn,
		 uint64_t flags)
{
	struct mmu_update req = {
		.ptr = pt_entry_maddr(pt_entry(va, 1)),
		.val = mfn_pte(mfn, flags),
	};

	return HYPERVISOR_mmu_update(&req, 1, NULL, id);
}

/* ---- building ---- */

long peer_create(struct peer *p, const struct peer_config *how)
{
	struct peer_config none = { 0 };
	struct xen_domctl op = { 0 };
	long rc;

	how = how ? how : &none;
	memset(p, 0, sizeof(*p));
	op.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = how->vcpus ? how->vcpus : 1,
		.max_evtchn_port = 1023,
		.max_grant_frames = how->grant_frames ? how->grant_frames : -1,
		.max_maptrack_frames =
			how->maptrack_frames ? how->maptrack_frames : -1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	rc = domctl(&op, XEN_DOMCTL_createdomain, how->id);
	if (rc)
		return rc;
	p->id = op.domain;
	memset(&op.u, 0, sizeof(op.u));
	op.u.max_vcpus.max = how->vcpus ? how->vcpus : 1;
	rc = domctl(&op, XEN_DOMCTL_max_vcpus, p->id);
	op.u.max_mem.max_memkb = 4ul * (how->max_pages ? how->max_pages
						       : PEER_PAGES);
	return rc ? rc : domctl(&op, XEN_DOMCTL_max_mem, p->id);
}

unsigned int peer_populate(struct peer *p)
{
	struct xen_memory_reservation r = {
		.extent_order = EXTENT_ORDER,
		.nr_extents = PEER_PAGES / PEER_EXTENT,
		.domid = p->id,
	};
	xen_pfn_t list[PEER_PAGES / PEER_EXTENT];
	unsigned int i;
	long done;

	for (i = 0; i < r.nr_extents; i++)
		list[i] = i * PEER_EXTENT;
	handle_set(r.extent_start, list);
	done = HYPERVISOR_memory_op(XENMEM_populate_physmap, &r);
	for (i = 0; i < done; i++)
		p->extent[i] = list[i];
	return done > 0 ? (unsigned int)done * PEER_EXTENT : 0;
}

static void *window(unsigned long pfn)
{
	return (void *)(WINDOW + pfn * PAGE_SIZE);
}

/* All of the peer into the window, or all but two pages out of it. */
static void map_window(struct peer *p, bool in, const struct layout *keep)
{
	struct mmu_update req[64];
	unsigned long pfn;
	unsigned int n = 0;

	for (pfn = 0; pfn < PEER_PAGES; pfn++) {
		uint64_t flags = in ? PTE_KERN : 0;

		if (!in && (pfn == keep->ring || pfn == keep->mail))
			continue;
		req[n].ptr = pt_entry_maddr(pt_entry((unsigned long)window(pfn),
						     1));
		req[n++].val = in ? mfn_pte(peer_mfn(p, pfn), flags) : 0;
		if (n < 64 && pfn < PEER_PAGES - 1)
			continue;
		if (HYPERVISOR_mmu_update(req, n, NULL, in ? p->id : DOMID_SELF))
			error("mapping the peer's frames");
		n = 0;
	}
	if (!in)
		mmuext_mfn(MMUEXT_TLB_FLUSH_ALL, 0);
}

static uint64_t entry_of(struct peer *p, unsigned long pfn, uint64_t flags)
{
	return mfn_pte(peer_mfn(p, pfn), flags);
}

/* L4, L3, L2 and the L1s in a row; tables map themselves read-only. */
static void fill_tables(struct peer *p, const struct layout *l)
{
	uint64_t *t[3];
	unsigned long pfn;
	unsigned int i;

	for (i = 0; i < 3; i++)
		t[i] = window(l->tables + i);
	t[0][pt_index(VIRT_BASE, 4)] = entry_of(p, l->tables + 1, PTE_TABLE);
	t[1][pt_index(VIRT_BASE, 3)] = entry_of(p, l->tables + 2, PTE_TABLE);
	for (i = 0; i < NR_L1; i++)
		t[2][pt_index(VIRT_BASE, 2) + i] =
			entry_of(p, l->tables + 3 + i, PTE_TABLE);
	for (pfn = 0; pfn < PEER_PAGES; pfn++) {
		uint64_t *l1 = window(l->tables + 3 + pfn / 512);
		bool table = pfn >= l->tables && pfn < l->ring;

		l1[pfn % 512] = entry_of(p, pfn, table ? PTE_KERN_RO
						       : PTE_KERN);
	}
}

/* No event before its vCPUs have said where events go. */
static void mask_events(struct peer *p, unsigned long shared_mfn)
{
	struct shared_info *s = (void *)(WINDOW + (1ul << 30));
	unsigned int i;

	pt_build((unsigned long)s);
	if (map_foreign(p->id, (unsigned long)s, shared_mfn, PTE_KERN))
		error("mapping the peer's shared_info");
	for (i = 0; i < MAX_CPUS; i++)
		s->vcpu_info[i].evtchn_upcall_mask = 1;
	map_va((unsigned long)s, 0);
}

static void fill_info(struct peer *p, const struct layout *l)
{
	struct start_info *si = window(l->info);
	struct xen_domctl_getdomaininfo info;

	if (domain_info(p->id, &info))
		error("no information about the peer");
	mask_events(p, info.shared_info_frame);
	memcpy(si->magic, "xen-3.0-x86_64", 15);
	si->nr_pages = PEER_PAGES;
	si->shared_info = info.shared_info_frame * PAGE_SIZE;
	si->console.domU.mfn = peer_mfn(p, l->ring);
	si->pt_base = pfn_to_va(l->tables);
	si->nr_pt_frames = 3 + NR_L1;
	si->mfn_list = pfn_to_va(l->p2m);
}

static uint32_t alloc_port(struct peer *p)
{
	struct evtchn_alloc_unbound a = {
		.dom = p->id, .remote_dom = DOMID_SELF,
	};

	if (HYPERVISOR_event_channel_op(EVTCHNOP_alloc_unbound, &a))
		error("no port for the peer");
	return a.port;
}

static void fill_mail(struct peer *p)
{
	long port;

	p->mail->self = p->id;
	p->mail->builder = start_info->flags & SIF_INITDOMAIN ? 0 : peer_self();
	p->mail->port = alloc_port(p);
	port = event_bind_interdomain(p->id, p->mail->port);
	if (port < 0)
		error("the peer's port: %ld", port);
	p->port = (unsigned int)port;
}

static long pin(struct peer *p, unsigned long pfn)
{
	struct mmuext_op op = { .cmd = MMUEXT_PIN_L4_TABLE };

	op.arg1.mfn = peer_mfn(p, pfn);
	return HYPERVISOR_mmuext_op(&op, 1, NULL, p->id);
}

void peer_fill(struct peer *p)
{
	struct layout l = peer_layout();
	unsigned long i;
	long rc;

	for (i = 0; i < PEER_PAGES; i += 512)
		pt_build((unsigned long)window(i));
	map_window(p, true, NULL);
	memcpy(window(l.image), _text, (l.bss - l.image) * PAGE_SIZE);
	for (i = 0; i < PEER_PAGES; i++)
		((unsigned long *)window(l.p2m))[i] = peer_mfn(p, i);
	fill_info(p, &l);
	fill_tables(p, &l);
	map_window(p, false, &l);
	/* Its places in the window go to the next peer: ours move away. */
	p->mail = (void *)(WINDOW + (2ul << 30) + p->id * 2ul * PAGE_SIZE);
	p->ring = (char *)p->mail + PAGE_SIZE;
	pt_build((unsigned long)p->mail);
	pt_build((unsigned long)p->ring);
	rc = map_foreign(p->id, (unsigned long)p->mail, peer_mfn(p, l.mail),
			 PTE_KERN);
	if (!rc)
		rc = map_foreign(p->id, (unsigned long)p->ring, peer_mfn(p, l.ring),
				 PTE_KERN);
	if (rc)
		error("the peer's mailbox: %ld", rc);
	map_va((unsigned long)window(l.mail), 0);
	map_va((unsigned long)window(l.ring), 0);
	fill_mail(p);
	rc = pin(p, l.tables);
	if (rc)
		error("the peer's tables: %ld", rc);
}

static void peer_main(const struct start_info *si);

long peer_context(struct peer *p)
{
	static struct vcpu_guest_context ctx;
	struct layout l = peer_layout();
	struct xen_domctl op = { 0 };

	memset(&ctx, 0, sizeof(ctx));
	ctx.flags = VGCF_in_kernel | VGCF_online;
	ctx.user_regs.rip = (unsigned long)peer_main;
	ctx.user_regs.cs = FLAT_KERNEL_CS64;
	ctx.user_regs.ss = FLAT_KERNEL_SS64;
	/* As if called: the function finds its return address below. */
	ctx.user_regs.rsp = (unsigned long)cpu_get(1) - 8;
	ctx.user_regs.rdi = pfn_to_va(l.info);
	ctx.user_regs.rflags = 0x202;
	ctx.kernel_ss = ctx.user_regs.ss;
	ctx.kernel_sp = ctx.user_regs.rsp;
	ctx.ctrlreg[3] = peer_mfn(p, l.tables) * PAGE_SIZE;
	handle_set(op.u.vcpucontext.ctxt, &ctx);
	return domctl(&op, XEN_DOMCTL_setvcpucontext, p->id);
}

void peer_start(struct peer *p, const struct peer_config *how)
{
	long rc = peer_create(p, how);

	if (rc)
		error("no second domain: %ld", rc);
	if (peer_populate(p) != PEER_PAGES)
		error("no memory for a second domain");
	peer_fill(p);
	rc = peer_context(p);
	if (!rc)
		rc = domctl_plain(XEN_DOMCTL_unpausedomain, p->id);
	if (rc)
		error("the second domain doesn't start: %ld", rc);
}

static void let_go(struct peer *p)
{
	if (!p->mail)
		return;
	map_va((unsigned long)p->mail, 0);
	map_va((unsigned long)p->ring, 0);
	event_close(p->port);
	p->mail = NULL;
}

long peer_destroy(struct peer *p)
{
	let_go(p);
	return domctl_plain(XEN_DOMCTL_destroydomain, p->id);
}

long peer_destroy_by_pieces(struct peer *p)
{
	long rc, pieces = 0;

	let_go(p);
	do {
		pieces++;
		rc = domctl_plain(XEN_DOMCTL_hvx_destroy_some, p->id);
	} while (rc == -XEN_EAGAIN);
	return rc ? rc : pieces;
}

/* ---- calls ---- */

/* What it says is its side of the story. */
static void drain(struct peer *p)
{
	struct xencons_interface *r = p->ring;
	uint32_t prod = __atomic_load_n(&r->out_prod, __ATOMIC_ACQUIRE);

	for (; r->out_cons != prod; r->out_cons++)
		printf("%c", r->out[MASK_XENCONS_IDX(r->out_cons, r->out)]);
}

static bool alive(struct peer *p)
{
	struct xen_domctl_getdomaininfo info;

	return !domain_info(p->id, &info) &&
	       !(info.flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown));
}

void peer_post(struct peer *p, peer_fn fn, const void *arg, size_t size)
{
	struct peer_mail *m = p->mail;

	if (size > PEER_ARG_MAX)
		error("an argument of %lu bytes", (unsigned long)size);
	if (size)
		memcpy(m->arg, arg, size);
	m->fn = fn;
	__atomic_store_n(&m->asked, m->asked + 1, __ATOMIC_RELEASE);
	event_send(p->port);
}

bool peer_answered(struct peer *p)
{
	return __atomic_load_n(&p->mail->answered, __ATOMIC_ACQUIRE) ==
	       p->mail->asked;
}

long peer_wait(struct peer *p, void *arg, size_t size)
{
	unsigned int rounds = 0;

	while (!peer_answered(p)) {
		relax();
		if (++rounds % 1024)
			continue;
		drain(p);
		if (!alive(p))
			return PEER_DEAD;
	}
	drain(p);
	if (size)
		memcpy(arg, p->mail->arg, size);
	return p->mail->ret;
}

long peer_call(struct peer *p, peer_fn fn, void *arg, size_t size)
{
	peer_post(p, fn, arg, size);
	return peer_wait(p, arg, size);
}

/* ---- the peer's side ---- */

static struct peer_mail *my_mail(void)
{
	return (struct peer_mail *)pfn_to_va(peer_layout().mail);
}

domid_t peer_self(void)
{
	return my_mail()->self;
}

domid_t peer_builder(void)
{
	return my_mail()->builder;
}

static void wait_for_mail(struct peer_mail *m)
{
	evtchn_port_t port = m->port;
	struct sched_poll poll = { .nr_ports = 1 };

	handle_set(poll.ports, &port);
	while (m->asked == m->answered) {
		event_take(port);
		if (m->asked == m->answered)
			HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
	}
}

static void peer_main(const struct start_info *si)
{
	struct peer_mail *m = my_mail();

	mem_init(si);
	console_init();
	trap_init();
	cpu_init(0);
	for (;;) {
		wait_for_mail(m);
		m->ret = m->fn(m->arg);
		__atomic_store_n(&m->answered, m->asked, __ATOMIC_RELEASE);
	}
}
