/* SPDX-License-Identifier: MIT */
#include "life.h"

#include <abi/sched.h>

const char *life_reason_name(unsigned int reason)
{
	static const char *const names[] = {
		[SHUTDOWN_poweroff] = "poweroff", [SHUTDOWN_reboot] = "reboot",
		[SHUTDOWN_suspend] = "suspend", [SHUTDOWN_crash] = "crash",
		[SHUTDOWN_watchdog] = "watchdog",
		[SHUTDOWN_soft_reset] = "soft-reset",
	};

	return reason < sizeof(names) / sizeof(*names) ? names[reason]
						       : "unknown";
}

static enum guest_action action_for(const struct guest_config *c,
				    unsigned int reason)
{
	switch (reason) {
	case SHUTDOWN_poweroff:
		return c->on_poweroff;
	case SHUTDOWN_reboot:
		return c->on_reboot;
	case SHUTDOWN_watchdog:
		return c->on_watchdog;
	case SHUTDOWN_soft_reset:
		return c->on_soft_reset;
	case SHUTDOWN_suspend:
		return ACTION_PRESERVE;
	default:
		return c->on_crash;
	}
}

struct life_verdict life_decide(const struct guest_config *c,
				unsigned int reason, int64_t now,
				int64_t restarted, unsigned int interval)
{
	struct life_verdict v = { LIFE_DESTROY, 0, NULL };
	int64_t earliest = restarted + (int64_t)interval * 1000;

	switch (action_for(c, reason)) {
	case ACTION_PRESERVE:
		v.act = LIFE_KEEP;
		break;
	case ACTION_RESTART:
		v.act = LIFE_RESTART;
		break;
	case ACTION_RESTART_RENAME:
		v.act = LIFE_RENAME_RESTART;
		break;
	case ACTION_COREDUMP_DESTROY:
		v.note = "no core is dumped: hvx has no dump yet";
		break;
	case ACTION_COREDUMP_RESTART:
		v.act = LIFE_RESTART;
		v.note = "no core is dumped: hvx has no dump yet";
		break;
	case ACTION_SOFT_RESET:
		v.act = LIFE_RESTART;
		v.note = "a soft reset is a restart here";
		break;
	case ACTION_DESTROY:
	case ACTION_COUNT:
		break;
	}
	/* A clock that was set back must not make it wait for longer. */
	if ((v.act == LIFE_RESTART || v.act == LIFE_RENAME_RESTART) &&
	    restarted && now >= restarted && earliest > now)
		v.delay = earliest - now;
	return v;
}
