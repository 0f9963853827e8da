/* The core's own tables (cpu/paging.c). */
#ifndef HVX_PAGING_H
#define HVX_PAGING_H

#include <hvx/types.h>

struct pcpu;

/* The core's own page-table entries. */
#define PTE_P	 0x001UL
#define PTE_RW	 0x002UL
#define PTE_US	 0x004UL
#define PTE_PWT	 0x008UL
#define PTE_PCD	 0x010UL
#define PTE_AD	 0x060UL
#define PTE_LARGE 0x080UL
#define PTE_G	 0x100UL
#define PTE_NX	 (1UL << 63)
#define PTE_ADDR 0x000ffffffffff000UL

#define MAP_RX	(PTE_P | PTE_AD | PTE_G)
#define MAP_RO	(PTE_P | PTE_AD | PTE_G | PTE_NX)
#define MAP_RW	(PTE_P | PTE_AD | PTE_G | PTE_NX | PTE_RW)

/* Boot: build the core's tables from the memory map and load them; frame
 * table and m2p, all frames OWNER_CORE or OWNER_IO. */
void paging_init(void);
/* Boot and CPU start: map one page of slot 261. */
void paging_map_page(unsigned long va, paddr_t pa, uint64_t flags);

/* Slots 256..271 of a guest's L4: the core's, and the domain's own slot 260. */
void paging_fill_core_slots(uint64_t *l4, mfn_t perdomain_l3);
/* Run on the core's own tables: nothing of any guest is mapped. */
void paging_load_idle(struct pcpu *pc);
extern paddr_t idle_cr3;

enum map_cache { MAP_WB, MAP_UC, MAP_WC };
/* Device or table memory, any length; NULL if the window is full. */
void *ioremap(paddr_t pa, unsigned long len, enum map_cache cache);
void iounmap(void *va);

#endif
