/*
 * The system clock is the TSC, scaled: ns = (ticks << shift) * mul >> 32, the
 * same sum that guests do with what vcpu_time_info gives them.  One base and
 * one scale hold from boot on, so while the TSCs of all CPUs agree a guest's
 * copy is written once and stays right wherever the vCPU runs.
 *
 * A CPU whose TSC is found off when it starts gets an offset; then guests'
 * copies follow the vCPU from CPU to CPU, the STABLE bit is off, and the
 * clock is kept from stepping back by a common high-water mark.
 *
 * The frequency comes from CPUID where it tells, else from a comparison with
 * HPET, ACPI PM timer or PIT, in that order of trust.
 */
#include <hvx/time.h>

#include <asm/cpu.h>
#include <asm/io.h>
#include <hvx/acpi.h>
#include <hvx/apic.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/paging.h>
#include <hvx/pcpu.h>
#include <hvx/string.h>

#define NSEC 1000000000UL

uint64_t tsc_khz;
bool tsc_reliable = true;

static uint64_t tsc_base;		/* boot CPU's TSC at system time 0 */
static uint32_t tsc_mul;
static int8_t tsc_shift;
static uint64_t tsc_inverse;		/* ticks = ns * inverse >> 30 */
static int64_t tsc_offset[NR_CPUS];	/* add: gives the boot CPU's TSC */
static uint64_t high_water;		/* while TSCs differ; atomic */
static uint64_t armed[NR_CPUS];		/* deadline in the timer; 0: none */

/* ---- scale ---------------------------------------------------------------- */

static void set_scale(uint64_t hz)
{
	uint64_t h = hz;

	tsc_khz = hz / 1000;
	tsc_shift = 0;
	for (; h > 2 * NSEC; h >>= 1)
		tsc_shift--;
	for (; h <= NSEC; h <<= 1)
		tsc_shift++;
	tsc_mul = (NSEC << 32) / h;
	tsc_inverse = (hz << 30) / NSEC;
}

uint64_t tsc_to_ns(uint64_t ticks)
{
	if (tsc_shift < 0)
		ticks >>= -tsc_shift;
	else
		ticks <<= tsc_shift;
	return (unsigned __int128)ticks * tsc_mul >> 32;
}

uint64_t ns_to_tsc(uint64_t ns)
{
	return (unsigned __int128)ns * tsc_inverse >> 30;
}

static uint64_t clamp_now(uint64_t now)
{
	uint64_t seen = __atomic_load_n(&high_water, __ATOMIC_RELAXED);

	while (now > seen)
		if (__atomic_compare_exchange_n(&high_water, &seen, now, true,
						__ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return now;
	return seen;
}

uint64_t time_now(void)
{
	uint64_t t = rdtsc_ordered();

	if (likely(tsc_reliable))
		return tsc_to_ns(t - tsc_base);
	return clamp_now(tsc_to_ns(t + tsc_offset[cpu_id()] - tsc_base));
}

void time_delay_us(unsigned int us)
{
	uint64_t start = rdtsc(), ticks = ns_to_tsc(us * 1000UL);

	while (rdtsc() - start < ticks)
		cpu_pause();
}

/* ---- calibration ---------------------------------------------------------- */

/* A counter of known frequency. */
struct reference {
	const char *name;
	uint64_t hz, mask;
	uint64_t (*read)(void);
};

static volatile uint8_t *hpet;

#define HPET_PERIOD  0x004		/* fs a tick */
#define HPET_CONFIG  0x010
#define HPET_COUNTER 0x0f0
#define HPET_MAX_PERIOD 100000000U

static uint64_t hpet_read(void)
{
	return mmio_read32(hpet + HPET_COUNTER);
}

static bool hpet_found(struct reference *ref)
{
	uint32_t period;

	if (!acpi.hpet)
		return false;
	hpet = ioremap(acpi.hpet, 1024, MAP_UC);
	if (!hpet)
		return false;
	period = mmio_read32(hpet + HPET_PERIOD);
	if (period < 1000 || period > HPET_MAX_PERIOD)
		return false;
	mmio_write32(hpet + HPET_CONFIG, mmio_read32(hpet + HPET_CONFIG) | 1);
	*ref = (struct reference){ "HPET", 1000000000000000UL / period,
				   0xffffffff, hpet_read };
	return true;
}

static uint64_t pm_timer_read(void)
{
	return inl(acpi.pm_timer.addr);
}

static bool pm_timer_found(struct reference *ref)
{
	uint32_t first;
	unsigned int i;

	if (!acpi.pm_timer.addr || acpi.pm_timer.space != ACPI_SPACE_IO)
		return false;
	first = pm_timer_read();
	for (i = 0; i < 100000 && pm_timer_read() == first; i++)
		cpu_pause();
	if (pm_timer_read() == first)
		return false;
	*ref = (struct reference){ "PM timer", 3579545,
				   acpi.pm_timer_32bit ? 0xffffffff : 0xffffff,
				   pm_timer_read };
	return true;
}

/* Channel 2 counts down once from the top, its speaker gate opened. */
#define PIT_CH2	   0x42
#define PIT_MODE   0x43
#define PIT_GATE   0x61

static uint64_t pit_read(void)
{
	uint32_t lo;

	outb(PIT_MODE, 0x80);
	lo = inb(PIT_CH2);
	return 0xffff - (lo | (uint32_t)inb(PIT_CH2) << 8);
}

static void pit_start(struct reference *ref)
{
	outb(PIT_GATE, (inb(PIT_GATE) & ~0x02) | 0x01);
	outb(PIT_MODE, 0xb0);
	outb(PIT_CH2, 0xff);
	outb(PIT_CH2, 0xff);
	*ref = (struct reference){ "PIT", 1193182, 0xffff, pit_read };
}

/* Both counters at one moment: the tightest of some tries. */
static void read_pair(const struct reference *ref, uint64_t *r, uint64_t *t)
{
	uint64_t best = ~0UL;
	unsigned int i;

	for (i = 0; i < 8; i++) {
		uint64_t t0 = rdtsc_ordered(), v = ref->read();
		uint64_t t1 = rdtsc_ordered();

		if (t1 - t0 < best) {
			best = t1 - t0;
			*r = v;
			*t = t0 + best / 2;
		}
	}
}

#define CALIBRATE_FRACTION 50		/* of a second: 20 ms */

static uint64_t measure_hz(const struct reference *ref)
{
	uint64_t r0, t0, r1, t1, r;

	read_pair(ref, &r0, &t0);
	do {
		cpu_pause();
		r = ref->read();
	} while (((r - r0) & ref->mask) < ref->hz / CALIBRATE_FRACTION);
	read_pair(ref, &r1, &t1);
	return (t1 - t0) * ref->hz / ((r1 - r0) & ref->mask);
}

#define COUNTER_US 5000

uint64_t time_measure_counter(uint64_t (*read)(void))
{
	const struct reference ref = { .read = read };
	uint64_t r0, t0, r1, t1;

	read_pair(&ref, &r0, &t0);
	time_delay_us(COUNTER_US);
	read_pair(&ref, &r1, &t1);
	return (r1 - r0) * NSEC / tsc_to_ns(t1 - t0);
}

static bool hz_is_sane(uint64_t hz)
{
	return hz >= 10000000 && hz <= 20 * NSEC;
}

/* The processor's own word, or its hypervisor's. */
static uint64_t cpuid_hz(void)
{
	uint32_t r[4], max;
	uint64_t hz;

	cpuid_count(0, 0, r);
	if (r[0] >= 0x15) {
		cpuid_count(0x15, 0, r);
		if (r[0] && r[1] && r[2]) {
			hz = (uint64_t)r[2] * r[1] / r[0];
			if (hz_is_sane(hz))
				return hz;
		}
	}
	cpuid_count(1, 0, r);
	if (!(r[2] & BIT(31)))
		return 0;
	cpuid_count(0x40000000, 0, r);
	max = r[0];
	if (max < 0x40000010 || (memcmp(&r[1], "VMwareVMware", 12) &&
				 memcmp(&r[1], "KVMKVMKVM\0\0\0", 12)))
		return 0;
	cpuid_count(0x40000010, 0, r);
	hz = r[0] * 1000UL;
	return hz_is_sane(hz) ? hz : 0;
}

static void find_frequency(void)
{
	struct reference ref = { .name = "CPUID" };
	uint64_t hz = cpuid_hz();

	if (!hz) {
		if (!hpet_found(&ref) && !pm_timer_found(&ref))
			pit_start(&ref);
		hz = measure_hz(&ref);
	}
	if (!hz_is_sane(hz))
		panic("TSC of %lu Hz by %s: no clock to run by\n", hz,
		      ref.name);
	set_scale(hz);
	printk(LOG_INFO "TSC: %lu.%03lu MHz, by %s\n", tsc_khz / 1000,
	       tsc_khz % 1000, ref.name);
}

/* ---- the wall clock ------------------------------------------------------- */

static uint64_t wall_base;		/* ns since 1970 at system time 0 */
static struct lock wall_lock = LOCK_INIT;

#define CMOS_INDEX 0x70
#define CMOS_DATA  0x71

static unsigned int cmos_read(unsigned int reg)
{
	outb(CMOS_INDEX, reg);
	return inb(CMOS_DATA);
}

enum { RTC_SEC, RTC_MIN, RTC_HOUR, RTC_DAY, RTC_MON, RTC_YEAR, RTC_CENT,
       RTC_FIELDS };

static void rtc_read_raw(uint8_t f[RTC_FIELDS])
{
	unsigned int i;

	/* An update in progress takes 2 ms at most. */
	for (i = 0; i < 10000 && cmos_read(0x0a) & 0x80; i++)
		cpu_pause();
	f[RTC_SEC] = cmos_read(0x00);
	f[RTC_MIN] = cmos_read(0x02);
	f[RTC_HOUR] = cmos_read(0x04);
	f[RTC_DAY] = cmos_read(0x07);
	f[RTC_MON] = cmos_read(0x08);
	f[RTC_YEAR] = cmos_read(0x09);
	f[RTC_CENT] = acpi.rtc_century ? cmos_read(acpi.rtc_century) : 0;
}

static unsigned int from_bcd(unsigned int v)
{
	return (v >> 4) * 10 + (v & 0xf);
}

/* Days since 1970-01-01, Gregorian; the year starts in March here. */
static uint64_t days_since_epoch(unsigned int y, unsigned int m, unsigned int d)
{
	y -= m <= 2;
	m = m > 2 ? m - 3 : m + 9;
	return 365UL * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d -
	       1 - 719468;
}

static uint64_t rtc_seconds(void)
{
	uint8_t f[RTC_FIELDS], again[RTC_FIELDS];
	unsigned int i, mode, pm, year;

	rtc_read_raw(f);
	for (i = 0; i < 5; i++) {
		rtc_read_raw(again);
		if (!memcmp(f, again, sizeof(f)))
			break;
		memcpy(f, again, sizeof(f));
	}
	mode = cmos_read(0x0b);
	pm = f[RTC_HOUR] & 0x80;
	f[RTC_HOUR] &= 0x7f;
	if (!(mode & 0x04))
		for (i = 0; i < RTC_FIELDS; i++)
			f[i] = from_bcd(f[i]);
	if (!(mode & 0x02))
		f[RTC_HOUR] = f[RTC_HOUR] % 12 + (pm ? 12 : 0);
	if (f[RTC_CENT] >= 19 && f[RTC_CENT] <= 22)
		year = f[RTC_CENT] * 100 + f[RTC_YEAR];
	else
		year = f[RTC_YEAR] + (f[RTC_YEAR] < 70 ? 2000 : 1900);
	if (!f[RTC_MON] || f[RTC_MON] > 12 || year < 1970)
		return 0;
	return ((days_since_epoch(year, f[RTC_MON], f[RTC_DAY]) * 24 +
		 f[RTC_HOUR]) * 60 + f[RTC_MIN]) * 60 + f[RTC_SEC];
}

void time_update_wallclock(struct domain *d)
{
	struct shared_info *s = d->shared;
	uint64_t sec;

	if (!s)
		return;
	spin_lock(&wall_lock);
	sec = wall_base / NSEC + d->time_offset;
	/* Odd while it changes; x86 keeps the order of stores. */
	WRITE_ONCE(s->wc_version, (s->wc_version + 1) | 1);
	barrier();
	WRITE_ONCE(s->wc_sec, (uint32_t)sec);
	WRITE_ONCE(s->wc_sec_hi, (uint32_t)(sec >> 32));
	WRITE_ONCE(s->wc_nsec, (uint32_t)(wall_base % NSEC));
	barrier();
	WRITE_ONCE(s->wc_version, s->wc_version + 1);
	spin_unlock(&wall_lock);
}

void time_set_wallclock(uint64_t sec, uint32_t nsec, uint64_t at)
{
	struct list *pos;

	spin_lock(&wall_lock);
	wall_base = sec * NSEC + nsec - at;
	spin_unlock(&wall_lock);
	spin_lock(&domain_list_lock);
	list_for_each(pos, &domain_list)
		time_update_wallclock(list_entry(pos, struct domain, list));
	spin_unlock(&domain_list_lock);
}

/* ---- what guests read ------------------------------------------------------ */

static bool time_info_right(const struct vcpu_time_info *t,
			    const struct vcpu_time_info *want)
{
	return t->tsc_timestamp == want->tsc_timestamp &&
	       t->system_time == want->system_time &&
	       t->tsc_to_system_mul == want->tsc_to_system_mul &&
	       t->tsc_shift == want->tsc_shift && t->flags == want->flags;
}

static void time_info_write(struct vcpu_time_info *t,
			    const struct vcpu_time_info *want)
{
	uint32_t version = READ_ONCE(t->version) | 1;

	WRITE_ONCE(t->version, version);
	barrier();
	t->tsc_timestamp = want->tsc_timestamp;
	t->system_time = want->system_time;
	t->tsc_to_system_mul = want->tsc_to_system_mul;
	t->tsc_shift = want->tsc_shift;
	t->flags = want->flags;
	barrier();
	WRITE_ONCE(t->version, version + 1);
}

static void time_info_now(struct vcpu_time_info *t)
{
	*t = (struct vcpu_time_info){
		.tsc_timestamp = tsc_base,
		.tsc_to_system_mul = tsc_mul,
		.tsc_shift = tsc_shift,
		.flags = tsc_reliable ? XEN_PVCLOCK_TSC_STABLE_BIT : 0,
	};
	if (!tsc_reliable)
		t->tsc_timestamp -= tsc_offset[cpu_id()];
}

void time_update_area(struct vcpu *v)
{
	const struct vcpu *cur = this_pcpu()->current;
	struct vcpu_time_info t;

	/* Its kernel's tables must be in force; if not, the next switch. */
	if (!v->time_area || cur->d != v->d || !cur->pv.kernel_mode)
		return;
	time_info_now(&t);
	t.version = (v->info->time.version + 2) & ~1U;
	/* What isn't there now may be there later. */
	(void)!copy_to_guest(v->time_area, &t, sizeof(t));
}

void time_update_vcpu(struct vcpu *v)
{
	struct vcpu_time_info now;

	time_info_now(&now);
	if (likely(time_info_right(&v->info->time, &now)))
		return;
	time_info_write(&v->info->time, &now);
	time_update_area(v);
}

/* ---- do the TSCs agree ----------------------------------------------------- */

/*
 * The new CPU asks, the boot CPU answers with its TSC.  An answer that lies
 * outside the new CPU's own readings before and after proves a difference.
 */
#define SYNC_ROUNDS	64
#define SYNC_TIMEOUT_US 100000

bool time_sync_wanted;
static uint64_t sync_question, sync_answer, sync_stamp;

void time_sync_serve(void)
{
	uint64_t q = __atomic_load_n(&sync_question, __ATOMIC_ACQUIRE);

	if (cpu_id() != 0 || q == sync_answer)
		return;
	sync_stamp = rdtsc_ordered();
	/* The stamp before the answer; pairs with ask()'s acquire. */
	__atomic_store_n(&sync_answer, q, __ATOMIC_RELEASE);
}

static bool ask(uint64_t *before, uint64_t *stamp, uint64_t *after)
{
	uint64_t limit = ns_to_tsc(SYNC_TIMEOUT_US * 1000UL);
	uint64_t q = sync_question + 1;

	*before = rdtsc_ordered();
	__atomic_store_n(&sync_question, q, __ATOMIC_RELEASE);
	while (__atomic_load_n(&sync_answer, __ATOMIC_ACQUIRE) != q) {
		if (rdtsc() - *before > limit)
			return false;
		cpu_pause();
	}
	*after = rdtsc_ordered();
	*stamp = sync_stamp;
	return true;
}

static void compare_with_boot_cpu(unsigned int cpu)
{
	uint64_t t0, ts, t1, best = ~0UL;
	bool differs = false;
	unsigned int i;

	__atomic_store_n(&time_sync_wanted, true, __ATOMIC_RELEASE);
	for (i = 0; i < SYNC_ROUNDS; i++) {
		if (!ask(&t0, &ts, &t1)) {
			printk(LOG_WARN "CPU%u: TSC not compared\n", cpu);
			break;
		}
		if ((int64_t)(ts - t0) < 0 || (int64_t)(t1 - ts) < 0)
			differs = true;
		if (t1 - t0 < best) {
			best = t1 - t0;
			tsc_offset[cpu] = (int64_t)(ts - (t0 + best / 2));
		}
		if (i >= 8 && tsc_to_ns(best) > 100000)
			break;		/* CPUs take turns: no use going on */
	}
	__atomic_store_n(&time_sync_wanted, false, __ATOMIC_RELEASE);
	if (differs) {
		printk(LOG_WARN "CPU%u: TSC off by %ld ticks\n", cpu,
		       -tsc_offset[cpu]);
		tsc_reliable = false;
	} else {
		tsc_offset[cpu] = 0;
	}
}

/* ---- start and the timer --------------------------------------------------- */

void time_init(void)
{
	find_frequency();
	tsc_base = rdtsc_ordered();
	apic_timer_calibrate();
	wall_base = rtc_seconds() * NSEC - time_now();
}

void time_init_cpu(void)
{
	if (cpu_id() != 0)
		compare_with_boot_cpu(cpu_id());
	armed[cpu_id()] = 0;
}

void time_set_deadline(uint64_t when)
{
	unsigned int cpu = cpu_id();
	uint64_t now;

	if (armed[cpu] == when)
		return;
	armed[cpu] = when;
	if (!when) {
		apic_timer_stop();
		return;
	}
	now = time_now();
	apic_timer_arm(when > now ? when - now : 0);
}

/* The counter may be too short for the deadline: then on with the rest. */
void time_interrupt(void)
{
	unsigned int cpu = cpu_id();
	uint64_t when = armed[cpu], now;

	if (!when)
		return;
	now = time_now();
	if (now < when) {
		apic_timer_arm(when - now);
		return;
	}
	armed[cpu] = 0;
	softirq_raise(SOFTIRQ_TIMER);
}
