# For guests: static, so that it runs whatever libc the guest has.
progs += hvx-agent
hvx-agent-src := dom0-tools/agent/hvx-agent.c
hvx-agent-libs := -static
san-progs += hvx-agent
