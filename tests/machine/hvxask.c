/* SPDX-License-Identifier: MIT */
/*
 * hvxask: asks hvxd, for tests: `hvxask [-q] [-n] REQUEST...`, each a JSON object
 * in one line. Prints each line that comes, until every request has its answer
 * (ok or error; -n: until the daemon hangs up). Exit status 1 if one was an
 * error; -q: prints only the time that it took, in ms, and errors.
 *
 * hvxask -c: what guests can leave behind, counted: the hypervisor's free and
 * claimed pages, domains, and nodes of the store with their names and values.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <libhvctl/hvctl.h>
#include <libhvxs/hvxs.h>

/* path and all below, one a line; how many. path has 4096 bytes. */
static unsigned int list_nodes(struct xs_handle *xs, char *path)
{
	unsigned int i, n = 0, len, count = 1;
	char *value = xs_read(xs, XBT_NULL, path, &len);
	char **names = xs_directory(xs, XBT_NULL, path, &n);
	size_t at = strlen(path);

	printf("node %s = %s\n", path, value ? value : "");
	for (i = 0; names && i < n; i++) {
		snprintf(path + at, 4096 - at, "%s%s", at > 1 ? "/" : "",
			 names[i]);
		count += list_nodes(xs, path);
		path[at] = 0;
	}
	free(value);
	free(names);
	return count;
}

static int count_all(void)
{
	struct xen_domctl_getdomaininfo info[256];
	struct hvctl *hv = hvctl_open();
	struct xs_handle *xs = xs_open(0);
	struct xen_sysctl_physinfo phys;
	char path[4096] = "/";

	if (!hv || !xs || hvctl_physinfo(hv, &phys)) {
		perror("hvxask");
		return 2;
	}
	printf("pages %llu\nclaimed %llu\ndomains %d\n",
	       (unsigned long long)phys.free_pages,
	       (unsigned long long)phys.outstanding_pages,
	       hvctl_domain_list(hv, 0, 256, info));
	printf("nodes %u\n", list_nodes(xs, path));
	xs_close(xs);
	hvctl_close(hv);
	return 0;
}

static int connect_to(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		perror(path);
		exit(2);
	}
	return fd;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	const char *path = getenv("HVXD_SOCKET");
	bool quiet = false, forever = false;
	int opt, fd, left, status = 0;
	double start = now_ms();
	char *line = NULL;
	size_t room = 0;
	FILE *in;

	while ((opt = getopt(argc, argv, "qnc")) != -1) {
		if (opt == 'c')
			return count_all();
		quiet |= opt == 'q';
		forever |= opt == 'n';
	}
	fd = connect_to(path ? path : "/run/hvx/hvxd.sock");
	in = fdopen(fd, "r");
	for (left = argc - optind; optind < argc; optind++)
		dprintf(fd, "%s\n", argv[optind]);
	while ((left || forever) && getline(&line, &room, in) > 0) {
		bool error = strstr(line, "\"error\":{");

		if (error)
			status = 1;
		if (error || strstr(line, "\"ok\":{"))
			left--;
		if (!quiet || error)
			fputs(line, stdout);
		fflush(stdout);
	}
	if (left && !forever)
		status = 2;
	if (quiet)
		printf("%.1f\n", now_ms() - start);
	free(line);
	fclose(in);
	return status;
}
