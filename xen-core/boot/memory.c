/*
 * Physical memory before the allocator runs: RAM that nobody uses, as a short
 * sorted list of ranges.  The core's tables are cut from its top; the rest
 * goes to the allocator in one step.
 */
#include <hvx/boot.h>

#include <hvx/console.h>
#include <hvx/frame.h>
#include <hvx/layout.h>
#include <hvx/machine.h>
#include <hvx/panic.h>
#include <hvx/string.h>

#define MAX_RANGES 300
#define LOW_END	   0x10000UL	/* firmware's data; never used */
#define ISA_HOLE   0xa0000UL

struct range {
	paddr_t start, end;
};

static struct range ranges[MAX_RANGES];
static unsigned int nr_ranges;
static unsigned long core_pages;
static bool released;

paddr_t boot_trampoline;

static void insert(unsigned int at, paddr_t start, paddr_t end)
{
	if (nr_ranges == MAX_RANGES)
		boot_refuse("the memory map has too many pieces");
	memmove(&ranges[at + 1], &ranges[at],
		(nr_ranges - at) * sizeof(ranges[0]));
	ranges[at] = (struct range){ start, end };
	nr_ranges++;
}

static void delete(unsigned int at)
{
	nr_ranges--;
	memmove(&ranges[at], &ranges[at + 1],
		(nr_ranges - at) * sizeof(ranges[0]));
}

void boot_memory_reserve(paddr_t start, paddr_t end)
{
	start &= PAGE_MASK;
	end = ROUND_UP(end, PAGE_SIZE);
	for (unsigned int i = nr_ranges; i--;) {
		struct range *r = &ranges[i];

		if (end <= r->start || start >= r->end)
			continue;
		if (end < r->end)
			insert(i + 1, end, r->end);
		if (start > r->start)
			r->end = start;
		else
			delete(i);
	}
}

/* A page below 640 KiB in which other CPUs start. */
static void choose_trampoline(void)
{
	for (paddr_t p = LOW_END; p < ISA_HOLE; p += PAGE_SIZE)
		if (e820_all(&e820, p, p + PAGE_SIZE, E820_RAM)) {
			boot_trampoline = p;
			boot_memory_reserve(p, p + PAGE_SIZE);
			return;
		}
}

static void add_ram(const struct e820_entry *e)
{
	paddr_t start = ROUND_UP(e->addr, PAGE_SIZE);
	paddr_t end = (e->addr + e->size) & PAGE_MASK;

	end = MIN(end, DIRECTMAP_SIZE);
	if (start < end)
		insert(nr_ranges, start, end);
}

void boot_memory_init(void)
{
	paddr_t image = boot_info.load_base, end = image_to_paddr(image_end);

	for (unsigned int i = 0; i < e820.nr; i++)
		if (e820.e[i].type == E820_RAM)
			add_ram(&e820.e[i]);
	if (e820_ram_end(&e820) > DIRECTMAP_SIZE)
		printk(LOG_WARN "RAM beyond 512 GiB is not used\n");
	boot_memory_reserve(0, LOW_END);
	choose_trampoline();
	boot_memory_reserve(image, end);
	core_pages = DIV_ROUND_UP(end - image, PAGE_SIZE);
	for (unsigned int i = 0; i < boot_info.nr_modules; i++)
		boot_memory_reserve(boot_info.module[i].start,
				    boot_info.module[i].end);
}

paddr_t boot_memory_alloc(uint64_t size, uint64_t align, paddr_t limit)
{
	size = ROUND_UP(size, PAGE_SIZE);
	for (unsigned int i = nr_ranges; i--;) {
		paddr_t end = ranges[i].end, at;

		if (limit && end > limit)
			end = limit;
		if (end < ranges[i].start || end - ranges[i].start < size)
			continue;
		at = (end - size) & ~(align - 1);
		if (at < ranges[i].start)
			continue;
		boot_memory_reserve(at, at + size);
		memset((void *)(DIRECTMAP_VIRT + at), 0, size);
		core_pages += size >> PAGE_SHIFT;
		return at;
	}
	boot_refuse("too little memory for the core's own tables");
}

void boot_memory_release(void)
{
	for (unsigned int i = 0; i < nr_ranges; i++)
		buddy_add_range(paddr_to_mfn(ranges[i].start),
				paddr_to_mfn(ranges[i].end));
	nr_ranges = 0;
	released = true;
}

void boot_module_free(unsigned int nr)
{
	struct boot_module *m = &boot_info.module[nr];
	/* The loader puts modules at page boundaries, each on its own pages. */
	mfn_t first = paddr_to_mfn(ROUND_UP(m->start, PAGE_SIZE));
	mfn_t last = paddr_to_mfn(ROUND_UP(m->end, PAGE_SIZE));

	if (nr >= boot_info.nr_modules || mfn_x(first) >= mfn_x(last))
		return;
	buddy_add_range(first, last);
	m->start = m->end = 0;
}

unsigned long boot_core_pages(void)
{
	return core_pages;
}
