/*
 * The local APIC: registers in memory (xAPIC) or MSRs (x2APIC).
 *
 * x2APIC is taken when the firmware turned it on, which can't be undone
 * simply, or when a CPU's id doesn't fit xAPIC.  All interrupts go by
 * physical destination.  Interrupts are off wherever this code runs, so the
 * two halves of an xAPIC command are never torn apart.
 */
#include <hvx/apic.h>

#include <asm/cpu.h>
#include <asm/io.h>
#include <asm/msr.h>
#include <hvx/acpi.h>
#include <hvx/console.h>
#include <hvx/irq.h>
#include <hvx/options.h>
#include <hvx/paging.h>
#include <hvx/panic.h>
#include <hvx/time.h>

enum apic_reg {
	APIC_ID = 0x020,
	APIC_VERSION = 0x030,
	APIC_TPR = 0x080,
	APIC_EOI = 0x0b0,
	APIC_SVR = 0x0f0,
	APIC_ESR = 0x280,
	APIC_ICR = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_PERF = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_TIMER_INIT = 0x380,
	APIC_TIMER_NOW = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define SVR_ENABLE	BIT(8)
#define LVT_MASKED	BIT(16)
#define LVT_NMI		0x400
#define LVT_DEADLINE	0x40000
#define DIVIDE_BY_1	0xb

#define ICR_NMI		0x400
#define ICR_INIT	0x500
#define ICR_STARTUP	0x600
#define ICR_ASSERT	BIT(14)
#define ICR_BUSY	BIT(12)

#define BASE_X2APIC	BIT(10)
#define BASE_ENABLE	BIT(11)
#define XAPIC_MAX_ID	254

static bool x2apic;
static bool deadline_mode;
static volatile uint8_t *apic_regs;
static uint64_t timer_mul;		/* one-shot: counts = ns * mul >> 32 */

static uint32_t apic_read(enum apic_reg reg)
{
	if (x2apic)
		return rdmsr(MSR_X2APIC + (reg >> 4));
	return mmio_read32(apic_regs + reg);
}

static void apic_write(enum apic_reg reg, uint32_t v)
{
	if (x2apic)
		wrmsr(MSR_X2APIC + (reg >> 4), v);
	else
		mmio_write32(apic_regs + reg, v);
}

static bool needs_x2apic(void)
{
	unsigned int i;

	for (i = 0; i < acpi.nr_cpus; i++)
		if (acpi.cpus[i].enabled && acpi.cpus[i].apic_id > XAPIC_MAX_ID)
			return true;
	return false;
}

/* Both remapped away from the exceptions, then every line masked. */
static void pic_silence(void)
{
	static const uint8_t init[2][4] = {
		{ 0x11, 0x20, 0x04, 0x01 },
		{ 0x11, 0x28, 0x02, 0x01 },
	};
	static const uint16_t port[2] = { 0x20, 0xa0 };
	unsigned int i, k;

	for (i = 0; i < 2; i++) {
		outb(port[i], init[i][0]);
		for (k = 1; k < 4; k++)
			outb(port[i] + 1, init[i][k]);
		outb(port[i] + 1, 0xff);
	}
}

void apic_init(void)
{
	uint32_t r[4];

	cpuid_count(1, 0, r);
	if (!(r[3] & BIT(9)))
		boot_refuse("no local APIC: turn it on in the firmware");
	deadline_mode = r[2] & BIT(24);
	x2apic = rdmsr(MSR_APIC_BASE) & BASE_X2APIC ||
		 (opt_x2apic && r[2] & BIT(21) && needs_x2apic());
	if (!x2apic) {
		apic_regs = ioremap(acpi.lapic_addr, PAGE_SIZE, MAP_UC);
		if (!apic_regs)
			panic("No room to map the local APIC\n");
	}
	pic_silence();
	printk(LOG_INFO "APIC: %s, timer %s\n", x2apic ? "x2APIC" : "xAPIC",
	       deadline_mode ? "by TSC deadline" : "one-shot");
}

static void lvt_init(void)
{
	unsigned int max = apic_read(APIC_VERSION) >> 16 & 0xff;

	apic_write(APIC_LVT_TIMER, VEC_TIMER | LVT_MASKED);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	if (max >= 3)
		apic_write(APIC_LVT_ERROR, VEC_APIC_ERROR);
	if (max >= 4)
		apic_write(APIC_LVT_PERF, LVT_MASKED);
	if (max >= 5)
		apic_write(APIC_LVT_THERMAL, LVT_MASKED);
}

static void timer_init_cpu(void)
{
	if (deadline_mode) {
		apic_write(APIC_LVT_TIMER, VEC_TIMER | LVT_DEADLINE);
		/* The mode must be in force before the deadline MSR counts. */
		cpu_mfence();
	} else {
		apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
		apic_write(APIC_LVT_TIMER, VEC_TIMER);
	}
}

/* What was in service when the firmware left would block what comes. */
static void drop_in_service(void)
{
	unsigned int i, round;

	for (round = 0; round < 8; round++)
		for (i = 0; i < 32; i++)
			apic_eoi();
}

void apic_init_cpu(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (!(base & BASE_ENABLE))
		wrmsr(MSR_APIC_BASE, base |= BASE_ENABLE);
	if (x2apic && !(base & BASE_X2APIC))
		wrmsr(MSR_APIC_BASE, base | BASE_X2APIC);
	apic_write(APIC_TPR, 0);
	lvt_init();
	apic_write(APIC_SVR, SVR_ENABLE | VEC_SPURIOUS);
	drop_in_service();
	apic_write(APIC_ESR, 0);
	timer_init_cpu();
}

uint32_t apic_id(void)
{
	uint32_t id = apic_read(APIC_ID);

	return x2apic ? id : id >> 24;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

uint32_t apic_error_status(void)
{
	apic_write(APIC_ESR, 0);
	return apic_read(APIC_ESR);
}

static void icr_wait(void)
{
	if (x2apic)
		return;
	while (apic_read(APIC_ICR) & ICR_BUSY)
		cpu_pause();
}

static void icr_send(uint32_t id, uint32_t command)
{
	if (x2apic) {
		/* The MSR write passes earlier stores, which the receiver is
		 * to see: pairs with its interrupt. */
		cpu_mfence();
		wrmsr(MSR_X2APIC + (APIC_ICR >> 4),
		      (uint64_t)id << 32 | command);
		return;
	}
	icr_wait();
	apic_write(APIC_ICR_HIGH, id << 24);
	apic_write(APIC_ICR, command);
}

void apic_send_ipi(uint32_t id, unsigned int vector)
{
	icr_send(id, ICR_ASSERT | vector);
}

void apic_send_nmi(uint32_t id)
{
	icr_send(id, ICR_ASSERT | ICR_NMI);
}

/* 64-bit processors need no 10 ms between INIT and STARTUP. */
#define INIT_WAIT_US 200

void apic_start_cpu(uint32_t id, paddr_t entry)
{
	unsigned int i;

	icr_send(id, ICR_ASSERT | ICR_INIT);
	icr_wait();
	time_delay_us(INIT_WAIT_US);
	for (i = 0; i < 2; i++) {
		icr_send(id, ICR_ASSERT | ICR_STARTUP | (entry >> PAGE_SHIFT));
		icr_wait();
		time_delay_us(200);
	}
}

void apic_timer_arm(uint64_t ns)
{
	uint64_t n;

	if (deadline_mode) {
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + ns_to_tsc(ns) + 1);
		return;
	}
	if (ns > 1000000000)
		ns = 1000000000;
	n = ns * timer_mul >> 32;
	if (n > 0xffffffff)
		n = 0xffffffff;
	/* Zero would stop the counter. */
	apic_write(APIC_TIMER_INIT, n < 0xffffffff ? n + 1 : n);
}

void apic_timer_stop(void)
{
	if (deadline_mode)
		wrmsr(MSR_TSC_DEADLINE, 0);
	else
		apic_write(APIC_TIMER_INIT, 0);
}

static uint64_t timer_counted(void)
{
	return 0xffffffff - apic_read(APIC_TIMER_NOW);
}

void apic_timer_calibrate(void)
{
	uint64_t hz;

	if (deadline_mode)
		return;
	apic_write(APIC_LVT_TIMER, VEC_TIMER | LVT_MASKED);
	apic_write(APIC_TIMER_INIT, 0xffffffff);
	hz = time_measure_counter(timer_counted);
	apic_write(APIC_TIMER_INIT, 0);
	apic_write(APIC_LVT_TIMER, VEC_TIMER);
	if (hz < 1000000)
		panic("APIC timer doesn't count\n");
	timer_mul = (hz << 32) / 1000000000;
	printk(LOG_INFO "APIC: timer counts at %lu kHz\n", hz / 1000);
}
