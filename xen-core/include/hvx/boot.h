/*
 * What the boot loader told us, checked and copied (boot/mb2.c), the machine's
 * memory map (boot/e820.c), and memory before the allocator is there
 * (boot/memory.c).
 */
#ifndef HVX_BOOT_H
#define HVX_BOOT_H

#include <hvx/layout.h>
#include <hvx/types.h>

#define E820_RAM      1
#define E820_RESERVED 2
#define E820_ACPI     3
#define E820_NVS      4
#define E820_UNUSABLE 5

/* As the ABI hands it out (XENMEM_machine_memory_map). */
struct e820_entry {
	uint64_t addr, size;
	uint32_t type;
} __packed;

#define E820_MAX 256
struct e820_map {
	unsigned int nr;
	struct e820_entry e[E820_MAX];
};

/* The machine's: sorted, no overlaps, neighbours of one type are one. */
extern struct e820_map e820;

/* Sort and cut m so that it is as promised above; where two entries say
 * different things the less usable type holds. */
void e820_sanitize(struct e820_map *m);
/* True if all of [start, end) is of that type. */
bool e820_all(const struct e820_map *m, paddr_t start, paddr_t end,
	      uint32_t type);
/* Add [start, end); false if there is no room. */
bool e820_add(struct e820_map *m, paddr_t start, paddr_t end, uint32_t type);
void e820_print(const struct e820_map *m);
/* The end of the last RAM. */
paddr_t e820_ram_end(const struct e820_map *m);

#define BOOT_MODULES  8
#define BOOT_CMDLINE  2048

struct boot_module {
	paddr_t start, end;
	char cmdline[1024];	/* first token (the file's name) taken off */
};

struct boot_info {
	paddr_t load_base;	/* of the image */
	char cmdline[BOOT_CMDLINE];
	char loader[64];
	unsigned int nr_modules;
	struct boot_module module[BOOT_MODULES];
	uint8_t rsdp[36];	/* copy of the table, or zero */
	bool has_rsdp;
	bool is_efi;
	bool has_text_screen;
	paddr_t efi_system_table;
};
extern struct boot_info boot_info;

/* Read the information at info, which lies in the early mappings.  Fills
 * boot_info and the raw e820; panics with one line if it is no use. */
void mb2_parse(const void *info);
/* The same on any buffer: 0, or a reason.  For tests. */
const char *mb2_read(const void *info, struct boot_info *b,
		     struct e820_map *m);

/* Physical memory before and until the allocator has it: what is RAM and
 * isn't the image, a module or below 1 MiB. */
void boot_memory_init(void);
/* size bytes, zeroed, aligned, below limit (0: none); panics if there are
 * none.  Taken from the top.  Must be mapped. */
paddr_t boot_memory_alloc(uint64_t size, uint64_t align, paddr_t limit);
/* Keep [start, end) out of the allocator. */
void boot_memory_reserve(paddr_t start, paddr_t end);
/* Hand all that is left to the allocator. */
void boot_memory_release(void);
/* A page below 1 MiB in which other CPUs start; 0: there is none. */
extern paddr_t boot_trampoline;
/* A module's memory is no longer needed: to the allocator. */
void boot_module_free(unsigned int nr);
/* Pages that the core took for itself at boot, image included. */
unsigned long boot_core_pages(void);

/* The boot story; called by head.S on the boot CPU's stack. */
void __noreturn boot_main(paddr_t info, paddr_t load_base);

extern char image_start[], image_text_end[], image_rodata_end[], image_end[];

/* Where a part of the image lies in the machine. */
static inline paddr_t image_to_paddr(const void *p)
{
	return boot_info.load_base + ((unsigned long)p - IMAGE_VIRT);
}

#endif
