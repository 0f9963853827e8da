/*
 * A kernel's ELF image: headers, segments and Xen notes.  The image may be
 * anything at all, so every offset is checked before it is used.
 */
#include <hvx/pvboot.h>

#include <abi/elfnote.h>
#include <hvx/string.h>

struct elf_ehdr {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_note {
	uint32_t namesz, descsz, type;
};

#define EM_X86_64 62
#define PT_LOAD	  1
#define PT_NOTE	  4
/* No kernel lies above this (the top 2 GiB is all it can use). */
#define PADDR_LIMIT 0x80000000UL

static uint64_t note_number(const uint8_t *desc, uint32_t size)
{
	uint32_t small;
	uint64_t big;

	if (size >= 8) {
		memcpy(&big, desc, 8);
		return big;
	}
	if (size < 4)
		return 0;
	memcpy(&small, desc, 4);
	return small;
}

static void note_take(struct elf_kernel *k, uint32_t type, const uint8_t *desc,
		      uint32_t size)
{
	unsigned long n = note_number(desc, size);

	switch (type) {
	case XEN_ELFNOTE_ENTRY:
		k->entry = n;
		break;
	case XEN_ELFNOTE_VIRT_BASE:
		k->virt_base = n;
		break;
	case XEN_ELFNOTE_HYPERCALL_PAGE:
		k->hypercall_page = n;
		break;
	case XEN_ELFNOTE_INIT_P2M:
		k->init_p2m = n;
		break;
	case XEN_ELFNOTE_PADDR_OFFSET:
		k->paddr_offset = n;
		break;
	case XEN_ELFNOTE_MOD_START_PFN:
		k->mod_start_pfn = n;
		break;
	case XEN_ELFNOTE_GUEST_OS:
		size = MIN(size, (uint32_t)sizeof(k->guest_os) - 1);
		memset(k->guest_os, 0, sizeof(k->guest_os));
		memcpy(k->guest_os, desc, size);
		break;
	}
}

/* The number of Xen's notes in a note segment. */
static unsigned int notes_read(struct elf_kernel *k, const uint8_t *p,
			       unsigned long size)
{
	unsigned int found = 0;

	while (size >= sizeof(struct elf_note)) {
		unsigned long name_len, desc_len;
		struct elf_note n;

		memcpy(&n, p, sizeof(n));
		p += sizeof(n);
		size -= sizeof(n);
		name_len = ROUND_UP((unsigned long)n.namesz, 4);
		desc_len = ROUND_UP((unsigned long)n.descsz, 4);
		if (name_len > size || desc_len > size - name_len)
			break;
		if (n.namesz == 4 && !memcmp(p, "Xen", 4)) {
			note_take(k, n.type, p + name_len, n.descsz);
			found++;
		}
		p += name_len + desc_len;
		size -= name_len + desc_len;
	}
	return found;
}

static const char *load_take(struct elf_kernel *k, const struct elf_phdr *ph)
{
	struct elf_load *l = &k->load[k->nr_loads];

	if (k->nr_loads == ELF_MAX_LOADS)
		return "has too many segments";
	if (ph->filesz > ph->memsz || ph->memsz > PADDR_LIMIT ||
	    ph->paddr > PADDR_LIMIT)
		return "has a segment out of range";
	l->offset = ph->offset;
	l->filesz = ph->filesz;
	l->memsz = ph->memsz;
	l->paddr = ph->paddr;
	k->nr_loads++;
	k->paddr_low = MIN(k->paddr_low, l->paddr);
	k->paddr_high = MAX(k->paddr_high, l->paddr + l->memsz);
	return NULL;
}

static const char *check_header(const uint8_t *p, unsigned long size,
				struct elf_ehdr *eh)
{
	if (size >= 0x206 && !memcmp(p + 0x202, "HdrS", 4))
		return "is a bzImage; hand over the ELF image inside it "
		       "(hvxkernel takes it out)";
	if (size < sizeof(*eh))
		return "is too short to be a kernel";
	memcpy(eh, p, sizeof(*eh));
	if (memcmp(eh->ident, "\177ELF", 4))
		return "is not an ELF image";
	if (eh->ident[4] != 2 || eh->machine != EM_X86_64)
		return "is not an x86-64 image";
	if (eh->phentsize != sizeof(struct elf_phdr) || eh->phoff > size ||
	    (unsigned long)eh->phnum * sizeof(struct elf_phdr) >
		    size - eh->phoff)
		return "has broken program headers";
	return NULL;
}

const char *elf_read_kernel(const void *image, unsigned long size,
			    struct elf_kernel *k)
{
	const uint8_t *p = image;
	unsigned int i, notes = 0;
	const char *why;
	struct elf_ehdr eh;

	memset(k, 0, sizeof(*k));
	k->entry = k->hypercall_page = k->init_p2m = NOTE_UNSET;
	k->virt_base = NOTE_UNSET;
	k->paddr_low = ~0UL;
	why = check_header(p, size, &eh);
	if (why)
		return why;
	for (i = 0; i < eh.phnum; i++) {
		struct elf_phdr ph;

		memcpy(&ph, p + eh.phoff + i * sizeof(ph), sizeof(ph));
		if (ph.offset > size || ph.filesz > size - ph.offset)
			return "is cut short";
		if (ph.type == PT_NOTE)
			notes += notes_read(k, p + ph.offset, ph.filesz);
		if (ph.type != PT_LOAD || !ph.memsz)
			continue;
		why = load_take(k, &ph);
		if (why)
			return why;
	}
	if (!notes)
		return "has no Xen notes: not a kernel that can run here";
	if (!k->nr_loads || k->virt_base == NOTE_UNSET ||
	    k->entry == NOTE_UNSET)
		return "lacks the notes VIRT_BASE and ENTRY, or has no content";
	if ((k->virt_base & 0x1fffff) || k->paddr_low < k->paddr_offset ||
	    (k->init_p2m != NOTE_UNSET && k->init_p2m & ~PAGE_MASK))
		return "has addresses that don't fit its notes";
	return NULL;
}
