/* SPDX-License-Identifier: MIT */
/*
 * The last HISTORY_SIZE bytes that a guest has written, and how many there were
 * in all. They lie in a file below /run that outlives us: who is started after
 * a crash goes on where the last one has stopped, to the byte.
 */
#ifndef HVXCONSOLED_HISTORY_H
#define HVXCONSOLED_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_SIZE	65536

struct history_file;

struct history {
	struct history_file *file;
	char *path;
};

/* *kept: it was there, of the same domain. -1 and errno on failure. */
int history_open(struct history *h, const char *folder, uint32_t domid,
		 const uint8_t uuid[16], bool *kept);
/* gone: the domain is, so the file goes, too. Safe to repeat. */
void history_close(struct history *h, bool gone);
/* Removes files of domains that aren't there any more. */
void history_sweep(const char *folder,
		   bool (*there)(void *arg, uint32_t domid), void *arg);

void history_add(struct history *h, const char *data, size_t len);
/* Bytes since the guest's start */
uint64_t history_total(const struct history *h);
/* What lies at *pos in one piece; a *pos that is too old is moved on. 0: it is
 * all that there is. */
size_t history_at(const struct history *h, uint64_t *pos, const char **data);
/* Up to where the log has it */
uint64_t history_logged(const struct history *h);
void history_set_logged(struct history *h, uint64_t pos);
/* The ring's index of the next byte */
uint32_t history_cons(const struct history *h);
void history_set_cons(struct history *h, uint32_t cons);

#endif /* HVXCONSOLED_HISTORY_H */
