/* SPDX-License-Identifier: MIT */
/*
 * Names of hypercalls and of their sub-operations, for messages and counters.
 * Made from the tables; no libc, so that core, guests and tools can link it.
 */
#ifndef HYPERCALLS_NAMES_H
#define HYPERCALLS_NAMES_H

/* "mmu_update" for 1; NULL for a number that the ABI doesn't give out. */
const char *hypercall_name(unsigned int nr);

/*
 * "alloc_unbound" for (32, 6); NULL if the hypercall has no sub-operations or
 * not this one. cmd is the bare number: take a continuation's state off it
 * first. For vm_assist it is the type, the second argument.
 */
const char *hypercall_subop_name(unsigned int nr, unsigned long cmd);

#endif /* HYPERCALLS_NAMES_H */
