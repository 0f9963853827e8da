/* SPDX-License-Identifier: MIT */
/*
 * One guest's console: its ring on one side; history, log, terminal and those
 * who look on the other.
 *
 * Output goes from the ring into the history, which is all that anybody reads
 * from; each reader has a position there, and one that is slower than the guest
 * loses the oldest, so nobody holds up a guest or another reader. Input of all
 * of them is taken in turn, and no faster than the guest does.
 *
 * A guest gets a budget of events and bytes for each slice of time. One that
 * has used it up is left alone until the slice is over: its event channel stays
 * masked, its ring fills, and it waits, as it would for a slow line.
 */
#ifndef HVXCONSOLED_CONSOLE_H
#define HVXCONSOLED_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <common/loop.h>
#include "history.h"
#include "hyper.h"
#include "logfile.h"
#include "ring.h"

#define SLICE_MS	100
#define SLICE_EVENTS	256
#define SLICE_BYTES	(256 << 10)
/* How long readers may take to get the rest when a guest has ended, ms. */
#define LINGER_MS	2000
#define READERS_MAX	32		/* of one guest */

struct console;

/* Who looks at a console: a client's socket, or its terminal. */
struct reader {
	struct reader *next;
	struct console *console;
	int fd;
	struct loop_fd *source;
	uint64_t pos;			/* in the history */
	bool terminal;			/* fd is the console's own */
	bool off;			/* a terminal that nobody has open */
	bool full;			/* waits for room to write */
};

struct console {
	struct console *next;
	struct consoles *all;
	uint32_t domid;
	uint8_t uuid[16];
	char *name;
	bool gone;			/* the guest has ended */
	int64_t gone_at;
	struct history history;
	struct logfile log;
	bool log_failed, odd;		/* said once */
	bool known;			/* history goes on with this ring */

	struct xencons_interface *ring;	/* NULL: not connected */
	bool granted;
	unsigned long mfn;
	uint32_t remote;		/* the guest's port */
	int port;			/* ours, or -1 */
	uint32_t in_prod;

	struct reader *readers;
	char input[RING_IN];
	size_t input_len;

	int terminal, slave;		/* -1: none */
	int watch;			/* of inotify */
	unsigned int openers;		/* of the slave */

	int64_t slice;			/* which one the counts are of */
	unsigned int events;
	size_t bytes;
	bool throttled;
};

struct consoles {
	struct loop *loop;
	struct hyper *hyper;
	const char *history_folder, *log_folder;	/* log NULL: none */
	uint64_t log_limit;
	struct console *list;
	struct console **by_port;
	unsigned int ports;
	struct loop_timer *tick;	/* ends slices, frees what has ended */
	struct loop_fd *events, *opens;
	int inotify;
};

/* 0, or -1 and errno. What all points at stays the caller's. */
int consoles_init(struct consoles *all);
/* Leaves guests' consoles for who comes next. */
void consoles_free(struct consoles *all);
/* The guest's, NULL if it has none. */
struct console *console_find(struct consoles *all, uint32_t domid);

/* A domain's console that isn't connected yet; NULL and errno. */
struct console *console_new(struct consoles *all, uint32_t domid,
			    const uint8_t uuid[16], const char *name);
/* To ring and port; a connection to other ones is given up first. -1 and
 * errno: not connected. */
int console_connect(struct console *c, unsigned long mfn, uint32_t remote);
/* The guest is no more: lets go of it at once, and of readers soon. */
void console_end(struct console *c);
/* Path of the terminal's slave, or NULL. buf of size bytes. */
const char *console_terminal(const struct console *c, char *buf, size_t size);
/* Adds a reader from pos on; fd is the console's from now on. -1 and errno:
 * too many, or no memory; fd is still the caller's. */
int console_look(struct console *c, int fd, uint64_t pos);
/* Where a reader begins that wants all that there still is. */
uint64_t console_start(const struct console *c);
/* Takes input, as much as has room; the count. */
size_t console_input(struct console *c, const char *data, size_t len);

/* ---- among console.c, reader.c and terminal.c ---- */

/* NULL and errno. */
struct reader *reader_add(struct console *c, int fd, uint64_t pos,
			  bool terminal);
/* Gives it what it lacks, as far as it goes; may end it. */
void reader_feed(struct reader *r);
/* What it waits for now. */
void reader_events(struct reader *r);
/* Closes it, but for a terminal's descriptor. */
void reader_end(struct reader *r);
/* Input has room again. */
void readers_resume(struct console *c);

int terminal_open(struct console *c);
void terminal_close(struct console *c);
/* inotify has told of opens and closes. */
void terminal_opens(void *arg, uint32_t events);

#endif /* HVXCONSOLED_CONSOLE_H */
