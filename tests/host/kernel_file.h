/* SPDX-License-Identifier: MIT */
/* Kernel files for tests: a small PV64 kernel's ELF image, and packings. */
#ifndef TESTS_KERNEL_FILE_H
#define TESTS_KERNEL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_VIRT_BASE	0xffffffff80000000UL
#define KERNEL_INIT_P2M		0x8000000000UL
#define KERNEL_TEXT		5000	/* bytes, none of them zero */
#define KERNEL_BSS		9000

enum packing { PACK_NONE, PACK_GZIP, PACK_XZ, PACK_LZ4, PACK_ZSTD, PACK_COUNT };

struct kernel_file {
	uint8_t *data;
	size_t size;
};

/* linux_like: with the notes by which p2m and initramfs stay unmapped, and
 * loaded at 16 MiB; else loaded at 1 MiB, with a hypercall page. */
struct kernel_file kernel_elf(bool linux_like);
uint64_t kernel_paddr(bool linux_like);
/* The file as a bzImage with its image packed, or packed alone. */
struct kernel_file kernel_pack(struct kernel_file elf, enum packing how,
			       bool bzimage);
/* Written to a new file of /tmp; the path is static. */
const char *kernel_write(struct kernel_file k);

#endif /* TESTS_KERNEL_FILE_H */
