/* SPDX-License-Identifier: MIT */
/*
 * hvxkernel: takes a vmlinuz apart. The core has no decompressor; what it is
 * handed is the ELF image inside, gzipped again, which GRUB unpacks.
 *
 * The output is whole or absent: it is written under another name, and renamed
 * once it is on the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <hvx/pvboot.h>
#include <libhvctl/unpack.h>

/* A piece small enough for zlib's int. */
#define PIECE		(1U << 20)
/* Half the time of the best, and bigger by half a percent. */
#define LEVEL		"wb6"

static const char usage[] =
"Usage: hvxkernel [OPTION]... VMLINUZ [OUTPUT]\n"
"Takes the ELF image out of a Linux kernel and writes it, gzipped, to OUTPUT,\n"
"for GRUB to hand over to hvx. Without OUTPUT it only looks whether it could.\n"
"\n"
"  -h, --help       this text\n"
"\n"
"VMLINUZ: a bzImage (xz, gzip, lz4, zstd inside), an ELF image, or one gzipped.\n"
"Example:\n"
"  hvxkernel /boot/vmlinuz-6.1.0-56-amd64 /boot/hvx-dom0-6.1.0-56-amd64.gz\n";

static bool complain(const char *file, const char *why)
{
	fprintf(stderr, "hvxkernel: %s: %s\n", file, why);
	return false;
}

/* zlib's own reason, or the system's. */
static const char *gz_reason(gzFile gz)
{
	int number;
	const char *text = gzerror(gz, &number);

	return number == Z_ERRNO ? strerror(errno) : text;
}

static bool write_pieces(gzFile gz, const char *path, const char *p,
			 size_t size)
{
	while (size) {
		unsigned int n = size < PIECE ? size : PIECE;

		if (gzwrite(gz, p, n) != (int)n)
			return complain(path, gz_reason(gz));
		p += n;
		size -= n;
	}
	return true;
}

/* Compresses into fd, which is left open, with all of it on the disk. */
static bool write_gzip(int fd, const char *path, const struct unpack *u)
{
	int copy = dup(fd);
	gzFile gz = copy < 0 ? NULL : gzdopen(copy, LEVEL);
	bool ok;

	if (!gz) {
		if (copy >= 0)
			close(copy);
		return complain(path, strerror(errno));
	}
	ok = write_pieces(gz, path, u->image, u->size);
	if (gzclose(gz) != Z_OK && ok)
		ok = complain(path, strerror(errno));
	if (ok && (fchmod(fd, 0644) || fsync(fd)))
		ok = complain(path, strerror(errno));
	return ok;
}

static bool write_output(const char *path, const struct unpack *u)
{
	char *part;
	bool ok;
	int fd;

	if (asprintf(&part, "%s.XXXXXX", path) < 0)
		return complain(path, "out of memory");
	fd = mkstemp(part);
	if (fd < 0) {
		complain(part, strerror(errno));
		free(part);
		return false;
	}
	ok = write_gzip(fd, path, u);
	close(fd);
	if (ok && rename(part, path))
		ok = complain(path, strerror(errno));
	if (!ok)
		unlink(part);
	free(part);
	return ok;
}

/* Unpacked, and a kernel that the core would take. */
static bool read_kernel(struct unpack *u, const char *path)
{
	const char *why = unpack_start(u, path, 0);
	struct elf_kernel k;

	if (why)
		return complain(path, why);
	why = unpack_finish(u);
	if (!why)
		why = elf_read_kernel(u->image, u->size, &k);
	return why ? complain(path, why) : true;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	struct unpack u;
	bool ok;
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		fputs(usage, c == 'h' ? stdout : stderr);
		return c == 'h' ? 0 : 2;
	}
	argc -= optind;
	argv += optind;
	if (argc < 1 || argc > 2) {
		fputs(usage, stderr);
		return 2;
	}
	ok = read_kernel(&u, argv[0]) && (argc < 2 || write_output(argv[1], &u));
	unpack_end(&u);
	return ok ? 0 : 1;
}
