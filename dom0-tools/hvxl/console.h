/* SPDX-License-Identifier: MIT */
/* A guest's console on this terminal. */
#ifndef HVXL_CONSOLE_H
#define HVXL_CONSOLE_H

#define CONSOLE_ESCAPE	0x1d		/* Ctrl-] */

/*
 * Shows a domain's console, from what it has lately printed on, and takes what
 * is typed there, until escape is typed or the domain ends. By hvxconsoled's
 * socket, or without one by the terminal that the store names. A domain whose
 * console isn't there yet is waited for; one that has none is told of on
 * stderr. The exit code: 0, or 1.
 */
int console_attach(unsigned int domid, int escape);

#endif /* HVXL_CONSOLE_H */
