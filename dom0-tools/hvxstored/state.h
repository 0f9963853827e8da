/* SPDX-License-Identifier: MIT */
/*
 * What outlives the daemon: one file, of records that each tell what happened,
 * in the order in which it did. It is mapped, and lies where it needs no disk
 * (/run): memory that was written is in it, whenever the process is killed, so
 * a record costs a copy. A record counts once its length, written last, is
 * there. When the file has grown, a new one with the tree as it is takes its
 * place, by rename.
 *
 * A damaged end is cut off, with a message; a record that is damaged with good
 * ones after it is more than a kill can do, and the file is refused.
 */
#ifndef HVXSTORED_STATE_H
#define HVXSTORED_STATE_H

#include "change.h"
#include "conn.h"

/*
 * dir: where the file lies, made if need be; NULL: nothing is kept. Reads what
 * is there and rebuilds all of it but rings. -1: refused, and said why.
 * *fresh: there was nothing.
 */
int state_open(const char *dir, bool *fresh);
/* Rings that were read: their streams are told what the file knows; watches of
 * the last record, which may not all have been told, fire again. */
void state_settle(void);
void state_close(void);

/* Gather a record ... */
void state_put_change(const struct change *c);
void state_put_watch(unsigned int domid, const char *path, const char *token,
		     int depth);
void state_put_unwatch(unsigned int domid, const char *path,
		       const char *token);
void state_put_reset(unsigned int domid);
void state_put_introduce(unsigned int domid, uint64_t gfn, uint32_t port);
void state_put_release(unsigned int domid);
void state_put_shutdown(unsigned int domid, bool is);
void state_put_noticed(unsigned int domid);
void state_put_target(unsigned int domid, int32_t target);
void state_put_special(const char *name, const struct perms *p);
void state_put_quota(const char *name, int64_t value);
/* ... and write it, if there is anything in it. c: the ring that asked, whose
 * request is done with it; or NULL. */
void state_commit(struct conn *c);

/* Whether so many bytes can be written; if not, what needs them must not be
 * begun. */
bool state_has_room(size_t bytes);
/* Bytes in the file; a new, short one is written. */
size_t state_size(void);
void state_compact(void);
/* The same if the file has grown much; not while a request is handled. */
void state_tidy(void);

#endif /* HVXSTORED_STATE_H */
