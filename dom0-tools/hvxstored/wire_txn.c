/* SPDX-License-Identifier: MIT */
/* Messages about watches and transactions. */
#include "wire.h"
#include "state.h"
#include "store.h"
#include "watch.h"

#include <errno.h>
#include <string.h>

/* A privileged client that lost so many races in a row has guests wait. */
#define AGAIN_MAX	3
#define HOLD_MS		200

/* ---- watches ---- */

static void greet(struct req *r)
{
	watch_greet(r->conn);
}

/* A third string, if there is one, is the depth. */
int wire_watch(struct req *r)
{
	uint64_t depth = 0;
	const char *v[3];
	bool deep = false;
	int rc;

	if (!req_strings(r, v, 2)) {
		if (!req_strings(r, v, 3) ||
		    !req_number(v[2], INT32_MAX - 1, &depth))
			return EINVAL;
		deep = true;
	}
	rc = watch_add(r->conn, v[0], v[1], deep ? (int)depth : -1);
	if (rc)
		return rc;
	if (r->conn->fd < 0)
		state_put_watch(r->conn->who.domid, v[0], v[1],
				deep ? (int)depth : -1);
	r->after = greet;
	return 0;
}

int wire_unwatch(struct req *r)
{
	const char *v[2];
	int rc;

	if (!req_strings(r, v, 2))
		return EINVAL;
	rc = watch_remove(r->conn, v[0], v[1]);
	if (!rc && r->conn->fd < 0)
		state_put_unwatch(r->conn->who.domid, v[0], v[1]);
	return rc;
}

int wire_reset_watches(struct req *r)
{
	watch_remove_all(r->conn);
	txn_end_all(r->conn);
	if (r->conn->fd < 0)
		state_put_reset(r->conn->who.domid);
	return 0;
}

/* ---- transactions ---- */

int wire_transaction_start(struct req *r)
{
	struct txn *t;
	int rc;

	if (r->txn)
		return EBUSY;
	rc = txn_start(r->conn, &t);
	if (rc)
		return rc;
	if (r->conn->again >= AGAIN_MAX && who_is_privileged(&r->conn->who))
		conn_hold_guests(r->conn, HOLD_MS);
	req_answer(r, "%u", t->id);
	return 0;
}

static void fire_commit(struct req *r)
{
	store_fire(r->old, r->txn->changes, r->txn->changes_n,
		   r->conn->who.domid);
}

static void put_changes(const struct txn *t)
{
	unsigned int i;

	for (i = 0; i < t->changes_n; i++)
		state_put_change(&t->changes[i]);
}

/* What a commit will take in the state file. */
static size_t commit_bytes(const struct txn *t)
{
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < t->changes_n; i++)
		n += 64 + strlen(t->changes[i].path) +
		     (t->changes[i].value ? t->changes[i].value->len : 0) +
		     (t->changes[i].perms ? t->changes[i].perms->n * 8 : 0);
	return n;
}

static int commit(struct req *r)
{
	struct conn *c = r->conn;
	int rc;

	if (!state_has_room(commit_bytes(r->txn)))
		return ENOSPC;
	rc = txn_commit(r->txn, &r->old);
	if (r->old) {
		put_changes(r->txn);
		txn_count_change();
		r->after = fire_commit;
	}
	c->again = rc == EAGAIN ? c->again + 1 : 0;
	return rc;
}

int wire_transaction_end(struct req *r)
{
	const char *v[1];
	int rc = 0;

	if (!req_strings(r, v, 1) || !*v[0] || v[0][1] ||
	    (*v[0] != 'T' && *v[0] != 'F'))
		return EINVAL;
	if (!r->txn)
		return ENOENT;
	if (*v[0] == 'T')
		rc = commit(r);
	conn_release_guests(r->conn);
	return rc;
}
