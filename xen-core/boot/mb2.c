/*
 * The Multiboot2 information, read once: each tag is checked against its own
 * size and the whole's, and copied.  Nothing points into the loader's memory
 * afterwards.
 *
 * GRUB's scripts put the word "placeholder" before our options and dom0's;
 * entries written by hand put a file's name there, or nothing.
 */
#include <hvx/boot.h>

#include <hvx/console.h>
#include <hvx/panic.h>
#include <hvx/string.h>

enum {
	TAG_END = 0,
	TAG_CMDLINE = 1,
	TAG_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MMAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_EFI64 = 12,
	TAG_ACPI_OLD = 14,
	TAG_ACPI_NEW = 15,
	TAG_EFI_MMAP = 17,
};

#define FRAMEBUFFER_TEXT 2
/* No loader has more to say. */
#define INFO_MAX (1U << 20)

struct info_head {
	uint32_t size, reserved;
};

struct tag {
	uint32_t type, size;
};

struct tag_module {
	struct tag tag;
	uint32_t start, end;
	char cmdline[];
};

struct tag_mmap {
	struct tag tag;
	uint32_t entry_size, entry_version;
	uint8_t entries[];
};

struct mmap_entry {
	uint64_t addr, len;
	uint32_t type, zero;
};

struct tag_framebuffer {
	struct tag tag;
	uint64_t addr;
	uint32_t pitch, width, height;
	uint8_t bpp, kind;
};

struct boot_info boot_info;

/* Does this token name the file, not an option? */
static bool is_file_name(const char *s, size_t n)
{
	static const char word[] = "placeholder";

	return (n == sizeof(word) - 1 && !strncmp(s, word, n)) || s[0] == '/' ||
	       s[0] == '(';
}

/* The string that fills the rest of a tag, less a file's name before it. */
static bool copy_line(char *to, size_t size, const char *s, size_t room)
{
	size_t len = 0, word = 0;

	while (len < room && s[len])
		len++;
	if (len == room)
		return false;
	while (*s == ' ')
		s++;
	while (s[word] && s[word] != ' ')
		word++;
	if (word && is_file_name(s, word))
		s += word;
	while (*s == ' ')
		s++;
	return strlcpy(to, s, size) < size;
}

static const char *read_module(const struct tag_module *t, struct boot_info *b)
{
	struct boot_module *m = &b->module[b->nr_modules];

	if (t->tag.size < sizeof(*t) + 1 || t->end < t->start)
		return "a module's description is damaged";
	if (b->nr_modules == BOOT_MODULES)
		return "too many modules (8 is the most)";
	m->start = t->start;
	m->end = t->end;
	if (!copy_line(m->cmdline, sizeof(m->cmdline), t->cmdline,
		       t->tag.size - sizeof(*t)))
		return "a module's command line is too long (1023 bytes)";
	b->nr_modules++;
	return NULL;
}

static const char *read_mmap(const struct tag_mmap *t, struct e820_map *m)
{
	uint32_t at = sizeof(*t);

	if (t->tag.size < sizeof(*t) ||
	    t->entry_size < sizeof(struct mmap_entry) ||
	    t->entry_size > PAGE_SIZE)
		return "the memory map is damaged";
	for (; t->tag.size - at >= t->entry_size; at += t->entry_size) {
		struct mmap_entry e;

		memcpy(&e, (const char *)t + at, sizeof(e));
		if (e.addr + e.len < e.addr)
			return "the memory map is damaged";
		if (!e820_add(m, e.addr, e.addr + e.len, e.type))
			printk(LOG_WARN "memory map: too many entries\n");
	}
	return NULL;
}

static void read_rsdp(const struct tag *t, struct boot_info *b)
{
	size_t n = t->size - sizeof(*t);

	/* The newer form is better, whichever comes first. */
	if (n < 20 || (b->has_rsdp && t->type == TAG_ACPI_OLD))
		return;
	memset(b->rsdp, 0, sizeof(b->rsdp));
	memcpy(b->rsdp, t + 1, MIN(n, sizeof(b->rsdp)));
	b->has_rsdp = true;
}

static const char *read_tag(const struct tag *t, struct boot_info *b,
			    struct e820_map *m)
{
	const char *text = (const char *)(t + 1);
	size_t room = t->size - sizeof(*t);

	switch (t->type) {
	case TAG_CMDLINE:
		if (!copy_line(b->cmdline, sizeof(b->cmdline), text, room))
			return "the command line is too long (2047 bytes)";
		break;
	case TAG_LOADER:
		for (size_t i = 0; i < room && i < sizeof(b->loader) - 1; i++)
			b->loader[i] = text[i];
		break;
	case TAG_MODULE:
		return read_module((const void *)t, b);
	case TAG_MMAP:
		return read_mmap((const void *)t, m);
	case TAG_FRAMEBUFFER:
		if (t->size >= sizeof(struct tag_framebuffer))
			b->has_text_screen =
				((const struct tag_framebuffer *)
				 (const void *)t)->kind == FRAMEBUFFER_TEXT;
		break;
	case TAG_EFI64:
		b->is_efi = true;
		if (room >= 8)
			memcpy(&b->efi_system_table, text, 8);
		break;
	case TAG_EFI_MMAP:
		b->is_efi = true;
		break;
	case TAG_ACPI_OLD:
	case TAG_ACPI_NEW:
		read_rsdp(t, b);
		break;
	}
	return NULL;
}

const char *mb2_read(const void *info, struct boot_info *b,
		     struct e820_map *m)
{
	uint32_t total = ((const struct info_head *)info)->size, at = 8;

	if (total < 16 || total > INFO_MAX)
		return "the loader's information has no plausible size";
	for (;;) {
		const struct tag *t = (const void *)((const char *)info + at);
		const char *why;

		if (total - at < sizeof(*t) || t->size < sizeof(*t) ||
		    t->size > total - at)
			return "the loader's information is cut short";
		if (t->type == TAG_END)
			break;
		why = read_tag(t, b, m);
		if (why)
			return why;
		if (ROUND_UP(t->size, 8U) >= total - at)
			return "the loader's information has no end";
		at += ROUND_UP(t->size, 8U);
	}
	if (!m->nr)
		return "the loader gave no memory map";
	return NULL;
}

void mb2_parse(const void *info)
{
	const char *why = mb2_read(info, &boot_info, &e820);

	if (why)
		boot_refuse("%s", why);
}
