/* SPDX-License-Identifier: MIT */
/*
 * A guest's kernel file is whatever its owner likes. Bytes are unpacked as a
 * kernel file; what comes out, or the bytes themselves, is read as an ELF
 * image, and a guest is planned for it. Whatever plan is accepted keeps each
 * part within the memory and apart from the others.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <hvx/pvboot.h>
#include <libhvctl/unpack.h>

#define IMAGE_MAX	(1UL << 20)
#define CHECK(x)	do { if (!(x)) abort(); } while (0)

struct image {
	uint8_t *data;
	size_t size;
};

static int take(void *arg, const void *data, size_t size)
{
	struct image *im = arg;

	CHECK(size);
	if (size > IMAGE_MAX - im->size)
		return UNPACK_TOO_BIG;
	memcpy(im->data + im->size, data, size);
	im->size += size;
	return 0;
}

struct part {
	unsigned long from, n;
};

static void check_apart(const struct part *p, unsigned int n,
			unsigned long end)
{
	unsigned int i, j;

	for (i = 0; i < n; i++) {
		CHECK(p[i].n <= end && p[i].from <= end - p[i].n);
		for (j = 0; j < i; j++)
			CHECK(!p[i].n || !p[j].n ||
			      p[i].from + p[i].n <= p[j].from ||
			      p[j].from + p[j].n <= p[i].from);
	}
}

static void check_plan(const struct elf_kernel *k, const struct pv_layout *l)
{
	unsigned long low = (k->paddr_low - k->paddr_offset) >> PAGE_SHIFT;
	struct part parts[] = {
		{ low, l->kernel_end - low },
		{ l->start_info, 1 },
		{ l->store, 1 },
		{ l->console, 1 },
		{ l->tables, l->nr_tables },
		{ l->stack, 1 },
		{ l->p2m, l->nr_p2m },
		{ l->p2m_tables, l->nr_p2m_tables },
		{ l->initrd, l->initrd_pages },
	};

	CHECK(l->kernel_end >= low);
	CHECK(l->region_end <= l->end && l->stack < l->region_end);
	check_apart(parts, sizeof(parts) / sizeof(*parts), l->end);
}

static void check_loads(const struct elf_kernel *k, size_t size)
{
	unsigned int i;

	CHECK(k->nr_loads <= ELF_MAX_LOADS);
	for (i = 0; i < k->nr_loads; i++) {
		CHECK(k->load[i].offset <= size);
		CHECK(k->load[i].filesz <= size - k->load[i].offset);
		CHECK(k->load[i].filesz <= k->load[i].memsz);
	}
}

static void plan(const uint8_t *data, size_t size, unsigned long nr_pages,
		 unsigned long initrd_pages)
{
	struct pv_layout l = {
		.nr_pages = nr_pages,
		.initrd_pages = initrd_pages,
		.rings = true,
		.use_hole = true,
	};
	struct elf_kernel k;

	if (elf_read_kernel(data, size, &k))
		return;
	check_loads(&k, size);
	pv_layout_plan(&k, &l);
	if (l.end <= l.nr_pages)
		check_plan(&k, &l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image im = { 0 };
	unsigned long nr_pages, initrd;

	if (size < 4)
		return 0;
	nr_pages = (data[0] | data[1] << 8) * 16UL;
	initrd = data[2] | data[3] << 8;
	data += 4;
	size -= 4;
	plan(data, size, nr_pages, initrd);
	im.data = malloc(IMAGE_MAX);
	if (im.data && !unpack_image(data, size, take, &im))
		plan(im.data, im.size, nr_pages, initrd);
	free(im.data);
	return 0;
}
