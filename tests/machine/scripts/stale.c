/*
 * Does an emulator go on running bytes that are gone?  The init of a machine
 * with two processors and no hypervisor.
 *
 * One thread writes int3 at the start of a function, lets a second one call it,
 * and turns the int3 into a nop, through another mapping of the page, while the
 * second is about to run it or does.  That first call may trap or not.  Then the
 * second calls it again, and must see the nop: a processor keeps its fetches
 * coherent with stores (Intel SDM volume 3, "Handling Self- and Cross-Modifying
 * Code": one byte may be changed at any time).
 *
 * Prints "stale S of N"; then powers the machine off.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <unistd.h>

#define ROUNDS 2000
#define SITE_SIZE 64	/* a function: int3 or nop, nops, ret */
#define SITES (4096 / SITE_SIZE)

static unsigned char *code;		/* may be run, not written */
static volatile unsigned char *patch;	/* the same page, may be written */
static atomic_ulong traps;

/* Call number `asked` is to be made; the other thread has come to it; has
 * returned from it. */
static atomic_int asked, begun, done;
static int site;

static void on_trap(int sig)
{
	(void)sig;
	atomic_fetch_add(&traps, 1);
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *caller(void *arg)
{
	void (*f)(void);

	(void)arg;
	run_on(1);
	for (int n = 1;; n++) {
		while (atomic_load(&asked) != n)
			;
		f = (void (*)(void))(code + site * SITE_SIZE);
		atomic_store(&begun, n);
		f();
		atomic_store(&done, n);
	}
	return NULL;
}

static void wait_for(atomic_int *what, int n)
{
	while (atomic_load(what) != n)
		;
}

/* One race; true if the call after it still trapped. */
static int race(int *n, unsigned int *seed)
{
	volatile unsigned char *first = patch + site * SITE_SIZE;
	unsigned long before;

	*first = 0xcc;
	atomic_store(&asked, ++*n);
	wait_for(&begun, *n);
	for (volatile int i = rand_r(seed) % 3000; i > 0; i--)
		;
	*first = 0x90;
	wait_for(&done, *n);

	before = atomic_load(&traps);
	atomic_store(&asked, ++*n);
	wait_for(&done, *n);
	return atomic_load(&traps) != before;
}

static int prepare(void)
{
	struct sigaction sa = { .sa_handler = on_trap };
	int fd = memfd_create("code", 0);
	pthread_t thread;

	if (fd < 0 || ftruncate(fd, 4096))
		return -1;
	code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	patch = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (code == MAP_FAILED || patch == MAP_FAILED)
		return -1;
	memset((void *)patch, 0x90, 4096);
	for (int i = 1; i <= SITES; i++)
		patch[i * SITE_SIZE - 1] = 0xc3;
	sigaction(SIGTRAP, &sa, NULL);
	run_on(0);
	return pthread_create(&thread, NULL, caller, NULL);
}

int main(void)
{
	unsigned int seed = 1;
	int stale = 0, n = 0;

	if (prepare()) {
		perror("stale");
	} else {
		for (int i = 0; i < ROUNDS; i++) {
			site = i % SITES;
			stale += race(&n, &seed);
		}
		printf("stale %d of %d\n", stale, ROUNDS);
	}
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 1;
}
