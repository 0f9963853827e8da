/*
 * Addresses to names.  The table is made by the build from the linked image
 * (Rules.mk): text symbols in order of address, names in one string.
 */
#include <hvx/symbols.h>

struct symbol {
	uint32_t off, name;
};

extern const struct symbol hvx_symtab[];
extern const uint32_t hvx_symtab_count;
extern const uint64_t hvx_symtab_base;
extern const char hvx_symnames[];
extern const char image_text_end[];

const char *symbol_find(unsigned long addr, unsigned long *offset)
{
	uint32_t lo = 0, hi = hvx_symtab_count;
	unsigned long off = addr - hvx_symtab_base;

	if (!hi || addr < hvx_symtab_base ||
	    addr >= (unsigned long)image_text_end)
		return NULL;
	/* The last one that begins at or below. */
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (hvx_symtab[mid].off <= off)
			lo = mid;
		else
			hi = mid;
	}
	*offset = off - hvx_symtab[lo].off;
	return hvx_symnames + hvx_symtab[lo].name;
}
