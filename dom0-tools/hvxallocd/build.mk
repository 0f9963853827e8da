# The policy is functions on memory: the daemon's, the simulator's, the tests'.
hvxallocd-policy := $(addprefix dom0-tools/hvxallocd/,policy.c share.c follow.c \
	plan.c)
# Plays hosts with guests, and draws them.
progs += allocsim
allocsim-src := $(hvxallocd-policy) \
	$(addprefix tests/alloc/,main.c model.c trace.c)
progs += hvxallocd
hvxallocd-src := $(hvxallocd-policy) $(addprefix dom0-tools/hvxallocd/,\
	apply.c cpu.c cpu_apply.c events.c hear.c main.c observe.c pins.c requests.c \
	reserve.c round.c sample.c settings.c)
hvxallocd-libs = libcommon.a libserver.a libhvctl.a libhvxs.a \
	$(libhvctl-libs) -ljson-c
