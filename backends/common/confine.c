/* SPDX-License-Identifier: MIT */
#include "confine.h"

#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>

/* What every backend calls once it is open. */
static const int calls[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close),
	SCMP_SYS(fcntl), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap),
	SCMP_SYS(madvise), SCMP_SYS(brk),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	SCMP_SYS(poll), SCMP_SYS(futex), SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(recvfrom),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
	SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(getrandom),
	SCMP_SYS(exit), SCMP_SYS(exit_group), -1
};

static const unsigned long ioctls[] = {
	IOCTL_GNTDEV_MAP_GRANT_REF, IOCTL_GNTDEV_UNMAP_GRANT_REF,
	IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR, IOCTL_GNTDEV_GRANT_COPY,
	IOCTL_EVTCHN_BIND_INTERDOMAIN, IOCTL_EVTCHN_UNBIND,
	IOCTL_EVTCHN_NOTIFY, 0
};

static int limit(int what, rlim_t value)
{
	struct rlimit l = { value, value };

	return setrlimit(what, &l);
}

static int set_limits(const struct confine *c)
{
	if (c->address_space && limit(RLIMIT_AS, c->address_space))
		return -1;
	return limit(RLIMIT_CORE, 0) || limit(RLIMIT_NOFILE, c->files) ? -1 : 0;
}

/* The change of user takes all capabilities along, and those that a program
 * might get back go before; once more, to be sure that there is no way back. */
static int change_user(const struct confine *c)
{
	unsigned long cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return -1;
	if (setgroups(0, NULL) || setresgid(c->gid, c->gid, c->gid) ||
	    setresuid(c->uid, c->uid, c->uid))
		return -1;
	if (c->uid && (setuid(0) == 0 || seteuid(0) == 0)) {
		errno = EPERM;
		return -1;
	}
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int allow_calls(scmp_filter_ctx f, const int *call)
{
	int rc = 0;

	for (; !rc && *call != -1; call++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, *call, 0);
	return rc;
}

/* A call whose second argument says what it is to do. */
static int allow_requests(scmp_filter_ctx f, int call,
			  const unsigned long *request)
{
	int rc = 0;

	for (; !rc && *request; request++)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1,
				      SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff,
					      *request));
	return rc;
}

static int add_rules(scmp_filter_ctx f, const struct confine *c)
{
	const int *call_list[] = { calls, c->calls };
	const unsigned long *ioctl_list[] = { ioctls, c->ioctls };
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < 2; i++) {
		rc = allow_calls(f, call_list[i]);
		if (!rc)
			rc = allow_requests(f, SCMP_SYS(ioctl), ioctl_list[i]);
	}
	if (!rc && c->registers)
		rc = allow_requests(f, SCMP_SYS(io_uring_register),
				    c->registers);
	if (!rc)
		rc = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	/* A tree: the kernel itself remembers which calls always pass, but ioctl
	 * is not one of them, and is the one that is made for each batch. */
	return rc ? rc : seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

static int filter(const struct confine *c)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!f) {
		errno = ENOMEM;
		return -1;
	}
	rc = add_rules(f, c);
	if (!rc)
		rc = seccomp_load(f);
	seccomp_release(f);
	if (!rc)
		return 0;
	errno = -rc;
	return -1;
}

int confine(const struct confine *c)
{
	return set_limits(c) || change_user(c) || filter(c) ? -1 : 0;
}
