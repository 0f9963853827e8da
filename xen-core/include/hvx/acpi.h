/*
 * What the static ACPI tables say, read once at boot (cpu/acpi.c).  The core
 * has no AML: dom0 runs that, and hands sleep requests down.
 */
#ifndef HVX_ACPI_H
#define HVX_ACPI_H

#include <hvx/cpumask.h>
#include <hvx/types.h>

#define ACPI_MAX_CPUS	   256	/* entries kept; NR_CPUS of them start */
#define ACPI_MAX_IOAPICS   16
#define ACPI_MAX_OVERRIDES 24
#define ACPI_MAX_MCFG	   16

struct acpi_cpu {
	uint32_t apic_id, acpi_id;
	bool enabled;
};

struct acpi_ioapic {
	uint32_t id;
	paddr_t addr;
	uint32_t gsi_base;
};

/* How an ISA interrupt reaches the I/O APICs where it isn't one to one. */
struct acpi_override {
	uint8_t irq;
	uint32_t gsi;
	bool level, low;
};

struct acpi_mcfg {
	paddr_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
};

/* A register of the fixed hardware. */
enum acpi_space { ACPI_SPACE_MEM = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };
struct acpi_reg {
	uint64_t addr;		/* 0: there is none */
	uint8_t space;		/* enum acpi_space */
	uint8_t width;		/* bits */
};

struct acpi_facts {
	paddr_t rsdp;		/* 0 if only the loader's copy was seen */
	paddr_t lapic_addr;

	struct acpi_cpu cpus[ACPI_MAX_CPUS];
	unsigned int nr_cpus;
	struct acpi_ioapic ioapics[ACPI_MAX_IOAPICS];
	unsigned int nr_ioapics;
	struct acpi_override overrides[ACPI_MAX_OVERRIDES];
	unsigned int nr_overrides;
	struct acpi_mcfg mcfg[ACPI_MAX_MCFG];
	unsigned int nr_mcfg;

	/* FADT */
	bool hw_reduced;
	struct acpi_reg pm1a_cnt, pm1b_cnt, pm1a_evt, pm1b_evt;
	uint8_t pm1_cnt_bytes, pm1_evt_bytes;
	struct acpi_reg pm_timer;
	bool pm_timer_32bit;
	struct acpi_reg reset, sleep_control;
	uint8_t reset_value;
	uint8_t rtc_century;	/* CMOS register; 0: none */
	uint16_t sci_irq;

	paddr_t hpet;		/* 0: none */
};

extern struct acpi_facts acpi;

/*
 * Read the tables.  rsdp: the loader's copy of the root pointer (len bytes;
 * NULL: search low memory); efi_system: the EFI system table's address, from
 * which the root pointer's own address is learnt, or 0.  Device mappings must
 * work.  A machine without local and I/O APIC: one line, and halt.
 */
void acpi_init(const void *rsdp, size_t len, paddr_t efi_system);

/*
 * dom0's request (XENPF_enter_acpi_sleep): only state 5, power off, which
 * doesn't return when it works.  val_a, val_b as the ABI passes them.
 */
int acpi_enter_sleep(unsigned int state, uint16_t val_a, uint16_t val_b,
		     bool extended);

/* Reset the machine by whatever way works. */
void __noreturn machine_reset(void);

#endif
