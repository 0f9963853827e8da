# The policy is functions on memory: the daemon's, the simulator's, the tests'.
hvxallocd-policy := $(addprefix dom0-tools/hvxallocd/,policy.c share.c follow.c \
	plan.c)
# Plays hosts with guests, and draws them.
progs += allocsim
allocsim-src := $(hvxallocd-policy) \
	$(addprefix tests/alloc/,main.c model.c trace.c)
