/* SPDX-License-Identifier: MIT */
/*
 * What hvxl's files share: the global options, how mistakes are told, and the
 * ways to the hypervisor and to the store, each opened by the first who needs
 * it. A command returns its exit code; what goes wrong in here ends hvxl with
 * 1.
 */
#ifndef HVXL_HVXL_H
#define HVXL_HVXL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <libhvctl/hvctl.h>

struct hvxl_globals {
	const char *prog;	/* "hvxl", or "xl" if called so */
	int verbose;		/* number of -v */
	bool force;		/* -f */
	bool dry_run;		/* -N: say what would be done */
	bool progress;		/* -t: progress also when not on a terminal */
	bool stamps;		/* -T: time and process before each message */
	bool json;		/* --json */
};

extern struct hvxl_globals hvxl;

/* ---- what is told on stderr ---- */

/* One line: what, to which object, why, what to try. fail returns 1. */
int fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Only with -v. */
void detail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A line as it is, without the program's name: xl's text, a contract. */
void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* With -N says what would be done, and true. */
bool only_dry_run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Of which nothing returns NULL: there is no way on without memory. */
void *xalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xformat(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xstrdup(const char *s);

/* ---- host.c: the hypervisor and the store ---- */

/* NULL and errno if this isn't dom0. */
struct hvctl *hv_or_null(void);
struct hvctl *hv(void);
/* NULL, and why in errno, if no store answers. */
struct xs_handle *store_or_null(void);
struct xs_handle *store(void);
/* A node's value, to be freed, or NULL: there is none. */
char *store_get(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* 0, or -1 and errno. */
int store_put(const char *path, const char *value);
/* Entries below a node, to be freed at once, or NULL; *n is 0 then. */
char **store_dir(unsigned int *n, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void host_close(void);

/* To be freed; NULL if the domain has no name. */
char *domain_name(uint32_t domid);
/* Of n domains at once; each to be freed, NULL for one without. */
void domain_names(const struct xen_domctl_getdomaininfo *list, unsigned int n,
		  char **names);
/* The same for tables: "(null)" stands for a domain without one. */
char *domain_name_shown(uint32_t domid);

/*
 * Whom the operator means by a name, an id or a UUID. An id is taken without a
 * look whether there is such a domain, as xl does: the operation will tell.
 */
bool domain_lookup(const char *who, uint32_t *domid);
/* Only by name or UUID: "1" is a name here. */
bool domain_lookup_name(const char *who, uint32_t *domid);
/* The same, but ends hvxl with xl's message if nobody is meant. */
uint32_t domain_find(const char *who);
/* "what: there is no domain N, ..." for ESRCH, else errno's text; 1. */
int fail_domain(const char *what, uint32_t domid);

/* All domains, ascending; the array to be freed. */
unsigned int domain_list(struct xen_domctl_getdomaininfo **out);
uint32_t sched_id(void);
const char *sched_name(uint32_t id);

#endif /* HVXL_HVXL_H */
