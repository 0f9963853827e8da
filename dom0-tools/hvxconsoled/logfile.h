/* SPDX-License-Identifier: MIT */
/*
 * A guest's log: what it has printed, byte by byte. At its limit the file
 * becomes NAME.1 in place of the one before, so a guest never has more than two
 * limits' worth on the disk. Opened again it is who turns logs' name that
 * counts (logrotate and SIGHUP).
 */
#ifndef HVXCONSOLED_LOGFILE_H
#define HVXCONSOLED_LOGFILE_H

#include <stddef.h>
#include <stdint.h>

struct logfile {
	int fd;				/* -1: none */
	char *path;
	uint64_t size, limit;		/* bytes */
};

/* guest-NAME.log in folder; what a path can't have in name is replaced. -1 and
 * errno: there is no log; writing to it does nothing then. */
int logfile_open(struct logfile *l, const char *folder, const char *name,
		 uint64_t limit);
int logfile_reopen(struct logfile *l);
/* -1 and errno: not all is written; the next may be again. */
int logfile_write(struct logfile *l, const char *data, size_t len);
void logfile_close(struct logfile *l);

#endif /* HVXCONSOLED_LOGFILE_H */
