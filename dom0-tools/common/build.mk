# What the daemons share: linked as the library they all name first.
libs += libcommon
libcommon-src := $(addprefix dom0-tools/common/,log.c loop.c notify.c daemon.c)
# A guest's description, for those who have json-c: after whom it serves.
libs += libguest
libguest-src := $(addprefix dom0-tools/common/,guest.c guest_check.c \
	guest_json.c guest_vdev.c json_field.c json_print.c)
libguest-libs := -ljson-c
# A socket for clients, for daemons with hvxd's protocol.
libs += libserver
libserver-src := $(addprefix dom0-tools/common/,server.c proto.c fault.c \
	clock.c wall.c)
libserver-libs := -ljson-c
