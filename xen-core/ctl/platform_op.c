/*
 * platform_op: dom0's kernel acts on the machine: the wall clock, sleep states
 * (it has the AML interpreter, we have the registers), processors, and facts
 * of the firmware, of which GRUB left us none.
 */
#include "private.h"

#include <asm/cpu.h>
#include <hvx/acpi.h>
#include <hvx/boot.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/machine.h>
#include <hvx/pcpu.h>
#include <hvx/string.h>
#include <hvx/subop.h>
#include <hvx/time.h>

/* ---- clock ----------------------------------------------------------------- */

long platform_settime32(__maybe_unused struct vcpu *v,
			struct xen_platform_op *op)
{
	struct xenpf_settime32 *a = &op->u.settime32;

	if (a->nsecs >= 1000000000)
		return -EINVAL;
	time_set_wallclock(a->secs, a->nsecs, a->system_time);
	return 0;
}

long platform_settime64(__maybe_unused struct vcpu *v,
			struct xen_platform_op *op)
{
	struct xenpf_settime64 *a = &op->u.settime64;

	if (a->mbz || a->nsecs >= 1000000000)
		return -EINVAL;
	time_set_wallclock(a->secs, a->nsecs, a->system_time);
	return 0;
}

/* ---- firmware ---------------------------------------------------------------- */

/* The answers where there is no such disk, no such table. */
long platform_firmware_info(__maybe_unused struct vcpu *v,
			    struct xen_platform_op *op)
{
	struct xenpf_firmware_info *a = &op->u.firmware_info;

	switch (a->type) {
	case XEN_FW_DISK_INFO:
	case XEN_FW_DISK_MBR_SIGNATURE:
	case XEN_FW_VBEDDC_INFO:
		return -ESRCH;
	case XEN_FW_EFI_INFO:
		return boot_info.is_efi ? -ENOSYS : -ENODEV;
	case XEN_FW_KBD_SHIFT_FLAGS:
		a->u.kbd_shift_flags = 0;
		return a->index ? -ESRCH : 0;
	default:
		return -EINVAL;
	}
}

long platform_enter_acpi_sleep(__maybe_unused struct vcpu *v,
			       struct xen_platform_op *op)
{
	struct xenpf_enter_acpi_sleep *a = &op->u.enter_acpi_sleep;

	if (a->flags & ~(uint32_t)XENPF_ACPI_SLEEP_EXTENDED)
		return -EINVAL;
	return acpi_enter_sleep(a->sleep_state, a->val_a, a->val_b,
				a->flags & XENPF_ACPI_SLEEP_EXTENDED);
}

/* Power management data that dom0's drivers offer: taken, not used. */
long platform_set_processor_pminfo(__maybe_unused struct vcpu *v,
				   struct xen_platform_op *op)
{
	switch (op->u.set_pminfo.type) {
	case XEN_PM_CX:
	case XEN_PM_PX:
	case XEN_PM_TX:
	case XEN_PM_PDC:
		return 0;
	default:
		return -EINVAL;
	}
}

/* ---- processors ----------------------------------------------------------------- */

static unsigned int cpu_limit(void)
{
	return 64 - (unsigned int)__builtin_clzll(cpu_online);
}

static uint32_t acpi_id_of(uint32_t apic_id)
{
	for (unsigned int i = 0; i < acpi.nr_cpus; i++)
		if (acpi.cpus[i].apic_id == apic_id)
			return acpi.cpus[i].acpi_id;
	return ~0U;
}

long platform_get_cpuinfo(__maybe_unused struct vcpu *v,
			  struct xen_platform_op *op)
{
	struct xenpf_pcpuinfo *a = &op->u.pcpu_info;

	a->max_present = cpu_limit() - 1;
	a->apic_id = a->acpi_id = ~0U;
	if (!cpumask_test(cpu_online, a->xen_cpuid)) {
		a->flags = XEN_PCPU_FLAGS_INVALID;
		return 0;
	}
	a->flags = XEN_PCPU_FLAGS_ONLINE;
	a->apic_id = pcpu_of(a->xen_cpuid)->apic_id;
	a->acpi_id = acpi_id_of(a->apic_id);
	return 0;
}

long platform_get_cpu_version(__maybe_unused struct vcpu *v,
			      struct xen_platform_op *op)
{
	struct xenpf_pcpu_version *a = &op->u.pcpu_version;
	uint32_t r[4];

	a->max_present = cpu_limit() - 1;
	a->family = a->model = a->stepping = 0;
	memset(a->vendor_id, 0, sizeof(a->vendor_id));
	if (!cpumask_test(cpu_online, a->xen_cpuid))
		return 0;
	cpuid_count(0, 0, r);
	memcpy(a->vendor_id, &r[1], 4);
	memcpy(a->vendor_id + 4, &r[3], 4);
	memcpy(a->vendor_id + 8, &r[2], 4);
	cpuid_count(1, 0, r);
	a->stepping = r[0] & 0xf;
	a->model = (r[0] >> 4 & 0xf) | (r[0] >> 12 & 0xf0);
	a->family = r[0] >> 8 & 0xf;
	if (a->family == 0xf)
		a->family += r[0] >> 20 & 0xff;
	return 0;
}

/* For each CPU of the map, how long it slept; the map comes back with those
 * that there are. */
long platform_getidletime(__maybe_unused struct vcpu *v,
			  struct xen_platform_op *op)
{
	struct xenpf_getidletime *a = &op->u.getidletime;
	struct xenctl_bitmap map = { a->cpumap_bitmap, a->cpumap_nr_cpus };
	unsigned int cpu;
	cpumask_t want;
	int rc = bitmap_get(&map, &want);

	if (rc)
		return rc;
	want &= cpu_online;
	cpumask_for_each(cpu, want) {
		uint64_t ns = READ_ONCE(pcpu_of(cpu)->idle_ns);

		if (copy_to_guest_index(handle_gva(a->idletime), cpu, &ns))
			return -EFAULT;
	}
	a->now = time_now();
	return bitmap_put(&map, want);
}

long platform_cpu_online(__maybe_unused struct vcpu *v,
			 struct xen_platform_op *op)
{
	/* All that can be are up. */
	return cpumask_test(cpu_online, op->u.cpu_ol.cpuid) ? 0 : -EINVAL;
}

long platform_core_parking(__maybe_unused struct vcpu *v,
			   struct xen_platform_op *op)
{
	struct xenpf_core_parking *a = &op->u.core_parking;

	if (a->type == XEN_CORE_PARKING_SET)
		return a->idle_nums ? -EOPNOTSUPP : 0;
	if (a->type != XEN_CORE_PARKING_GET)
		return -EINVAL;
	a->idle_nums = 0;
	return 0;
}

/* ---- what there is none of -------------------------------------------------------- */

#define ANSWER(name, rc)                                                       \
	long platform_##name(__maybe_unused struct vcpu *v,                    \
			     __maybe_unused struct xen_platform_op *op)        \
	{                                                                      \
		return rc;                                                     \
	}
/* Memory types: guests have the PAT, the MTRRs stay as firmware set them. */
ANSWER(add_memtype, -EOPNOTSUPP)
ANSWER(del_memtype, -EOPNOTSUPP)
ANSWER(read_memtype, -EINVAL)
ANSWER(cpu_offline, -EOPNOTSUPP)
ANSWER(cpu_hotadd, -EOPNOTSUPP)
ANSWER(mem_hotadd, -EOPNOTSUPP)
ANSWER(resource_op, -EOPNOTSUPP)
ANSWER(get_symbol, -EOPNOTSUPP)

/* ---- dispatch ------------------------------------------------------------------------ */

static const struct {
	long (*fn)(struct vcpu *v, struct xen_platform_op *op);
	bool answers;
} subops[] = {
#define SUBOP(nr, name, type, dir, who)                                        \
	[nr] = { platform_##name, SUBOP_DIR_##dir & SUBOP_DIR_OUT },
#include <ops/platform_op.def>
};

long hc_platform_op(struct vcpu *v, gva_t arg)
{
	struct xen_platform_op op;
	long ret;

	if (!v->d->is_hw)
		return -EPERM;
	if (copy_from_guest(&op, arg, sizeof(op)))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return -EACCES;
	if (op.cmd >= ARRAY_SIZE(subops) || !subops[op.cmd].fn)
		return hypercall_unknown(v, __HYPERVISOR_platform_op, op.cmd);
	ret = subops[op.cmd].fn(v, &op);
	if (subops[op.cmd].answers && copy_to_guest(arg, &op, sizeof(op)))
		return -EFAULT;
	return ret;
}
