/*
 * What a processor needs to be told once: descriptor tables, task state,
 * control registers, and where SYSCALL goes.
 *
 * The GDT is one page a CPU, the reserved page 14 of every guest's GDT too,
 * so the core's selectors mean the same whoever's table is loaded.  While no
 * guest's is, the GDT's base lies 14 pages before that page: what is there
 * isn't a GDT, and no selector of it is ever loaded.
 */
#include <hvx/cpu.h>

#include <asm/cpu.h>
#include <asm/msr.h>
#include <asm/seg.h>
#include <hvx/layout.h>
#include <hvx/machine.h>
#include <hvx/paging.h>
#include <hvx/pv.h>
#include <hvx/pcpu.h>
#include <hvx/string.h>
#include <hvx/traps.h>

#define DESC_CODE64 0x00af9b000000ffffUL
#define DESC_DATA   0x00cf93000000ffffUL
#define DESC_CODE32 0x00cf9b000000ffffUL
#define DESC_DPL3   0x0000600000000000UL
#define DESC_TSS    0x89UL		/* present, available 64-bit TSS */

#define PAT_VALUE   0x050100070406UL
#define MSR_SYSENTER_CS 0x174

/* Of rflags, off at a SYSCALL: all that changes how the core would run. */
#define SYSCALL_MASK                                                           \
	(FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_RF |         \
	 FLAG_VM | FLAG_AC)

#define IST_NMI 1
#define IST_DF	2
#define IST_MC	3
#define IST_DB	4

#define GATE_INTERRUPT 0x8e
#define GATE_DPL3      0x60

uint64_t core_cr4;

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, zero;
};

static struct gate idt[256] __aligned(4096);

static void set_gate(unsigned int vector, unsigned int ist, uint8_t dpl)
{
	uint64_t to = trap_stubs[vector];

	idt[vector] = (struct gate){
		.offset_low = (uint16_t)to,
		.selector = SEL_CORE_CS,
		.ist = (uint8_t)ist,
		.type = GATE_INTERRUPT | dpl,
		.offset_mid = (uint16_t)(to >> 16),
		.offset_high = (uint32_t)(to >> 32),
	};
}

static void fill_idt(void)
{
	for (unsigned int i = 0; i < 256; i++)
		set_gate(i, 0, 0);
	set_gate(TRAP_BP, 0, GATE_DPL3);
	set_gate(TRAP_OF, 0, GATE_DPL3);
	set_gate(TRAP_NMI, IST_NMI, 0);
	set_gate(TRAP_DF, IST_DF, 0);
	set_gate(TRAP_MC, IST_MC, 0);
	set_gate(TRAP_DB, IST_DB, 0);
}

static uint64_t *gdt_entry(struct pcpu *pc, unsigned int selector)
{
	return &pc->gdt[(selector >> 3) - GDT_RESERVED_FIRST_ENTRY];
}

static void fill_gdt(struct pcpu *pc)
{
	uint64_t base = (uint64_t)&pc->tss, *tss = gdt_entry(pc, SEL_TSS);

	*gdt_entry(pc, SEL_CORE_CS) = DESC_CODE64;
	*gdt_entry(pc, SEL_CORE_DS) = DESC_DATA;
	*gdt_entry(pc, SEL_GUEST_CS32) = DESC_CODE32 | DESC_DPL3;
	*gdt_entry(pc, SEL_GUEST_DS) = DESC_DATA | DESC_DPL3;
	*gdt_entry(pc, SEL_GUEST_CS64) = DESC_CODE64 | DESC_DPL3;
	tss[0] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 |
		 DESC_TSS << 40 | (base >> 24 & 0xff) << 56;
	tss[1] = base >> 32;
}

static void fill_tss(struct pcpu *pc)
{
	unsigned long ist = (unsigned long)pc + CPU_IST_OFFSET;

	pc->tss.rsp[0] = pc->stack_top;
	for (unsigned int i = 0; i < 4; i++)
		pc->tss.ist[i] = ist + (i + 1) * PAGE_SIZE;
	pc->tss.iomap_base = sizeof(struct tss);
}

void pcpu_init(struct pcpu *pc, unsigned int cpu, uint32_t apic_id)
{
	pc->id = cpu;
	pc->apic_id = apic_id;
	pc->stack_top = (unsigned long)pc + CPU_AREA_SIZE;
	pc->tss.ist[0] = 0;
	fill_tss(pc);
	fill_gdt(pc);
	if (!idt[0].selector)
		fill_idt();
}

void cpu_init_desc(struct pcpu *pc)
{
	struct desc_ptr idtr = { sizeof(idt) - 1, (uint64_t)idt };
	struct desc_ptr gdtr = {
		.limit = (GDT_RESERVED_FIRST_PAGE + 1) * PAGE_SIZE - 1,
		.base = (uint64_t)pc->gdt - GDT_RESERVED_FIRST_PAGE * PAGE_SIZE,
	};

	lgdt(&gdtr);
	load_cs_ss(SEL_CORE_CS, SEL_CORE_DS);
	(void)load_ds(0);
	(void)load_es(0);
	(void)load_fs(0);
	(void)load_gs(0);
	lldt(0);
	ltr(SEL_TSS);
	lidt(&idtr);
}

/* ---- SYSCALL ------------------------------------------------------------- */

static uint8_t *emit(uint8_t *p, uint8_t op1, uint8_t op2, uint8_t op3)
{
	*p++ = op1;
	*p++ = op2;
	*p++ = op3;
	return p;
}

static uint8_t *emit_rel32(uint8_t *p, unsigned long at, const void *to)
{
	int32_t rel = (int32_t)((unsigned long)to - (at + 4));

	memcpy(p, &rel, sizeof(rel));
	return p + sizeof(rel);
}

/*
 * mov %rsp, guest_rsp(%rip); mov regs_end(%rip), %rsp; jmp entry
 * p is where we write, at where it will run.
 */
static void write_stub(uint8_t *p, unsigned long at, const struct pcpu *pc,
		       const void *entry)
{
	uint8_t *start = p;

#define HERE (at + (unsigned long)(p - start))
	p = emit(p, 0x48, 0x89, 0x25);
	p = emit_rel32(p, HERE, &pc->guest_rsp);
	p = emit(p, 0x48, 0x8b, 0x25);
	p = emit_rel32(p, HERE, &pc->regs_end);
	*p++ = 0xe9;
	emit_rel32(p, HERE, entry);
#undef HERE
}

/* Some pages for all CPUs' stubs: mapped to run, written here. */
static uint8_t stubs[NR_CPUS * SYSCALL_STUB_SIZE] __aligned(4096);

static unsigned long make_stubs(const struct pcpu *pc)
{
	unsigned long off = (unsigned long)pc->id * SYSCALL_STUB_SIZE;
	unsigned long at = SYSCALL_STUB_VIRT + off;

	if (!pc->id)
		for (unsigned long i = 0; i < sizeof(stubs); i += PAGE_SIZE)
			paging_map_page(SYSCALL_STUB_VIRT + i,
					mfn_to_paddr(virt_to_mfn(stubs + i)),
					MAP_RX);
	write_stub(stubs + off, at, pc, entry_syscall);
	write_stub(stubs + off + SYSCALL_STUB_SIZE / 2,
		   at + SYSCALL_STUB_SIZE / 2, pc, entry_syscall32);
	return at;
}

/* ---- registers ----------------------------------------------------------- */

static uint64_t wanted_cr4(void)
{
	uint64_t cr4 = CR4_PAE | CR4_MCE | CR4_PGE | CR4_OSFXSR |
		       CR4_OSXMMEXCPT;
	uint32_t r[4];

	cpuid_count(1, 0, r);
	if (r[2] & BIT(26))
		cr4 |= CR4_OSXSAVE;
	cpuid_count(0, 0, r);
	if (r[0] < 7)
		return cr4;
	cpuid_count(7, 0, r);
	if (r[1] & BIT(7))
		cr4 |= CR4_SMEP;
	if (r[2] & BIT(2))
		cr4 |= CR4_UMIP;
	return cr4;
}

void cpu_init_regs(struct pcpu *pc)
{
	unsigned long stub = make_stubs(pc);

	if (!core_cr4)
		core_cr4 = wanted_cr4();
	pc->cr4 = core_cr4;
	write_cr0(CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE);
	write_cr4(core_cr4);
	wrmsr(MSR_PAT, PAT_VALUE);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	wrmsr(MSR_STAR, (uint64_t)SEL_GUEST_CS32 << 48 |
			(uint64_t)SEL_CORE_CS << 32);
	wrmsr(MSR_LSTAR, stub);
	wrmsr(MSR_CSTAR, stub + SYSCALL_STUB_SIZE / 2);
	wrmsr(MSR_SFMASK, SYSCALL_MASK);
	wrmsr(MSR_SYSENTER_CS, 0);
}
