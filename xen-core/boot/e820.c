/* The machine's memory map: what firmware says, put in order. */
#include <hvx/boot.h>

#include <hvx/console.h>
#include <hvx/string.h>

struct e820_map e820;

bool e820_add(struct e820_map *m, paddr_t start, paddr_t end, uint32_t type)
{
	if (end <= start)
		return true;
	if (m->nr == E820_MAX)
		return false;
	m->e[m->nr++] = (struct e820_entry){ start, end - start, type };
	return true;
}

/* How much a type forbids: of two that overlap the higher one holds. */
static unsigned int severity(uint32_t type)
{
	switch (type) {
	case E820_RAM:
		return 1;
	case E820_ACPI:
		return 3;
	case E820_NVS:
		return 4;
	case E820_UNUSABLE:
		return 5;
	default:
		return 2;
	}
}

static uint32_t normal_type(uint32_t type)
{
	return type >= E820_RAM && type <= E820_UNUSABLE ? type
							 : E820_RESERVED;
}

static uint64_t entry_end(const struct e820_entry *e)
{
	return e->addr + e->size < e->addr ? ~0ULL : e->addr + e->size;
}

/* The type that holds from at on, and in *next where that may change; 0: no
 * entry says anything. */
static uint32_t type_at(const struct e820_map *m, uint64_t at, uint64_t *next)
{
	uint32_t type = 0;

	*next = ~0ULL;
	for (unsigned int i = 0; i < m->nr; i++) {
		uint64_t start = m->e[i].addr, end = entry_end(&m->e[i]);

		if (start > at) {
			*next = MIN(*next, start);
		} else if (end > at) {
			*next = MIN(*next, end);
			if (!type || severity(m->e[i].type) > severity(type))
				type = normal_type(m->e[i].type);
		}
	}
	return type;
}

static void append(struct e820_map *m, uint64_t start, uint64_t end,
		   uint32_t type)
{
	struct e820_entry *last = m->nr ? &m->e[m->nr - 1] : NULL;

	if (last && last->type == type && entry_end(last) == start)
		last->size += end - start;
	else if (!e820_add(m, start, end, type))
		printk(LOG_WARN "memory map: too many entries, %lx-%lx left out\n",
		       start, end);
}

void e820_sanitize(struct e820_map *m)
{
	static struct e820_map raw;
	uint64_t at = 0, next;

	raw = *m;
	m->nr = 0;
	for (; at != ~0ULL; at = next) {
		uint32_t type = type_at(&raw, at, &next);

		if (type)
			append(m, at, next, type);
	}
}

bool e820_all(const struct e820_map *m, paddr_t start, paddr_t end,
	      uint32_t type)
{
	while (start < end) {
		uint64_t next;

		if (type_at(m, start, &next) != type)
			return false;
		start = next;
	}
	return true;
}

paddr_t e820_ram_end(const struct e820_map *m)
{
	paddr_t end = 0;

	for (unsigned int i = 0; i < m->nr; i++)
		if (m->e[i].type == E820_RAM)
			end = MAX(end, entry_end(&m->e[i]));
	return end;
}

void e820_print(const struct e820_map *m)
{
	static const char *const name[] = { "?", "RAM", "reserved", "ACPI",
					    "NVS", "unusable" };

	for (unsigned int i = 0; i < m->nr; i++)
		printk(LOG_INFO "  %016lx-%016lx %s\n", m->e[i].addr,
		       entry_end(&m->e[i]) - 1, name[m->e[i].type]);
}
