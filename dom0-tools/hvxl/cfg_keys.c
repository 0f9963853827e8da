/* SPDX-License-Identifier: MIT */
#include "cfg_keys.h"

#include <limits.h>
#include <string.h>
#include "cfg_text.h"

#define AT(member)	.at = offsetof(struct guest_config, member)

#define STRING(key, member, text) \
	{ .name = key, .kind = KEY_STRING, AT(member), .help = text }
#define UINT(key, member, low, high, text) \
	{ .name = key, .kind = KEY_UINT, AT(member), .min = low, .max = high, \
	  .help = text }
#define INT(key, member, low, high, text) \
	{ .name = key, .kind = KEY_INT, AT(member), .min = low, .max = high, \
	  .help = text }
#define MIB(key, member, text) \
	{ .name = key, .kind = KEY_MIB, AT(member), .min = 1, \
	  .max = GUEST_MEMORY_MAX_KB >> 10, .help = text }
#define ACTION(key, text) \
	{ .name = #key, .kind = KEY_ACTION, AT(key), .help = text }
#define SPECIAL(key, fn, text) \
	{ .name = key, .kind = KEY_SPECIAL, .special = fn, .help = text }
#define ALIAS(key, other) \
	{ .name = key, .same_as = other, .help = "the same as " other }
#define UNUSED(key)	{ .name = key, .kind = KEY_UNUSED }
#define LATER(key)	{ .name = key, .kind = KEY_LATER }

/*
 * In the order in which they are applied: the number of vCPUs before what
 * each of them gets.
 */
const struct key cfg_keys[] = {
	STRING("name", name, "the guest's name, of its own on a host"),
	SPECIAL("type", apply_type, "\"pv\", the only kind there is"),
	SPECIAL("builder", apply_type, "the old way to say type"),
	SPECIAL("uuid", apply_uuid, "the guest's UUID"),
	STRING("pool", pool, "the pool of CPUs to run in"),
	STRING("seclabel", seclabel, "kept, without effect"),

	MIB("memory", memory_kb, "MiB of memory at the start"),
	MIB("maxmem", maxmem_kb, "MiB that it may grow to"),
	MIB("mem_floor", mem_floor_kb, "MiB that it always keeps"),
	UINT("mem_weight", mem_weight, 1, 65535,
	     "share of memory, 256 is usual"),
	UINT("vcpus", vcpus, 1, GUEST_VCPUS_MAX, "vCPUs at the start"),
	UINT("maxvcpus", maxvcpus, 1, GUEST_VCPUS_MAX,
	     "vCPUs that it may bring up"),
	SPECIAL("cpus", apply_cpus, "CPUs to run on: for all vCPUs, or a list"),
	ALIAS("cpu", "cpus"),
	SPECIAL("cpus_soft", apply_cpus, "CPUs to prefer, likewise"),
	INT("cpu_weight", weight, 1, 65535, "share of CPU time, 256 is usual"),
	INT("cap", cap, 0, 100 * GUEST_VCPUS_MAX,
	    "most CPU time, in percent of one CPU; 0: no limit"),
	ALIAS("cpu_cap", "cap"),
	UINT("cpu_guarantee", cpu_guarantee, 1, 100 * GUEST_VCPUS_MAX,
	     "CPU time that it gets for certain, in percent of one CPU"),
	INT("cpu_burst", cpu_burst, 0, 100 * GUEST_VCPUS_MAX,
	    "most that it gets beyond, likewise"),
	UINT("cpu_bind", cpu_bind, 0, 1,
	     "1: each vCPU is bound to the CPU that is used least"),

	STRING("kernel", kernel, "path of the kernel"),
	STRING("ramdisk", ramdisk, "path of its initial RAM disk"),
	SPECIAL("cmdline", apply_cmdline, "the kernel's command line"),
	SPECIAL("root", apply_cmdline, "added to it as root=..."),
	SPECIAL("extra", apply_cmdline, "added after that"),
	SPECIAL("bootloader", apply_bootloader, "not run: see kernel"),
	SPECIAL("bootloader_args", apply_bootloader_args, "kept for it"),

	ACTION(on_poweroff, "what to do when it powers off"),
	ACTION(on_reboot, "what to do when it wants to reboot"),
	ACTION(on_watchdog, "what to do when its watchdog bites"),
	ACTION(on_crash, "what to do when it crashes"),
	ACTION(on_soft_reset, "what to do when it wants a soft reset"),

	SPECIAL("disk", apply_disks, "list of disks"),
	SPECIAL("vif", apply_vifs, "list of network cards"),
	SPECIAL("vscsi", apply_vscsis, "list of SCSI devices"),

	{ .name = "nomigrate", .kind = KEY_BOOL, AT(nomigrate), .max = INT_MAX,
	  .help = "never to be migrated" },
	INT("max_grant_frames", max_grant_frames, 1, 65536,
	    "most frames of its grant table"),
	INT("max_maptrack_frames", max_maptrack_frames, 0, 65536,
	    "most frames to track what it maps"),
	INT("max_event_channels", max_event_channels, 1, 131072,
	    "most event channels"),

	/* What only HVM and PVH guests, or ARM's, have. */
	UNUSED("acpi"), UNUSED("acpi_firmware"), UNUSED("acpi_laptop_slate"),
	UNUSED("acpi_s3"), UNUSED("acpi_s4"), UNUSED("altp2m"),
	UNUSED("altp2mhvm"), UNUSED("apic"), UNUSED("bios"),
	UNUSED("bios_path_override"), UNUSED("boot"),
	UNUSED("device_model"), UNUSED("device_model_args"),
	UNUSED("device_model_args_hvm"), UNUSED("device_model_args_pv"),
	UNUSED("device_model_override"),
	UNUSED("device_model_stubdomain_override"),
	UNUSED("device_model_stubdomain_seclabel"),
	UNUSED("device_model_user"), UNUSED("device_model_version"),
	UNUSED("device_tree"), UNUSED("dm_restrict"), UNUSED("dtdev"),
	UNUSED("gfx_passthru"), UNUSED("gic_version"), UNUSED("hap"),
	UNUSED("hdtype"), UNUSED("hpet"), UNUSED("keymap"),
	UNUSED("mca_caps"), UNUSED("mmio_hole"), UNUSED("ms_vm_genid"),
	UNUSED("msr_relaxed"), UNUSED("nestedhvm"), UNUSED("nographic"),
	UNUSED("nx"), UNUSED("oos"), UNUSED("opengl"), UNUSED("pae"),
	UNUSED("pvshim"), UNUSED("pvshim_cmdline"), UNUSED("pvshim_extra"),
	UNUSED("pvshim_path"), UNUSED("rdm"), UNUSED("rdm_mem_boundary"),
	UNUSED("serial"), UNUSED("shadow_memory"), UNUSED("smbios_firmware"),
	UNUSED("soundhw"), UNUSED("spice"), UNUSED("spice_clipboard_sharing"),
	UNUSED("spice_image_compression"), UNUSED("spice_streaming_video"),
	UNUSED("spiceagent_mouse"), UNUSED("spicedisable_ticketing"),
	UNUSED("spicehost"), UNUSED("spicepasswd"), UNUSED("spiceport"),
	UNUSED("spicetls_port"), UNUSED("spiceusbredirection"),
	UNUSED("spicevdagent"), UNUSED("stdvga"),
	UNUSED("stubdomain_cmdline"), UNUSED("stubdomain_kernel"),
	UNUSED("stubdomain_memory"), UNUSED("stubdomain_ramdisk"),
	UNUSED("system_firmware"), UNUSED("tee"), UNUSED("timer_mode"),
	UNUSED("usb"), UNUSED("usbdevice"), UNUSED("usbversion"),
	UNUSED("vendor_device"), UNUSED("vga"), UNUSED("videoram"),
	UNUSED("viridian"), UNUSED("vkb_device"), UNUSED("vpt_align"),
	UNUSED("vuart"), UNUSED("xen_platform_pci"),

	/* What xl does for PV guests and is not done here. */
	LATER("blkdev_start"), LATER("channel"), LATER("claim_mode"),
	LATER("cpuid"), LATER("driver_domain"), LATER("e820_host"),
	LATER("firmware"), LATER("init_seclabel"), LATER("iomem"),
	LATER("ioports"), LATER("irqs"), LATER("localtime"),
	LATER("max_grant_version"), LATER("p9"), LATER("passthrough"),
	LATER("pci"), LATER("pci_msitranslate"), LATER("pci_permissive"),
	LATER("pci_power_mgmt"), LATER("pci_seize"), LATER("pvcalls"),
	LATER("rtc_timeoffset"), LATER("sdl"), LATER("tsc_mode"),
	LATER("usbctrl"), LATER("usbdev"), LATER("vdispl"), LATER("vfb"),
	LATER("vif2"), LATER("vkb"), LATER("vmtrace_buf_kb"), LATER("vnc"),
	LATER("vncdisplay"), LATER("vnclisten"), LATER("vncpasswd"),
	LATER("vncunused"), LATER("vnuma"), LATER("vpmu"), LATER("vsnd"),
	LATER("vtpm"), LATER("xend_suspend_evtchn_compat"),
	{ }
};

const struct key *cfg_key(const char *name)
{
	const struct key *k = cfg_keys;

	while (k->name && strcmp(k->name, name))
		k++;
	return k->name ? k : NULL;
}

const char *cfg_key_like(const char *name)
{
	size_t len = strlen(name);
	/* A third of a short word may be wrong. */
	unsigned int least = len < 9 ? len / 3 + 1 : 4;
	const char *best = NULL;

	for (const struct key *k = cfg_keys; k->name; k++) {
		unsigned int d = edit_distance(name, k->name, least);

		if (d < least) {
			least = d;
			best = k->name;
		}
	}
	return best;
}

void cfg_keys_print(FILE *out)
{
	static const char *const kinds[] = {
		[KEY_STRING] = "string", [KEY_UINT] = "number",
		[KEY_INT] = "number", [KEY_MIB] = "number",
		[KEY_BOOL] = "0|1", [KEY_ACTION] = "action",
		[KEY_SPECIAL] = "value", [KEY_UNUSED] = "unused",
		[KEY_LATER] = "ignored",
	};

	for (const struct key *k = cfg_keys; k->name; k++)
		fprintf(out, "%-34s %-8s %s\n", k->name,
			k->same_as ? "alias" : kinds[k->kind],
			k->help ? k->help : "");
}
