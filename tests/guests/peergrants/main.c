/* SPDX-License-Identifier: MIT */
/*
 * peergrants: grants between domains (GT-01 to GT-16).
 *
 * What must hold: what isn't granted can't be mapped or copied; a granted frame
 * stays where it is, and of the type that its user relies on, until the last
 * use ends, whoever frees it or dies; each part of a mapping is undone once;
 * counts end. A broken hypervisor gives one guest another's memory.
 *
 * Two unprivileged peers, one that grants and one that maps; the builder looks
 * at both.
 */
#include "grants.h"

struct peer granter, mapper;

void guest_main(void)
{
	unsigned long before;

	grants_open();
	/* First what makes the builder's own table of handles as big as it
	 * gets: it stays. */
	peer_start(&granter, NULL);
	peer_call(&granter, p_open, NULL, 0);
	check_pins();
	peer_destroy(&granter);
	before = free_pages_of_machine();
	peer_start(&granter, NULL);
	peer_start(&mapper, NULL);
	peer_call(&granter, p_open, NULL, 0);
	peer_call(&mapper, p_open, NULL, 0);
	check_refusals();
	check_races();
	check_lives();
	check(!peer_destroy(&granter) && !peer_destroy(&mapper), "the end");
	check(!on_hvx() || free_pages_of_machine() == before,
	      "nothing is lost");
}
