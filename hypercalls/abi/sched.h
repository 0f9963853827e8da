/* SPDX-License-Identifier: MIT */
/* sched_op: a vCPU gives up its processor, a domain its life. */
#ifndef ABI_SCHED_H
#define ABI_SCHED_H

#include <abi/event_channel.h>

#define SCHEDOP_yield		0
#define SCHEDOP_block		1
#define SCHEDOP_shutdown	2
#define SCHEDOP_poll		3
#define SCHEDOP_remote_shutdown	4
#define SCHEDOP_shutdown_code	5
#define SCHEDOP_watchdog	6
#define SCHEDOP_pin_override	7

/* shutdown and shutdown_code */
struct sched_shutdown {
	unsigned int reason;		/* SHUTDOWN_* */
};

struct sched_poll {
	XEN_GUEST_HANDLE(evtchn_port_t) ports;
	unsigned int nr_ports;
	uint64_t timeout;		/* absolute system time, 0: none */
};

struct sched_remote_shutdown {
	domid_t domain_id;
	unsigned int reason;		/* SHUTDOWN_* */
};

struct sched_watchdog {
	uint32_t id;			/* 0: a new one */
	uint32_t timeout;		/* seconds, 0: disarm */
};

struct sched_pin_override {
	int32_t pcpu;			/* negative: undo */
};

#define SHUTDOWN_poweroff	0
#define SHUTDOWN_reboot		1
#define SHUTDOWN_suspend	2
#define SHUTDOWN_crash		3
#define SHUTDOWN_watchdog	4
#define SHUTDOWN_soft_reset	5
#define SHUTDOWN_MAX		5

#endif /* ABI_SCHED_H */
