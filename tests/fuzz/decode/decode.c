/*
 * The decoder on any bytes.  No oracle, but what must hold of any answer: the
 * length is within what was given; the same bytes, with anything behind them,
 * give the same; every cut is too short or no instruction; nothing is read
 * past the end (the buffer is exactly as long as it says).  A store to an
 * entry that is taken keeps to its entry.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../xen-core/interp/private.h"
#include <hvx/regs.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode(const uint8_t *data, size_t n, struct insn *in)
{
	uint8_t *copy = malloc(n ? n : 1);
	int rc;

	memcpy(copy, data, n);
	rc = insn_decode(copy, (unsigned int)n, in);
	free(copy);
	return rc;
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_length(const uint8_t *data, const struct insn *in)
{
	uint8_t longer[32];
	struct insn again;
	unsigned int i;

	must(in->length > 0 && in->length <= INSN_MAX);
	memset(longer, 0xcc, sizeof(longer));
	memcpy(longer, data, in->length);
	must(!insn_decode(longer, sizeof(longer), &again));
	must(!memcmp(&again, in, sizeof(again)));
	for (i = 0; i < in->length; i++)
		must(decode(data, i, &again) == INSN_SHORT);
}

static void check_fields(const struct insn *in)
{
	must(in->map <= 1 && in->reg < 16 && in->rm < 16 && in->scale < 4);
	must(in->base < 16 || in->base == R_NONE);
	must(in->index < 16 || in->index == R_NONE);
	must(in->index != R_RSP);
	must(!in->rip_relative || in->base == R_NONE);
	must(in->is_mem || in->base == R_NONE);
}

/* The bits of an entry that a store of one bit or one byte may touch. */
static void check_store(const uint8_t *data, const struct insn *in)
{
	struct cpu_regs regs = { .rip = 0x10000 };
	static uint8_t text[32];
	struct pte_store st = { .length = 0 };
	uint64_t flags = 0x202, r;

	for (unsigned int i = 0; i < 16; i++)
		*insn_gpr(&regs, i) = 0x1000 * i + 7;
	memset(text, 0xcc, sizeof(text));
	memcpy(text, data, in->length);
	regs.rip = (uintptr_t)text;
	if (!interp_decode_pte_store(NULL, &regs, insn_address(in, &regs), &st))
		return;
	must(in->is_mem && st.length == in->length);
	if (st.kind != PTE_STORE_RMW) {
		must(in->wide);
		return;
	}
	must(st.width == 1 || st.width == 2 || st.width == 4 || st.width == 8);
	r = interp_rmw(&st, 0x8000000012345067, &flags);
	if (st.width < 8)
		must((r ^ 0x8000000012345067) >> 8 * st.width == 0);
	must(!((flags ^ 0x202) & ~0x8d5UL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct insn in;

	if (size > 32)
		return 0;
	if (decode(data, size, &in))
		return 0;
	must(in.length <= size);
	check_length(data, &in);
	check_fields(&in);
	check_store(data, &in);
	return 0;
}
