# The operator's tool.  Its time is mostly that of starting it, so all that it
# needs is linked in, and of libhvctl only the control calls are.
progs += hvxl
hvxl-src := $(addprefix dom0-tools/hvxl/,main.c args.c cmdhelp.c cmdtable.c \
	config.c config_running.c console.c devices.c direct.c disk_stats.c host.c \
	hvxd_client.c machine.c pools.c rows.c say.c \
	out_alloc.c out_device.c out_info.c out_json.c out_table.c out_time.c out_top.c \
	top_sample.c top_view.c \
	$(addprefix cmd_,alloc.c console.c create.c device.c domid.c events.c help.c \
	info.c life.c list.c mem.c pause.c pin.c pools.c power.c sched.c \
	tell.c top.c uptime.c vcpu.c))
hvxl-libs := libcfg.a libguest.a libhvctl.a libhvxs.a -static \
	-lxenforeignmemory -lxencall -lxentoolcore -lxentoollog \
	-ljson-c -lncursesw -ltinfo
# Configurations, for hvxl and for tests.
libs += libcfg
libcfg-src := $(addprefix dom0-tools/hvxl/,cfg_note.c cfg_lex.c cfg_parse.c \
	cfg_tree.c cfg_text.c cfg_keys.c cfg_apply.c cfg_special.c cfg_disk.c \
	cfg_vif.c cfg_cpus.c xl_conf.c)
# The host's network.
hvxl-src += dom0-tools/hvxl/cmd_net.c
# Of libnl's look-ups of names, which need shared libraries, none is called.
hvxl-libs += libbridge.a -lnl-route-3 -lnl-3 -Wl,--no-warnings
