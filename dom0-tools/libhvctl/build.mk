# The reader of kernels and the plan of a guest's memory are the core's own.
libs += libhvctl
libhvctl-src := $(addprefix dom0-tools/libhvctl/,core.c linux.c build.c \
	unpack.c unpack_child.c working_set.c) xen-core/pv/elf.c xen-core/pv/layout.c
libhvctl-libs := -lxencall -lxenforeignmemory -lseccomp -llzma -lz -llz4 -lzstd

progs += hvbuild
hvbuild-src := tests/bench/hvbuild.c
hvbuild-libs := libhvctl.a $(libhvctl-libs)

# The working set: asked for in dom0, and made in a guest that has no library.
progs += hvws hvtouch hvwake hvwork
hvws-src := tests/bench/hvws.c
hvws-libs := libhvctl.a $(libhvctl-libs)
hvtouch-src := tests/bench/hvtouch.c
hvtouch-libs := -static
hvwake-src := tests/bench/hvwake.c
hvwake-libs :=
hvwork-src := tests/bench/hvwork.c
hvwork-libs := -static
