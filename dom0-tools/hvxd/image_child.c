/* SPDX-License-Identifier: MIT */
/*
 * What qemu-nbd may: it is the guest's backends' user, and may open any file, of
 * which there are none but the image in the tree that it sees; that tree is made
 * here, in a mount namespace of its own.
 */
#include "images.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IMAGE		"image"
#define INSIDE		"/" IMAGE

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "qemu-nbd: not begun: %s: %s\n", what, strerror(errno));
	_exit(1);
}

/* ---- the tree ----------------------------------------------------------- */

static void bind(const char *from, const char *to, bool readonly)
{
	if (mount(from, to, NULL, MS_BIND, NULL))
		fail(from);
	if (readonly && mount(NULL, to, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY |
			      MS_NOSUID, NULL))
		fail(from);
}

static void bind_file(const char *from, const char *to, bool readonly)
{
	int fd = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		fail(to);
	close(fd);
	bind(from, to, readonly);
}

/* A folder of programs as dom0 has it: a link into /usr, or itself. */
static void like_dom0(const char *path)
{
	char to[64];
	ssize_t n = readlink(path, to, sizeof(to) - 1);

	if (n > 0) {
		to[n] = 0;
		if (symlink(to, path + 1))
			fail(path);
	} else if (!access(path, X_OK)) {
		mkdir(path + 1, 0755);
		bind(path, path + 1, true);
	}
}

static void make_tree(const struct guest_disk *disk, const char *run_folder)
{
	static const char *const programs[] = { "/usr", "/lib", "/lib64" };
	unsigned int i;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("image", run_folder, "tmpfs", MS_NOSUID, "mode=755,size=64k"))
		fail("a tree of its own");
	if (chdir(run_folder))
		fail(run_folder);
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		like_dom0(programs[i]);
	/* By which qemu finds out what locks there are. */
	mkdir("dev", 0755);
	bind_file("/dev/null", "dev/null", false);
	bind_file(disk->target, IMAGE, !disk->readwrite);
	if (chroot(".") || chdir("/"))
		fail("the tree");
}

/* ---- rights ------------------------------------------------------------- */

static void become(uint32_t user)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { { 0 } };
	unsigned long cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (cap != CAP_DAC_OVERRIDE && prctl(PR_CAPBSET_DROP, cap))
			fail("capabilities");
	caps[0].effective = caps[0].permitted = caps[0].inheritable =
		1u << CAP_DAC_OVERRIDE;
	if (prctl(PR_SET_KEEPCAPS, 1) || setgroups(0, NULL) ||
	    setresgid(user, user, user) || setresuid(user, user, user) ||
	    syscall(SYS_capset, &head, caps) ||
	    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)
	    || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail("rights");
}

/* ---- descriptors -------------------------------------------------------- */

/* 0 to 2: nothing and words; 3: the listener, as the protocol of systemd's
 * sockets has it; 4: the lock. */
static void arrange(int listener, int lock, int words)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* Above where they go, so that none is overwritten. */
	listener = fcntl(listener, F_DUPFD, 10);
	lock = fcntl(lock, F_DUPFD, 10);
	words = fcntl(words, F_DUPFD, 10);
	if (dup2(words, 2) != 2 || dup2(words, 1) != 1 || dup2(null, 0) != 0 ||
	    dup2(listener, 3) != 3 || dup2(lock, 4) != 4)
		_exit(126);
	close_range(5, ~0U, 0);
}

void image_exec(const struct guest_disk *disk, const char *run_folder,
		uint32_t user, int listener, int lock, int words)
{
	const char *cache;
	sigset_t none;
	char self[16];
	int fd;

	arrange(listener, lock, words);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	make_tree(disk, run_folder);
	/* As raw disks: past dom0's page cache, where that is possible. */
	fd = open(INSIDE, O_RDONLY | O_DIRECT | O_CLOEXEC);
	cache = fd < 0 ? "--cache=writeback" : "--cache=none";
	if (fd >= 0)
		close(fd);
	become(user);
	snprintf(self, sizeof(self), "%d", getpid());
	clearenv();
	setenv("LISTEN_PID", self, 1);
	setenv("LISTEN_FDS", "1", 1);
	execl(IMAGE_SERVER, "qemu-nbd", "--format=qcow2", "--discard=unmap",
	      cache, disk->readwrite ? INSIDE : "--read-only",
	      disk->readwrite ? NULL : INSIDE, NULL);
	fail(IMAGE_SERVER);
}
