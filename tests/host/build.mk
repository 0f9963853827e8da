# Logic of the core compiled for the host.  host-tests: a name test_X a line;
# $(test_X-src) what it links beside tests/host/test_X.c.
host-machine := tests/host/machine.c tests/host/fakes.c

host-tests += test_frame test_sample
frame-src := tests/host/pt_model.c xen-core/alloc/frame.c \
	xen-core/pv/ptval.c xen-core/pv/sample.c $(host-machine)
test_frame-src := $(frame-src)
test_sample-src := $(frame-src)
host-tests += test_acpi
test_acpi-src := xen-core/cpu/acpi.c
evtchn-src := $(host-machine) xen-core/chan/evtchn.c \
	xen-core/chan/evtchn_2l.c xen-core/chan/evtchn_fifo.c \
	xen-core/chan/evtchn_op.c xen-core/chan/evtchn_audit.c \
	xen-core/chan/virq.c
host-tests += test_evtchn test_evtchn_fifo
test_evtchn-src := tests/host/evtchn_rig.c $(evtchn-src)
test_evtchn_fifo-src := $(test_evtchn-src)
host-tests += test_irq
test_irq-src := xen-core/cpu/irq.c $(host-machine)
gnttab-src := $(host-machine) tests/host/pt_model.c xen-core/pv/sample.c \
	xen-core/chan/gnttab.c \
	xen-core/chan/gnt_map.c xen-core/chan/gnt_op.c \
	xen-core/chan/gnt_copy.c xen-core/alloc/frame.c xen-core/pv/ptval.c
host-tests += test_gnttab
test_gnttab-src := $(gnttab-src)
host-tests += test_buddy
test_buddy-src := xen-core/alloc/buddy.c xen-core/alloc/heap.c
sched-logic := $(addprefix xen-core/sched/,account.c control.c core.c credit.c \
	sched_op.c timer.c vcpu_op.c)
host-tests += test_sched
test_sched-src := tests/host/sim.c $(sched-logic) $(host-machine)
host-tests += test_e820 test_options test_mb2
test_e820-src := xen-core/boot/e820.c
test_options-src := xen-core/boot/options.c
test_mb2-src := xen-core/boot/mb2.c xen-core/boot/e820.c
memory-src := tests/host/mem_fakes.c xen-core/alloc/memory_op.c \
	xen-core/alloc/quota.c xen-core/alloc/frame.c \
	 $(host-machine)
host-tests += test_memory_op test_memory_books
test_memory_op-src := $(memory-src)
test_memory_books-src := tests/host/mem_model.c $(memory-src)
host-tests += test_sched_op
test_sched_op-src := tests/host/sim.c $(sched-logic) $(host-machine)
host-tests += test_timer
test_timer-src := xen-core/sched/timer.c $(host-machine)
host-tests += test_printf
test_printf-src := tests/host/core_printf.c
host-tests += test_chan_race
test_chan_race-src := $(test_evtchn-src) $(filter-out $(evtchn-src),$(gnttab-src))
test_chan_race-libs := -lpthread
decode-src := $(host-machine) xen-core/interp/decode.c \
	xen-core/interp/ptestore.c
host-tests += test_decode
test_decode-src := $(decode-src)
host-tests += test_domain
test_domain-src := xen-core/alloc/domain.c xen-core/alloc/quota.c \
	xen-core/alloc/frame.c xen-core/chan/evtchn.c xen-core/chan/evtchn_op.c \
	xen-core/chan/evtchn_2l.c xen-core/chan/evtchn_fifo.c xen-core/chan/virq.c \
	xen-core/chan/evtchn_op.c xen-core/chan/gnt_op.c \
	xen-core/chan/gnttab.c xen-core/chan/gnt_map.c \
	xen-core/chan/gnt_copy.c \
	$(host-machine)
host-tests += test_cpuid
test_cpuid-src := xen-core/interp/cpuid.c $(host-machine)
host-tests += test_desc
test_desc-src := xen-core/pv/desc_op.c xen-core/alloc/frame.c $(host-machine)
host-tests += test_priv
test_priv-src := xen-core/interp/priv.c xen-core/interp/regs.c \
	xen-core/interp/decode.c $(host-machine)
host-tests += test_ioport test_traps_op
test_ioport-src := xen-core/interp/ioport.c $(host-machine)
test_traps_op-src := xen-core/pv/traps_op.c $(host-machine)

# Of dom0's userland: user-tests, likewise.
kernel-libs := -lseccomp -llzma -lz -llz4 -lzstd
user-tests += test_unpack
test_unpack-src := tests/host/kernel_file.c \
	$(addprefix dom0-tools/libhvctl/,unpack.c unpack_child.c)
test_unpack-libs := $(kernel-libs)
user-tests += test_kernels
test_kernels-src := dom0-tools/hvxd/kernels.c
user-tests += test_build
test_build-src := tests/host/kernel_file.c xen-core/pv/elf.c \
	xen-core/pv/layout.c \
	$(addprefix dom0-tools/libhvctl/,core.c build.c unpack.c unpack_child.c)
test_build-libs := $(kernel-libs)
# The store's client, compiled into programs that know only Debian's header.
user-tests += test_hvxs test_hvxs_again
test_hvxs-src := tests/host/fake_store.c
test_hvxs-libs := libhvxs.a
user-tests += test_guest
test_guest-src := tests/host/json_text.c
test_guest-libs := libguest.a
user-tests += test_cfg
test_cfg-src := tests/host/json_text.c
test_cfg-libs := libcfg.a libguest.a
test_hvxs_again-src := tests/host/fake_store.c
test_hvxs_again-libs := libhvxs.a
user-tests += test_hvxs_store
test_hvxs_store-libs := libhvxs.a
$(O)/host/test_hvxs_store: | $(O)/san/hvxstored
user-tests += test_hvxl_console
test_hvxl_console-src := dom0-tools/hvxl/console.c
# hvxconsoled with guests that are memory
user-tests += test_console_ring test_console test_console_domains
test_console_ring-src := dom0-tools/hvxconsoled/ring.c
test_console-src = tests/host/fake_hyper.c $(filter-out %/domains.c,\
	$(hvxconsoled-logic))
test_console-libs := libcommon.a

user-tests += test_blk_ring test_blk_parse
test_blk_ring-src := $(addprefix backends/common/,ring.c replay.c)
test_blk_parse-src := backends/blkback/blkif.c backends/common/bus.c
user-tests += test_blk_path
test_blk_path-src = tests/host/fake_blk.c backends/blkback/vbd.c \
	backends/common/device.c $(blkback-data)
test_blk_path-libs := libcommon.a -luring -lpthread
# Images, by Debian's qemu-nbd.
user-tests += test_blk_image
test_blk_image-src = backends/blkback/nbd.c \
	$(filter-out %/image_none.c,$(test_blk_path-src))
test_blk_image-libs := $(test_blk_path-libs) -lnbd
# hvxl but for its main(), with all that it links.
hvxl-tested = $(filter-out %/main.c,$(hvxl-src))
hvxl-links = $(filter-out -static,$(hvxl-libs))
user-tests += test_hvxl test_hvxl_docs test_hvxd_client
test_hvxl-src = $(hvxl-tested)
test_hvxl-libs = $(hvxl-links)
user-tests += test_cfg_xl
test_cfg_xl-libs := libcfg.a libguest.a -lxlutil -lxenlight
# netback: what it makes of slots and headers; its queues on plain memory.
user-tests += test_netif
test_netif-src := backends/common/ring.c $(addprefix backends/netback/,netif.c \
	vnet.c answers.c mcast.c)
user-tests += test_netback
netback-tested = tests/host/fake_net.c \
	$(filter-out backends/netback/tap.c backends/netback/many.c,$(netback-data))
user-tests += test_netmany
test_netmany-src := backends/netback/many.c backends/netback/tap.c
test_netmany-libs := -luring
test_netback-src = tests/host/fake_vif.c $(netback-tested)
test_netback-libs := -lpthread
user-tests += test_grants
test_grants-src := backends/common/grants.c
test_grants-libs := -lxentoollog

user-tests += test_netcontrol
test_netcontrol-src := backends/netback/control.c backends/common/parent.c
test_netcontrol-libs := libcommon.a -ljson-c

user-tests += test_netlife
test_netlife-src = $(addprefix backends/netback/,vif.c xs.c) \
	$(addprefix backends/common/,nodes.c device.c) \
	dom0-tools/common/log.c $(netback-tested)
user-tests += test_bridge
test_bridge-libs := libbridge.a
# The store, turned in the test's own process.
user-tests += test_store_tree test_store_wire test_store_state \
	test_store_attack
test_store_tree-src = $(addprefix dom0-tools/hvxstored/,change.c path.c perm.c \
	quota.c tree.c tree_walk.c)
test_store_tree-libs := libcommon.a
store-rig = tests/host/store_rig.c $(hvxstored-logic)
test_store_wire-src = $(store-rig)
test_store_wire-libs := libcommon.a
test_store_state-src = $(store-rig)
test_store_state-libs := libcommon.a
test_store_attack-src = $(store-rig)
test_store_attack-libs := libcommon.a
test_hvxl_docs-src = $(hvxl-tested)
test_hvxl_docs-libs = $(hvxl-links)
test_hvxd_client-src = $(hvxl-tested)
test_hvxd_client-libs = $(hvxl-links)
user-tests += test_cfg_api
test_cfg_api-libs := libcfg.a libguest.a
user-tests += test_cfg_man
test_cfg_man-libs := libcfg.a libguest.a
user-tests += test_netsetup
test_netsetup-libs := libbridge.a
test_console_domains-src = tests/host/fake_hyper.c tests/host/fake_store.c \
	$(filter-out %/attach.c,$(hvxconsoled-logic))
test_console_domains-libs := libcommon.a libhvxs.a
user-tests += test_cfg_memory
test_cfg_memory-src := tests/host/json_text.c
test_cfg_memory-libs = libcfg.a libguest.a $(addprefix -Wl$(comma)--wrap=,\
	malloc calloc realloc strdup strndup vasprintf asprintf)
# In a dom0 that is played: neither hypervisor nor store.
user-tests += test_hvxl_cmd
test_hvxl_cmd-src = tests/host/fake_dom0.c $(hvxl-tested)
test_hvxl_cmd-libs = $(filter-out libhvctl.a libhvxs.a,$(hvxl-links))
# hvxd: its logic, on a hypervisor, store and clock that the test plays.
hvxd-logic := tests/host/hvxd_fakes.c \
	$(addprefix dom0-tools/common/,daemon.c log.c proto.c fault.c wall.c) \
	$(addprefix dom0-tools/hvxd/,build_child.c census.c check.c create.c \
	device_nodes.c devices.c disks.c domain.c end.c events.c \
	image_check.c holders.c kernels.c life.c nodes.c \
	order.c policy.c requests.c state.c)
user-tests += test_hvxd_policy test_hvxd_proto test_hvxd
test_hvxd_policy-src := dom0-tools/hvxd/policy.c
test_hvxd_proto-src := $(addprefix dom0-tools/common/,proto.c fault.c)
test_hvxd_proto-libs := -ljson-c
test_hvxd-src := $(hvxd-logic)
test_hvxd-libs := libguest.a
user-tests += test_hvxd_store
test_hvxd_store-src := tests/host/fake_store.c dom0-tools/hvxd/store.c \
	$(addprefix dom0-tools/common/,log.c loop.c)
test_hvxd_store-libs := libhvxs.a
user-tests += test_backend_start
test_backend_start-src := $(addprefix backends/common/,start.c confine.c)
test_backend_start-libs := libcommon.a -lseccomp
user-tests += test_statefile
test_statefile-src := backends/common/statefile.c
user-tests += test_blk_xs
test_blk_xs-src := backends/blkback/xs.c \
	$(addprefix backends/common/,bus.c nodes.c)
test_blk_xs-libs := libcommon.a
user-tests += test_hvxd_backend
test_hvxd_backend-src := tests/host/hvxd_rig.c \
	$(addprefix dom0-tools/common/,log.c loop.c fault.c) \
	$(addprefix dom0-tools/hvxd/,backend.c channel.c device_nodes.c \
	disks.c images.c image_check.c image_child.c qmp.c disk_stats.c spawn.c) \
	$(addprefix backends/blkback/,stats.c blkif.c)
test_hvxd_backend-libs := libguest.a
# What disks have done.
user-tests += test_disk_stats
test_disk_stats-src := tests/host/hvxd_rig.c dom0-tools/common/loop.c \
	backends/common/statefile.c \
	$(addprefix backends/blkback/,state.c stats.c blkif.c) \
	$(addprefix dom0-tools/hvxd/,disk_stats.c qmp.c)
test_disk_stats-libs := libguest.a
user-tests += test_hvxd_taps
test_hvxd_taps-src := tests/host/hvxd_rig.c \
	$(addprefix dom0-tools/common/,log.c loop.c) \
	$(addprefix dom0-tools/hvxd/,hotplug.c job.c taps.c)
# The store as a process.
user-tests += test_store_process
test_store_process-libs := -lxenstore
$(O)/host/test_store_process: | $(O)/san/hvxstored
# The allocator's daemon but for its main, in a dom0 that is played.
user-tests += test_allocd
test_allocd-src = tests/host/fake_dom0.c \
	$(filter-out %/main.c,$(hvxallocd-src)) \
	$(addprefix dom0-tools/common/,fault.c proto.c wall.c clock.c)
test_allocd-libs := libcommon.a -ljson-c
# The allocator's policy, and what it makes of played hosts.
user-tests += test_alloc test_alloc_sim test_alloc_cpu
test_alloc_cpu-src := dom0-tools/hvxallocd/cpu.c
test_alloc-src = $(hvxallocd-policy)
test_alloc_sim-src = $(hvxallocd-policy) tests/alloc/model.c tests/alloc/trace.c
# The guest's agent as a process.
user-tests += test_agent
$(O)/host/test_agent: | $(O)/san/hvx-agent
