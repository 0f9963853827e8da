/* SPDX-License-Identifier: MIT */
/*
 * hvxask: asks hvxd, for tests: `hvxask [-q] [-n] REQUEST...`, each a JSON object
 * in one line. Prints each line that comes, until every request has its answer
 * (ok or error; -n: until the daemon hangs up). Exit status 1 if one was an
 * error; -q: prints only the time that it took, in ms, and errors.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

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

	while ((opt = getopt(argc, argv, "qn")) != -1) {
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
