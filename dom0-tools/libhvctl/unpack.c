/* SPDX-License-Identifier: MIT */
/*
 * From a kernel file to its ELF image. What is inside a bzImage is told by the
 * boot header (Linux: Documentation/arch/x86/boot.rst, fields payload_offset
 * and payload_length, protocol 2.08) and by its first bytes.
 */
#include "unpack.h"

#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define CHUNK		(1UL << 20)
#define LZ4_BLOCK	(8UL << 20)
#define MEMORY_LIMIT	(256UL << 20)

struct sink {
	unpack_put *put;
	void *arg;
	size_t total;
};

static int emit(struct sink *s, const void *data, size_t size)
{
	if (size > UNPACK_MAX - s->total)
		return UNPACK_TOO_BIG;
	s->total += size;
	return size ? s->put(s->arg, data, size) : 0;
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static int unpack_gzip(const uint8_t *in, size_t size, struct sink *s,
		       uint8_t *buf)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)in, .avail_in = size };
	int rc = UNPACK_OK, ret;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return UNPACK_NO_MEMORY;
	do {
		z.next_out = buf;
		z.avail_out = CHUNK;
		ret = inflate(&z, Z_NO_FLUSH);
		if (ret != Z_OK && ret != Z_STREAM_END)
			rc = ret == Z_BUF_ERROR ? UNPACK_SHORT : UNPACK_CORRUPT;
		else
			rc = emit(s, buf, CHUNK - z.avail_out);
	} while (!rc && ret != Z_STREAM_END);
	inflateEnd(&z);
	return rc;
}

static int lzma_failure(lzma_ret ret)
{
	switch (ret) {
	case LZMA_BUF_ERROR:
		return UNPACK_SHORT;
	case LZMA_MEM_ERROR:
	case LZMA_MEMLIMIT_ERROR:
		return UNPACK_NO_MEMORY;
	default:
		return UNPACK_CORRUPT;
	}
}

static int unpack_xz(const uint8_t *in, size_t size, struct sink *s,
		     uint8_t *buf)
{
	lzma_stream z = LZMA_STREAM_INIT;
	int rc = UNPACK_OK;
	lzma_ret ret;

	if (lzma_stream_decoder(&z, MEMORY_LIMIT, 0) != LZMA_OK)
		return UNPACK_NO_MEMORY;
	z.next_in = in;
	z.avail_in = size;
	do {
		z.next_out = buf;
		z.avail_out = CHUNK;
		ret = lzma_code(&z, LZMA_FINISH);
		if (ret != LZMA_OK && ret != LZMA_STREAM_END)
			rc = lzma_failure(ret);
		else
			rc = emit(s, buf, CHUNK - z.avail_out);
	} while (!rc && ret != LZMA_STREAM_END);
	lzma_end(&z);
	return rc;
}

static int unpack_zstd(const uint8_t *in, size_t size, struct sink *s,
		       uint8_t *buf)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer from = { in, size, 0 };
	int rc = UNPACK_OK;
	size_t ret;

	if (!z)
		return UNPACK_NO_MEMORY;
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 27);
	do {
		ZSTD_outBuffer to = { buf, CHUNK, 0 };
		size_t was = from.pos;

		ret = ZSTD_decompressStream(z, &to, &from);
		if (ZSTD_isError(ret))
			rc = UNPACK_CORRUPT;
		else if (ret && !to.pos && from.pos == was)
			rc = UNPACK_SHORT;
		else
			rc = emit(s, buf, to.pos);
	} while (!rc && ret);
	ZSTD_freeDStream(z);
	return rc;
}

/* Blocks with a length before each; the kernel's build puts the unpacked
 * size behind the last. */
static int unpack_lz4(const uint8_t *in, size_t size, struct sink *s)
{
	char *block = malloc(LZ4_BLOCK);
	int rc = block ? UNPACK_OK : UNPACK_NO_MEMORY;
	size_t at = 4;

	while (!rc && size - at > 4) {
		uint32_t n = get32(in + at);
		int got;

		at += 4;
		if (n > size - at) {
			rc = UNPACK_SHORT;
			break;
		}
		got = LZ4_decompress_safe((const char *)in + at, block, n,
					  LZ4_BLOCK);
		rc = got < 0 ? UNPACK_CORRUPT : emit(s, block, got);
		at += n;
	}
	if (!rc && (size - at != 4 || get32(in + at) != s->total))
		rc = UNPACK_CORRUPT;
	free(block);
	return rc;
}

static int unpack_payload(const uint8_t *in, size_t size, struct sink *s)
{
	uint8_t *buf;
	int rc;

	if (size < 8)
		return UNPACK_SHORT;
	if (!memcmp(in, "\177ELF", 4))
		return emit(s, in, size);
	if (get32(in) == 0x184c2102)
		return unpack_lz4(in, size, s);
	buf = malloc(CHUNK);
	if (!buf)
		return UNPACK_NO_MEMORY;
	if (!memcmp(in, "\xfd" "7zXZ\0", 6))
		rc = unpack_xz(in, size, s, buf);
	else if (in[0] == 0x1f && in[1] == 0x8b)
		rc = unpack_gzip(in, size, s, buf);
	else if (get32(in) == 0xfd2fb528)
		rc = unpack_zstd(in, size, s, buf);
	else
		rc = UNPACK_UNKNOWN;
	free(buf);
	return rc;
}

int unpack_image(const uint8_t *file, size_t size, unpack_put *put, void *arg)
{
	struct sink s = { put, arg, 0 };
	size_t setup, offset, length;

	if (size < 0x250 || memcmp(file + 0x202, "HdrS", 4))
		return unpack_payload(file, size, &s);
	if ((file[0x206] | file[0x207] << 8) < 0x208)
		return UNPACK_OLD;
	setup = ((file[0x1f1] ? file[0x1f1] : 4) + 1) * 512;
	offset = get32(file + 0x248);
	length = get32(file + 0x24c);
	if (setup > size || offset > size - setup ||
	    length > size - setup - offset)
		return UNPACK_SHORT;
	return unpack_payload(file + setup + offset, length, &s);
}
