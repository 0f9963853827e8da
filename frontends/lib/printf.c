/*
 * A small printf. A conversion it doesn't know is printed as it stands, so a
 * mistake shows.
 */
#include <stdbool.h>
#include <pv/console.h>
#include <pv/string.h>

struct out {
	char *buf;
	size_t size, len;
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_padded(struct out *o, const char *s, size_t len, int width,
		       char pad, bool left)
{
	int fill = width > (int)len ? width - (int)len : 0;
	int i;

	for (i = 0; i < fill && !left; i++)
		put(o, pad);
	while (len--)
		put(o, *s++);
	for (i = 0; i < fill && left; i++)
		put(o, ' ');
}

static void put_number(struct out *o, unsigned long value, bool negative,
		       unsigned int base, int width, char pad, bool left)
{
	char digits[24];
	size_t pos = sizeof(digits);

	do {
		digits[--pos] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative)
		digits[--pos] = '-';
	put_padded(o, digits + pos, sizeof(digits) - pos, width, pad, left);
}

static unsigned long get_unsigned(va_list *ap, bool is_long)
{
	return is_long ? va_arg(*ap, unsigned long) :
			 va_arg(*ap, unsigned int);
}

static void put_signed(struct out *o, va_list *ap, bool is_long, int width,
		       char pad, bool left)
{
	long value = is_long ? va_arg(*ap, long) : va_arg(*ap, int);
	bool negative = value < 0;

	put_number(o, negative ? 0 - (unsigned long)value :
		   (unsigned long)value, negative, 10, width, pad, left);
}

/* One conversion, @fmt after the per cent sign; gives what follows it. */
static const char *put_conversion(struct out *o, const char *fmt, va_list *ap)
{
	bool left = false, is_long = false;
	const char *s;
	char pad = ' ', c;
	int width = 0;

	for (; *fmt == '-' || *fmt == '0'; fmt++) {
		if (*fmt == '-')
			left = true;
		else
			pad = '0';
	}
	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		width = width * 10 + *fmt - '0';
	for (; *fmt == 'l'; fmt++)
		is_long = true;

	switch (*fmt) {
	case 'c':
		c = (char)va_arg(*ap, int);
		put_padded(o, &c, 1, width, ' ', left);
		break;
	case 's':
		s = va_arg(*ap, const char *);
		put_padded(o, s ? s : "(null)", strlen(s ? s : "(null)"),
			   width, ' ', left);
		break;
	case 'd':
		put_signed(o, ap, is_long, width, pad, left);
		break;
	case 'u':
		put_number(o, get_unsigned(ap, is_long), false, 10, width,
			   pad, left);
		break;
	case 'p':
		is_long = true;
		__attribute__((fallthrough));
	case 'x':
		put_number(o, get_unsigned(ap, is_long), false, 16, width,
			   pad, left);
		break;
	case '%':
		put(o, '%');
		break;
	default:
		put(o, '%');
		return fmt;
	}
	return fmt + 1;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt == '%')
			fmt = put_conversion(&o, fmt + 1, &args);
		else
			put(&o, *fmt++);
	}
	va_end(args);
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}

int printf(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(line))
		len = sizeof(line) - 1;
	console_write(line, (size_t)len);
	return len;
}
