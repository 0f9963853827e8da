/*
 * One physical interrupt, as irq.c, ioapic.c and msi.c share it.  Interrupts
 * below nr_gsis are I/O APIC lines, by GSI; the rest are MSI, given out as
 * asked for.  Everything here is guarded by the irq lock (irq.c), and the
 * chip's functions are called with it held.
 */
#ifndef CPU_IRQ_DESC_H
#define CPU_IRQ_DESC_H

#include <hvx/types.h>

struct domain;
struct irq_desc;

struct irq_chip {
	const char *name;
	void (*mask)(struct irq_desc *desc);
	void (*unmask)(struct irq_desc *desc);
	/* Vector or CPU changed; while masked, apart from MSI without mask
	 * bits, where only the CPU changes while it is on. */
	void (*program)(struct irq_desc *desc);
};

struct msi {
	uint16_t segment, bdf;
	uint16_t cap;			/* of the capability, in config space */
	bool is_x, is_64bit, has_mask;
	unsigned int entry;
	volatile uint8_t *slot;		/* MSI-X: the table's entry, mapped */
	void *mapping;			/* what to unmap for it */
};

struct irq_desc {
	const struct irq_chip *chip;	/* NULL: no such interrupt */
	unsigned int irq;
	uint8_t vector;			/* 0: has none yet */
	bool level, low;		/* I/O APIC lines */
	bool unmasked;
	uint32_t apic_id;		/* where it goes */
	struct domain *d;		/* mapped by; NULL: nobody */
	uint16_t pirq;
	void (*core_fn)(void);		/* the core's own */
	uint64_t count;
	struct msi msi;
};

#define NR_IRQS 512

extern unsigned int nr_gsis;

/* ioapic.c */
extern const struct irq_chip ioapic_chip;
void ioapic_init(void);
bool ioapic_gsi_exists(unsigned int gsi);

/* msi.c: find the capability and map the table; 0 or -errno. */
extern const struct irq_chip msi_chip, msix_chip;
struct msi_request;
int msi_attach(struct irq_desc *desc, const struct msi_request *rq);
void msi_detach(struct irq_desc *desc);

#endif
