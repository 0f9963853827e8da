/* SPDX-License-Identifier: MIT */
/*
 * For tests of hvxd's parts that are at work with real files and processes: an
 * hvxd that has nothing but a loop, and a folder for the test.
 */
#ifndef TESTS_HVXD_RIG_H
#define TESTS_HVXD_RIG_H

#include <stdbool.h>
#include <hvxd/hvxd.h>

extern struct hvxd hd;
extern char folder[64];

/* Both anew. */
void rig_begin(void);
/* A cmocka teardown: the folder goes with all in it. */
int rig_end(void **state);
/* Turns the loop until it is stopped; false: that took ms milliseconds. */
bool rig_turn(int64_t ms);

#endif /* TESTS_HVXD_RIG_H */
