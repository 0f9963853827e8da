/* SPDX-License-Identifier: MIT */
#include "stream.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC		0x31535648u	/* "HVS1" */
#define OUT_FIRST	8192u
#define OUT_KEEP	65536u		/* shrunk above, once empty */

/* What was written before must be there before what follows is: the other
 * reader is this program's next life, which sees memory as it was left. */
#define barrier()	__asm__ volatile("" ::: "memory")

static size_t head_size(uint32_t out_size)
{
	return sizeof(struct stream_head) + out_size;
}

static void set_up(struct stream *s, struct stream_head *h)
{
	s->h = h;
	s->in_next = h->in_done;
	s->out_next = h->out_put;
}

void stream_new(struct stream *s)
{
	struct stream_head *h = mem_zero(head_size(OUT_FIRST));

	h->magic = MAGIC;
	h->out_size = OUT_FIRST;
	s->file = NULL;
	set_up(s, h);
}

static bool head_is_whole(const struct stream_head *h, size_t size,
			  unsigned int domid)
{
	return size >= sizeof(*h) && h->magic == MAGIC && h->domid == domid &&
	       h->out_size >= OUT_FIRST &&
	       !(h->out_size & (h->out_size - 1)) &&
	       size >= head_size(h->out_size) &&
	       h->in_got - h->in_done <= STREAM_IN &&
	       h->out_put - h->out_sent <= h->out_size;
}

static struct stream_head *map_file(const char *file, int flags, size_t *size)
{
	struct stream_head *h = NULL;
	int fd = open(file, O_RDWR | O_CLOEXEC | flags, 0600);
	struct stat st;

	if (fd < 0)
		return NULL;
	/* Pages are had now: none may be missing at a write later on. */
	if (flags && (errno = posix_fallocate(fd, 0, *size)))
		goto out;
	if (fstat(fd, &st) || st.st_size < (off_t)sizeof(*h))
		goto out;
	*size = st.st_size;
	h = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (h == MAP_FAILED)
		h = NULL;
out:
	if (!h && flags)
		unlink(file);
	close(fd);
	return h;
}

int stream_open(struct stream *s, const char *dir, unsigned int domid,
		bool *kept)
{
	struct stream_head *h;
	size_t size = 0;

	if (asprintf(&s->file, "%s/ring.%u", dir, domid) < 0)
		mem_check(NULL);
	h = map_file(s->file, 0, &size);
	*kept = h && head_is_whole(h, size, domid);
	if (h && !*kept) {
		munmap(h, size);
		unlink(s->file);
	}
	if (!*kept) {
		size = head_size(OUT_FIRST);
		h = map_file(s->file, O_CREAT | O_TRUNC, &size);
		if (!h) {
			free(s->file);
			return -1;
		}
		h->domid = domid;
		h->out_size = OUT_FIRST;
		h->magic = MAGIC;
	}
	set_up(s, h);
	return 0;
}

void stream_free(struct stream *s, bool keep)
{
	if (!s->h)
		return;
	if (s->file) {
		munmap(s->h, head_size(s->h->out_size));
		if (!keep)
			unlink(s->file);
		free(s->file);
	} else {
		free(s->h);
	}
	*s = (struct stream){ 0 };
}

void stream_restart(struct stream *s, uint32_t req_cons, uint32_t rsp_prod)
{
	struct stream_head *h = s->h;

	h->out_sent = h->out_put;
	h->in_done = h->in_got;
	h->req_base = req_cons - (uint32_t)h->in_got;
	h->rsp_base = rsp_prod - (uint32_t)h->out_put;
	h->error = 0;
	memset(h->open, 0, sizeof(h->open));
	set_up(s, h);
}

/* n bytes from position at on of a circle, in one or two pieces. */
static size_t pieces(uint8_t *circle, uint32_t size, uint64_t at, size_t n,
		     struct iovec v[2])
{
	size_t from = at & (size - 1), first = size - from;

	if (first > n)
		first = n;
	v[0] = (struct iovec){ circle + from, first };
	v[1] = (struct iovec){ circle, n - first };
	return n;
}

size_t stream_in_room(struct stream *s, struct iovec v[2])
{
	return pieces(s->h->in, STREAM_IN, s->h->in_got,
		      STREAM_IN - (s->h->in_got - s->h->in_done), v);
}

void stream_in_got(struct stream *s, size_t n)
{
	barrier();
	s->h->in_got += n;
	barrier();
}

size_t stream_in_ready(const struct stream *s)
{
	return s->h->in_got - s->h->in_done;
}

void stream_in_peek(const struct stream *s, size_t skip, void *to, size_t n)
{
	struct iovec v[2];

	pieces(s->h->in, STREAM_IN, s->h->in_done + skip, n, v);
	memcpy(to, v[0].iov_base, v[0].iov_len);
	memcpy((char *)to + v[0].iov_len, v[1].iov_base, v[1].iov_len);
}

void stream_in_take(struct stream *s, size_t n)
{
	s->in_next = s->h->in_done + n;
}

size_t stream_out_pending(const struct stream *s)
{
	return s->h->out_put - s->h->out_sent;
}

/* Moves output to a circle of another size. False: no memory in the file. */
static bool out_resize(struct stream *s, uint32_t size)
{
	struct stream_head *h = s->h, *new;
	size_t n = s->out_next - h->out_sent, total = head_size(size);
	struct iovec from[2], to[2];
	char *file = NULL;
	size_t i;

	if (!s->file) {
		new = mem_get(total);
	} else {
		if (asprintf(&file, "%s.new", s->file) < 0)
			mem_check(NULL);
		new = map_file(file, O_CREAT | O_TRUNC, &total);
		if (!new) {
			free(file);
			return false;
		}
	}
	memcpy(new, h, sizeof(*h));
	new->out_size = size;
	pieces(h->out, h->out_size, h->out_sent, n, from);
	for (i = 0; i < 2; i++) {
		pieces(new->out, size,
		       h->out_sent + (i ? from[0].iov_len : 0),
		       from[i].iov_len, to);
		memcpy(to[0].iov_base, from[i].iov_base, to[0].iov_len);
		memcpy(to[1].iov_base,
		       (char *)from[i].iov_base + to[0].iov_len, to[1].iov_len);
	}
	if (s->file) {
		rename(file, s->file);
		munmap(h, head_size(h->out_size));
		free(file);
	} else {
		free(h);
	}
	s->h = new;
	return true;
}

bool stream_out_reserve(struct stream *s, size_t n, size_t max)
{
	size_t need = s->out_next - s->h->out_sent + n;
	uint32_t size = s->h->out_size;

	if (need > max)
		return false;
	while (size < need)
		size *= 2;
	return size == s->h->out_size || out_resize(s, size);
}

void stream_out_stage(struct stream *s, const void *data, size_t n)
{
	struct iovec v[2];

	pieces(s->h->out, s->h->out_size, s->out_next, n, v);
	memcpy(v[0].iov_base, data, v[0].iov_len);
	memcpy(v[1].iov_base, (const char *)data + v[0].iov_len, v[1].iov_len);
	s->out_next += n;
}

bool stream_out_has(struct stream *s, uint64_t end, const void *data, size_t n)
{
	struct iovec v[2];

	if (end > s->out_next || end < s->h->out_sent + n)
		return false;
	pieces(s->h->out, s->h->out_size, end - n, n, v);
	return !memcmp(v[0].iov_base, data, v[0].iov_len) &&
	       !memcmp(v[1].iov_base, (const char *)data + v[0].iov_len,
		       v[1].iov_len);
}

size_t stream_out_data(struct stream *s, struct iovec v[2])
{
	return pieces(s->h->out, s->h->out_size, s->h->out_sent,
		      stream_out_pending(s), v);
}

void stream_out_sent(struct stream *s, size_t n)
{
	s->h->out_sent += n;
	barrier();
	if (s->h->out_size > OUT_KEEP && s->out_next == s->h->out_sent)
		out_resize(s, OUT_FIRST);
}

void stream_publish(struct stream *s)
{
	barrier();
	s->h->in_done = s->in_next;
	s->h->out_put = s->out_next;
	barrier();
}

void stream_catch_up(struct stream *s, uint64_t in_done, uint64_t out_put)
{
	struct stream_head *h = s->h;

	if (in_done <= h->in_got && in_done > h->in_done &&
	    out_put >= h->out_put && out_put - h->out_sent <= h->out_size) {
		h->in_done = in_done;
		h->out_put = out_put;
	}
	set_up(s, h);
}
