/*
 * mca: dom0's driver asks which processors there are and fetches records of
 * machine checks.  The core keeps no records: a check that isn't fatal is only
 * logged, so every fetch says that there is nothing.
 */
#include <abi/xen-mca.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/machine.h>
#include <hvx/pcpu.h>
#include <hvx/string.h>

static long put_processors(struct xen_mc_physcpuinfo *info)
{
	gva_t to = handle_gva(info->info);
	struct mcinfo_logical_cpu cpu;
	unsigned int id, n = 0;

	cpumask_for_each(id, cpu_online) {
		if (to && n < info->ncpus) {
			memset(&cpu, 0, sizeof(cpu));
			cpu.mc_cpunr = id;
			cpu.mc_coreid = (uint16_t)id;
			cpu.mc_apicid = pcpu_of(id)->apic_id;
			cpu.mc_ncores = cpu.mc_ncores_active = 1;
			cpu.mc_nthreads = 1;
			if (copy_to_guest_index(to, n, &cpu))
				return -EFAULT;
		}
		n++;
	}
	info->ncpus = to ? MIN(n, info->ncpus) : n;
	return 0;
}

long hc_mca(struct vcpu *v, gva_t arg)
{
	struct xen_mc mc;
	long rc = 0;

	if (!v->d->is_hw)
		return -EPERM;
	if (copy_from_guest(&mc, arg, sizeof(mc)))
		return -EFAULT;
	if (mc.interface_version != XEN_MCA_INTERFACE_VERSION)
		return -EACCES;
	switch (mc.cmd) {
	case XEN_MC_fetch:
		mc.u.mc_fetch.flags = XEN_MC_NODATA;
		mc.u.mc_fetch.fetch_id = 0;
		break;
	case XEN_MC_notifydomain:
		return 0;
	case XEN_MC_physcpuinfo:
		rc = put_processors(&mc.u.mc_physcpuinfo);
		break;
	default:
		return -ENOSYS;
	}
	if (!rc)
		rc = copy_to_guest(arg, &mc, sizeof(mc));
	return rc;
}
