/* SPDX-License-Identifier: MIT */
#include "images.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <common/log.h>
#include "events.h"

/* So long a server of the same image may take to end, and one to begin. */
#define PATIENCE_MS	15000
#define PAUSE_MS	50

enum image_state {
	IMAGE_WAITS,		/* for the last server of this image */
	IMAGE_STARTS,		/* there is a process */
	IMAGE_READY,		/* it has said hello */
	IMAGE_GIVEN,		/* blkback has the connection */
	IMAGE_LEAVES,		/* that blkback is dead: it is asked to end */
	IMAGE_FAILED,		/* it ended before it was given */
};

struct held_image {
	struct held_image *next;
	struct hvxd *hd;
	uint32_t domid, device;
	char vdev[16];
	enum image_state state;
	int64_t since;
	pid_t pid;
	int pidfd, sock, words;
	struct loop_fd *end, *hello;
	struct loop_timer *timer;
	/* Who is called, once, when open is to be called again. */
	void (*again)(void *arg);
	void *again_arg;
	char how[64];			/* IMAGE_FAILED */
};

static void call_again(struct held_image *m)
{
	void (*again)(void *arg) = m->again;

	m->again = NULL;
	if (again)
		again(m->again_arg);
}

static struct held_image *find(struct hvxd *hd, uint32_t domid, uint32_t device)
{
	struct held_image *m = hd->images;

	while (m && (m->domid != domid || m->device != device))
		m = m->next;
	return m;
}

static void drop(struct held_image *m)
{
	struct held_image **at = &m->hd->images;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	loop_del_fd(m->end);
	loop_del_fd(m->hello);
	loop_del_timer(m->timer);
	if (m->pidfd >= 0)
		close(m->pidfd);
	if (m->sock >= 0)
		close(m->sock);
	if (m->words >= 0)
		close(m->words);
	free(m);
}

/* ---- what it said ------------------------------------------------------- */

#define WORDS	200

/* Its first line, without its name. */
static void words_of(const struct held_image *m, char text[WORDS])
{
	static const char name[] = "qemu-nbd: ";
	ssize_t n = pread(m->words, text, WORDS - 1, 0);

	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	if (!strncmp(text, name, strlen(name)))
		memmove(text, text + strlen(name),
			strlen(text) - strlen(name) + 1);
}

static void how_it_ended(struct held_image *m, int status)
{
	if (WIFSIGNALED(status))
		snprintf(m->how, sizeof(m->how), "signal %d (%s)",
			 WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(m->how, sizeof(m->how), "exit status %d",
			 WEXITSTATUS(status));
}

static void tell_end(struct held_image *m)
{
	struct dom *d = dom_by_id(m->hd, m->domid);
	char text[WORDS];

	words_of(m, text);
	if (d)
		event_emit(d, "image-server-died", NULL,
			   "%s: qemu-nbd (pid %d): %s: %s", m->vdev, m->pid,
			   m->how, text);
}

static void on_end(void *arg, uint32_t events)
{
	struct held_image *m = arg;
	int status = 0;

	(void)events;
	while (waitpid(m->pid, &status, 0) < 0 && errno == EINTR)
		;
	how_it_ended(m, status);
	loop_del_fd(m->end);
	m->end = NULL;
	if (m->state == IMAGE_GIVEN || m->state == IMAGE_LEAVES) {
		struct held_image now = *m;

		if (status && m->state == IMAGE_GIVEN)
			tell_end(m);
		drop(m);
		call_again(&now);
		return;
	}
	m->state = IMAGE_FAILED;
	if (m->again)
		call_again(m);
	else
		drop(m);
}

/* ---- starting ----------------------------------------------------------- */

static void on_hello(void *arg, uint32_t events)
{
	struct held_image *m = arg;
	char c;

	(void)events;
	loop_del_fd(m->hello);
	m->hello = NULL;
	/* Otherwise its end comes, and tells more. */
	if (recv(m->sock, &c, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
		return;
	loop_arm(m->timer, -1);
	m->state = IMAGE_READY;
	call_again(m);
}

/* Two ends: one that listens, one that is connected already. No path stays. */
static int make_sockets(struct held_image *m, int *listener)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	m->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s/image-%u-%u.sock",
		 m->hd->run_folder, m->domid, m->device);
	unlink(to.sun_path);
	if (fd >= 0 && m->sock >= 0 &&
	    !bind(fd, (struct sockaddr *)&to, sizeof(to)) && !listen(fd, 1) &&
	    !connect(m->sock, (struct sockaddr *)&to, sizeof(to))) {
		unlink(to.sun_path);
		*listener = fd;
		return 0;
	}
	unlink(to.sun_path);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Of a former hvxd: the process that holds the lock serves this guest's disk, to
 * a blkback that is dead, or to none. */
static void end_orphan(const struct held_image *m, int lock)
{
	unsigned int domid, device;
	char text[64] = "";
	int pid;

	if (pread(lock, text, sizeof(text) - 1, 0) > 0 &&
	    sscanf(text, "%u %u %d", &domid, &device, &pid) == 3 &&
	    domid == m->domid && device == m->device && pid > 1)
		kill(pid, SIGTERM);
}

/* One server at a time may write an image, whichever hvxd started it: held by the
 * process until it has ended. -1 and errno: EWOULDBLOCK if one does. */
static int lock_image(const struct held_image *m, const struct guest_disk *disk)
{
	char path[320];
	struct stat st;
	int fd;

	if (stat(disk->target, &st))
		return -1;
	snprintf(path, sizeof(path), "%s/image-%llx-%llx.lock",
		 m->hd->run_folder, (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (!flock(fd, (disk->readwrite ? LOCK_EX : LOCK_SH) | LOCK_NB))
		return fd;
	end_orphan(m, fd);
	close(fd);
	errno = EWOULDBLOCK;
	return -1;
}

static int spawn(struct held_image *m, const struct guest_disk *disk, int lock)
{
	uint32_t user = BACKEND_FIRST_USER + m->domid;
	int listener;

	m->words = memfd_create("words", MFD_CLOEXEC);
	if (m->words < 0 || make_sockets(m, &listener))
		return -1;
	m->pid = fork();
	if (!m->pid)
		image_exec(disk, m->hd->run_folder, user, listener, lock,
			   m->words);
	close(listener);
	if (m->pid < 0)
		return -1;
	m->pidfd = pidfd_open(m->pid, 0);
	m->end = loop_add_fd(m->hd->loop, m->pidfd, EPOLLIN, on_end, m);
	m->hello = loop_add_fd(m->hd->loop, m->sock, EPOLLIN, on_hello, m);
	if (m->end && m->hello)
		return 0;
	kill(m->pid, SIGKILL);
	waitpid(m->pid, NULL, 0);
	return -1;
}

/* For end_orphan. */
static int sign(const struct held_image *m, int lock)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%u %u %d\n", m->domid, m->device,
			 m->pid);

	return ftruncate(lock, 0) || pwrite(lock, text, n, 0) != n ? -1 : 0;
}

/* 0, or -1 and errno. */
static int start(struct held_image *m, const struct guest_disk *disk)
{
	int lock = lock_image(m, disk), rc;

	if (lock < 0 && errno == EWOULDBLOCK) {
		loop_arm(m->timer, PAUSE_MS);
		return 0;
	}
	if (lock < 0)
		return -1;
	m->state = IMAGE_STARTS;
	m->since = loop_now();
	loop_arm(m->timer, PATIENCE_MS);
	rc = spawn(m, disk, lock);
	if (!rc)
		rc = sign(m, lock);
	close(lock);
	return rc;
}

static void on_timer(void *arg)
{
	struct held_image *m = arg;

	/* Its end comes. */
	if (m->state == IMAGE_STARTS)
		kill(m->pid, SIGKILL);
	else
		call_again(m);
}

static struct held_image *hold(struct dom *d, const struct guest_disk *disk)
{
	struct held_image *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	*m = (struct held_image){ .hd = d->hd, .domid = d->domid,
		.device = disk->number, .pidfd = -1, .sock = -1, .words = -1,
		.since = loop_now(), .next = d->hd->images };
	m->timer = loop_add_timer(d->hd->loop, on_timer, m);
	if (!m->timer) {
		free(m);
		return NULL;
	}
	snprintf(m->vdev, sizeof(m->vdev), "%s", disk->vdev);
	d->hd->images = m;
	return m;
}

/* ---- for others --------------------------------------------------------- */

static int wait_for(struct held_image *m, const struct backend_attach *a)
{
	m->again = a->again;
	m->again_arg = a->again_arg;
	return 1;
}

/* Nobody serves it: why. */
static int failed(struct held_image *m, const struct guest_disk *disk,
		  struct fault *f)
{
	char text[WORDS];

	words_of(m, text);
	fault_set(f, EIO, "devices", disk->target, "disk %s: qemu-nbd: %s (%s)",
		  disk->vdev, *text ? text : "it says nothing", m->how);
	drop(m);
	return -1;
}

static int busy(struct held_image *m, const struct guest_disk *disk,
		struct fault *f)
{
	drop(m);
	return fault_set(f, EBUSY, "devices", disk->target,
			 "disk %s: %s is in use by another guest", disk->vdev,
			 disk->target);
}

static int begin(struct held_image *m, const struct guest_disk *disk,
		 const struct backend_attach *a, struct fault *f)
{
	if (loop_now() - m->since > PATIENCE_MS)
		return busy(m, disk, f);
	if (!start(m, disk))
		return wait_for(m, a);
	fault_errno(f, "devices", disk->target, disk->target);
	drop(m);
	return -1;
}

int image_open(struct dom *d, unsigned int i, struct backend_attach *a,
	       struct fault *f)
{
	const struct guest_disk *disk = &d->config.disks[i];
	struct held_image *m = find(d->hd, d->domid, disk->number);

	if (!m)
		m = hold(d, disk);
	if (!m)
		return fault_errno(f, "devices", disk->target, disk->target);
	switch (m->state) {
	case IMAGE_WAITS:
		return begin(m, disk, a, f);
	case IMAGE_READY:
		a->fd[a->fds++] = m->sock;
		m->sock = -1;
		m->state = IMAGE_GIVEN;
		return 0;
	case IMAGE_FAILED:
		return failed(m, disk, f);
	case IMAGE_GIVEN:
		/* Its blkback is dead, perhaps before they had met, which
		 * qemu-nbd would wait for. */
		kill(m->pid, SIGTERM);
		m->state = IMAGE_LEAVES;
		break;
	case IMAGE_STARTS:
	case IMAGE_LEAVES:
		break;
	}
	return wait_for(m, a);
}

void image_forget(struct dom *d, unsigned int i)
{
	struct held_image *m = find(d->hd, d->domid,
				    d->config.disks[i].number);

	if (!m)
		return;
	m->again = NULL;
	if (!m->end)
		drop(m);
	else if (m->state != IMAGE_GIVEN)
		kill(m->pid, SIGTERM);
	/* What blkback has ends with the connection. */
}
