libs += libhvctl
libhvctl-src := $(addprefix dom0-tools/libhvctl/,core.c linux.c)
libhvctl-libs := -lxencall -lxenforeignmemory
