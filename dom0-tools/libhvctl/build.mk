# The reader of kernels and the plan of a guest's memory are the core's own.
libs += libhvctl
libhvctl-src := $(addprefix dom0-tools/libhvctl/,core.c linux.c build.c \
	unpack.c unpack_child.c) xen-core/pv/elf.c xen-core/pv/layout.c
libhvctl-libs := -lxencall -lxenforeignmemory -lseccomp -llzma -lz -llz4 -lzstd

progs += hvbuild
hvbuild-src := tests/bench/hvbuild.c
hvbuild-libs := libhvctl.a $(libhvctl-libs)
