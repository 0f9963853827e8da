/* SPDX-License-Identifier: MIT */
/*
 * What it costs dom0's userland to get at granted pages: a copy by the
 * hypervisor, from memory of its own and from pages that dom0 has granted to
 * itself (grants_area); mapping and unmapping; and a copy from pages that stay
 * mapped. dom0 grants all of them to itself; no guest is needed.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xengnttab.h>
#include <xen/grant_table.h>

#define PAGE	4096
#define PAGES	256
#define ROUNDS	60

static xengnttab_handle *handle;
static uint32_t refs[PAGES], near_refs[PAGES];
static uint8_t *granted, *local;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void copy_from(int pages, bool shared)
{
	static xengnttab_grant_copy_segment_t seg[PAGES];
	int i;

	for (i = 0; i < pages; i++) {
		seg[i] = (xengnttab_grant_copy_segment_t){
			.len = PAGE, .flags = GNTCOPY_dest_gref };
		seg[i].dest.foreign.ref = refs[i];
		if (!shared) {
			seg[i].source.virt = local + (size_t)i * PAGE;
			continue;
		}
		seg[i].source.foreign.ref = near_refs[i];
		seg[i].flags |= GNTCOPY_source_gref;
	}
	if (xengnttab_grant_copy(handle, pages, seg) ||
	    seg[pages - 1].status != GNTST_okay)
		fail("grant copy");
}

static void copy(int pages)
{
	copy_from(pages, false);
}

static void copy_shared(int pages)
{
	copy_from(pages, true);
}

static void map(int pages)
{
	volatile uint8_t *at = xengnttab_map_domain_grant_refs(handle, pages,
					0, refs, PROT_READ | PROT_WRITE);
	int i;

	if (!at)
		fail("mapping");
	for (i = 0; i < pages; i++)
		at[(size_t)i * PAGE] = 1;
	xengnttab_unmap(handle, (void *)(unsigned long)at, pages);
}

static void plain(int pages)
{
	memcpy(granted, local, (size_t)pages * PAGE);
}

/* The best of some rounds, in us. */
static double best(void (*fn)(int), int pages)
{
	double shortest = 1e9;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		double t = now();

		fn(pages);
		t = now() - t;
		shortest = t < shortest ? t : shortest;
	}
	return shortest;
}

int main(void)
{
	xengntshr_handle *share = xengntshr_open(NULL, 0);
	int n;

	handle = xengnttab_open(NULL, 0);
	if (!share || !handle)
		fail("grant devices");
	granted = xengntshr_share_pages(share, 0, PAGES, refs, 1);
	local = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (!granted || local == MAP_FAILED ||
	    !xengntshr_share_pages(share, 0, PAGES, near_refs, 1))
		fail("pages");
	puts("pages  copy us  shared us  map us  kept us");
	for (n = 1; n <= PAGES; n *= 2)
		printf("%5d %8.1f %10.1f %7.1f %8.1f\n", n, best(copy, n),
		       best(copy_shared, n), best(map, n), best(plain, n));
	return 0;
}
