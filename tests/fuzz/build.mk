# Fuzz targets: fuzzers, a name a line; $(fuzz_X-src) what X links beside
# tests/fuzz/X/X.c.
fuzzers += ptval
fuzz_ptval-src := $(frame-src)
fuzzers += sample
fuzz_sample-src := $(frame-src)
fuzzers += evtchn
fuzz_evtchn-src := $(evtchn-src)
fuzzers += gnttab
fuzz_gnttab-src := $(gnttab-src)
fuzzers += boot
fuzz_boot-src := xen-core/boot/mb2.c xen-core/boot/e820.c \
	xen-core/boot/options.c
fuzzers += memory_op
fuzz_memory_op-src := tests/host/mem_model.c tests/host/mem_fakes.c \
	xen-core/alloc/memory_op.c \
	xen-core/alloc/quota.c xen-core/alloc/frame.c \
	 $(host-machine)
fuzzers += sched
fuzz_sched-src := tests/host/sim.c $(sched-logic) $(host-machine)
fuzzers += decode
fuzz_decode-src := $(decode-src)
fuzzers += priv
fuzz_priv-src := xen-core/interp/priv.c xen-core/interp/regs.c \
	xen-core/interp/decode.c $(host-machine)

# Of dom0's userland: user-fuzzers, likewise.
unpack-src := dom0-tools/libhvctl/unpack.c xen-core/pv/elf.c \
	xen-core/pv/layout.c
user-fuzzers += kernel
fuzz_kernel-src := $(unpack-src)
fuzz_kernel-libs := -llzma -lz -llz4 -lzstd
user-fuzzers += blkif
fuzz_blkif-src := backends/blkback/blkif.c \
	$(addprefix backends/common/,ring.c replay.c)
user-fuzzers += store
fuzz_store-src = $(store-rig)
fuzz_store-libs := libcommon.a -lcmocka
user-fuzzers += cfg guest_json
fuzz_cfg-src := tests/host/json_text.c
fuzz_guest_json-src := tests/host/json_text.c
fuzz_cfg-libs := libcfg.a libguest.a
fuzz_guest_json-libs := libguest.a
user-fuzzers += netif
fuzz_netif-src = $(test_netback-src)
