# netback; netback-data is what host tests link with rings of plain memory.
netback-data := $(addprefix backends/common/,ring.c bus.c statefile.c) \
	$(addprefix backends/netback/,netif.c vnet.c answers.c mcast.c many.c \
	tap.c state.c tx.c rx.c queue.c)
progs += netback
netback-src := $(netback-data) $(backend-host) \
	$(addprefix backends/netback/,main.c control.c vif.c xs.c)
netback-libs := libcommon.a libhvxs.a -lxengnttab -lxenevtchn \
	-lxentoollog -luring -lseccomp -ljson-c
