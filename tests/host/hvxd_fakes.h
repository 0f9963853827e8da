/* SPDX-License-Identifier: MIT */
/*
 * What hvxd stands on, played by the test: a hypervisor with so many free pages,
 * a store that is a list of nodes, jobs that run when the clock is turned, and
 * the clock.
 *
 * Each call may be told to fail once by its name, and everything that a domain
 * can leave behind is counted.
 */
#ifndef TEST_HVXD_FAKES_H
#define TEST_HVXD_FAKES_H

#include <hvxd/hvxd.h>

#define FAKE_PAGES	100000u
#define FAKE_NODES	512
#define FAKE_DOMS	16

struct fake_dom {
	uint32_t domid;			/* 0: free */
	xen_domain_handle_t handle;
	uint32_t flags;
	uint64_t pages, claim, max_kib, map_kib;
	unsigned int vcpus, ports;
	uint64_t cpu_time;
	uint16_t weight, cap;
	uint8_t hard[8];
	bool tsc_native;
};

struct fake_event {
	char kind[24], name[32], text[256];
};

extern struct fake {
	const char *refuse;		/* the call that fails, once ... */
	int refuse_errno;
	unsigned int refuse_after;	/* ... after so many that don't */
	int64_t now;			/* ms */
	struct fake_dom dom[FAKE_DOMS];
	uint32_t next_domid;
	uint64_t free_pages;
	uint64_t held;			/* pages that a dying domain keeps */
	int64_t destroy_ms;		/* what giving back the others takes */
	struct {
		char path[128], value[128];
		bool used;
	} node[FAKE_NODES];
	unsigned int exchanges;		/* with the store, for nodes read */
	unsigned int listed;		/* domains that the hypervisor listed */
	bool introduced[64];
	unsigned int jobs, backends;	/* alive */
	struct fake_event event[64];
	unsigned int events;
	bool job_crash;			/* the next job dies */
	/* A guest that won't let go of its devices, and what is called when
	 * it does. */
	bool clings;
	void (*lets_go)(void *arg, const struct fault *f);
	void *lets_go_arg;
	/* hvxallocd: NULL: none; "grants", "refuses", "waits" for ever */
	const char *allocator;
	unsigned int reservations;	/* alive */
} fake;

/* All as after a boot, with an empty folder for state files. */
void fake_reset(struct hvxd *hd);
void fake_end(struct hvxd *hd);
/* hvxd is killed: what it had in memory is gone (and leaked), all else stays. */
void fake_kill(struct hvxd *hd);
/* Turns the clock until nothing is due within ms. */
void fake_run(struct hvxd *hd, int64_t ms);

struct fake_dom *fake_find(uint32_t domid);
unsigned int fake_doms(void);
/* Nodes at and below path. */
unsigned int fake_nodes(const char *path);
const char *fake_value(const char *path);	/* NULL: none */
unsigned int fake_files(const struct hvxd *hd);
const struct fake_event *fake_last(const char *kind);

/* A client's request, and what it was answered. */
struct fake_request {
	struct request *req;
	bool answered, ok;
	struct fault fault;
	char text[1024];		/* ok's object */
	unsigned int progress;
};
struct fake_request *fake_request_new(void);

#endif /* TEST_HVXD_FAKES_H */
