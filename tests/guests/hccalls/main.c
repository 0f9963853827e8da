/*
 * hccalls: every call of the table with what no guest should pass (HC-01,
 * HC-03, HC-05 and HC-08 as far as a guest in dom0's place can).
 *
 * What must hold: a number that isn't in the table is -ENOSYS, whatever its
 * arguments; every operation refuses an argument that can't be read or written
 * as a whole; lists that end in nothing and marks that only a continuation
 * should set change nothing. The operations come from the tables themselves, so
 * a new one is tried as soon as it has its line. A broken hypervisor panics.
 */
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

#define NR_CALLS	64

enum { NONE, IN, OUT, INOUT };

struct subop {
	unsigned int call, cmd;
	const char *name, *type;
	int dir;
};

static const struct subop subops[] = {
#define SUBOP(nr, name, type, dir, who) { CALL, nr, #name, #type, dir },
#define CALL __HYPERVISOR_xen_version
#include <ops/xen_version.def>
#undef CALL
#define SUBOP(nr, name, type, dir, who) { CALL, nr, #name, #type, dir },
#define CALL __HYPERVISOR_memory_op
#include <ops/memory_op.def>
#undef CALL
#define SUBOP(nr, name, type, dir, who) { CALL, nr, #name, #type, dir },
#define CALL __HYPERVISOR_vcpu_op
#include <ops/vcpu_op.def>
#undef CALL
#define SUBOP(nr, name, type, dir, who) { CALL, nr, #name, #type, dir },
#define CALL __HYPERVISOR_event_channel_op
#include <ops/event_channel_op.def>
#undef CALL
#define SUBOP(nr, name, type, dir, who) { CALL, nr, #name, #type, dir },
#define CALL __HYPERVISOR_grant_table_op
#include <ops/grant_table_op.def>
#undef CALL
#define SUBOP(nr, name, type, dir, who) { CALL, nr, #name, #type, dir },
#define CALL __HYPERVISOR_physdev_op
#include <ops/physdev_op.def>
#undef CALL
#define SUBOP(nr, name, type, dir, who) { CALL, nr, #name, #type, dir },
#define CALL __HYPERVISOR_sched_op
#include <ops/sched_op.def>
#undef CALL
#define SUBOP(nr, name, type, dir, who) { CALL, nr, #name, #type, dir },
#define CALL __HYPERVISOR_callback_op
#include <ops/callback_op.def>
#undef CALL
};

static bool known[NR_CALLS];

static void learn_numbers(void)
{
#define HC0(nr, name, flags)				known[nr] = true;
#define HC1(nr, name, flags, ...)			known[nr] = true;
#define HC2(nr, name, flags, ...)			known[nr] = true;
#define HC3(nr, name, flags, ...)			known[nr] = true;
#define HC4(nr, name, flags, ...)			known[nr] = true;
#define HC5(nr, name, flags, ...)			known[nr] = true;
#define HCX(nr, name)					known[nr] = true;
#include <hypercalls.def>
}

static uint64_t next_random(void)
{
	static uint64_t seed = 0x9e3779b97f4a7c15;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Small numbers, addresses out of reach, and anything. */
static hcarg_t random_argument(void)
{
	uint64_t r = next_random();

	switch (r & 3) {
	case 0:
		return r >> 58;
	case 1:
		return HV_START + (r >> 20);
	case 2:
		return ~(r >> 58);
	default:
		return r;
	}
}

static bool is_unknown(unsigned long nr)
{
	return hypercall(nr, random_argument(), random_argument(),
			 random_argument(), random_argument(),
			 random_argument()) == -XEN_ENOSYS;
}

static void number_space(void)
{
	unsigned long nr;
	unsigned int i;

	for (i = 0; i < 200; i++)
		for (nr = 0; nr < 1024; nr++)
			if (nr >= NR_CALLS || !known[nr])
				check_quiet(is_unknown(nr),
					    "HC-01 number %lu", nr);
	for (nr = 31; nr < 64; nr++) {
		/* The low half is what counts: keep it unknown. */
		check_quiet(is_unknown((1ul << nr) + 47), "HC-01 2^%lu + 47",
			    nr);
	}
	check_quiet(is_unknown(1ul << 31), "HC-01 2^31");
	check_quiet(is_unknown(~0ul), "HC-01 2^64 - 1");
	check(true, "HC-01 numbers that aren't in the table");
}

static unsigned long page_end;	/* a page, then nothing */

static long call_with(const struct subop *s, unsigned long pointer)
{
	switch (s->call) {
	case __HYPERVISOR_vcpu_op:
		return hypercall3(s->call, s->cmd, 0, pointer);
	case __HYPERVISOR_grant_table_op:
		return hypercall3(s->call, s->cmd, pointer, 1);
	default:
		return hypercall2(s->call, s->cmd, pointer);
	}
}

/* Their result is how many extents were done: none is a refusal too. */
static bool counts_extents(const struct subop *s)
{
	return s->call == __HYPERVISOR_memory_op &&
	       (s->cmd == XENMEM_increase_reservation ||
		s->cmd == XENMEM_decrease_reservation ||
		s->cmd == XENMEM_populate_physmap);
}

static void try_pointer(const struct subop *s, unsigned long pointer)
{
	long rc = call_with(s, pointer);

	check_quiet(rc < 0 || (rc == 0 && counts_extents(s)),
		    "HC-03 call %u %s with %lx: %ld", s->call,
		    s->name, pointer, rc);
}

static void pointer_sweep(void)
{
	const unsigned long bad[] = {
		0x1000, HV_START, HV_START + 0x123456789, HV_START - 1,
		HV_END - 1, 0x0000800000000000, 0x00007fffffffffff,
		0x8000000000000000, 0xffff7fffffffffff, ~0ul, ~7ul,
		page_end, page_end - 1,
	};
	unsigned int i, p, n = 0;

	for (i = 0; i < sizeof(subops) / sizeof(subops[0]); i++) {
		const struct subop *s = &subops[i];

		if (s->dir == NONE || !strncmp(s->type, "void", 5))
			continue;
		n++;
		for (p = 0; p < sizeof(bad) / sizeof(bad[0]); p++)
			try_pointer(s, bad[p]);
	}
	check(n > 60, "HC-03 arguments of operations");
}

/* The calls that take one struct, or lists, without a command before. */
static void other_pointers(void)
{
	static const unsigned int plain[] = {
		__HYPERVISOR_sysctl, __HYPERVISOR_domctl,
		__HYPERVISOR_platform_op, __HYPERVISOR_xsm_op,
		__HYPERVISOR_set_trap_table,
	};
	const unsigned long bad[] = {
		0x1000, HV_START, HV_END - 1, 0x0000800000000000, ~7ul,
		page_end, page_end - 1,
	};
	unsigned int i, p;

	for (p = 0; p < sizeof(bad) / sizeof(bad[0]); p++) {
		for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
			check_quiet(hypercall1(plain[i], bad[p]) < 0,
				    "HC-03 call %u with %lx", plain[i], bad[p]);
		check_quiet(hypercall3(__HYPERVISOR_console_io,
				       CONSOLEIO_write, 16, bad[p]) < 0,
			    "HC-03 console_io with %lx", bad[p]);
		check_quiet(hypercall2(__HYPERVISOR_set_gdt, bad[p], 512) < 0,
			    "HC-03 set_gdt with %lx", bad[p]);
		check_quiet(hypercall2(__HYPERVISOR_multicall, bad[p], 2) < 0,
			    "HC-03 multicall with %lx", bad[p]);
		check_quiet(hypercall4(__HYPERVISOR_mmu_update, bad[p], 2, 0,
				       DOMID_SELF) < 0,
			    "HC-03 mmu_update with %lx", bad[p]);
		check_quiet(hypercall4(__HYPERVISOR_mmuext_op, bad[p], 2, 0,
				       DOMID_SELF) < 0,
			    "HC-03 mmuext_op with %lx", bad[p]);
	}
	check(true, "HC-03 arguments of the other calls");
}

static void multicall_lists(void)
{
	static const unsigned long counts[] = {
		65, 1000, 0x7fffffff, 0x80000000, 0xffffffff,
	};
	struct multicall_entry *list = (void *)(page_end - PAGE_SIZE);
	struct multicall_entry *inner = page_alloc();
	unsigned int i, n = PAGE_SIZE / sizeof(*list), done;
	long rc;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		memset(list, 0, PAGE_SIZE);
		for (done = 0; done < n; done++) {
			list[done].op = __HYPERVISOR_xen_version;
			list[done].result = 0xdead;
		}
		rc = hypercall2(__HYPERVISOR_multicall, list, counts[i]);
		for (done = 0; done < n && list[done].result != 0xdead; done++)
			;
		check(rc == -XEN_EFAULT && (done == n || done == 0),
		      "HC-05 a list of %lx that ends after %u (%ld, %u)",
		      counts[i], n, rc, done);
	}
	inner[0].op = __HYPERVISOR_multicall;
	inner[0].args[0] = HC(inner);
	inner[0].args[1] = 2;
	inner[1].op = __HYPERVISOR_xen_version;
	check(!HYPERVISOR_multicall(inner, 2) && (long)inner[0].result < 0 &&
	      (long)inner[1].result > 0, "HC-05 a list within itself");
	check(HYPERVISOR_xen_version(XENVER_version, NULL) > 0,
	      "HC-05 calls go on as before");
	page_free(inner);
}

/* The upper bits of memory_op's command say where a continuation goes on. */
static void forged_extents(void)
{
	static const unsigned int ops[] = {
		XENMEM_increase_reservation, XENMEM_decrease_reservation,
		XENMEM_populate_physmap,
	};
	struct xen_memory_reservation r;
	xen_pfn_t list[4] = { 0, 0, 0, 0 };
	domid_t self = DOMID_SELF;
	unsigned long start;
	unsigned int i;
	long before = HYPERVISOR_memory_op(XENMEM_current_reservation, &self);

	for (i = 0; i < 3; i++) {
		for (start = 4; start < 1ul << 50; start <<= 3) {
			long rc;

			memset(&r, 0, sizeof(r));
			r.nr_extents = 4;
			r.domid = DOMID_SELF;
			handle_set(r.extent_start, list);
			rc = HYPERVISOR_memory_op(ops[i] | start << 6, &r);
			check_quiet(rc <= 0 || rc == (long)start ||
				    rc == (int)start,
				    "HC-08 op %u from %lx of 4: %ld", ops[i],
				    start, rc);
		}
	}
	check(HYPERVISOR_memory_op(XENMEM_current_reservation, &self) == before,
	      "HC-08 a forged start changes no reservation");
}

void guest_main(void)
{
	char *page = page_alloc();
	unsigned long va = 0xffff900000000000;

	pt_build(va);
	map_va(va, va_pte(page, PTE_KERN));
	page_end = va + PAGE_SIZE;
	learn_numbers();
	number_space();
	pointer_sweep();
	other_pointers();
	multicall_lists();
	forged_extents();
}
