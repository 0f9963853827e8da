/*
 * What a stock kernel pays for being a domain: system calls, processes and
 * memory, in ticks of the TSC for each operation (under QEMU's -icount
 * shift=0 a tick is an instruction).  And what the hypervisor keeps for
 * itself: all RAM less what is free and what dom0 has.
 *
 * Prints lines "BENCH name value".  With the argument "exit" it just ends:
 * that is what it runs for fork + exec.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <abi/domctl.h>
#include <abi/memory.h>
#include <abi/sysctl.h>
#include <abi/xen.h>

#define BATCHES 5
#define PAGE	4096UL

static uint64_t ticks(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

/* The best of some batches: the others met something else on their way. */
static void measure(const char *name, unsigned long n, void (*op)(void))
{
	uint64_t best = ~0UL;
	unsigned long i;
	int b;

	op();
	for (b = 0; b < BATCHES; b++) {
		uint64_t t = ticks();

		for (i = 0; i < n; i++)
			op();
		t = ticks() - t;
		if (t < best)
			best = t;
	}
	printf("BENCH %s %lu\n", name, (unsigned long)(best / n));
	fflush(stdout);
}

static void op_getppid(void)
{
	syscall(SYS_getppid);
}

static void op_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
}

static void op_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static char self[256];

static void op_exec(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execl(self, self, "exit", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void op_fork_exec(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl(self, self, "exit", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void op_mmap(void)
{
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*(volatile char *)p = 1;
	munmap(p, PAGE);
}

static char *protect_page;

static void op_mprotect(void)
{
	mprotect(protect_page, PAGE, PROT_READ);
	mprotect(protect_page, PAGE, PROT_READ | PROT_WRITE);
	*(volatile char *)protect_page = 1;
}

static void on_signal(int sig)
{
	(void)sig;
}

static void op_signal(void)
{
	raise(SIGUSR1);
}

static int to_child[2], to_parent[2];

static void op_pipe(void)
{
	char c = 0;

	if (write(to_child[1], &c, 1) != 1 || read(to_parent[0], &c, 1) != 1)
		abort();
}

static pid_t start_echo(void)
{
	pid_t pid;
	char c;

	if (pipe(to_child) || pipe(to_parent))
		abort();
	pid = fork();
	if (pid)
		return pid;
	while (read(to_child[0], &c, 1) == 1)
		if (write(to_parent[1], &c, 1) != 1)
			break;
	_exit(0);
}

static void op_yield(void)
{
	sched_yield();
}

static pid_t start_yielder(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (;;)
		sched_yield();
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void pin_to_one_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		perror("sched_setaffinity");
}

/* ---- what the hypervisor keeps ------------------------------------------- */

struct privcmd_hypercall {
	uint64_t op, arg[5];
};

static long hypercall(uint64_t op, uint64_t a, uint64_t b)
{
	struct privcmd_hypercall h = { op, { a, b } };
	static int fd = -1;

	if (fd < 0)
		fd = open("/dev/xen/privcmd", O_RDWR);
	return ioctl(fd, _IOC(_IOC_NONE, 'P', 0, sizeof(h)), &h);
}

/* Pages that are there and can't be moved while a hypercall looks at them. */
static void *bounce_page(void)
{
	void *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

	memset(p, 0, 4 * PAGE);
	return p;
}

struct e820 {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

static unsigned long ram_kib(void)
{
	char *page = bounce_page();
	struct xen_memory_map *map = (void *)page;
	struct e820 *e = (void *)(page + PAGE);
	unsigned long kib = 0;
	unsigned int i;

	map->nr_entries = 128;
	*(void **)&map->buffer = e;
	if (hypercall(__HYPERVISOR_memory_op, XENMEM_machine_memory_map,
		      (uint64_t)map))
		return 0;
	for (i = 0; i < map->nr_entries; i++)
		if (e[i].type == 1)
			kib += e[i].size >> 10;
	return kib;
}

static void kept_memory(void)
{
	struct xen_sysctl *op = bounce_page();
	struct xen_domctl_getdomaininfo *info = bounce_page();
	unsigned long ram = ram_kib(), free_pages;

	op->cmd = XEN_SYSCTL_physinfo;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	if (!ram || hypercall(__HYPERVISOR_sysctl, (uint64_t)op, 0)) {
		printf("# no control calls: the hypervisor's memory is not "
		       "measured\n");
		return;
	}
	free_pages = op->u.physinfo.free_pages;
	memset(op, 0, sizeof(*op));
	op->cmd = XEN_SYSCTL_getdomaininfolist;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	op->u.getdomaininfolist.max_domains = 1;
	*(void **)&op->u.getdomaininfolist.buffer = info;
	if (hypercall(__HYPERVISOR_sysctl, (uint64_t)op, 0))
		return;
	printf("BENCH kept-kib %lu\n",
	       ram - 4 * (free_pages + (unsigned long)info->tot_pages));
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc > 1 && !strcmp(argv[1], "exit"))
		return 0;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	kept_memory();
	pin_to_one_cpu();
	signal(SIGUSR1, on_signal);
	protect_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	measure("getppid", 2000, op_getppid);
	measure("clock-gettime", 2000, op_clock);
	measure("signal-to-self", 500, op_signal);
	measure("mmap-touch", 200, op_mmap);
	measure("mprotect-pair", 200, op_mprotect);
	pid = start_echo();
	measure("pipe-ping-pong", 200, op_pipe);
	end(pid);
	pid = start_yielder();
	measure("context-switch", 200, op_yield);
	end(pid);
	measure("fork-exit", 20, op_fork);
	measure("vfork-exec", 20, op_exec);
	measure("fork-exec", 20, op_fork_exec);
	return 0;
}
