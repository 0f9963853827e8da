#!/bin/bash
# todo.sh NM OBJECT...: assembly with a stub for each symbol that the objects
# use and none defines; a stub says its name and returns 0.
nm=$1; shift
$nm -g "$@" | awk '
	NF == 2 && $1 == "U" { used[$2] = 1 }
	NF == 3 { defined[$3] = 1 }
	END { for (s in used) if (!(s in defined) && s !~ /^hvx_sym/ &&
		s !~ /^(__start|__stop|image_)/) print s }' | sort | awk '
	{ printf ".text\n.globl %s\n%s: lea 1f(%%rip), %%rdi\njmp todo_missing\n", $1, $1
	  printf ".section .rodata\n1: .asciz \"%s\"\n", $1 }
	END { print ".text\ntodo_missing: mov %rdi, %rsi\nlea 1f(%rip), %rdi"
	  print "xor %eax, %eax\npush %rbp\ncall printk\npop %rbp\nxor %eax, %eax\nret\n.section .rodata\n1: .asciz \"todo: %s\\n\""
	  print ".section .note.GNU-stack, \"\", @progbits" }'
