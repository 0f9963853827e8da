/* SPDX-License-Identifier: MIT */
/* The confined child in which a kernel is unpacked. */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPU_SECONDS	300
#define FILE_MAX	(256UL << 20)
#define CANT_CONFINE	64

static const char *const why[] = {
	[UNPACK_OK] = "is empty",
	[UNPACK_SHORT] = "is cut short",
	[UNPACK_UNKNOWN] = "is neither a bzImage nor an ELF image",
	[UNPACK_CORRUPT] = "is corrupt: it can't be unpacked",
	[UNPACK_TOO_BIG] = "unpacks to more than 512 MiB",
	[UNPACK_NO_MEMORY] = "needs too much memory to be unpacked",
	[UNPACK_OLD] = "is a bzImage of a boot protocol before 2.08",
};

static const char cut_off[] = "can't be read to its end";

static int put_file(void *arg, const void *data, size_t size)
{
	const char *p = data;
	int fd = *(int *)arg;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n <= 0)
			return UNPACK_NO_MEMORY;
		p += n;
		size -= n;
	}
	return 0;
}

static bool confine(void)
{
	static const int calls[] = {
		SCMP_SYS(write), SCMP_SYS(mmap), SCMP_SYS(munmap),
		SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise),
		SCMP_SYS(exit_group), SCMP_SYS(futex),
#ifdef __SANITIZE_ADDRESS__
		SCMP_SYS(sigaltstack),	/* its own way out */
#endif
	};
	const struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };
	const struct rlimit size = { UNPACK_MAX, UNPACK_MAX };
	const struct rlimit memory = { 1UL << 30, 1UL << 30 };
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = f && !setrlimit(RLIMIT_CPU, &cpu) &&
		  !setrlimit(RLIMIT_FSIZE, &size);
	size_t i;

	/* Sanitizers keep shadow memory, far above any such limit. */
#ifndef __SANITIZE_ADDRESS__
	ok = ok && !setrlimit(RLIMIT_AS, &memory);
#else
	(void)memory;
#endif
	for (i = 0; ok && i < sizeof(calls) / sizeof(*calls); i++)
		ok = !seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	ok = ok && !seccomp_load(f);
	seccomp_release(f);
	return ok;
}

static void __attribute__((noreturn))
run_child(const uint8_t *file, size_t size, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGBUS, SIG_DFL);	/* a file that was cut ends the child */
	if (out != 3)
		out = dup2(out, 3);
	if (out != 3 || close_range(4, ~0U, 0) || close_range(0, 2, 0) ||
	    !confine())
		_exit(CANT_CONFINE);
	_exit(unpack_image(file, size, put_file, &out));
}

/*
 * Maps the file. It may change meanwhile, so only the child, which may be led
 * astray, looks at what is in it.
 */
static const char *map_file(int fd, uint8_t **data, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size < 1 ||
	    (size_t)st.st_size > FILE_MAX)
		return "is no file of 1 byte to 256 MiB";
	*data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	*size = st.st_size;
	return *data == MAP_FAILED ? strerror(errno) : NULL;
}

static bool is_elf(int fd)
{
	char magic[4];

	return pread(fd, magic, 4, 0) == 4 && !memcmp(magic, "\177ELF", 4);
}

/* What is no package is copied as it is, which nobody has to be confined for;
 * the kernel that copies says so where the file has become shorter. */
static const char *copy_image(struct unpack *u, const uint8_t *file, size_t size)
{
	errno = 0;
	if (!put_file(&u->out, file, size))
		return NULL;
	return errno == EFAULT ? cut_off : strerror(errno);
}

static const char *start_child(struct unpack *u, const uint8_t *file,
			       size_t size)
{
	u->child = fork();
	if (!u->child)
		run_child(file, size, u->out);
	if (u->child > 0)
		return NULL;
	u->child = 0;
	return strerror(errno);
}

static const char *start(struct unpack *u, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *file = NULL;
	size_t size = 0;
	const char *error;

	if (fd < 0)
		return strerror(errno);
	error = map_file(fd, &file, &size);
	if (!error) {
		error = is_elf(fd) ? copy_image(u, file, size)
				   : start_child(u, file, size);
		munmap(file, size);
	}
	close(fd);
	return error;
}

const char *unpack_start(struct unpack *u, const char *path, int image)
{
	const char *error = NULL;
	int seals;

	memset(u, 0, sizeof(*u));
	u->out = image <= 0 ? memfd_create("kernel",
					  MFD_CLOEXEC | MFD_ALLOW_SEALING)
			   : fcntl(image, F_DUPFD_CLOEXEC, 3);
	if (u->out < 0)
		return strerror(errno);
	seals = fcntl(u->out, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_WRITE))
		error = start(u, path);
	if (error)
		unpack_end(u);
	return error;
}

static const char *map_image(struct unpack *u)
{
	off_t size = lseek(u->out, 0, SEEK_END);
	void *p;

	if (size <= 0)
		return why[UNPACK_OK];
	if (fcntl(u->out, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK))
		return strerror(errno);
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, u->out, 0);
	if (p == MAP_FAILED)
		return strerror(errno);
	u->image = p;
	u->size = size;
	return NULL;
}

static const char *killed(int signal)
{
	switch (signal) {
	case SIGBUS:			/* the mapping has no such page */
		return cut_off;
	case SIGXCPU:
	case SIGKILL:
		return "took too long to unpack";
	default:
		return "made the unpacker do what it may not";
	}
}

const char *unpack_finish(struct unpack *u)
{
	int status, rc;

	if (!u->child)
		return map_image(u);
	do {
		rc = waitpid(u->child, &status, 0);
	} while (rc < 0 && errno == EINTR);
	u->child = 0;
	if (rc < 0)
		return strerror(errno);
	if (WIFSIGNALED(status))
		return killed(WTERMSIG(status));
	rc = WEXITSTATUS(status);
	if (rc == CANT_CONFINE)
		return "can't be unpacked: no seccomp here";
	if (rc)
		return rc < (int)(sizeof(why) / sizeof(*why)) ? why[rc]
							      : why[3];
	return map_image(u);
}

void unpack_end(struct unpack *u)
{
	if (u->child > 0) {
		kill(u->child, SIGKILL);
		waitpid(u->child, NULL, 0);
	}
	if (u->image)
		munmap((void *)(uintptr_t)u->image, u->size);
	if (u->out >= 0)
		close(u->out);
	memset(u, 0, sizeof(*u));
	u->out = -1;
}
