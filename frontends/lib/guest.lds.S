/*
 * One guest image: text, read-only data, data and bss in a row from VIRT_BASE
 * + 1 MiB, loaded at the pseudo-physical address of the same offset.
 */
#include <pv/mem.h>

OUTPUT_FORMAT(elf64-x86-64)
OUTPUT_ARCH(i386:x86-64)
ENTRY(_start)

PHDRS {
	text PT_LOAD FLAGS(7);
	note PT_NOTE FLAGS(4);
}

SECTIONS {
	. = VIRT_BASE + 0x100000;
	.text : AT(ADDR(.text) - VIRT_BASE) {
		_text = .;
		*(.text.start) *(.text .text.*)
	} :text
	. = ALIGN(4096);
	.rodata : AT(ADDR(.rodata) - VIRT_BASE) {
		*(.rodata .rodata.*)
		. = ALIGN(16);
		fixup_table_start = .;
		KEEP(*(.fixup_table))
		fixup_table_end = .;
	} :text
	.note : AT(ADDR(.note) - VIRT_BASE) { KEEP(*(.note.Xen)) } :text :note
	. = ALIGN(4096);
	.data : AT(ADDR(.data) - VIRT_BASE) { *(.data .data.*) } :text
	. = ALIGN(4096);
	.bss : AT(ADDR(.bss) - VIRT_BASE) {
		_bss = .;
		*(.bss.aligned) *(.bss .bss.*) *(COMMON)
		. = ALIGN(4096);
	} :text
	_end = .;

	/DISCARD/ : { *(.comment) *(.eh_frame) *(.note.GNU-stack) *(.note.gnu.*) }
}
