progs += hvxd
hvxd-src := $(addprefix dom0-tools/hvxd/,backend.c build_child.c census.c \
	channel.c device_nodes.c devices.c disk_stats.c disks.c hotplug.c images.c \
	image_check.c image_child.c nics.c \
	qmp.c spawn.c check.c create.c domain.c end.c events.c holders.c job.c \
	kernels.c life.c main.c nodes.c order.c policy.c requests.c reservation.c \
	state.c store.c taps.c)
hvxd-libs = libcommon.a libserver.a libguest.a libhvctl.a libhvxs.a libblkstats.a libbridge.a \
	$(libhvctl-libs) $(bridge-flags) -ljson-c
# Asks hvxd, for tests.
progs += hvxask
hvxask-src := tests/machine/hvxask.c
hvxask-libs = libhvctl.a libhvxs.a $(libhvctl-libs)
