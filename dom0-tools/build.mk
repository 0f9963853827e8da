# dom0's userland: each folder lists its own programs and libraries.
include $(sort $(wildcard dom0-tools/*/build.mk))
