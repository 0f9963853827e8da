/* SPDX-License-Identifier: MIT */
/*
 * A store for tests of its client: a listening socket in a folder of its own,
 * and a thread that runs the test's script of what is received and answered.
 */
#ifndef FAKE_STORE_H
#define FAKE_STORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct fake_store {
	char folder[32], path[64];
	int listener, conn;
	pthread_t thread;
	void (*script)(struct fake_store *f);
	/* The message last received */
	uint32_t type, id, tx, len;
	char body[4097];
};

/* Sets XENSTORED_PATH; the script starts with a connection accepted. */
void fake_start(struct fake_store *f, void (*script)(struct fake_store *f));
/* Waits for the script's end, closes and removes. */
void fake_stop(struct fake_store *f);

/* For scripts. receive: false if the client has hung up. */
bool fake_receive(struct fake_store *f);
void fake_send(struct fake_store *f, uint32_t type, uint32_t id,
	       const void *body, uint32_t len);
/* To the last message, a string with its 0 or without. */
void fake_reply(struct fake_store *f, const char *text);
void fake_reply_bytes(struct fake_store *f, const void *data, uint32_t len);
void fake_error(struct fake_store *f, const char *name);
void fake_event(struct fake_store *f, const char *path, const char *token);
/* Hangs up, and takes the next connection. */
void fake_hang_up(struct fake_store *f);
void fake_accept(struct fake_store *f);
/* Nobody can connect until the next. */
void fake_listen(struct fake_store *f);
void fake_unlisten(struct fake_store *f);
/* Answers all requests as a store would that has everything, to the end. */
void fake_serve(struct fake_store *f);

#endif /* FAKE_STORE_H */
