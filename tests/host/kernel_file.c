/* SPDX-License-Identifier: MIT */
#include "kernel_file.h"

#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <abi/elfnote.h>

#define ROOM	(1UL << 20)
#define SETUP	1024		/* of a bzImage: one sector and the first */

static void put(struct kernel_file *k, const void *data, size_t n)
{
	memcpy(k->data + k->size, data, n);
	k->size += n;
}

static void put16(struct kernel_file *k, uint16_t v)
{
	put(k, &v, 2);
}

static void put32(struct kernel_file *k, uint32_t v)
{
	put(k, &v, 4);
}

static void put64(struct kernel_file *k, uint64_t v)
{
	put(k, &v, 8);
}

static void note64(struct kernel_file *k, uint32_t type, uint64_t v)
{
	put32(k, 4);
	put32(k, 8);
	put32(k, type);
	put(k, "Xen", 4);
	put64(k, v);
}

uint64_t kernel_paddr(bool linux_like)
{
	return linux_like ? 16UL << 20 : 1UL << 20;
}

static struct kernel_file notes_of(bool linux_like)
{
	struct kernel_file k = { calloc(1, 4096), 0 };

	note64(&k, XEN_ELFNOTE_VIRT_BASE, KERNEL_VIRT_BASE);
	note64(&k, XEN_ELFNOTE_ENTRY,
	       KERNEL_VIRT_BASE + kernel_paddr(linux_like) + 16);
	if (linux_like) {
		note64(&k, XEN_ELFNOTE_INIT_P2M, KERNEL_INIT_P2M);
		note64(&k, XEN_ELFNOTE_MOD_START_PFN, 1);
	} else {
		note64(&k, XEN_ELFNOTE_HYPERCALL_PAGE,
		       KERNEL_VIRT_BASE + kernel_paddr(false) + 4096);
	}
	return k;
}

static void program_header(struct kernel_file *k, uint32_t type,
			   uint64_t offset, uint64_t paddr, uint64_t filesz,
			   uint64_t memsz)
{
	put32(k, type);
	put32(k, 7);
	put64(k, offset);
	put64(k, 0);		/* vaddr: a builder goes by paddr */
	put64(k, paddr);
	put64(k, filesz);
	put64(k, memsz);
	put64(k, 4096);
}

struct kernel_file kernel_elf(bool linux_like)
{
	struct kernel_file n = notes_of(linux_like);
	struct kernel_file k = { calloc(1, ROOM), 0 };
	size_t head = 64 + 2 * 56, i;

	put(&k, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
	put16(&k, 2);
	put16(&k, 62);
	put32(&k, 1);
	put64(&k, 0);
	put64(&k, 64);
	put64(&k, 0);
	put32(&k, 0);
	put16(&k, 64);
	put16(&k, 56);
	put16(&k, 2);
	put16(&k, 0);
	put16(&k, 0);
	put16(&k, 0);
	program_header(&k, 4, head, 0, n.size, n.size);
	program_header(&k, 1, head + n.size, kernel_paddr(linux_like),
		       KERNEL_TEXT, KERNEL_TEXT + KERNEL_BSS);
	put(&k, n.data, n.size);
	for (i = 0; i < KERNEL_TEXT; i++)
		k.data[k.size++] = 1 + i % 251;
	free(n.data);
	return k;
}

static struct kernel_file gzip(struct kernel_file in)
{
	struct kernel_file k = { calloc(1, ROOM), 0 };
	z_stream z = { .next_in = in.data, .avail_in = in.size,
		       .next_out = k.data, .avail_out = ROOM };

	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, 0) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	k.size = z.total_out;
	deflateEnd(&z);
	return k;
}

/* As the kernel's build does: with the filter for x86 branches. */
static struct kernel_file xz(struct kernel_file in)
{
	struct kernel_file k = { calloc(1, ROOM), 0 };
	lzma_options_lzma options;
	lzma_filter filters[] = {
		{ LZMA_FILTER_X86, NULL },
		{ LZMA_FILTER_LZMA2, &options },
		{ LZMA_VLI_UNKNOWN, NULL },
	};

	if (lzma_lzma_preset(&options, 6) ||
	    lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, in.data,
				      in.size, k.data, &k.size, ROOM) !=
		    LZMA_OK)
		abort();
	return k;
}

static struct kernel_file lz4(struct kernel_file in)
{
	struct kernel_file k = { calloc(1, ROOM), 0 };
	int n;

	put32(&k, 0x184c2102);
	n = LZ4_compress_default((char *)in.data, (char *)k.data + 8, in.size,
				 ROOM - 16);
	put32(&k, n);
	k.size += n;
	put32(&k, in.size);
	return k;
}

static struct kernel_file zstd(struct kernel_file in)
{
	struct kernel_file k = { calloc(1, ROOM), 0 };

	k.size = ZSTD_compress(k.data, ROOM, in.data, in.size, 3);
	if (ZSTD_isError(k.size))
		abort();
	return k;
}

static struct kernel_file pack(struct kernel_file elf, enum packing how)
{
	struct kernel_file k = { NULL, 0 };

	switch (how) {
	case PACK_GZIP:
		return gzip(elf);
	case PACK_XZ:
		return xz(elf);
	case PACK_LZ4:
		return lz4(elf);
	case PACK_ZSTD:
		return zstd(elf);
	default:
		k.data = calloc(1, ROOM);
		put(&k, elf.data, elf.size);
		return k;
	}
}

struct kernel_file kernel_pack(struct kernel_file elf, enum packing how,
			       bool bzimage)
{
	struct kernel_file p = pack(elf, how), k = { NULL, SETUP };
	uint32_t zero = 0, length = p.size;

	if (!bzimage)
		return p;
	k.data = calloc(1, ROOM + SETUP);
	k.data[0x1f1] = 1;
	memcpy(k.data + 0x202, "HdrS\x0f\x02", 6);
	memcpy(k.data + 0x248, &zero, 4);
	memcpy(k.data + 0x24c, &length, 4);
	put(&k, p.data, p.size);
	free(p.data);
	return k;
}

const char *kernel_write(struct kernel_file k)
{
	static char path[32];
	int fd;

	strcpy(path, "/tmp/hvx-kernel-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, k.data, k.size) != (ssize_t)k.size)
		abort();
	close(fd);
	return path;
}
