/*
 * bench: what a call costs, in instructions.
 *
 * To be run on one CPU under `-icount shift=0`, where virtual time goes on by
 * one nanosecond an instruction: the time-stamp counter's rate is found by an
 * empty loop of a known length, and each figure is the mean of a loop less
 * that of the empty one. Elsewhere the figures are ticks and the guest says so.
 * Lines: BENCH name value. tests/bench puts two hypervisors' side by side.
 */
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/insn.h>
#include <pv/mem.h>
#include <pv/console.h>
#include <pv/report.h>
#include <pv/string.h>
#include <pv/time.h>

#define AREA	0xffff900000000000ul
#define LOOPS	2000

static uint64_t *entry, *spare_l1, *page;
static uint64_t pte_rw, pte_ro;
static struct multicall_entry calls[32];
static unsigned int self_port;
static unsigned int turn;

/* Instructions between two ticks, times 1024. */
static uint64_t scale;

/* 4 instructions a turn, known by heart. */
static void known_loop(unsigned long turns)
{
	asm volatile("1: nop; nop; decq %0; jnz 1b" : "+r" (turns) : : "cc");
}

static void calibrate(void)
{
	uint64_t start, ticks;

	known_loop(1000);
	start = rdtsc();
	known_loop(1000000);
	ticks = rdtsc() - start;
	scale = 4000000ull * 1024 / (ticks ? ticks : 1);
	note("%lu ticks for 4000000 instructions", ticks);
}

static void nothing(void)
{
	asm volatile("");
}

static void unknown(void)
{
	hypercall0(47);
}

static void version(void)
{
	HYPERVISOR_xen_version(XENVER_version, NULL);
}

static void version_by_page(void)
{
	hypercall_by_page(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0);
}

static void yield(void)
{
	HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
}

static void set_timer(void)
{
	HYPERVISOR_set_timer_op(1ull << 50);
}

static void va_same(void)
{
	HYPERVISOR_update_va_mapping(AREA, pte_rw, UVMF_NONE);
}

/* From read-only to writable or back: half the rounds each. */
static void va_flip(void)
{
	HYPERVISOR_update_va_mapping(AREA, turn++ & 1 ? pte_rw : pte_ro, UVMF_NONE);
}

static void va_flip_flush(void)
{
	HYPERVISOR_update_va_mapping(AREA, turn++ & 1 ? pte_rw : pte_ro, UVMF_INVLPG);
}

static uint64_t entry_maddr;

static void mmu_update(void)
{
	struct mmu_update req = { .ptr = entry_maddr, .val = pte_rw };

	req.val = turn++ & 1 ? pte_rw : pte_ro;
	HYPERVISOR_mmu_update(&req, 1, NULL, DOMID_SELF);
}

static void pin_unpin(void)
{
	pin_table(spare_l1, 1);
	unpin_table(spare_l1);
}

static void direct_store(void)
{
	*(volatile uint64_t *)entry = turn++ & 1 ? pte_rw : pte_ro;
}

static void multicall(void)
{
	HYPERVISOR_multicall(calls, 32);
}

static void event_pair(void)
{
	event_close((unsigned int)event_alloc_unbound(DOMID_SELF));
}

/* The port is masked: the event is set pending and goes no further. */
static void send_self(void)
{
	event_send(self_port);
}

static void cpuid_emulated(void)
{
	uint32_t leaf[4];

	cpuid_forced(0, 0, leaf);
}

static void rdmsr_efer(void)
{
	rdmsr(MSR_EFER);
}

static void mov_cr0(void)
{
	read_cr0();
}

static void invlpg(void)
{
	struct mmuext_op op = { .cmd = MMUEXT_INVLPG_LOCAL };

	op.arg1.linear_addr = AREA;
	HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static void exception(void)
{
	asm volatile(FIX("ud2"));
}

static const struct bench {
	const char *name;
	void (*fn)(void);
} benches[] = {
	{ "hypercall-unknown", unknown },
	{ "xen-version", version },
	{ "xen-version-by-page", version_by_page },
	{ "yield", yield },
	{ "set-timer-op", set_timer },
	{ "update-va-same", va_same },
	{ "update-va-ro-rw", va_flip },
	{ "update-va-ro-rw-invlpg", va_flip_flush },
	{ "mmu-update", mmu_update },
	{ "pin-unpin-l1", pin_unpin },
	{ "direct-pte-store", direct_store },
	{ "multicall-32", multicall },
	{ "evtchn-alloc-close", event_pair },
	{ "evtchn-send-self", send_self },
	{ "cpuid-forced", cpuid_emulated },
	{ "rdmsr-efer", rdmsr_efer },
	{ "mov-from-cr0", mov_cr0 },
	{ "invlpg-local", invlpg },
	{ "ud2-and-iret", exception },
};

static uint64_t ticks_of(void (*fn)(void), unsigned int loops)
{
	uint64_t start;
	unsigned int i;

	start = rdtsc();
	for (i = 0; i < loops; i++)
		fn();
	return rdtsc() - start;
}

/* The best of a few runs: one that an interrupt lengthened doesn't count. */
static uint64_t best_ticks(void (*fn)(void))
{
	uint64_t best = ~0ull, t;
	unsigned int i;

	for (i = 0; i < 50; i++)
		fn();
	for (i = 0; i < 5; i++) {
		t = ticks_of(fn, LOOPS / 5);
		if (t < best)
			best = t;
	}
	return best;
}

static void prepare(void)
{
	unsigned int i;

	HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables);
	HYPERVISOR_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
	entry = pt_build(AREA);
	entry_maddr = pt_entry_maddr(entry);
	page = page_alloc();
	pte_rw = va_pte(page, PTE_KERN);
	pte_ro = va_pte(page, PTE_KERN_RO | PTE_D);
	map_va(AREA, pte_rw);
	spare_l1 = page_alloc();
	page_set_ro(spare_l1);
	for (i = 0; i < 32; i++)
		calls[i].op = __HYPERVISOR_xen_version;
	self_port = (unsigned int)event_bind_ipi(0);
	event_mask(self_port);
}

void guest_main(void)
{
	uint64_t empty, t;
	unsigned int i;

	prepare();
	calibrate();
	empty = best_ticks(nothing);
	for (i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		t = best_ticks(benches[i].fn);
		t = t > empty ? t - empty : 0;
		t = (t * scale / (LOOPS / 5) + 512) / 1024;
		printf("BENCH %s %lu\n", benches[i].name, t);
		check_quiet(t != 0, "%s takes some time", benches[i].name);
	}
}
