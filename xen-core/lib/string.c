/*
 * The C library's memory and string calls, as far as the core uses them.  The
 * compiler may call the first four on its own account.
 */
#include <hvx/string.h>

#include <asm/string.h>

void *memcpy(void *to, const void *from, size_t n)
{
	size_t whole = n & ~7UL;

	rep_movsq(to, from, n / 8);
	rep_movsb((char *)to + whole, (const char *)from + whole, n & 7);
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (t <= f || t >= f + n)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

void *memset(void *p, int c, size_t n)
{
	uint64_t word = (uint8_t)c * 0x0101010101010101UL;

	rep_stosq(p, word, n / 8);
	rep_stosb((char *)p + (n & ~7UL), c, n & 7);
	return p;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	const char *e = s;

	while (*e)
		e++;
	return (size_t)(e - s);
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (uint8_t)*a - (uint8_t)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; strncmp(s, what, n) != 0; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

/* Always terminated; returns what would have been needed. */
size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t n = strlen(from);

	if (size) {
		size_t part = MIN(n, size - 1);

		memcpy(to, from, part);
		to[part] = 0;
	}
	return n;
}
