/* SPDX-License-Identifier: MIT */
/* A guest's description: its birth, its end, and what is made up for it. */
#include "guest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

const char *const guest_action_names[ACTION_COUNT] = {
	"destroy", "restart", "restart_rename", "preserve",
	"coredump_destroy", "coredump_restart", "soft_reset",
};

const char *const disk_format_names[DISK_FORMAT_COUNT] = {
	"unknown", "raw", "qcow", "qcow2", "vhd", "qed", "empty",
};

const char *const disk_backend_names[DISK_BACKEND_COUNT] = {
	"unknown", "phy", "tap", "qdisk",
};

void guest_config_init(struct guest_config *config)
{
	*config = (struct guest_config){
		.weight = -1, .cap = -1, .cpu_burst = -1, .numa_placement = -1,
		.nomigrate = -1,
		.on_reboot = ACTION_RESTART,
		.on_soft_reset = ACTION_SOFT_RESET,
		.max_grant_frames = -1, .max_maptrack_frames = -1,
		.max_event_channels = -1,
	};
}

void guest_disk_init(struct guest_disk *disk)
{
	*disk = (struct guest_disk){ .discard = -1, .trusted = -1 };
}

void guest_vif_init(struct guest_vif *vif)
{
	*vif = (struct guest_vif){ .devid = -1, .trusted = -1 };
}

void guest_disk_free(struct guest_disk *disk)
{
	free(disk->target);
	free(disk->vdev);
	free(disk->backend_domain);
	free(disk->script);
	memset(disk, 0, sizeof(*disk));
}

void guest_vif_free(struct guest_vif *vif)
{
	free(vif->mac);
	free(vif->bridge);
	free(vif->script);
	free(vif->ip);
	free(vif->ifname);
	free(vif->model);
	free(vif->gatewaydev);
	free(vif->type);
	free(vif->backend_domain);
	memset(vif, 0, sizeof(*vif));
}

void guest_cpus_free(struct guest_cpus *cpus)
{
	free(cpus->bits);
	memset(cpus, 0, sizeof(*cpus));
}

static void free_sets(struct guest_cpus *sets, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		guest_cpus_free(&sets[i]);
	free(sets);
}

static void free_strings(char **list, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void guest_config_free(struct guest_config *config)
{
	free(config->name);
	free(config->uuid);
	free(config->pool);
	free(config->seclabel);
	free(config->kernel);
	free(config->ramdisk);
	free(config->cmdline);
	free(config->bootloader);
	free_strings(config->bootloader_args, config->bootloader_arg_count);
	free_strings(config->vscsis, config->vscsi_count);
	free_sets(config->hard, config->hard_count);
	free_sets(config->soft, config->soft_count);
	for (unsigned int i = 0; i < config->disk_count; i++)
		guest_disk_free(&config->disks[i]);
	free(config->disks);
	for (unsigned int i = 0; i < config->vif_count; i++)
		guest_vif_free(&config->vifs[i]);
	free(config->vifs);
	memset(config, 0, sizeof(*config));
}

unsigned int guest_vcpus(const struct guest_config *config)
{
	return config->vcpus ? config->vcpus : 1;
}

unsigned int guest_maxvcpus(const struct guest_config *config)
{
	return config->maxvcpus ? config->maxvcpus : guest_vcpus(config);
}

uint64_t guest_maxmem_kb(const struct guest_config *config)
{
	return config->maxmem_kb ? config->maxmem_kb : config->memory_kb;
}

uint64_t guest_floor_kb(const struct guest_config *config)
{
	return config->mem_floor_kb ? config->mem_floor_kb : config->memory_kb;
}

unsigned int guest_mem_weight(const struct guest_config *config)
{
	return config->mem_weight ? config->mem_weight : 256;
}

int guest_cpus_add(struct guest_cpus *cpus, unsigned int cpu)
{
	if (cpu >= GUEST_CPUS_MAX)
		return -1;
	if (cpu >= cpus->count) {
		unsigned int was = (cpus->count + 7) / 8, now = cpu / 8 + 1;
		uint8_t *bits = realloc(cpus->bits, now);

		if (!bits)
			return -1;
		if (now > was)
			memset(bits + was, 0, now - was);
		cpus->bits = bits;
		cpus->count = now * 8;
	}
	cpus->bits[cpu / 8] |= 1u << cpu % 8;
	return 0;
}

bool guest_cpus_has(const struct guest_cpus *cpus, unsigned int cpu)
{
	return cpu < cpus->count && (cpus->bits[cpu / 8] >> cpu % 8 & 1);
}

static int random_bytes(void *buf, size_t len)
{
	return getrandom(buf, len, 0) == (ssize_t)len ? 0 : -1;
}

static void print_uuid(const uint8_t *b, char *buf)
{
	for (int i = 0; i < 16; i++) {
		buf += sprintf(buf, "%02x", b[i]);
		if (i == 3 || i == 5 || i == 7 || i == 9)
			*buf++ = '-';
	}
}

/* A random one: RFC 4122's version 4. */
int guest_config_make_uuid(struct guest_config *config)
{
	uint8_t b[16];
	char buf[37];

	if (config->uuid)
		return 0;
	if (random_bytes(b, sizeof(b)))
		return -1;
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	print_uuid(b, buf);
	config->uuid = strdup(buf);
	return config->uuid ? 0 : -1;
}

static bool mac_is_taken(const struct guest_config *config, const char *mac)
{
	for (unsigned int i = 0; i < config->vif_count; i++) {
		const char *other = config->vifs[i].mac;

		if (other && !strcmp(other, mac))
			return true;
	}
	return false;
}

/* Below Xen's prefix, the lower half, as libxl does it. */
int guest_config_make_macs(struct guest_config *config)
{
	for (unsigned int i = 0; i < config->vif_count; i++) {
		struct guest_vif *vif = &config->vifs[i];
		uint8_t b[3];
		char buf[18];

		if (vif->mac)
			continue;
		do {
			if (random_bytes(b, sizeof(b)))
				return -1;
			snprintf(buf, sizeof(buf), "00:16:3e:%02x:%02x:%02x",
				 b[0] & 0x7f, b[1], b[2]);
		} while (mac_is_taken(config, buf));
		vif->mac = strdup(buf);
		if (!vif->mac)
			return -1;
	}
	return 0;
}

static int make_absolute(char **path, const char *folder)
{
	char *whole;

	if (!*path || !**path || **path == '/')
		return 0;
	if (asprintf(&whole, "%s%s%s", folder,
		     folder[strlen(folder) - 1] == '/' ? "" : "/", *path) < 0)
		return -1;
	free(*path);
	*path = whole;
	return 0;
}

int guest_disk_make_absolute(struct guest_disk *disk)
{
	return disk->script ? 0 : make_absolute(&disk->target, "/dev");
}

int guest_config_make_absolute(struct guest_config *config, const char *cwd)
{
	if (make_absolute(&config->kernel, cwd) ||
	    make_absolute(&config->ramdisk, cwd))
		return -1;
	for (unsigned int i = 0; i < config->disk_count; i++)
		if (guest_disk_make_absolute(&config->disks[i]))
			return -1;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 digits, with dashes where they belong or without any. */
int guest_canonical_uuid(const char *text, char *buf)
{
	bool dashes = strlen(text) == 36;
	uint8_t b[16];

	for (int i = 0; i < 16; i++) {
		int high, low;

		if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) &&
		    *text++ != '-')
			return -1;
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -1;
		b[i] = high << 4 | low;
		text += 2;
	}
	if (*text)
		return -1;
	print_uuid(b, buf);
	return 0;
}

/* Six numbers of one or two digits. */
int guest_canonical_mac(const char *text, char *buf)
{
	for (int i = 0; i < 6; i++) {
		int value = hex_digit(*text), low;

		if (value < 0)
			return -1;
		low = hex_digit(*++text);
		if (low >= 0) {
			value = value << 4 | low;
			text++;
		}
		if (*text != (i < 5 ? ':' : '\0'))
			return -1;
		if (i < 5)
			text++;
		buf += sprintf(buf, i < 5 ? "%02x:" : "%02x", value);
	}
	return 0;
}
