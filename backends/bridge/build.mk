# libbridge: taps, bridges and their ports, for hvxd and hvxl. Who links it also
# links $(bridge-flags).
bridge-flags := -lnl-route-3 -lnl-3
libs += libbridge
libbridge-src := $(addprefix backends/bridge/,link.c taps.c port.c filter.c \
	move.c netsetup.c)
libbridge-libs := $(bridge-flags)
