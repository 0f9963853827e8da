/* SPDX-License-Identifier: MIT */
/* Readiness, told to systemd or whoever set NOTIFY_SOCKET (sd_notify(3)). */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

/* state: "READY=1", "STATUS=...", "STOPPING=1" */
void notify(const char *state);

#endif /* COMMON_NOTIFY_H */
