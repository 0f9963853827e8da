# Fuzz targets: fuzzers, a name a line; $(fuzz_X-src) what X links beside
# tests/fuzz/X/X.c.
fuzzers += ptval
fuzz_ptval-src := tests/host/pt_model.c xen-core/alloc/frame.c \
	xen-core/pv/ptval.c $(host-machine)
fuzzers += evtchn
fuzz_evtchn-src := $(evtchn-src)
fuzzers += gnttab
fuzz_gnttab-src := $(gnttab-src)
fuzzers += boot
fuzz_boot-src := xen-core/boot/mb2.c xen-core/boot/e820.c \
	xen-core/boot/options.c
