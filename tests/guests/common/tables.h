/*
 * What the page-table tests share: trees of tables that aren't in use yet,
 * places in the tables in force where one can be linked, and frames that
 * belong to somebody else.
 */
#ifndef GUESTS_TABLES_H
#define GUESTS_TABLES_H

#include <stdint.h>
#include <stdbool.h>
#include <pv/hypercall.h>
#include <pv/insn.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/string.h>

/* A part of the kernel's address space that tests may spoil. */
#define AREA	0xffff900000000000ul

/* Give @level and what is below it, one entry each, down to a page. */
struct tree {
	uint64_t *table[5];	/* by level; [0] is the page */
	unsigned int top;
};

/* Tables are mapped read-only and not linked anywhere. */
void tree_build(struct tree *t, unsigned int top);
/* All of the tree becomes ordinary pages again; a check says if one can't. */
void tree_free(struct tree *t, const char *what);

/* A fresh page as a table: zeros, mapped read-only. */
uint64_t *table_alloc(void);
/* Write @value into a table that isn't in use, through its own mapping. */
void table_set(uint64_t *table, unsigned int index, uint64_t value);
void table_free(uint64_t *table, const char *what);

/*
 * The entry in the tables in force, number @i from 1, where a table of @level
 * (1 to 3) can be linked, or for 0 a page mapped at area_va(@i).
 */
uint64_t *area_slot(unsigned int level, unsigned int i);
static inline unsigned long area_va(unsigned int i)
{
	return AREA + i * (unsigned long)PAGE_SIZE;
}

/* A number that says no, and nothing was written. */
void check_refused(long rc, const uint64_t *entry, uint64_t before,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void check_refused_quiet(long rc, const uint64_t *entry, uint64_t before,
			 const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void check_allowed(long rc, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Frame number @i of RAM that isn't this domain's, or 0 when there are no
 * more; spread evenly. */
unsigned long foreign_mfn(unsigned int i, unsigned int of);
/* A frame that was this domain's until just now. */
unsigned long freed_mfn(void);
/* The first frame number beyond what the processor can address. */
unsigned long mfn_limit(void);

#endif
