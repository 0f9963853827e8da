# The operator's tool.  Its time is mostly that of starting it, so all but libc
# is linked in, and of libhvctl only the control calls are.
progs += hvxl
hvxl-src := $(addprefix dom0-tools/hvxl/,main.c args.c cmdhelp.c cmdtable.c \
	host.c say.c pools.c rows.c out_table.c out_info.c out_json.c out_time.c \
	cmd_domid.c cmd_help.c cmd_info.c cmd_list.c cmd_mem.c \
	cmd_pause.c cmd_pools.c cmd_sched.c cmd_tell.c cmd_uptime.c cmd_vcpu.c)
hvxl-libs := libhvctl.a libhvxs.a -Wl,-Bstatic -lxenforeignmemory -lxencall \
	-lxentoolcore -lxentoollog -ljson-c -Wl,-Bdynamic
# Configurations, for hvxl and for tests.
libs += libcfg
libcfg-src := $(addprefix dom0-tools/hvxl/,cfg_note.c cfg_lex.c cfg_parse.c \
	cfg_text.c cfg_keys.c cfg_apply.c cfg_special.c cfg_disk.c cfg_vif.c \
	cfg_cpus.c xl_conf.c)
