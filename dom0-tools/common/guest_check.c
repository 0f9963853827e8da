/* SPDX-License-Identifier: MIT */
/*
 * The rules for a guest's description that hold wherever it came from: a file,
 * a command line, or JSON.
 */
#include "guest.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#define IFNAME_MAX	15	/* bytes of a network interface's name in Linux */
#define WEIGHT_MAX	65535

struct check {
	guest_fault_fn *fn;
	void *arg;
	unsigned int faults;
};

static void __attribute__((format(printf, 4, 5)))
fault(struct check *c, const char *key, int index, const char *fmt, ...)
{
	char text[GUEST_WHY];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->faults++;
	c->fn(c->arg, key, index, text);
}

static int __attribute__((format(printf, 2, 3)))
bad(char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, GUEST_WHY, fmt, ap);
	va_end(ap);
	return -1;
}

/* It becomes part of paths in the store and of a log file's name. */
static void check_name(struct check *c, const char *name)
{
	if (!name || !*name) {
		fault(c, "name", -1, "expected the guest's name, found none");
		return;
	}
	if (strlen(name) > GUEST_NAME_MAX)
		fault(c, "name", -1, "expected at most %d bytes, found %zu",
		      GUEST_NAME_MAX, strlen(name));
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		fault(c, "name", -1, "expected a name, found \"%s\"", name);
	for (; *name; name++) {
		unsigned char ch = *name;

		if (ch >= ' ' && ch != '/' && ch != 0x7f)
			continue;
		if (ch == '/')
			fault(c, "name", -1, "expected no '/' in it, found one");
		else
			fault(c, "name", -1, "expected printable characters, "
			      "found one with code %u", ch);
		return;
	}
}

static void check_uuid(struct check *c, const char *uuid)
{
	char canonical[37];

	if (uuid && (guest_canonical_uuid(uuid, canonical) ||
		     strcmp(uuid, canonical)))
		fault(c, "uuid", -1, "expected 32 hexadecimal digits like "
		      "00112233-4455-6677-8899-aabbccddeeff, found \"%.60s\"",
		      uuid);
}

static void check_memory(struct check *c, const struct guest_config *config)
{
	unsigned long long memory = config->memory_kb >> 10;
	unsigned long long maxmem = guest_maxmem_kb(config) >> 10;

	if (!config->memory_kb)
		fault(c, "memory", -1, "expected a size in MiB, found none");
	else if (config->memory_kb > guest_maxmem_kb(config))
		fault(c, "memory", -1, "expected at most maxmem (%llu), "
		      "found %llu", maxmem, memory);
	if (guest_maxmem_kb(config) > GUEST_MEMORY_MAX_KB)
		fault(c, config->maxmem_kb > config->memory_kb ? "maxmem" :
		      "memory", -1, "expected at most %llu MiB, found %llu",
		      (unsigned long long)GUEST_MEMORY_MAX_KB >> 10, maxmem);
}

static void check_floor(struct check *c, const struct guest_config *config)
{
	if (config->mem_floor_kb > config->memory_kb)
		fault(c, "mem_floor", -1, "expected at most memory (%llu), "
		      "found %llu",
		      (unsigned long long)config->memory_kb >> 10,
		      (unsigned long long)config->mem_floor_kb >> 10);
	if (config->mem_weight > WEIGHT_MAX)
		fault(c, "mem_weight", -1, "expected 1 to %d, found %u",
		      WEIGHT_MAX, config->mem_weight);
}

static void check_sets(struct check *c, const char *key,
		       const struct guest_cpus *sets, unsigned int count,
		       unsigned int vcpus)
{
	if (count > vcpus)
		fault(c, key, -1, "expected at most %u sets, one a vCPU, "
		      "found %u", vcpus, count);
	for (unsigned int i = 0; i < count; i++) {
		unsigned int cpu = 0;

		while (cpu < sets[i].count && !guest_cpus_has(&sets[i], cpu))
			cpu++;
		if (cpu == sets[i].count)
			fault(c, key, i, "expected at least one CPU for "
			      "vCPU %u, found none", i);
	}
}

static void check_cpus(struct check *c, const struct guest_config *config)
{
	unsigned int vcpus = guest_maxvcpus(config);

	if (config->maxvcpus && guest_vcpus(config) > vcpus)
		fault(c, "vcpus", -1, "expected at most maxvcpus (%u), "
		      "found %u", vcpus, guest_vcpus(config));
	if (vcpus > GUEST_VCPUS_MAX)
		fault(c, config->maxvcpus ? "maxvcpus" : "vcpus", -1,
		      "expected at most %d, found %u", GUEST_VCPUS_MAX, vcpus);
	if (config->weight != -1 &&
	    (config->weight < 1 || config->weight > WEIGHT_MAX))
		fault(c, "cpu_weight", -1, "expected 1 to %d, found %d",
		      WEIGHT_MAX, config->weight);
	if (config->cap != -1 &&
	    (config->cap < 0 || (unsigned int)config->cap > 100 * vcpus))
		fault(c, "cap", -1, "expected 0 (none) to %u, 100 percent for "
		      "each vCPU, found %d", 100 * vcpus, config->cap);
	if (config->cpu_guarantee > 100 * vcpus)
		fault(c, "cpu_guarantee", -1, "expected at most %u, 100 "
		      "percent for each vCPU, found %u", 100 * vcpus,
		      config->cpu_guarantee);
	if (config->cpu_burst != -1 &&
	    (config->cpu_burst < 0 || !config->cpu_guarantee))
		fault(c, "cpu_burst", -1, "expected a number of percent, and "
		      "a cpu_guarantee");
	if (config->cpu_bind && config->hard_count)
		fault(c, "cpu_bind", -1, "expected no cpus beside it: they say "
		      "where the vCPUs run");
	check_sets(c, "cpus", config->hard, config->hard_count, vcpus);
	check_sets(c, "cpus_soft", config->soft, config->soft_count, vcpus);
}

static void check_kernel(struct check *c, const struct guest_config *config)
{
	size_t len = config->cmdline ? strlen(config->cmdline) : 0;

	if (!config->bootloader && (!config->kernel || !*config->kernel))
		fault(c, "kernel", -1, "expected the path of a Linux kernel "
		      "in dom0, found none");
	if (len > GUEST_CMDLINE_MAX)
		fault(c, "cmdline", -1, "expected at most %d bytes, found %zu",
		      GUEST_CMDLINE_MAX, len);
}

int guest_disk_check(const struct guest_disk *disk, char *why)
{
	uint32_t number;

	if (!disk->vdev || !*disk->vdev)
		return bad(why, "expected a vdev, like xvda, found none");
	if (guest_vdev_number(disk->vdev, &number))
		return bad(why, "expected a vdev like xvda, xvdb2, sda, hda, "
			   "d0p1 or 51712, found \"%.60s\"", disk->vdev);
	if (!disk->cdrom && (!disk->target || !*disk->target))
		return bad(why, "expected a target (a path), found none");
	if (disk->format == DISK_EMPTY && !disk->cdrom)
		return bad(why, "expected format empty for a cdrom only");
	if (disk->sector_size && disk->sector_size != 512 &&
	    disk->sector_size != 4096)
		return bad(why, "expected sector-size 512 or 4096, found %u",
			   disk->sector_size);
	if ((disk->offset | disk->length) % 512)
		return bad(why, "expected offset and length to be multiples "
			   "of 512 bytes");
	if ((disk->offset || disk->length) && disk->format != DISK_RAW &&
	    disk->format != DISK_FORMAT_DEFAULT)
		return bad(why, "expected format raw with an offset or a "
			   "length, found %s", disk_format_names[disk->format]);
	return 0;
}

static int check_ifname(const char *what, const char *name, char *why)
{
	if (!name)
		return 0;
	if (strlen(name) > IFNAME_MAX)
		return bad(why, "expected at most %d bytes for %s, found "
			   "\"%.60s\"", IFNAME_MAX, what, name);
	for (const char *p = name; *p; p++)
		if (*p == '/' || isspace((unsigned char)*p))
			return bad(why, "expected %s with no '/' or space, "
				   "found \"%s\"", what, name);
	return 0;
}

int guest_vif_check(const struct guest_vif *vif, char *why)
{
	char mac[18];

	if (vif->mac && (guest_canonical_mac(vif->mac, mac) ||
			 strcmp(vif->mac, mac)))
		return bad(why, "expected mac=XX:XX:XX:XX:XX:XX, found "
			   "\"%.60s\"", vif->mac);
	if (vif->mac && strchr("13579bdf", vif->mac[1]))
		return bad(why, "expected one host's mac, found the group "
			   "address %s", vif->mac);
	if (vif->mac && !strcmp(vif->mac, "00:00:00:00:00:00"))
		return bad(why, "expected a mac, found one of zeros");
	if (check_ifname("bridge", vif->bridge, why) ||
	    check_ifname("vifname", vif->ifname, why) ||
	    check_ifname("gatewaydev", vif->gatewaydev, why))
		return -1;
	if (vif->mtu && (vif->mtu < 68 || vif->mtu > 65535))
		return bad(why, "expected mtu=68 to 65535, found %u",
			   vif->mtu);
	if (vif->vlan > 4094)
		return bad(why, "expected vlan=1 to 4094, found %u", vif->vlan);
	if (vif->rate_bytes && !vif->rate_interval)
		return bad(why, "expected a rate with an interval, found 0 us");
	return 0;
}

static void check_disks(struct check *c, const struct guest_config *config)
{
	char why[GUEST_WHY];

	for (unsigned int i = 0; i < config->disk_count; i++) {
		const struct guest_disk *disk = &config->disks[i];

		if (guest_disk_check(disk, why)) {
			fault(c, "disk", i, "%s", why);
			continue;
		}
		for (unsigned int j = 0; j < i; j++) {
			if (config->disks[j].number != disk->number)
				continue;
			fault(c, "disk", i, "expected a vdev of its own, "
			      "found %.60s, which disk %u has, too",
			      disk->vdev, j + 1);
			break;
		}
	}
}

static int devid(const struct guest_config *config, unsigned int i)
{
	return config->vifs[i].devid < 0 ? (int)i : config->vifs[i].devid;
}

static void check_vifs(struct check *c, const struct guest_config *config)
{
	char why[GUEST_WHY];

	for (unsigned int i = 0; i < config->vif_count; i++) {
		const char *mac = config->vifs[i].mac;

		if (guest_vif_check(&config->vifs[i], why)) {
			fault(c, "vif", i, "%s", why);
			continue;
		}
		for (unsigned int j = 0; j < i; j++) {
			const char *other = config->vifs[j].mac;

			if (mac && other && !strcmp(mac, other))
				fault(c, "vif", i, "expected a mac of its own, "
				      "found %s, which vif %u has, too", mac,
				      j + 1);
			if (devid(config, i) == devid(config, j))
				fault(c, "vif", i, "expected a devid of its "
				      "own, found %d, which vif %u has, too",
				      devid(config, i), j + 1);
		}
	}
}

unsigned int guest_config_check(const struct guest_config *config,
				guest_fault_fn *fn, void *arg)
{
	struct check c = { .fn = fn, .arg = arg };

	check_name(&c, config->name);
	check_uuid(&c, config->uuid);
	check_memory(&c, config);
	check_floor(&c, config);
	check_cpus(&c, config);
	check_kernel(&c, config);
	check_disks(&c, config);
	check_vifs(&c, config);
	return c.faults;
}
