/*
 * The core's own page tables: built once at boot, the same in every address
 * space (slots 256..271 of each L4, but 260).
 *
 *   slot 256  m2p, readable by guests
 *   slot 261  image, CPU areas, frame table, m2p once more but writable,
 *             device mappings
 *   slot 262  RAM, as the memory map says: never a device, so no frame has
 *             two cache types
 *
 * Nothing is writable and executable.  All of it but device mappings is global
 * in the TLB and never changes after boot.
 *
 * Frame table and m2p have memory where there is RAM; in the holes between,
 * one read-only page stands for all: words that say "not RAM", m2p entries
 * that say "nobody's".  So any frame number below frame_max_mfn can be looked
 * up without asking first.
 */
#include <hvx/paging.h>

#include <asm/cpu.h>
#include <asm/seg.h>
#include <hvx/boot.h>
#include <hvx/console.h>
#include <hvx/frame.h>
#include <hvx/layout.h>
#include <hvx/machine.h>
#include <hvx/panic.h>
#include <hvx/pcpu.h>
#include <hvx/pv.h>
#include <hvx/string.h>

#define SIZE_2M	 0x200000UL
#define SIZE_1G	 0x40000000UL
#define EARLY_LIMIT 0x100000000UL	/* what head.S mapped */
#define TABLE	 (PTE_P | PTE_RW | PTE_A | PTE_D)
#define PER_PAGE 512UL			/* words of a page */
#define OWNER_SHIFT 52

paddr_t idle_cr3;
unsigned long frame_max_mfn;

static uint64_t *idle_l4;
static bool heap_is_up;
static bool has_1g_pages;

/* ---- tables ------------------------------------------------------------- */

static paddr_t table_alloc(void)
{
	void *p;

	if (!heap_is_up)
		return boot_memory_alloc(PAGE_SIZE, PAGE_SIZE, EARLY_LIMIT);
	p = page_alloc();
	return p ? mfn_to_paddr(virt_to_mfn(p)) : 0;
}

static uint64_t *table_of(uint64_t entry)
{
	return (uint64_t *)(DIRECTMAP_VIRT + (entry & PTE_ADDR));
}

/* The entry for va in the table of that level (1..4); makes what is above it.
 * NULL: no memory for a table. */
static uint64_t *entry_for(unsigned long va, unsigned int level)
{
	uint64_t *t = idle_l4;

	for (unsigned int l = 4;; l--) {
		uint64_t *e = &t[va >> (12 + 9 * (l - 1)) & 511];

		if (l == level)
			return e;
		if (!(*e & PTE_P)) {
			paddr_t table = table_alloc();

			if (!table)
				return NULL;
			*e = table | TABLE |
			     (va < M2P_VIRT_END ? PTE_US : 0);
		}
		t = table_of(*e);
	}
}

static void set_entry(unsigned long va, unsigned int level, uint64_t value)
{
	uint64_t *e = entry_for(va, level);

	BUG_ON(!e || (*e & PTE_P));
	*e = value;
}

void paging_map_page(unsigned long va, paddr_t pa, uint64_t flags)
{
	set_entry(va, 1, pa | flags);
}

/* Any length, with the largest pages that fit. */
static void map_range(unsigned long va, paddr_t pa, uint64_t len,
		      uint64_t flags)
{
	while (len) {
		uint64_t both = va | pa, step = PAGE_SIZE;

		if (has_1g_pages && !(both & (SIZE_1G - 1)) && len >= SIZE_1G) {
			step = SIZE_1G;
			set_entry(va, 3, pa | flags | PTE_PS);
		} else if (!(both & (SIZE_2M - 1)) && len >= SIZE_2M) {
			step = SIZE_2M;
			set_entry(va, 2, pa | flags | PTE_PS);
		} else {
			set_entry(va, 1, pa | flags);
		}
		va += step;
		pa += step;
		len -= step;
	}
}

/* ---- what is mapped ------------------------------------------------------ */

static void map_image_part(const char *from, const char *to, uint64_t flags)
{
	for (const char *p = from; p < to; p += PAGE_SIZE)
		paging_map_page((unsigned long)p, image_to_paddr(p), flags);
}

static void map_image(void)
{
	map_image_part(image_start, image_text_end, MAP_RX);
	map_image_part(image_text_end, image_rodata_end, MAP_RO);
	map_image_part(image_rodata_end, image_end, MAP_RW);
}

/* The boot CPU goes on in the area that head.S gave it. */
static void map_boot_cpu_area(void)
{
	extern char boot_cpu_area[];
	paddr_t pa = image_to_paddr(boot_cpu_area);

	for (unsigned int i = 0; i < CPU_AREA_SIZE / PAGE_SIZE; i++)
		if (CPU_AREA_PAGES >> i & 1) {
			paging_map_page(CPU_AREA_VIRT + i * PAGE_SIZE, pa,
					MAP_RW);
			pa += PAGE_SIZE;
		}
}

/* RAM of one entry, whole pages, as far as the window goes. */
static bool ram_range(unsigned int i, paddr_t *start, paddr_t *end)
{
	const struct e820_entry *e = &e820.e[i];

	*start = ROUND_UP(e->addr, PAGE_SIZE);
	*end = MIN((e->addr + e->size) & PAGE_MASK, DIRECTMAP_SIZE);
	return e->type == E820_RAM && *start < *end;
}

static void map_ram(void)
{
	paddr_t start, end;

	for (unsigned int i = 0; i < e820.nr; i++)
		if (ram_range(i, &start, &end))
			map_range(DIRECTMAP_VIRT + start, start, end - start,
				  MAP_RW);
}

/* Is any of [from, to) RAM? */
static bool any_ram(paddr_t from, paddr_t to)
{
	paddr_t start, end;

	for (unsigned int i = 0; i < e820.nr; i++)
		if (ram_range(i, &start, &end) && start < to && end > from)
			return true;
	return false;
}

/* ---- frame table --------------------------------------------------------- */

#define FRAME_WORD(owner) ((uint64_t)(owner) << OWNER_SHIFT)

static void fill_words(void *page, uint64_t word, unsigned long bytes)
{
	uint64_t *p = page;

	for (unsigned long i = 0; i < bytes / 8; i++)
		p[i] = word;
}

/* A page of the table is 2 MiB of machine memory. */
static bool is_hole(unsigned long off)
{
	paddr_t from = (paddr_t)off << 9;

	return !any_ram(from, from + SIZE_2M);
}

/* By single pages; the holes' is mapped read-only. */
static void frames_map_pages(unsigned long off, unsigned long size,
			     paddr_t hole)
{
	for (unsigned long end = off + size; off < end; off += PAGE_SIZE) {
		unsigned long va = FRAME_TABLE_VIRT + off;

		if (is_hole(off))
			set_entry(va, 1, hole | MAP_RO);
		else
			set_entry(va, 1, boot_memory_alloc(PAGE_SIZE, PAGE_SIZE,
							   0) | MAP_RW);
	}
}

static bool has_hole(unsigned long off)
{
	for (unsigned long end = off + SIZE_2M; off < end; off += PAGE_SIZE)
		if (is_hole(off))
			return true;
	return false;
}

static void frames_map(void)
{
	unsigned long size = ROUND_UP(frame_max_mfn * 8, PAGE_SIZE);
	paddr_t hole = boot_memory_alloc(PAGE_SIZE, PAGE_SIZE, EARLY_LIMIT);

	fill_words(table_of(hole), FRAME_WORD(OWNER_IO), PAGE_SIZE);
	for (unsigned long off = 0; off < size; off += SIZE_2M) {
		unsigned long n = MIN(size - off, SIZE_2M);

		if (n == SIZE_2M && !has_hole(off))
			set_entry(FRAME_TABLE_VIRT + off, 2,
				  boot_memory_alloc(SIZE_2M, SIZE_2M, 0) |
					  MAP_RW | PTE_PS);
		else
			frames_map_pages(off, n, hole);
	}
}

static void frames_fill(mfn_t first, unsigned long nr, unsigned int owner)
{
	fill_words(mfn_to_frame(first), FRAME_WORD(owner), nr * 8);
}

static void frame_table_init(void)
{
	paddr_t start, end;

	frames_map();
	for (unsigned long m = 0; m < frame_max_mfn; m += PER_PAGE)
		if (!is_hole(m * 8))
			frames_fill(_mfn(m), PER_PAGE, OWNER_IO);
	for (unsigned int i = 0; i < e820.nr; i++)
		if (ram_range(i, &start, &end))
			frames_fill(paddr_to_mfn(start),
				    (end - start) >> PAGE_SHIFT, OWNER_CORE);
}

/* ---- m2p ----------------------------------------------------------------- */

/*
 * In extents of 2 MiB, machine-contiguous, as the tools map it; all memory
 * holes of whole GiBs share one.  The last is as long as it must be.  Any guest
 * may map its frames to read.
 */
static paddr_t m2p_extent_alloc(unsigned long size)
{
	paddr_t pa = boot_memory_alloc(size, SIZE_2M, 0);

	fill_words(table_of(pa), M2P_INVALID, size);
	frames_fill(paddr_to_mfn(pa), size >> PAGE_SHIFT, OWNER_SHARE);
	return pa;
}

static void m2p_init(void)
{
	unsigned long size = ROUND_UP(frame_max_mfn * 8, PAGE_SIZE);
	paddr_t hole = 0;

	for (unsigned long off = 0; off < size; off += SIZE_2M) {
		unsigned long n = MIN(size - off, SIZE_2M);
		bool shared = !any_ram((paddr_t)off << 9,
				       ((paddr_t)off << 9) + SIZE_1G);
		paddr_t pa = shared && hole ? hole : m2p_extent_alloc(n);

		if (shared)
			hole = pa;
		map_range(M2P_RW_VIRT + off, pa, n, MAP_RW);
		map_range(M2P_VIRT_START + off, pa, n, MAP_RO | PTE_US);
	}
}

/* ---- boot ---------------------------------------------------------------- */

/* So that guests' L4s can be filled by copying. */
static void make_slots(void)
{
	entry_for(M2P_VIRT_START, 3);
	entry_for(IMAGE_VIRT, 3);
	entry_for(DIRECTMAP_VIRT, 3);
}

void paging_init(void)
{
	uint32_t regs[4];

	cpuid_count(0x80000001, 0, regs);
	has_1g_pages = regs[3] & BIT(26);
	frame_max_mfn = MIN(e820_ram_end(&e820), DIRECTMAP_SIZE) >> PAGE_SHIFT;
	idle_cr3 = boot_memory_alloc(PAGE_SIZE, PAGE_SIZE, EARLY_LIMIT);
	idle_l4 = table_of(idle_cr3);
	make_slots();
	map_image();
	map_boot_cpu_area();
	map_ram();
	write_cr4(read_cr4() | 0x80);
	write_cr3(idle_cr3);
	this_pcpu()->cr3 = idle_cr3;
	/* The tables themselves can be anywhere from here on. */
	frame_table_init();
	m2p_init();
	boot_memory_release();
	heap_is_up = true;
}

void paging_fill_core_slots(uint64_t *l4, mfn_t perdomain_l3)
{
	for (unsigned int i = HVX_SLOT_FIRST; i <= HVX_SLOT_LAST; i++)
		l4[i] = idle_l4[i];
	l4[PERDOMAIN_VIRT >> 39 & 511] = mfn_to_paddr(perdomain_l3) | TABLE;
}

/* The GDT that is loaded may be in the window of a guest: our own first. */
void paging_load_idle(struct pcpu *pc)
{
	struct desc_ptr gdt = {
		.limit = (GDT_RESERVED_FIRST_PAGE + 1) * PAGE_SIZE - 1,
		.base = (uint64_t)pc->gdt - GDT_RESERVED_FIRST_PAGE * PAGE_SIZE,
	};

	lgdt(&gdt);
	lldt(0);
	if (pc->cr3 == idle_cr3)
		return;
	pc->cr3 = idle_cr3;
	write_cr3(idle_cr3);
}

/* ---- frames -------------------------------------------------------------- */

mfn_t virt_to_mfn(const void *p)
{
	unsigned long va = (unsigned long)p;

	if (va >= IMAGE_VIRT && va < (unsigned long)image_end)
		return paddr_to_mfn(image_to_paddr(p));
	BUG_ON(va < DIRECTMAP_VIRT || va - DIRECTMAP_VIRT >= DIRECTMAP_SIZE);
	return paddr_to_mfn(va - DIRECTMAP_VIRT);
}

void m2p_set(mfn_t mfn, unsigned long gfn)
{
	WRITE_ONCE(((unsigned long *)M2P_RW_VIRT)[mfn_x(mfn)], gfn);
}

/* Where a hole made it go by single pages there is no such frame. */
mfn_t m2p_extent(unsigned int i)
{
	unsigned long va = M2P_RW_VIRT + i * SIZE_2M;
	uint64_t e = *entry_for(va, 2);

	if (!(e & PTE_PS))
		e = *entry_for(va, 1);
	return pte_mfn(e);
}

void machine_flush_cache(void)
{
	wbinvd();
}

/* ---- device mappings ----------------------------------------------------- */

#define IO_PAGES (IOREMAP_SIZE >> PAGE_SHIFT)

static struct lock io_lock = LOCK_INIT;
static uint64_t io_used[IO_PAGES / 64];

static bool io_page_used(unsigned long i)
{
	return io_used[i / 64] >> (i % 64) & 1;
}

static void io_mark(unsigned long first, unsigned long n, bool used)
{
	for (unsigned long i = first; i < first + n; i++) {
		io_used[i / 64] &= ~(1UL << (i % 64));
		io_used[i / 64] |= (uint64_t)used << (i % 64);
	}
}

/* n free pages in a row with a free one, never mapped, after them: where that
 * one is tells iounmap() the length.  IO_PAGES: there are none. */
static unsigned long io_find(unsigned long n)
{
	unsigned long run = 0;

	for (unsigned long i = 0; i < IO_PAGES; i++) {
		run = io_page_used(i) ? 0 : run + 1;
		if (run == n + 1)
			return i - n;
	}
	return IO_PAGES;
}

static const uint64_t cache_bits[] = {
	[MAP_WB] = 0,
	[MAP_UC] = PTE_PCD | PTE_PWT,
	[MAP_WC] = PTE_PAT,
};

void *ioremap(paddr_t pa, unsigned long len, enum map_cache cache)
{
	unsigned long off = pa & ~PAGE_MASK;
	unsigned long n = DIV_ROUND_UP(off + len, PAGE_SIZE), at;
	void *ret = NULL;

	spin_lock(&io_lock);
	at = io_find(n);
	if (at == IO_PAGES)
		goto out;
	for (unsigned long i = 0; i < n; i++) {
		uint64_t *e = entry_for(IOREMAP_VIRT + (at + i) * PAGE_SIZE, 1);

		if (!e)
			goto out;
		*e = ((pa & PAGE_MASK) + i * PAGE_SIZE) | PTE_P | PTE_RW |
		     PTE_A | PTE_D | PTE_NX | cache_bits[cache];
	}
	io_mark(at, n + 1, true);
	ret = (void *)(IOREMAP_VIRT + at * PAGE_SIZE + off);
out:
	spin_unlock(&io_lock);
	return ret;
}

/* Up to the gap after it. */
void iounmap(void *p)
{
	unsigned long va = (unsigned long)p & PAGE_MASK;
	unsigned long first = (va - IOREMAP_VIRT) >> PAGE_SHIFT, n = 0;
	uint64_t *e;

	if (!p)
		return;
	while ((e = entry_for(va + n * PAGE_SIZE, 1)) && (*e & PTE_P)) {
		*e = 0;
		n++;
	}
	tlb_flush_mask(cpu_online | cpumask_of(cpu_id()));
	spin_lock(&io_lock);
	io_mark(first, n + 1, false);
	spin_unlock(&io_lock);
}
