/* SPDX-License-Identifier: MIT */
/*
 * Virtual devices' names and numbers, after xen-vbd-interface(7), "Concrete
 * encoding in the VBD interface".
 */
#include "guest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DISKS_MAX	(1u << 20)
#define PARTS_MAX	256u

/* A decimal number below limit with no needless zero before it. */
static int take_number(const char **s, unsigned int limit, unsigned int *out)
{
	unsigned int n = 0;

	if (!isdigit((unsigned char)**s) ||
	    (**s == '0' && isdigit((unsigned char)(*s)[1])))
		return -1;
	while (isdigit((unsigned char)**s)) {
		n = n * 10 + (*(*s)++ - '0');
		if (n >= limit)
			return -1;
	}
	*out = n;
	return 0;
}

/* Letters count disks as a..z, aa..az, ba...; then a partition's number. */
static int take_letters(const char *s, unsigned int *disk, unsigned int *part)
{
	unsigned int n = 0;

	if (!islower((unsigned char)*s))
		return -1;
	while (islower((unsigned char)*s)) {
		n = n * 26 + (*s++ - 'a' + 1);
		if (n > DISKS_MAX)
			return -1;
	}
	*disk = n - 1;
	*part = 0;
	if (!*s)
		return 0;
	return *s != '0' && !take_number(&s, PARTS_MAX, part) && !*s ? 0 : -1;
}

/* d3 or d3p2 */
static int take_dp(const char *s, unsigned int *disk, unsigned int *part)
{
	*part = 0;
	if (take_number(&s, DISKS_MAX, disk))
		return -1;
	if (!*s)
		return 0;
	return *s++ == 'p' && !take_number(&s, PARTS_MAX, part) && !*s ? 0 : -1;
}

static uint32_t xvd_number(unsigned int disk, unsigned int part)
{
	if (disk < 16 && part < 16)
		return 202 << 8 | disk << 4 | part;
	return 1u << 28 | disk << 8 | part;
}

/* The number itself: decimal, octal or hexadecimal. */
static int plain_number(const char *text, uint32_t *number)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*text) || strlen(text) > 12)
		return -1;
	n = strtoul(text, &end, 0);
	if (*end || n >= 2u << 28)
		return -1;
	*number = n;
	return 0;
}

int guest_vdev_number(const char *text, uint32_t *number)
{
	unsigned int disk, part;

	if (!plain_number(text, number))
		return 0;
	if (!strncmp(text, "xvd", 3) && !take_letters(text + 3, &disk, &part)) {
		*number = xvd_number(disk, part);
		return 0;
	}
	if (*text == 'd' && !take_dp(text + 1, &disk, &part)) {
		*number = xvd_number(disk, part);
		return 0;
	}
	if (!strncmp(text, "sd", 2) && !take_letters(text + 2, &disk, &part) &&
	    disk < 16 && part < 16) {
		*number = 8 << 8 | disk << 4 | part;
		return 0;
	}
	if (!strncmp(text, "hd", 2) && !take_letters(text + 2, &disk, &part) &&
	    disk < 4 && part < 64) {
		*number = (disk < 2 ? 3 : 22) << 8 | (disk & 1) << 6 | part;
		return 0;
	}
	return -1;
}
