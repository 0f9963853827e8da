/*
 * basics: calls without side effects.
 *
 * What must hold: both ways into a hypercall reach the same handlers and keep
 * the registers that the ABI keeps; every sub-operation of xen_version answers;
 * what is unknown is -XEN_ENOSYS, wherever its number lies; a pointer that the
 * guest may not write is -XEN_EFAULT. A broken dispatcher jumps outside its table,
 * a broken copy writes into the hypervisor, a broken exit loses registers.
 */
#include <pv/hypercall.h>
#include <pv/insn.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>
#include <pv/time.h>


static char buf[4096] __attribute__((aligned(4096)));

/* The call fills @size bytes with a string of less than @max first. */
static void check_string(int cmd, const char *what, size_t max, size_t size)
{
	size_t len;
	long rc;

	memset(buf, 0xff, sizeof(buf));
	rc = HYPERVISOR_xen_version(cmd, buf);
	for (len = 0; len < max && buf[len]; len++)
		;
	check(rc >= 0 && len < max && buf[size] == (char)0xff,
	      "xen_version %s is a string within its %lu bytes", what, size);
}

static void check_versions(void)
{
	struct xen_platform_parameters params = { 0 };
	struct xen_feature_info features = { .submap_idx = 0 };
	unsigned char handle[16];

	check_string(XENVER_extraversion, "extraversion", 16, 16);
	check_string(XENVER_compile_info, "compile_info", 64,
		     sizeof(struct xen_compile_info));
	check_string(XENVER_capabilities, "capabilities", 1024, 1024);
	check(!strncmp(buf, "xen-3.0-x86_64 ", 15),
	      "capabilities start with this kind of guest");
	check_string(XENVER_changeset, "changeset", 64, 64);
	check_string(XENVER_commandline, "commandline", 1024, 1024);
	check(!HYPERVISOR_xen_version(XENVER_platform_parameters, &params) &&
	      params.virt_start == HV_START, "platform_parameters virt_start");
	check(HYPERVISOR_xen_version(XENVER_pagesize, NULL) == 4096, "pagesize");
	check(!HYPERVISOR_xen_version(XENVER_guest_handle, handle), "guest_handle");
	check(!HYPERVISOR_xen_version(XENVER_get_features, &features) &&
	      (features.submap & (1u << XENFEAT_dom0)), "features name dom0");
	check(features.submap & (1u << XENFEAT_mmu_pt_update_preserve_ad),
	      "feature mmu_pt_update_preserve_ad");
	features.submap_idx = 40;
	check(HYPERVISOR_xen_version(XENVER_get_features, &features) == -XEN_EINVAL,
	      "features submap 40");
	check(HYPERVISOR_xen_version(99, buf) == -XEN_ENOSYS, "xen_version 99");
}

static void check_unknown(void)
{
	static const unsigned long numbers[] = {
		47, 57, 63, 64, 127, 128, 200, 511, 1023, 1ul << 31,
		(1ul << 31) + __HYPERVISOR_xen_version,
		(1ul << 32) - 1,
	};
	unsigned int i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		long rc = hypercall(numbers[i], 1, 2, 3, 4, 5);

		check(rc == -XEN_ENOSYS, "number %lx is unknown", numbers[i]);
	}
	check(HYPERVISOR_sched_op(77, NULL) == -XEN_ENOSYS, "sched_op 77");
	check(HYPERVISOR_event_channel_op(77, buf) == -XEN_ENOSYS, "event_channel_op 77");
	check(HYPERVISOR_memory_op(60, buf) == -XEN_ENOSYS, "memory_op 60");
	check(HYPERVISOR_vcpu_op(77, 0, NULL) == -XEN_ENOSYS, "vcpu_op 77");
	check(HYPERVISOR_physdev_op(77, buf) == -XEN_ENOSYS, "physdev_op 77");
}

static void check_pointers(void)
{
	static const unsigned long bad[] = {
		0, 0x1000, HV_START, HV_START - 8, HV_END - 8,
		0x0000800000000000ul, 0x8000000000000000ul, ~7ul,
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		long rc = hypercall2(__HYPERVISOR_xen_version,
				     XENVER_extraversion, bad[i]);

		check(rc == -XEN_EFAULT, "extraversion to %lx", bad[i]);
	}
	check(!page_set_ro(buf) &&
	      HYPERVISOR_xen_version(XENVER_extraversion, buf) == -XEN_EFAULT,
	      "extraversion to a read-only page");
	page_set_rw(buf);
}

/* All that a hypercall must keep, filled with marks. */
static void check_registers(void)
{
	unsigned long bad = 1;
	long ret = 0;

	asm volatile("movq $0x1111, %%rbx\n\t"
		     "movq $0x2222, %%r9\n\t"
		     "movq $0x3333, %%r12\n\t"
		     "movq $0x4444, %%r13\n\t"
		     "movq $0x5555, %%r14\n\t"
		     "movq $0x6666, %%r15\n\t"
		     "movq $0x7777, %%rcx\n\t"
		     "movq $0x8888, %%r11\n\t"
		     "xorl %%edi, %%edi\n\t"
		     "xorl %%esi, %%esi\n\t"
		     "call hypercall_page + 32 * 17\n\t"
		     "subq $0x1111, %%rbx\n\t"
		     "subq $0x2222, %%r9\n\t"
		     "subq $0x3333, %%r12\n\t"
		     "subq $0x4444, %%r13\n\t"
		     "subq $0x5555, %%r14\n\t"
		     "subq $0x6666, %%r15\n\t"
		     "subq $0x7777, %%rcx\n\t"
		     "subq $0x8888, %%r11\n\t"
		     "orq %%r9, %%rbx\n\t"
		     "orq %%r12, %%rbx\n\t"
		     "orq %%r13, %%rbx\n\t"
		     "orq %%r14, %%rbx\n\t"
		     "orq %%r15, %%rbx\n\t"
		     "orq %%rcx, %%rbx\n\t"
		     "orq %%r11, %%rbx\n\t"
		     : "=b" (bad), "=a" (ret)
		     : : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11",
			 "r12", "r13", "r14", "r15", "memory");
	check(!bad, "a call through the page keeps the registers");
	check(ret == HYPERVISOR_xen_version(XENVER_version, NULL),
	      "both ways give the same version");
	check(hypercall_by_page(__HYPERVISOR_xen_version, 99, 0, 0, 0, 0) ==
	      -XEN_ENOSYS, "arguments pass through the page");
}

static void set_call(struct multicall_entry *e, unsigned long op,
		     unsigned long a0, unsigned long a1)
{
	memset(e, 0, sizeof(*e));
	e->op = op;
	e->result = 0xdead;
	e->args[0] = a0;
	e->args[1] = a1;
}

static void check_multicall(void)
{
	static struct multicall_entry list[4];
	long rc;

	set_call(&list[0], __HYPERVISOR_xen_version, XENVER_version, 0);
	set_call(&list[1], 47, 0, 0);
	set_call(&list[2], __HYPERVISOR_multicall, HC(list), 1);
	set_call(&list[3], __HYPERVISOR_xen_version, XENVER_pagesize, 0);
	rc = HYPERVISOR_multicall(list, 4);
	check(!rc, "multicall of 4");
	check((long)list[0].result == HYPERVISOR_xen_version(XENVER_version, NULL),
	      "multicall first result");
	check((long)list[1].result == -XEN_ENOSYS, "multicall unknown number");
	check((long)list[2].result == -XEN_EINVAL ||
	      (long)list[2].result == -XEN_ENOSYS, "multicall in a multicall");
	check(list[3].result == 4096, "multicall last result");
	check(!HYPERVISOR_multicall(list, 0), "multicall of none");
	check(hypercall2(__HYPERVISOR_multicall, HV_START, 1) == -XEN_EFAULT,
	      "multicall list in the reserved range");
}

static void check_vcpu(void)
{
	struct vcpu_runstate_info a = { 0 }, b = { 0 };
	unsigned int i;

	check(HYPERVISOR_vcpu_op(VCPUOP_is_up, 0, NULL) == 1, "vcpu 0 is up");
	check(HYPERVISOR_vcpu_op(VCPUOP_is_up, 100, NULL) == -XEN_ENOENT, "vcpu 100");
	check(HYPERVISOR_vcpu_op(VCPUOP_is_up, 8191, NULL) == -XEN_ENOENT, "vcpu 8191");
	check(!HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &a) &&
	      a.state == RUNSTATE_running, "runstate running");
	for (i = 0; i < 100000; i++)
		asm volatile("");
	HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, 0, &b);
	check(b.time[RUNSTATE_running] > a.time[RUNSTATE_running],
	      "running time grows");
}

static void check_cpuid(void)
{
	uint32_t leaf[4], base;

	for (base = 0x40000000; base < 0x40010000; base += 0x100) {
		cpuid_forced(base, 0, leaf);
		if (!memcmp(&leaf[1], "XenVMMXenVMM", 12))
			break;
	}
	check(base < 0x40010000 && leaf[0] >= base + 2,
	      "forced CPUID shows the hypervisor's leaves");
	cpuid_forced(base + 1, 0, leaf);
	check((long)leaf[0] == HYPERVISOR_xen_version(XENVER_version, NULL),
	      "the version by CPUID");
	cpuid_forced(1, 0, leaf);
	check(!(leaf[2] & (1u << 5)), "no VMX for the guest");
	cpuid_forced(0x80000001, 0, leaf);
	check((leaf[3] & (1u << 29)) && (leaf[3] & (1u << 20)),
	      "long mode and NX for the guest");
}

void guest_main(void)
{
	check_versions();
	check_registers();
	check_unknown();
	check_pointers();
	check_multicall();
	check_vcpu();
	check_cpuid();
	check(!HYPERVISOR_sched_op(SCHEDOP_yield, NULL), "yield");
	check(!HYPERVISOR_vm_assist(VMASST_CMD_enable, VMASST_TYPE_writable_pagetables),
	      "vm_assist writable_pagetables");
	check(HYPERVISOR_vm_assist(VMASST_CMD_enable, 63) == -XEN_EINVAL,
	      "vm_assist 63");
}
