/*
 * The core's part of every address space: slots 256..271 of each L4, which
 * the ABI reserves (HYPERVISOR_VIRT_START..END).  Read by C and assembly.
 *
 *   256  the machine-to-physical table, read-only for guests
 *   260  the domain's own slot: GDT and LDT windows of its vCPUs
 *   261  image, per-CPU areas, frame table, device mappings
 *   262  all RAM, read-write, never executable
 */
#ifndef HVX_LAYOUT_H
#define HVX_LAYOUT_H

#define HVX_SLOT_FIRST	256
#define HVX_SLOT_LAST	271

#define M2P_VIRT_START	0xffff800000000000
#define M2P_VIRT_END	0xffff808000000000

/* Slot 260: a window of 32 pages a vCPU: 16 for the GDT, 16 for the LDT. */
#define PERDOMAIN_VIRT	0xffff820000000000
#define DESC_WINDOW_SHIFT 17
#define GDT_WINDOW(vcpu_id) (PERDOMAIN_VIRT + ((vcpu_id) << DESC_WINDOW_SHIFT))
#define LDT_WINDOW(vcpu_id) (GDT_WINDOW(vcpu_id) + 0x10000)

/* Slot 261. */
#define FRAME_TABLE_VIRT 0xffff828000000000	/* 8 bytes a frame */
#define M2P_RW_VIRT	0xffff828040000000	/* the m2p, writable */
#define IOREMAP_VIRT	0xffff82c000000000	/* device and table mappings */
#define IOREMAP_SIZE	0x10000000
#define CPU_AREA_VIRT	0xffff82d040000000	/* NR_CPUS areas of 64 KiB */
#define CPU_AREA_SHIFT	16
#define CPU_AREA_SIZE	(1 << CPU_AREA_SHIFT)
#define IMAGE_VIRT	0xffff82d080000000	/* linked here; 2 MiB aligned */

/* Slot 262: up to 512 GiB of machine memory; RAM beyond is not used. */
#define DIRECTMAP_VIRT	0xffff830000000000
#define DIRECTMAP_SIZE	0x8000000000

/* A CPU area: struct pcpu, guard, IST stacks, guard, the stack. */
#define CPU_IST_OFFSET	0x4000			/* #NMI #DF #MC #DB, 4 KiB each */
#define CPU_STACK_OFFSET 0xc000			/* 16 KiB, to the end */
/* Which of an area's 16 pages have memory behind them, and how many that is. */
#define CPU_AREA_PAGES	0xf0f3
#define CPU_AREA_NR_PAGES 10

/* The SYSCALL targets of all CPUs (cpu/desc.c writes them): read and execute. */
#define SYSCALL_STUB_VIRT (CPU_AREA_VIRT + 0x800000)
#define SYSCALL_STUB_SIZE 128			/* half for 64-bit callers */

/* Selectors of the ABI that live in the reserved part of every GDT. */
#define GDT_RESERVED_FIRST_PAGE	14
#define GDT_RESERVED_FIRST_ENTRY (GDT_RESERVED_FIRST_PAGE * 512)
#define SEL_CORE_CS	0xe008
#define SEL_CORE_DS	0xe010
#define SEL_GUEST_CS32	0xe023
#define SEL_GUEST_DS	0xe02b
#define SEL_GUEST_CS64	0xe033
#define SEL_TSS		0xe040
#define SEL_LDT		0xe050

#endif
