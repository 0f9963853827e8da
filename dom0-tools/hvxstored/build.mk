# The store daemon. hvxstored-logic is all of it that needs no hypervisor: its
# tests bring their own.
hvxstored-logic := $(addprefix dom0-tools/hvxstored/,change.c conn.c \
	conn_turn.c control.c \
	dom.c fence.c handover.c path.c perm.c quota.c ring.c state.c state_load.c store.c \
	stream.c tree.c tree_walk.c txn.c watch.c wire.c \
	wire_dom.c wire_node.c wire_txn.c)
progs += hvxstored
san-progs += hvxstored
hvxstored-src := $(hvxstored-logic) $(addprefix dom0-tools/hvxstored/,main.c \
	xen_linux.c xen_domains.c)
hvxstored-libs = libcommon.a libhvctl.a -lxenevtchn -lxengnttab \
	-lxenforeignmemory $(libhvctl-libs)
# A load for any store daemon, by Debian's client library.
progs += xsbench
xsbench-src := tests/bench/xsbench.c
xsbench-libs := -lxenstore
