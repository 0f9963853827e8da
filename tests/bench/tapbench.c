/* SPDX-License-Identifier: MIT */
/*
 * What a frame between two guests costs on its way from one netback to the
 * other: by tap, bridge and tap, by a packet socket instead, and what the copy
 * alone would be. Processor time in ns a frame. As root, in a network namespace
 * of its own: unshare -n build/bin/tapbench
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "backends/bridge/bridge.h"

#define BATCH	8

static const uint8_t mac[2][6] = { { 0, 0x16, 0x3e, 0, 0, 1 },
				   { 0, 0x16, 0x3e, 0, 0, 2 } };
static uint8_t sent[65536], got[70000];

static void die(const char *why)
{
	fprintf(stderr, "tapbench: %s\n", why);
	exit(1);
}

static double processor_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int port(struct bridges *b, unsigned int i)
{
	struct port_spec spec = { .bridge = "xenbr0" };
	char name[BRIDGE_NAME], why[BRIDGE_WHY];
	int fd[BRIDGE_QUEUES];

	snprintf(name, sizeof(name), "vif%u.0", i + 1);
	memcpy(spec.mac, mac[i], 6);
	if (tap_open(b, name, 1, fd, why) ||
	    port_tie(b, name, &spec, NULL, NULL, why))
		die(why);
	ioctl(fd[0], TUNSETOFFLOAD,
	      (unsigned long)(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6));
	return fd[0];
}

/* TCP in IPv4, as a guest sends it; more than 1514 bytes: in one piece. */
static struct virtio_net_hdr make_frame(uint32_t len)
{
	static const uint8_t ip[20] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0,
					10, 0, 0, 1, 10, 0, 0, 2 };
	uint32_t sum = 0, i;

	memset(sent, 0, sizeof(sent));
	memcpy(sent, mac[1], 6);
	memcpy(sent + 6, mac[0], 6);
	sent[12] = 8;
	memcpy(sent + 14, ip, sizeof(ip));
	sent[16] = (len - 14) >> 8;
	sent[17] = len - 14;
	for (i = 14; i < 34; i += 2)
		sum += sent[i] << 8 | sent[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	sent[24] = sum >> 8;
	sent[25] = sum;
	sent[46] = 0x50;
	if (len <= 1514)
		return (struct virtio_net_hdr){ 0 };
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34,
		.csum_offset = 16, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = 1448, .hdr_len = 54 };
}

static unsigned int read_all(int fd)
{
	struct iovec in = { got, sizeof(got) };
	unsigned int n = 0;

	while (readv(fd, &in, 1) > 0)
		n++;
	return n;
}

static double through(int from, int to, uint32_t len, unsigned int count)
{
	struct virtio_net_hdr h = make_frame(len);
	struct iovec out[2] = { { &h, sizeof(h) }, { sent, len } };
	double begin = processor_ns();
	unsigned int i, came = 0;

	for (i = 1; i <= count; i++) {
		if (writev(from, out, 2) < 0)
			die("a frame is refused");
		if (i % BATCH == 0)
			came += read_all(to);
	}
	if (came < count)
		die("frames are lost");
	return (processor_ns() - begin) / count;
}

static double copied(uint32_t len, unsigned int count)
{
	double begin = processor_ns();
	unsigned int i;

	for (i = 0; i < count; i++) {
		memcpy(got, sent, len);
		__asm__ volatile("" : : "r"(got) : "memory");
	}
	return (processor_ns() - begin) / count;
}

int main(void)
{
	static const uint32_t size[] = { 60, 1514, 65000 };
	struct bridges *b = bridges_open();
	int tap[2], pair[2], room = 4 << 20;
	char why[BRIDGE_WHY];
	unsigned int i;

	if (!b || bridge_make(b, "xenbr0", why) || bridge_up(b, "xenbr0", why))
		die("no bridge can be made; is this a namespace of its own?");
	tap[0] = port(b, 0);
	tap[1] = port(b, 1);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair))
		die("no socket");
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	/* What the kernel says at first by itself. */
	sleep(1);
	read_all(tap[1]);
	printf("bytes  bridge  socket  copy\n");
	for (i = 0; i < 3; i++)
		printf("%5u  %6.0f  %6.0f  %4.0f\n", size[i],
		       through(tap[0], tap[1], size[i], 40000),
		       through(pair[0], pair[1], size[i], 40000),
		       copied(size[i], 40000));
	return 0;
}
