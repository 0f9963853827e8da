/* SPDX-License-Identifier: MIT */
/* vcpu_op: a guest brings up, watches and times its own vCPUs. */
#ifndef ABI_VCPU_H
#define ABI_VCPU_H

#include <abi/xen.h>

#define VCPUOP_initialise			0 /* vcpu_guest_context */
#define VCPUOP_up				1
#define VCPUOP_down				2
#define VCPUOP_is_up				3
#define VCPUOP_get_runstate_info		4
#define VCPUOP_register_runstate_memory_area	5
#define VCPUOP_set_periodic_timer		6
#define VCPUOP_stop_periodic_timer		7
#define VCPUOP_set_singleshot_timer		8
#define VCPUOP_stop_singleshot_timer		9
#define VCPUOP_register_vcpu_info		10
#define VCPUOP_send_nmi				11
#define VCPUOP_get_physid			12
#define VCPUOP_register_vcpu_time_memory_area	13

/* Times in ns; state_entry_time's top bit is set while being changed. */
struct vcpu_runstate_info {
	int state;			/* RUNSTATE_* */
	uint64_t state_entry_time;
	uint64_t time[4];		/* by RUNSTATE_* */
};

#define XEN_RUNSTATE_UPDATE		(1ULL << 63)

#define RUNSTATE_running		0
#define RUNSTATE_runnable		1
#define RUNSTATE_blocked		2
#define RUNSTATE_offline		3

struct vcpu_register_runstate_memory_area {
	union {
		XEN_GUEST_HANDLE(struct vcpu_runstate_info) h;
		struct vcpu_runstate_info *v;
		uint64_t p;
	} addr;
};

struct vcpu_set_periodic_timer {
	uint64_t period_ns;
};

struct vcpu_set_singleshot_timer {
	uint64_t timeout_abs_ns;
	uint32_t flags;			/* VCPU_SSHOTTMR_* */
};

/* A time already past is refused with -ETIME. */
#define _VCPU_SSHOTTMR_future		0
#define VCPU_SSHOTTMR_future		(1U << _VCPU_SSHOTTMR_future)

struct vcpu_register_vcpu_info {
	uint64_t mfn;
	uint32_t offset;		/* must not cross the page's end */
	uint32_t rsvd;
};

struct vcpu_get_physid {
	uint64_t phys_id;		/* 0-31 APIC id, 32-63 ACPI id */
};

struct vcpu_register_time_memory_area {
	union {
		XEN_GUEST_HANDLE(struct vcpu_time_info) h;
		struct vcpu_time_info *v;
		uint64_t p;
	} addr;
};

#endif /* ABI_VCPU_H */
