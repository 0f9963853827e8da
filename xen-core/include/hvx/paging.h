/* The core's own tables (cpu/paging.c). */
#ifndef HVX_PAGING_H
#define HVX_PAGING_H

#include <hvx/types.h>

struct pcpu;

/* Entry bits of the core's own pages (PTE_* are in hvx/pv.h). */
#define MAP_RX	(PTE_P | PTE_A | PTE_D | PTE_G)
#define MAP_RO	(PTE_P | PTE_A | PTE_D | PTE_G | PTE_NX)
#define MAP_RW	(PTE_P | PTE_A | PTE_D | PTE_G | PTE_NX | PTE_RW)

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
