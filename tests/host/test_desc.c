/*
 * Descriptor tables: which descriptors pass and as what; what set_gdt, set_ldt
 * and update_descriptor hold and give back.  Real frame words underneath.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "machine.h"
#include <hvx/hypercall.h>
#include <hvx/pv.h>

#define CODE64	 0x00affb000000ffffUL	/* ring 3 */
#define CODE64_0 0x00af9b000000ffffUL	/* ring 0 */
#define DATA_0	 0x00cf93000000ffffUL
#define DPL3	 (3UL << 45)
#define SYSTEM(type) (0x0000e00000000000UL | (uint64_t)(type) << 40)

static struct domain *d, *other;
static struct vcpu *v;
static uint64_t window[32];
static uint64_t guest_pte;	/* of the page where the LDT is */
static mfn_t l1_frame;

/* The one page that the guest has mapped. */
uint64_t *ptval_get_l1e(struct vcpu *w, gva_t va, mfn_t *l1)
{
	(void)w;
	if (va != 0x7000)
		return NULL;
	*l1 = l1_frame;
	assert_int_equal(frame_get_type(l1_frame, d, FT_WRITABLE), 0);
	return &guest_pte;
}

void domain_slot_hold(__maybe_unused unsigned int slot)
{
}

void domain_slot_release(__maybe_unused unsigned int slot)
{
}

bool guest_addr_ok(uint64_t a)
{
	return is_canonical(a) &&
	       (a < HYPERVISOR_VIRT_START || a >= HYPERVISOR_VIRT_END);
}

static unsigned int reloads;

void pv_reload_ldt(__maybe_unused struct vcpu *w)
{
	reloads++;
}

int ptval_validate(mfn_t mfn, const struct domain *owner, enum frame_type level,
		   unsigned int *entry)
{
	(void)mfn, (void)owner, (void)level, (void)entry;
	return 0;
}

int ptval_undo(mfn_t mfn, enum frame_type level, unsigned int *entry)
{
	(void)mfn, (void)level, (void)entry;
	return 0;
}

static int set_up(__maybe_unused void **state)
{
	unsigned int i;

	host_reset(2);
	host.quiet = true;
	d = host_make_domain(1, 1);
	other = host_make_domain(2, 1);
	v = host_make_vcpu(d, 0);
	memset(window, 0, sizeof(window));
	v->pv.desc_l1 = window;
	for (i = 0; i < GUEST_GDT_FRAMES; i++)
		v->pv.gdt_mfn[i] = INVALID_MFN;
	l1_frame = host_give_frame(d);
	reloads = 0;
	return 0;
}

static int tear_down(__maybe_unused void **state)
{
	host_free_domain(d);
	host_free_domain(other);
	return 0;
}

static mfn_t page_with(uint64_t desc)
{
	mfn_t mfn = host_give_frame(d);
	uint64_t *p = mfn_to_virt(mfn);

	memset(p, 0, PAGE_SIZE);
	p[5] = desc;
	return mfn;
}

static uint64_t fifth(mfn_t mfn)
{
	return ((uint64_t *)mfn_to_virt(mfn))[5];
}

/* Can the guest have it as a writable page right now? */
static bool writable(mfn_t mfn)
{
	if (frame_get_type(mfn, d, FT_WRITABLE))
		return false;
	frame_put_type_leaf(mfn);
	return true;
}

static void only_code_and_data_pass(__maybe_unused void **state)
{
	uint64_t x, absent;
	unsigned int type;

	for (type = 1; type < 16; type++) {
		x = SYSTEM(type);
		assert_false(pv_check_descriptor(&x));
		absent = SYSTEM(type) & ~(1UL << 47);
		x = absent;
		assert_true(pv_check_descriptor(&x));
		assert_int_equal(x, absent);
	}
	x = 0;
	assert_true(pv_check_descriptor(&x));
	assert_int_equal(x, 0);
	x = CODE64_0;
	assert_true(pv_check_descriptor(&x));
	assert_int_equal(x, CODE64);
	for (type = 16; type < 32; type++) {
		x = 0x0000800000000000UL | (uint64_t)type << 40;
		assert_true(pv_check_descriptor(&x));
		assert_int_equal(x & DPL3, DPL3);
	}
}

static void a_gdt_is_held_and_given_back(__maybe_unused void **state)
{
	mfn_t a = page_with(CODE64_0), b = page_with(DATA_0);
	mfn_t list[2] = { a, b };

	assert_int_equal(pv_set_gdt(v, list, 2, 600), 0);
	assert_int_equal(fifth(a), CODE64);
	assert_int_equal(fifth(b), DATA_0 | DPL3);
	assert_false(writable(a));
	assert_int_equal(window[0] & PTE_ADDR, mfn_to_paddr(a));
	assert_int_equal(window[1] & PTE_ADDR, mfn_to_paddr(b));
	/* Guests can't reach the window, and nothing runs there. */
	assert_int_equal(window[0] & (PTE_US | PTE_NX), PTE_NX);
	/* Past its end there are zeroes that can't be written. */
	assert_int_equal(window[2] & (PTE_P | PTE_RW), PTE_P);

	assert_int_equal(pv_set_gdt(v, &b, 1, 512), 0);
	assert_true(writable(a));
	assert_false(writable(b));
	pv_destroy_gdt(v);
	assert_true(writable(b));
	assert_int_equal(v->pv.gdt_ents, 0);
}

static void a_refused_gdt_leaves_the_old(__maybe_unused void **state)
{
	mfn_t a = page_with(CODE64), good = page_with(CODE64);
	mfn_t gate = page_with(SYSTEM(0xc)), held = page_with(0);
	mfn_t foreign = host_give_frame(other), list[GUEST_GDT_FRAMES];
	const mfn_t bad[] = { gate, held, foreign, INVALID_MFN };
	unsigned int i;

	assert_int_equal(frame_get_type(held, d, FT_WRITABLE), 0);
	assert_int_equal(pv_set_gdt(v, &a, 1, 8), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		list[0] = good;
		list[1] = bad[i];
		assert_int_equal(pv_set_gdt(v, list, 2, 600), -EINVAL);
		assert_true(writable(good));
		assert_int_equal(v->pv.gdt_ents, 8);
		assert_int_equal(window[0] & PTE_ADDR, mfn_to_paddr(a));
	}
	assert_int_equal(fifth(gate), SYSTEM(0xc));
	assert_int_equal(pv_set_gdt(v, list, 15, FIRST_RESERVED_GDT_ENTRY + 1),
			 -EINVAL);
	for (i = 0; i < GUEST_GDT_FRAMES; i++)
		list[i] = good;
	assert_int_equal(pv_set_gdt(v, list, 14, 14 * 512), 0);
	assert_false(writable(good));
	assert_true(writable(a));
	pv_destroy_gdt(v);
	assert_true(writable(good));
}

static void an_ldt_comes_in_by_page(__maybe_unused void **state)
{
	mfn_t page = page_with(CODE64_0);

	guest_pte = mfn_to_paddr(page) | PTE_P;
	assert_int_equal(pv_set_ldt(v, 0x7008, 1), -EINVAL);
	assert_int_equal(pv_set_ldt(v, 0x7000, 8193), -EINVAL);
	assert_int_equal(pv_set_ldt(v, HYPERVISOR_VIRT_START, 1), -EINVAL);
	assert_int_equal(pv_set_ldt(v, 0x800000000000, 1), -EINVAL);
	assert_int_equal(pv_set_ldt(v, 0x7fffffff0000 + 0xf000, 513), -EINVAL);
	assert_int_equal(reloads, 0);
	assert_int_equal(pv_set_ldt(v, 0x7000, 600), 0);
	assert_int_equal(reloads, 1);

	assert_true(pv_map_ldt_page(v, 0x28));
	assert_int_equal(fifth(page), CODE64);
	assert_false(writable(page));
	assert_true(writable(l1_frame));
	/* Mapped already, not there, past the end. */
	assert_false(pv_map_ldt_page(v, 0x28));
	assert_false(pv_map_ldt_page(v, 0x1000));
	assert_false(pv_map_ldt_page(v, 0x2000));

	assert_int_equal(pv_set_ldt(v, 0x1234, 0), 0);
	assert_int_equal(v->pv.ldt_base, 0);
	assert_true(writable(page));
	assert_int_equal(window[16], 0);
	assert_false(pv_map_ldt_page(v, 0));
}

static void an_ldt_page_must_be_good(__maybe_unused void **state)
{
	mfn_t gate = page_with(SYSTEM(0xe)), held = page_with(0);

	assert_int_equal(pv_set_ldt(v, 0x7000, 8), 0);
	guest_pte = 0;
	assert_false(pv_map_ldt_page(v, 0));
	guest_pte = mfn_to_paddr(gate) | PTE_P;
	assert_false(pv_map_ldt_page(v, 0));
	guest_pte = mfn_to_paddr(held) | PTE_P;
	assert_int_equal(frame_get_type(held, d, FT_WRITABLE), 0);
	assert_false(pv_map_ldt_page(v, 0));
	frame_put_type_leaf(held);
	assert_true(pv_map_ldt_page(v, 0));
	pv_drop_ldt(v);
}

static void one_descriptor(__maybe_unused void **state)
{
	mfn_t gdt = page_with(0), plain = page_with(0);
	mfn_t table = page_with(0), foreign = host_give_frame(other);
	uint64_t at = 5 * 8;

	assert_int_equal(pv_set_gdt(v, &gdt, 1, 8), 0);
	assert_int_equal(frame_get_type(table, d, FT_L1), 0);
	assert_int_equal(hc_update_descriptor(v, mfn_to_paddr(gdt) + at,
					      CODE64_0), 0);
	assert_int_equal(fifth(gdt), CODE64);
	assert_int_equal(hc_update_descriptor(v, mfn_to_paddr(plain) + at,
					      DATA_0), 0);
	assert_int_equal(fifth(plain), DATA_0 | DPL3);
	assert_true(writable(plain));

	assert_int_equal(hc_update_descriptor(v, mfn_to_paddr(gdt) + at,
					      SYSTEM(9)), -EINVAL);
	assert_int_equal(fifth(gdt), CODE64);
	assert_int_equal(hc_update_descriptor(v, mfn_to_paddr(gdt) + 4, 0),
			 -EINVAL);
	assert_int_equal(hc_update_descriptor(v, mfn_to_paddr(table) + at, 0),
			 -EINVAL);
	assert_int_equal(hc_update_descriptor(v, mfn_to_paddr(foreign) + at,
					      0), -EINVAL);
	assert_int_equal(hc_update_descriptor(v, ~7UL, 0), -EINVAL);
	pv_destroy_gdt(v);
	frame_put_type_leaf(table);
}

static void selectors(__maybe_unused void **state)
{
	assert_true(pv_selector_ok(0));
	assert_true(pv_selector_ok(3));
	assert_true(pv_selector_ok(0x13));
	assert_true(pv_selector_ok(0xe033));
	assert_true(pv_selector_ok(0xffff));	/* in the LDT */
	assert_false(pv_selector_ok(0x10));
	assert_false(pv_selector_ok(0xe008));
	assert_false(pv_selector_ok(0xe043));	/* the TSS */
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_code_and_data_pass),
		TEST(a_gdt_is_held_and_given_back),
		TEST(a_refused_gdt_leaves_the_old),
		TEST(an_ldt_comes_in_by_page),
		TEST(an_ldt_page_must_be_good),
		TEST(one_descriptor),
		TEST(selectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
