/* SPDX-License-Identifier: MIT */
/* What netback's parent asks of it, and what it is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backends/netback/netback.h"
#include "backends/common/parent.h"

/* ---- the card, and the process ------------------------------------------ */

static struct service service;
static struct vif nic;
static struct vif_spec asked;
static bool there, forced, busy;

struct vif *vif_find(struct service *s, uint32_t device)
{
	(void)s;
	return there && device == nic.dev.nodes.device ? &nic : NULL;
}

struct vif *vif_attach(struct service *s, uint32_t device, const char *name,
		       const struct vif_spec *spec, char why[VIF_WHY])
{
	unsigned int i;

	for (i = 0; i < spec->taps; i++)
		close(spec->tap[i]);
	if (!strcmp(name, "no-tap")) {
		strcpy(why, "it is no tap");
		errno = EINVAL;
		return NULL;
	}
	asked = *spec;
	nic = (struct vif){ .s = s, .dev.nodes.device = device,
			    .taps = spec->taps };
	there = true;
	return &nic;
}

void vif_step(struct vif *v)
{
	(void)v;
}

bool vif_detach(struct vif *v, bool force, int64_t id)
{
	if (busy)
		return false;
	there = false;
	forced = force;
	control_detached(v->s, id);
	return true;
}

/* After each request. */
void service_round(struct service *s)
{
	loop_stop(s->loop);
}

/* ---- the parent --------------------------------------------------------- */

static int parent;

static const char *answer(void)
{
	static char text[1024];
	ssize_t n = recv(parent, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_true(n > 0);
	text[n] = 0;
	return text;
}

/* fds: how many descriptors come along */
static const char *ask(const char *request, unsigned int fds)
{
	char control[CMSG_SPACE(PARENT_FDS * sizeof(int))] = { 0 };
	union {
		const char *in;
		void *out;
	} text = { .in = request };
	struct iovec iov = { text.out, strlen(request) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	unsigned int i;
	int fd = open("/dev/null", O_RDWR);

	if (fds) {
		struct cmsghdr *c;

		m.msg_control = control;
		m.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fds * sizeof(int));
		for (i = 0; i < fds; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(parent, &m, 0), strlen(request));
	close(fd);
	assert_int_equal(loop_run(service.loop), 0);
	return answer();
}

static void says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s lacks %s", text, part);
}

static int begin(void **state)
{
	int pair[2];

	(void)state;
	there = false;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	parent = pair[0];
	service = (struct service){ .domid = 5, .loop = loop_new() };
	assert_int_equal(control_start(&service, pair[1]), 0);
	says(answer(), "ready");
	return 0;
}

/* Without a card it ends when its parent does. */
static int end(void **state)
{
	(void)state;
	close(parent);
	assert_int_equal(loop_run(service.loop), 0);
	assert_null(service.parent);
	loop_free(service.loop);
	return 0;
}

/* ---- the tests ---------------------------------------------------------- */

#define ATTACH	"{\"do\":\"attach\",\"id\":1,\"device\":3,\"vif\":\"%s\"," \
	"\"rate-bytes\":5000,\"rate-interval\":20000}"

static const char *attach(const char *name, unsigned int fds)
{
	char text[200];

	snprintf(text, sizeof(text), ATTACH, name);
	return ask(text, fds);
}

static void attaching(void **state)
{
	(void)state;
	says(attach("vif5.3", 0), "EBADF");
	says(attach("vif5.3", STATE_QUEUES + 1), "EBADF");
	says(attach("no-tap", 1), "it is no tap");
	assert_false(there);
	says(attach("vif5.3", 2), "\"queues\":2");
	assert_true(there);
	assert_int_equal(asked.rate_bytes, 5000);
	assert_int_equal(asked.rate_interval, 20000);
	says(attach("vif5.3", 1), "EEXIST");
}

static void counters(void **state)
{
	static const char *parts[] = {
		"\"tx-packets\":1,", "\"tx-bytes\":2,", "\"tx-dropped\":3,",
		"\"tx-errors\":4,", "\"rx-packets\":5,", "\"rx-bytes\":6,",
		"\"rx-dropped\":7,", "\"rx-errors\":8,", "\"queues\":2,",
		"\"carrier\":true", "\"id\":9",
	};
	const char *text;
	unsigned int i;

	(void)state;
	attach("vif5.3", 1);
	nic.count = (struct counters){ 1, 2, 3, 4, 5, 6, 7, 8 };
	nic.queues = 2;
	nic.carrier = 1;
	text = ask("{\"do\":\"stats\",\"id\":9,\"device\":3}", 0);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		says(text, parts[i]);
}

static void detaching(void **state)
{
	(void)state;
	attach("vif5.3", 1);
	busy = true;
	says(ask("{\"do\":\"detach\",\"id\":6,\"device\":3}", 0), "EBUSY");
	busy = false;
	says(ask("{\"do\":\"detach\",\"id\":7,\"device\":3,\"force\":true}", 0),
	     "\"id\":7");
	assert_true(forced);
	assert_false(there);
	says(ask("{\"do\":\"detach\",\"id\":8,\"device\":3}", 0), "ENODEV");
	says(ask("{\"do\":\"dance\",\"id\":8}", 0), "detach and stats are known");
}

#define T(name)	cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(attaching), T(counters), T(detaching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
