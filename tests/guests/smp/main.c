/*
 * smp: a second vCPU.
 *
 * What must hold: initialise and up start it where its context says, with its
 * own stack, traps and events; IPIs go both ways; a flush reaches it before the
 * call returns; its vcpu_info can be moved once; down and up again works. A
 * broken hypervisor delivers to the wrong vCPU or leaves a stale translation
 * on the other processor.
 */
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/insn.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>
#include <pv/time.h>

#define TEST_VA	0xffffff3000000000ul

static volatile unsigned int hits[2];
static volatile unsigned int step;
static volatile bool other_fault_ok, other_shared_ok;
static volatile unsigned int faults;

static void handler(unsigned int port)
{
	(void)port;
	hits[this_cpu()->id]++;
}

static void wait_step(unsigned int n)
{
	while (step != n)
		cpu_relax();
}

static void move_vcpu_info(void)
{
	static struct vcpu_info area __attribute__((aligned(64)));
	struct vcpu_register_vcpu_info reg = { 0 };

	reg.mfn = va_to_mfn(&area);
	reg.offset = (uint32_t)((unsigned long)&area % PAGE_SIZE);
	if (!HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 1, &reg))
		this_cpu()->info = &area;
	other_shared_ok = this_cpu()->info == &area && area.time.version;
	other_shared_ok = other_shared_ok &&
			  HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 1, &reg) < 0;
}

/* Store to TEST_VA until it faults. */
static void store_loop(void)
{
	for (;;) {
		fault_clear();
		try_write(TEST_VA, 1);
		if (fault_last()->count)
			break;
		step = 4;
	}
	faults++;
}

static void second(void *arg)
{
	other_fault_ok = false;
	fault_clear();
	asm volatile(FIX("ud2"));
	other_fault_ok = fault_was(TRAP_UD) && arg == hits;
	move_vcpu_info();
	event_enable();
	step = 1;
	wait_step(3);
	store_loop();
	step = 5;
}

static void third(void *arg)
{
	(void)arg;
	step = 7;
}

static void check_ipi(void)
{
	long mine = event_bind_ipi(0), its = event_bind_ipi(1);
	uint64_t end;

	event_set_handler((unsigned int)mine, handler);
	event_set_handler((unsigned int)its, handler);
	event_enable();
	event_send((unsigned int)its);
	for (end = time_now() + 1000000000; !hits[1] && time_now() < end;)
		cpu_relax();
	check(hits[1] == 1 && !hits[0], "an IPI reaches vCPU 1");
	event_send((unsigned int)mine);
	check(hits[0] == 1 && hits[1] == 1, "and one vCPU 0");
}

/* vCPU 1 writes through a mapping that vCPU 0 takes away. */
static void check_shootdown(void)
{
	volatile uint64_t *page = page_alloc();

	pt_build(TEST_VA);
	map_va(TEST_VA, va_pte((void *)(unsigned long)page, PTE_KERN));
	step = 3;
	wait_step(4);
	map_va(TEST_VA, 0);
	page[0] = 0;
	check(page[0] == 0, "no store comes after the flush");
	while (step != 5)
		cpu_relax();
	check(faults == 1 && page[0] == 0, "vCPU 1 faulted instead");
}

void guest_main(void)
{
	uint64_t end;
	long rc;

	if (HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) < 0) {
		skip("there is no second vCPU");
		return;
	}
	check(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) == 0, "vCPU 1 is down at first");
	check(HYPERVISOR_vcpu_op(VCPUOP_up, 1, NULL) < 0, "not to be upped bare");
	rc = cpu_start(1, second, (void *)(unsigned long)hits);
	if (!check(!rc, "vCPU 1 starts"))
		return;
	wait_step(1);
	check(HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL) == 1, "and is up");
	check(other_fault_ok, "its traps work");
	check(other_shared_ok, "its vcpu_info moves, once");
	check_ipi();
	check_shootdown();
	cpu_wait(1);
	for (end = time_now() + 1000000000; time_now() < end;)
		if (!HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL))
			break;
	check(!HYPERVISOR_vcpu_op(VCPUOP_is_up, 1, NULL), "it takes itself down");
	check(!cpu_start(1, third, NULL), "and comes up again");
	wait_step(7);
	check(true, "where it left off");
}
