/* SPDX-License-Identifier: MIT */
/*
 * Live update: the process becomes another program by exec. Everything but the
 * sockets is in the state folder anyhow (state.h); those stay open, and what
 * else their connections have goes through a memory file: bytes under way,
 * watches, and the numbers of open transactions, which will fail at their end.
 */
#ifndef HVXSTORED_HANDOVER_H
#define HVXSTORED_HANDOVER_H

#include <stdbool.h>

/* The program to become; NULL: the one that runs. False: it can't be run. */
bool handover_set_program(const char *path);
/* It is to be done, when no request is being handled: how is main's to say. */
extern void (*handover_now)(void);
void handover_request(void);
void handover_do_request(void);

/*
 * Becomes the program, with argv and "--handover N". Returns only if that
 * failed, with all as it was, and said why.
 */
void handover_exec(char **argv, int listen_fd);
/* The other side: adopts what came; the listening socket, or -1. */
int handover_adopt(int fd);

#endif /* HVXSTORED_HANDOVER_H */
