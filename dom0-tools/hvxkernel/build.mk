# Takes dom0's kernel out of its vmlinuz, when hvx or a kernel is installed.
progs += hvxkernel
hvxkernel-src := dom0-tools/hvxkernel/main.c
hvxkernel-libs = libhvctl.a $(libhvctl-libs)
