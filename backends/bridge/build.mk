# libbridge: taps, bridges and their ports, for hvxd and hvxl. Who links it also
# links $(bridge-flags).
# As needed: hvxl has linked them statically before, and two copies of them don't
# live together.
bridge-flags := -Wl,--as-needed -lnl-route-3 -lnl-3
libs += libbridge
libbridge-src := $(addprefix backends/bridge/,link.c taps.c port.c filter.c \
	move.c netsetup.c)
libbridge-libs := $(bridge-flags)
