/* SPDX-License-Identifier: MIT */
/*
 * A connection's bytes under way: input that is not yet a whole message, and
 * output that the other side has not taken. Positions count bytes since the
 * connection began and only grow.
 *
 * A ring's stream lies in a file that is mapped, so that it outlives the
 * process: bytes are copied first, then the position that covers them moves,
 * then the ring's own index. Whenever the process is killed, the positions say
 * what was taken from the ring and what was put there (stream_resume).
 *
 * Input and output of one request move together: what is staged counts from
 * stream_publish on, or, if the state file has a record of the request, from
 * that record on (stream_catch_up).
 */
#ifndef HVXSTORED_STREAM_H
#define HVXSTORED_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <abi/io/xs_wire.h>

#define STREAM_IN	8192u		/* power of two; a message fits */
#define STREAM_OPEN	64		/* transactions kept by number */

struct stream_head {
	uint32_t magic;
	uint32_t domid;
	uint32_t out_size;		/* power of two */
	uint32_t req_base, rsp_base;	/* ring index of position 0 */
	uint32_t error;			/* XENSTORE_ERROR_* */
	uint64_t in_got, in_done;
	uint64_t out_put, out_sent;
	uint32_t open[STREAM_OPEN];	/* transactions; 0: free */
	uint8_t in[STREAM_IN];
	uint8_t out[];
};

struct stream {
	struct stream_head *h;
	char *file;			/* NULL: memory of this process */
	uint64_t in_next;		/* in_done after this request */
	uint64_t out_next;		/* out_put after it */
};

/* Without a file. */
void stream_new(struct stream *s);
/*
 * In a file of dir, kept if it is there and whole, else new. -1 and errno if
 * it can't be; *kept says which.
 */
int stream_open(struct stream *s, const char *dir, unsigned int domid,
		bool *kept);
/* The file goes, too, unless keep. */
void stream_free(struct stream *s, bool keep);
/* Both directions empty, from these ring indices on. */
void stream_restart(struct stream *s, uint32_t req_cons, uint32_t rsp_prod);

/* Free input space, in one or two pieces; the number of bytes. */
size_t stream_in_room(struct stream *s, struct iovec v[2]);
void stream_in_got(struct stream *s, size_t n);
/* Bytes that wait, and a copy of n of them, `skip` from the first. */
size_t stream_in_ready(const struct stream *s);
void stream_in_peek(const struct stream *s, size_t skip, void *to, size_t n);
/* The request that is being handled has n bytes. */
void stream_in_take(struct stream *s, size_t n);

/* Bytes that wait to be sent, staged ones not among them. */
size_t stream_out_pending(const struct stream *s);
/* False if it would be more than max bytes, or there is no memory for it. */
bool stream_out_reserve(struct stream *s, size_t n, size_t max);
/* After a reserve. */
void stream_out_stage(struct stream *s, const void *data, size_t n);
/* Whether the n bytes that end at a position are these, and none is sent. */
bool stream_out_has(struct stream *s, uint64_t end, const void *data, size_t n);
size_t stream_out_data(struct stream *s, struct iovec v[2]);
void stream_out_sent(struct stream *s, size_t n);

void stream_publish(struct stream *s);
/* The state file has a record that the stream may not have seen. */
void stream_catch_up(struct stream *s, uint64_t in_done, uint64_t out_put);

#endif /* HVXSTORED_STREAM_H */
