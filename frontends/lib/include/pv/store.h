/*
 * The store, over the ring that start_info names: one request at a time, and
 * watches. No other code may use the store's port.
 */
#ifndef PV_STORE_H
#define PV_STORE_H

#include <stdbool.h>
#include <stddef.h>

/* Values and paths are cut to this, with the zero. */
#define STORE_TEXT	256

/* false: this guest has none. */
bool store_init(void);
/* The value to buf (STORE_TEXT bytes); false: no such node, or no right. */
bool store_read(const char *path, char *buf);
bool store_write(const char *path, const char *value);
/* Events come by store_event; the first one at once. */
bool store_watch(const char *path);
/* The path of the next event to buf (STORE_TEXT bytes); false: none now. */
bool store_event(char *buf);
/* The port on which events come. */
unsigned int store_port(void);

#endif
