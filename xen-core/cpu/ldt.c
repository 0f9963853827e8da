/* The processor's LDT register: a window of slot 260, or nothing. */
#include <hvx/pv.h>

#include <asm/seg.h>
#include <hvx/domain.h>
#include <hvx/layout.h>
#include <hvx/pcpu.h>

#define LDT_PRESENT (0x82UL << 40)	/* type 2, ring 0 */

/* The descriptor stands in this CPU's own GDT page, 16 bytes of it. */
void pv_load_ldt(struct vcpu *v, struct pcpu *pc)
{
	uint64_t base = LDT_WINDOW((unsigned long)v->id);
	uint64_t *desc = &pc->gdt[(SEL_LDT >> 3) - GDT_RESERVED_FIRST_ENTRY];

	if (likely(!v->pv.ldt_ents)) {
		lldt(0);
		return;
	}
	desc[0] = (v->pv.ldt_ents * 8UL - 1) | (base & 0xffffff) << 16 |
		  LDT_PRESENT | (base >> 24 & 0xff) << 56;
	desc[1] = base >> 32;
	lldt(SEL_LDT);
}

void pv_reload_ldt(struct vcpu *v)
{
	struct pcpu *pc = this_pcpu();

	if (pc->current == v)
		pv_load_ldt(v, pc);
}
