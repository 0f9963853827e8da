# What the daemons share: linked as the library they all name first.
libs += libcommon
libcommon-src := $(addprefix dom0-tools/common/,log.c loop.c notify.c)
