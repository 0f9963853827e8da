/*
 * The static ACPI tables: which processors and interrupt controllers there
 * are, where the fixed hardware's registers stand.
 *
 * Firmware is believed only as far as it adds up: every table's length is
 * bounded and its checksum right, every entry lies inside its table.  A table
 * that fails is left out with a warning; without MADT we stop.
 */
#include <hvx/acpi.h>

#include <asm/cpu.h>
#include <asm/io.h>
#include <hvx/console.h>
#include <hvx/paging.h>
#include <hvx/panic.h>
#include <hvx/string.h>

#define TABLE_MAX_BYTES (1U << 20)
#define EBDA_POINTER	0x40e
#define BIOS_ROM	0xe0000
#define BIOS_ROM_END	0x100000

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	/* From revision 2 on. */
	uint32_t length;
	uint64_t xsdt;
	uint8_t checksum2;
	uint8_t reserved[3];
} __packed;

#define RSDP_V1_BYTES 20

struct table {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem[6], oem_table[8];
	uint32_t oem_revision, creator, creator_revision;
} __packed;

struct acpi_facts acpi;

/* Tables lie in RAM; mappings stay, they are few and small. */
static void *map(paddr_t pa, size_t n)
{
	return ioremap(pa, n, MAP_WB);
}

static bool sum_is_zero(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	while (n--)
		sum += *b++;
	return !sum;
}

/* Little-endian fields at any alignment; zero past the table's end. */
static uint64_t field(const struct table *t, unsigned int off, unsigned int n)
{
	uint64_t v = 0;

	if (off + n <= t->length)
		memcpy(&v, (const uint8_t *)t + off, n);
	return v;
}

/* The whole table, mapped; NULL if it doesn't add up. */
static const struct table *table_map(paddr_t pa)
{
	const struct table *t = map(pa, sizeof(*t));
	uint32_t len;

	if (!t)
		return NULL;
	len = t->length;
	if (len < sizeof(*t) || len > TABLE_MAX_BYTES)
		return NULL;
	t = map(pa, len);
	if (!t || t->length != len || !sum_is_zero(t, len)) {
		printk(LOG_WARN "ACPI: table at %#lx is damaged, left out\n",
		       (unsigned long)pa);
		return NULL;
	}
	return t;
}

/* A register given as a plain port (old) and as a generic address (new). */
static struct acpi_reg fadt_reg(const struct table *t, unsigned int old,
				unsigned int new, unsigned int width)
{
	struct acpi_reg r = { .space = ACPI_SPACE_IO, .width = width };

	if (new) {
		r.addr = field(t, new + 4, 8);
		if (r.addr) {
			r.space = field(t, new, 1);
			if (field(t, new + 1, 1))
				r.width = field(t, new + 1, 1);
			return r;
		}
	}
	if (old)
		r.addr = field(t, old, 4);
	return r;
}

#define FADT_FLAG_TIMER_32   BIT(8)
#define FADT_FLAG_RESET_REG  BIT(10)
#define FADT_FLAG_HW_REDUCED BIT(20)

static void parse_fadt(const struct table *t)
{
	uint32_t flags = field(t, 112, 4);

	acpi.hw_reduced = flags & FADT_FLAG_HW_REDUCED;
	acpi.sci_irq = field(t, 46, 2);
	acpi.pm1_evt_bytes = field(t, 88, 1);
	acpi.pm1_cnt_bytes = field(t, 89, 1);
	acpi.pm1a_evt = fadt_reg(t, 56, 148, 32);
	acpi.pm1b_evt = fadt_reg(t, 60, 160, 32);
	acpi.pm1a_cnt = fadt_reg(t, 64, 172, 16);
	acpi.pm1b_cnt = fadt_reg(t, 68, 184, 16);
	acpi.pm_timer = fadt_reg(t, 76, 208, 32);
	acpi.pm_timer_32bit = flags & FADT_FLAG_TIMER_32;
	acpi.rtc_century = field(t, 108, 1);
	if (flags & FADT_FLAG_RESET_REG) {
		acpi.reset = fadt_reg(t, 0, 116, 8);
		acpi.reset_value = field(t, 128, 1);
	}
	if (acpi.hw_reduced)
		acpi.sleep_control = fadt_reg(t, 0, 244, 8);
}

static void add_cpu(uint32_t apic_id, uint32_t acpi_id, uint32_t flags)
{
	struct acpi_cpu *c;
	unsigned int i;

	if (apic_id == ~0U)
		return;
	/* Some firmware lists one both as local APIC and as x2APIC. */
	for (i = 0; i < acpi.nr_cpus; i++)
		if (acpi.cpus[i].apic_id == apic_id)
			return;
	if (acpi.nr_cpus == ACPI_MAX_CPUS)
		return;
	c = &acpi.cpus[acpi.nr_cpus++];
	c->apic_id = apic_id;
	c->acpi_id = acpi_id;
	c->enabled = flags & 1;
}

static void add_ioapic(uint32_t id, paddr_t addr, uint32_t gsi_base)
{
	struct acpi_ioapic *io;

	if (acpi.nr_ioapics == ACPI_MAX_IOAPICS) {
		printk(LOG_WARN "ACPI: more than %u I/O APICs, rest unused\n",
		       ACPI_MAX_IOAPICS);
		return;
	}
	io = &acpi.ioapics[acpi.nr_ioapics++];
	io->id = id;
	io->addr = addr;
	io->gsi_base = gsi_base;
}

/* Flags: polarity in bits 0-1, trigger in 2-3; 0 = as the bus, 1, 3. */
static void add_override(uint8_t irq, uint32_t gsi, uint16_t flags)
{
	struct acpi_override *o;

	if (acpi.nr_overrides == ACPI_MAX_OVERRIDES)
		return;
	o = &acpi.overrides[acpi.nr_overrides++];
	o->irq = irq;
	o->gsi = gsi;
	o->low = (flags & 3) == 3;
	o->level = (flags >> 2 & 3) == 3;
}

enum madt_type {
	MADT_LAPIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LAPIC_ADDR = 5,
	MADT_X2APIC = 9,
};

static void parse_madt_entry(const struct table *t, unsigned int off,
			     unsigned int len)
{
	switch (field(t, off, 1)) {
	case MADT_LAPIC:
		if (len >= 8)
			add_cpu(field(t, off + 3, 1), field(t, off + 2, 1),
				field(t, off + 4, 4));
		break;
	case MADT_IOAPIC:
		if (len >= 12)
			add_ioapic(field(t, off + 2, 1), field(t, off + 4, 4),
				   field(t, off + 8, 4));
		break;
	case MADT_OVERRIDE:
		if (len >= 10)
			add_override(field(t, off + 3, 1), field(t, off + 4, 4),
				     field(t, off + 8, 2));
		break;
	case MADT_LAPIC_ADDR:
		if (len >= 12)
			acpi.lapic_addr = field(t, off + 4, 8);
		break;
	case MADT_X2APIC:
		if (len >= 16)
			add_cpu(field(t, off + 4, 4), field(t, off + 12, 4),
				field(t, off + 8, 4));
		break;
	}
}

static void parse_madt(const struct table *t)
{
	unsigned int off = 44, len;

	acpi.lapic_addr = field(t, 36, 4);
	for (; off + 2 <= t->length; off += len) {
		len = field(t, off + 1, 1);
		if (len < 2 || off + len > t->length)
			break;
		parse_madt_entry(t, off, len);
	}
}

static void parse_hpet(const struct table *t)
{
	if (field(t, 40, 1) == ACPI_SPACE_MEM && !acpi.hpet)
		acpi.hpet = field(t, 44, 8);
}

static void parse_mcfg(const struct table *t)
{
	unsigned int off = 44;
	struct acpi_mcfg *m;

	for (; off + 16 <= t->length && acpi.nr_mcfg < ACPI_MAX_MCFG;
	     off += 16) {
		m = &acpi.mcfg[acpi.nr_mcfg++];
		m->base = field(t, off, 8);
		m->segment = field(t, off + 8, 2);
		m->first_bus = field(t, off + 10, 1);
		m->last_bus = field(t, off + 11, 1);
	}
}

static const struct {
	char signature[5];
	void (*parse)(const struct table *t);
} parsers[] = {
	{ "APIC", parse_madt },
	{ "FACP", parse_fadt },
	{ "HPET", parse_hpet },
	{ "MCFG", parse_mcfg },
};

static void parse_table(paddr_t pa)
{
	const struct table *t = map(pa, sizeof(*t));
	unsigned int i;

	for (i = 0; t && i < ARRAY_SIZE(parsers); i++) {
		if (memcmp(t->signature, parsers[i].signature, 4))
			continue;
		t = table_map(pa);
		if (t)
			parsers[i].parse(t);
		return;
	}
}

/* RSDT (entries of 4 bytes) or XSDT (8). */
static bool parse_root(paddr_t pa, const char *signature, unsigned int size)
{
	const struct table *root = table_map(pa);
	unsigned int off;

	if (!root || memcmp(root->signature, signature, 4))
		return false;
	for (off = sizeof(*root); off + size <= root->length; off += size)
		if (field(root, off, size))
			parse_table(field(root, off, size));
	return true;
}

static bool rsdp_ok(const struct rsdp *r, size_t room)
{
	if (room < RSDP_V1_BYTES || memcmp(r->signature, "RSD PTR ", 8) ||
	    !sum_is_zero(r, RSDP_V1_BYTES))
		return false;
	return r->revision < 2 ||
	       (room >= sizeof(*r) && r->length >= sizeof(*r) &&
		(r->length > room || sum_is_zero(r, r->length)));
}

/* On 16-byte boundaries of [pa, pa + n); its address or 0. */
static paddr_t rsdp_search(paddr_t pa, size_t n)
{
	const uint8_t *p = map(pa, n);
	size_t off;

	for (off = 0; p && off + sizeof(struct rsdp) <= n; off += 16)
		if (rsdp_ok((const void *)(p + off), n - off))
			return pa + off;
	return 0;
}

static paddr_t rsdp_search_low(void)
{
	const uint16_t *ebda = map(EBDA_POINTER, 2);
	paddr_t pa = 0;

	if (ebda && *ebda >= 0x8000 / 16)
		pa = rsdp_search((paddr_t)*ebda << 4, 1024);
	if (!pa)
		pa = rsdp_search(BIOS_ROM, BIOS_ROM_END - BIOS_ROM);
	return pa;
}

struct efi_config {
	uint8_t guid[16];
	uint64_t table;
};

static const uint8_t guid_acpi20[16] = { 0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4,
					 0xd3, 0x11, 0xbc, 0x22, 0x00, 0x80,
					 0xc7, 0x3c, 0x88, 0x81 };
static const uint8_t guid_acpi10[16] = { 0x30, 0x2d, 0x9d, 0xeb, 0x88, 0x2d,
					 0xd3, 0x11, 0x9a, 0x16, 0x00, 0x90,
					 0x27, 0x3f, 0xc1, 0x4d };

/* The EFI system table ends with the number and place of its tables. */
#define EFI_SYSTEM_SIGNATURE 0x5453595320494249UL /* "IBI SYST" */

static paddr_t rsdp_from_efi(paddr_t system)
{
	const uint64_t *st = map(system, 120);
	const struct efi_config *c;
	paddr_t found = 0;
	unsigned long i, n;

	if (!st || st[0] != EFI_SYSTEM_SIGNATURE)
		return 0;
	n = st[13];
	if (!n || n > 256)
		return 0;
	c = map(st[14], n * sizeof(*c));
	for (i = 0; c && i < n; i++) {
		if (!memcmp(c[i].guid, guid_acpi20, 16))
			return c[i].table;
		if (!memcmp(c[i].guid, guid_acpi10, 16))
			found = c[i].table;
	}
	return found;
}

static void parse_from(const struct rsdp *r)
{
	if (r->revision >= 2 && r->xsdt && parse_root(r->xsdt, "XSDT", 8))
		return;
	if (r->rsdt)
		parse_root(r->rsdt, "RSDT", 4);
}

static void describe(void)
{
	unsigned int i, enabled = 0;

	for (i = 0; i < acpi.nr_cpus; i++)
		enabled += acpi.cpus[i].enabled;
	printk(LOG_INFO "ACPI: %u CPUs (%u enabled), %u I/O APICs, LAPIC %#lx"
	       "%s%s\n", acpi.nr_cpus, enabled, acpi.nr_ioapics,
	       (unsigned long)acpi.lapic_addr, acpi.hpet ? ", HPET" : "",
	       acpi.nr_mcfg ? ", MCFG" : "");
}

void acpi_init(const void *rsdp, size_t len, paddr_t efi_system)
{
	const struct rsdp *r = rsdp;

	if (efi_system)
		acpi.rsdp = rsdp_from_efi(efi_system);
	else
		acpi.rsdp = rsdp_search_low();
	if (!r || !rsdp_ok(r, len))
		r = acpi.rsdp ? map(acpi.rsdp, sizeof(*r)) : NULL;
	if (!r || !rsdp_ok(r, sizeof(*r)))
		boot_refuse("no ACPI tables found");
	parse_from(r);
	if (!acpi.nr_cpus || !acpi.lapic_addr || !acpi.nr_ioapics)
		boot_refuse("no APIC (ACPI MADT): turn it on in the firmware");
	describe();
}

static void reg_write(const struct acpi_reg *r, uint32_t v)
{
	if (r->space == ACPI_SPACE_IO && r->width > 16) {
		outl(r->addr, v);
	} else if (r->space == ACPI_SPACE_IO && r->width > 8) {
		outw(r->addr, v);
	} else if (r->space == ACPI_SPACE_IO) {
		outb(r->addr, v);
	} else if (r->space == ACPI_SPACE_MEM) {
		volatile uint8_t *p = ioremap(r->addr, 4, MAP_UC);

		if (p && r->width > 16)
			mmio_write32(p, v);
		else if (p && r->width > 8)
			mmio_write16(p, v);
		else if (p)
			mmio_write8(p, v);
	}
}

#define SLEEP_ENABLE_EXTENDED 0x20
#define POWER_OFF_WAIT	      100000000UL

int acpi_enter_sleep(unsigned int state, uint16_t val_a, uint16_t val_b,
		     bool extended)
{
	unsigned long i;

	if (state != 5)
		return -EOPNOTSUPP;
	if (extended) {
		if (!acpi.sleep_control.addr)
			return -EPERM;
		reg_write(&acpi.sleep_control, val_a << 2 | SLEEP_ENABLE_EXTENDED);
	} else {
		if (!acpi.pm1a_cnt.addr)
			return -EPERM;
		acpi.pm1a_cnt.width = acpi.pm1b_cnt.width = 16;
		printk(LOG_INFO "Power off\n");
		reg_write(&acpi.pm1a_cnt, val_a);
		if (acpi.pm1b_cnt.addr)
			reg_write(&acpi.pm1b_cnt, val_b);
	}
	/* The machine takes a moment. */
	for (i = 0; i < POWER_OFF_WAIT; i++)
		cpu_pause();
	return -EIO;
}

static void settle(void)
{
	unsigned int i;

	for (i = 0; i < 1000000; i++)
		cpu_pause();
}

#define KBD_COMMAND	0x64
#define KBD_PULSE_RESET 0xfe
#define CHIPSET_RESET	0xcf9

void machine_reset(void)
{
	irq_disable();
	if (acpi.reset.addr && acpi.reset.space != ACPI_SPACE_PCI) {
		reg_write(&acpi.reset, acpi.reset_value);
		settle();
	}
	outb(CHIPSET_RESET, 0x02);
	outb(CHIPSET_RESET, 0x06);
	settle();
	outb(KBD_COMMAND, KBD_PULSE_RESET);
	settle();
	/* No way left but a triple fault. */
	cpu_triple_fault();
	for (;;)
		cpu_halt();
}
