/*
 * The core's image: one piece, linked at IMAGE_VIRT, with load addresses from
 * 2 MiB on; the header's relocatable tag lets the loader put it at any other
 * multiple of 2 MiB.  Parts begin at page boundaries, because the core's own
 * tables map them with different rights.  The Multiboot2 header comes first:
 * it must be within the file's first 32 KiB.
 */
#include <hvx/layout.h>

#define LINK_PADDR 0x200000
#define AT_LOAD(s) AT(ADDR(s) - IMAGE_VIRT + LINK_PADDR)

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(boot_entry)

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = IMAGE_VIRT;
	image_start = .;
	.text : AT_LOAD(.text) {
		KEEP(*(.head))
		*(.text .text.*)
		*(.fixup)
	} :text
	. = ALIGN(4096);
	image_text_end = .;

	.rodata : AT_LOAD(.rodata) {
		*(.rodata .rodata.*)
		*(.data.rel.ro .data.rel.ro.*)
		. = ALIGN(8);
		__start_ex_table = .;
		KEEP(*(__ex_table))
		__stop_ex_table = .;
		*(.got .got.plt)
	} :rodata
	. = ALIGN(4096);
	image_rodata_end = .;

	.data : AT_LOAD(.data) {
		*(.data .data.*)
	} :data
	. = ALIGN(4096);
	.bss : AT_LOAD(.bss) {
		*(.bss .bss.* COMMON)
		. = ALIGN(4096);
	} :data
	image_end = .;

	/DISCARD/ : {
		*(.comment .note .note.* .eh_frame .interp .dynamic)
	}
}
