/*
 * A test guest's verdict.
 *
 * Each check prints a line, "ok NAME" or "FAIL NAME"; lines starting with "#"
 * are facts that may differ from one machine to another. The worst of pass,
 * skip, error and fail wins and is the closing line, VERDICT: ...; a guest that
 * checked nothing is in error.
 */
#ifndef PV_REPORT_H
#define PV_REPORT_H

#include <stdbool.h>

bool check(bool ok, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* check() that prints nothing when it holds: for loops over many values. */
bool check_quiet(bool ok, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A part that can't be tried here; the verdict stays pass if others ran. */
void skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The test itself went wrong: says so and ends the guest. */
void error(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* One check more, where the hypervisor can count its books: no difference. */
void report_audit(void);

void report_finish(void) __attribute__((noreturn));

/* What a guest's main.c defines. */
void guest_main(void);

#endif
