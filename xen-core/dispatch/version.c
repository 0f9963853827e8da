/*
 * xen_version: facts about the core.
 *
 * Sub-operation 0 does nothing but return a number.  Linux uses it as the
 * cheapest way through the core, to have pending events delivered, so it comes
 * first.  The rest fill a structure and copy it out whole.
 */
#include <hvx/version.h>

#include <abi/version.h>
#include <hvx/boot.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/string.h>

/* A fixed-size text, the rest of it zero. */
static int put_text(gva_t to, const char *text, size_t size)
{
	char buf[sizeof(xen_capabilities_info_t)];

	memset(buf, 0, sizeof(buf));
	strlcpy(buf, text, MIN(size, sizeof(buf)));
	return copy_to_guest(to, buf, MIN(size, sizeof(buf)));
}

static int put_compile_info(gva_t arg)
{
	static const struct xen_compile_info info = {
#ifdef __clang__
		.compiler = "clang " __clang_version__,
#else
		.compiler = "gcc " __VERSION__,
#endif
		.compile_by = "hvx",
		.compile_domain = "",
		.compile_date = "",
	};

	return copy_to_guest(arg, &info, sizeof(info));
}

static uint32_t features_of(const struct domain *d)
{
	uint32_t f = BIT(XENFEAT_mmu_pt_update_preserve_ad) |
		     BIT(XENFEAT_highmem_assist) |
		     BIT(XENFEAT_gnttab_map_avail_bits) |
		     BIT(XENFEAT_memory_op_vnode_supported) |
		     BIT(XENFEAT_direct_mapped);

	if (d->vm_assist & BIT(VMASST_TYPE_pae_extended_cr3))
		f |= BIT(XENFEAT_pae_pgdir_above_4gb);
	if (d->is_hw)
		f |= BIT(XENFEAT_dom0);
	return f;
}

static int put_features(const struct domain *d, gva_t arg)
{
	struct xen_feature_info info;

	if (copy_from_guest(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -EINVAL;
	info.submap = features_of(d);
	return copy_to_guest(arg, &info, sizeof(info));
}

static int put_platform(gva_t arg)
{
	struct xen_platform_parameters p = {
		.virt_start = HYPERVISOR_VIRT_START,
	};

	return copy_to_guest(arg, &p, sizeof(p));
}

static int put_command_line(const struct domain *d, gva_t arg)
{
	return put_text(arg, d->is_hw ? boot_info.cmdline : "<denied>",
			sizeof(xen_commandline_t));
}

long hc_xen_version(struct vcpu *v, int cmd, gva_t arg)
{
	const struct domain *d = v->d;

	if (likely(cmd == XENVER_version))
		return HVX_ABI_MAJOR << 16 | HVX_ABI_MINOR;
	switch (cmd) {
	case XENVER_extraversion:
		return put_text(arg, HVX_EXTRAVERSION,
				sizeof(xen_extraversion_t));
	case XENVER_compile_info:
		return put_compile_info(arg);
	case XENVER_capabilities:
		return put_text(arg, "xen-3.0-x86_64 ",
				sizeof(xen_capabilities_info_t));
	case XENVER_changeset:
		return put_text(arg, "", sizeof(xen_changeset_info_t));
	case XENVER_platform_parameters:
		return put_platform(arg);
	case XENVER_get_features:
		return put_features(d, arg);
	case XENVER_pagesize:
		return arg ? -EINVAL : (long)PAGE_SIZE;
	case XENVER_guest_handle:
		return copy_to_guest(arg, d->handle, sizeof(d->handle));
	case XENVER_commandline:
		return put_command_line(d, arg);
	case XENVER_build_id:
		return d->is_hw ? -ENODATA : -EPERM;
	default:
		return hypercall_unknown(v, __HYPERVISOR_xen_version,
					 (unsigned int)cmd);
	}
}
