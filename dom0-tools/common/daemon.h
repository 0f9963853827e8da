/* SPDX-License-Identifier: MIT */
/* What each daemon does at its start besides its own work. */
#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include <sys/types.h>

/* As many descriptors as the hard limit allows: a guest needs some. */
void daemon_raise_files(void);
/* Writes this process's number to path, for who sends it signals; the caller
 * removes it at the end. NULL: nowhere. 0, or -1 after a message. */
int daemon_write_pid(const char *path);

/* Makes the folder path, by mode, and those above it; those that are there are
 * left as they are. 0, or -1 and errno. */
int daemon_make_folder(const char *path, mode_t mode);

#endif /* COMMON_DAEMON_H */
