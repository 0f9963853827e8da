# `nm -n` of the core in, its symbol table as assembly out (see Rules.mk).
# Addresses are 16 hexadecimal digits; awk's numbers are too small for them,
# so offsets are left to the assembler.
BEGIN {
	n = 0
}
$2 ~ /^[tTwW]$/ && length($1) == 16 && $1 ~ /^ffff/ {
	addr[n] = $1
	name[n++] = $3
}
END {
	print ".section .rodata, \"a\""
	print ".globl hvx_symtab, hvx_symtab_count, hvx_symtab_base, hvx_symnames"
	print ".balign 8"
	print "hvx_symtab_base: .quad " (n ? "0x" addr[0] : "0")
	print "hvx_symtab_count: .long " n + 0
	print "hvx_symtab:"
	for (i = 0; i < n; i++) {
		print ".long 0x" addr[i] " - 0x" addr[0] ", " at + 0
		at += length(name[i]) + 1
	}
	print "hvx_symnames:"
	for (i = 0; i < n; i++)
		print ".asciz \"" name[i] "\""
	print ".section .note.GNU-stack, \"\", @progbits"
}
