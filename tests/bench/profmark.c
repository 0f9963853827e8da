/* SPDX-License-Identifier: MIT */
/*
 * profmark start|stop: tells tests/profile, by an instruction that does nothing,
 * that what follows is to be counted from zero, or no more.
 */
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "start")) {
		/* nopl 0x78766801(%rax,%rax,1) */
		__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0, 1, 'h', 'v', 'x'");
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "stop")) {
		__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0, 2, 'h', 'v', 'x'");
		return 0;
	}
	fprintf(stderr, "usage: profmark start|stop\n");
	return 1;
}
