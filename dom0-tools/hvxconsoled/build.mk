progs += hvxconsoled
# All but what meets the hypervisor, and main.
hvxconsoled-logic := $(addprefix dom0-tools/hvxconsoled/,console.c reader.c \
	terminal.c ring.c history.c logfile.c attach.c domains.c)
hvxconsoled-src := $(hvxconsoled-logic) \
	$(addprefix dom0-tools/hvxconsoled/,main.c linux.c list.c)
hvxconsoled-libs = libcommon.a libhvctl.a libhvxs.a -lxenevtchn \
	-lxengnttab $(libhvctl-libs)
