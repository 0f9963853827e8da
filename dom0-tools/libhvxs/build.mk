# libxenstore's calls, under their names: a program built for one links with
# the other.
libs += libhvxs
libhvxs-src := $(addprefix dom0-tools/libhvxs/,core.c again.c watch.c calls.c \
	linux.c)
libhvxs-map := dom0-tools/libhvxs/libhvxs.map
libhvxs-soname := libhvxs.so.1
libhvxs-libs := -lpthread
