# Backends: what they share is linked into each.
backend-common := $(addprefix backends/common/,ring.c replay.c bus.c kept.c \
	statefile.c)
# What a program has and host tests do without: devices, rights, the parent.
backend-host := $(addprefix backends/common/,grants.c ports.c confine.c \
	parent.c start.c nodes.c device.c)
blkback-data := $(backend-common) $(addprefix backends/blkback/,queue.c \
	copies.c blkif.c disk.c image_none.c io.c pool.c state.c)
progs += blkback blkback-nbd
blkback-src := $(blkback-data) $(backend-host) \
	$(addprefix backends/blkback/,main.c control.c vbd.c xs.c)
# What its state tells others.
libs += libblkstats
libblkstats-src := backends/blkback/stats.c backends/blkback/blkif.c
blkback-libs := libcommon.a libhvxs.a -lxengnttab -lxenevtchn -lxentoollog \
	-luring -lseccomp -ljson-c
# The same for guests with images that aren't raw.
blkback-nbd-src := backends/blkback/nbd.c $(filter-out %/image_none.c,\
	$(blkback-src))
blkback-nbd-libs := $(blkback-libs) -lnbd
include $(sort $(wildcard backends/*/build.mk))

progs += grantbench
grantbench-src := tests/bench/grantbench.c
grantbench-libs := -lxengnttab
progs += tapbench
tapbench-src := tests/bench/tapbench.c
tapbench-libs = libbridge.a $(bridge-flags)
