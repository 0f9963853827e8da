/* SPDX-License-Identifier: MIT */
#include "confine.h"

#include <errno.h>
#include <grp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

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

static int add_rules(scmp_filter_ctx f, const struct confine *c)
{
	const unsigned long *request;
	const int *call;
	int rc;

	for (call = c->calls; *call != -1; call++) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, *call, 0);
		if (rc)
			return rc;
	}
	for (request = c->ioctls; *request; request++) {
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				      SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff,
					      *request));
		if (rc)
			return rc;
	}
	return seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
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
