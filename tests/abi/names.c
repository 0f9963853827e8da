/* SPDX-License-Identifier: MIT */
/*
 * hypercall_name() and hypercall_subop_name(): every line of the tables is
 * found by its number, and numbers without a line aren't.
 */
#include <names.h>
#include <stdio.h>
#include <string.h>

static int passed, failed;

static void check(const char *got, const char *want, unsigned long nr,
		  unsigned long cmd)
{
	if (got == want || (got && want && !strcmp(got, want))) {
		passed++;
		return;
	}
	failed++;
	printf("FAIL name of (%lu, %lu): %s instead of %s\n", nr, cmd,
	       got ? got : "none", want ? want : "none");
}

static void check_calls(void)
{
#define HC0(nr, name, ...) check(hypercall_name(nr), #name, nr, 0);
#define HC1 HC0
#define HC2 HC0
#define HC3 HC0
#define HC4 HC0
#define HC5 HC0
#define HCX(nr, name) check(hypercall_name(nr), #name, nr, 0);
#include <hypercalls.def>
	check(hypercall_name(11), NULL, 11, 0);
	check(hypercall_name(43), NULL, 43, 0);
	check(hypercall_name(56), NULL, 56, 0);
	check(hypercall_name(~0U), NULL, ~0U, 0);
}

static void check_subops(void)
{
#define SUBOP(nr, name, ...) check(hypercall_subop_name(32, nr), #name, 32, nr);
#include <ops/event_channel_op.def>
#define SUBOP(nr, name, ...) check(hypercall_subop_name(12, nr), #name, 12, nr);
#define SUBOPX SUBOP
#include <ops/memory_op.def>
#define SUBOP(nr, name, ...) check(hypercall_subop_name(36, nr), #name, 36, nr);
#define SUBOPX SUBOP
#include <ops/domctl.def>
	check(hypercall_subop_name(7, 51), "enter_acpi_sleep", 7, 51);
	check(hypercall_subop_name(17, 6), "get_features", 17, 6);
	check(hypercall_subop_name(18, 0), "write", 18, 0);
	check(hypercall_subop_name(20, 5), "copy", 20, 5);
	check(hypercall_subop_name(21, 32), "m2p_strict", 21, 32);
	check(hypercall_subop_name(24, 3), "is_up", 24, 3);
	check(hypercall_subop_name(26, 15), "new_user_baseptr", 26, 15);
	check(hypercall_subop_name(28, 1), "unregister_callback", 28, 1);
	check(hypercall_subop_name(29, 1), "block", 29, 1);
	check(hypercall_subop_name(30, 0), "register", 30, 0);
	check(hypercall_subop_name(33, 13), "map_pirq", 33, 13);
	check(hypercall_subop_name(35, 3), "physinfo", 35, 3);
	check(hypercall_subop_name(32, 14), NULL, 32, 14);
	check(hypercall_subop_name(1, 0), NULL, 1, 0);
	check(hypercall_subop_name(36, 1UL << 32), NULL, 36, 1UL << 32);
	check(hypercall_subop_name(~0U, 0), NULL, ~0U, 0);
}

int main(void)
{
	check_calls();
	check_subops();
	printf("names: %d passed, %d failed\n", passed, failed);
	return failed != 0;
}
