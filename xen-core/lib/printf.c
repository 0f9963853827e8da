/*
 * snprintf as far as the core needs it: %c %d %i %u %x %X %p %s %%, flags
 * 0 - # +, width, precision for strings, l ll z h; and %pS, an address of the
 * core as symbol+offset.
 */
#include <hvx/console.h>

#include <hvx/string.h>
#include <hvx/symbols.h>

struct out {
	char *buf;
	size_t size;
	size_t len;		/* would be, if all fitted */
};

struct spec {
	bool left, zero, alt, plus, upper;
	int width, precision;	/* precision -1: none given */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_string(struct out *o, const char *s, const struct spec *sp)
{
	int n = 0;

	if (!s)
		s = "(null)";
	while ((sp->precision < 0 || n < sp->precision) && s[n])
		n++;
	if (!sp->left)
		pad(o, ' ', sp->width - n);
	for (int i = 0; i < n; i++)
		put(o, s[i]);
	if (sp->left)
		pad(o, ' ', sp->width - n);
}

static void put_number(struct out *o, uint64_t v, bool negative,
		       unsigned int base, const struct spec *sp)
{
	const char *digits = sp->upper ? "0123456789ABCDEF"
				       : "0123456789abcdef";
	char tmp[24];
	int n = 0, sign = negative || sp->plus;
	int prefix = sp->alt && base == 16 ? 2 : 0;

	do {
		tmp[n++] = digits[v % base];
		v /= base;
	} while (v);
	if (!sp->left && !sp->zero)
		pad(o, ' ', sp->width - n - sign - prefix);
	if (sign)
		put(o, negative ? '-' : '+');
	if (prefix) {
		put(o, '0');
		put(o, 'x');
	}
	if (!sp->left && sp->zero)
		pad(o, '0', sp->width - n - sign - prefix);
	for (int i = n; i--;)
		put(o, tmp[i]);
	if (sp->left)
		pad(o, ' ', sp->width - n - sign - prefix);
}

static void put_symbol(struct out *o, unsigned long addr)
{
	const struct spec plain = { .precision = -1 };
	const struct spec hex = { .alt = true, .precision = -1 };
	unsigned long off;
	const char *name = symbol_find(addr, &off);

	if (!name) {
		put_number(o, addr, false, 16, &hex);
		return;
	}
	put_string(o, name, &plain);
	put(o, '+');
	put_number(o, off, false, 16, &hex);
}

static const char *parse_spec(const char *f, struct spec *sp,
			      int (*next_int)(void *), void *arg)
{
	*sp = (struct spec){ .precision = -1 };
	for (;; f++) {
		if (*f == '-')
			sp->left = true;
		else if (*f == '0')
			sp->zero = true;
		else if (*f == '#')
			sp->alt = true;
		else if (*f == '+')
			sp->plus = true;
		else
			break;
	}
	if (*f == '*') {
		sp->width = next_int(arg);
		f++;
	}
	for (; *f >= '0' && *f <= '9'; f++)
		sp->width = sp->width * 10 + *f - '0';
	if (*f == '.') {
		sp->precision = 0;
		if (*++f == '*') {
			sp->precision = next_int(arg);
			f++;
		}
		for (; *f >= '0' && *f <= '9'; f++)
			sp->precision = sp->precision * 10 + *f - '0';
	}
	return f;
}

struct args {
	__builtin_va_list ap;
};

static int next_int(void *arg)
{
	return __builtin_va_arg(((struct args *)arg)->ap, int);
}

static uint64_t next_unsigned(struct args *a, int longs)
{
	if (longs)
		return __builtin_va_arg(a->ap, unsigned long);
	return __builtin_va_arg(a->ap, unsigned int);
}

static int64_t next_signed(struct args *a, int longs)
{
	if (longs)
		return __builtin_va_arg(a->ap, long);
	return __builtin_va_arg(a->ap, int);
}

/* One conversion; f is at its letter.  Returns where the text goes on. */
static const char *convert(struct out *o, const char *f, struct spec *sp,
			   struct args *a, int longs)
{
	int64_t v;

	switch (*f) {
	case 'c':
		put(o, (char)next_int(a));
		break;
	case 'd':
	case 'i':
		v = next_signed(a, longs);
		put_number(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0, 10,
			   sp);
		break;
	case 'u':
		put_number(o, next_unsigned(a, longs), false, 10, sp);
		break;
	case 'X':
		sp->upper = true;
		__attribute__((fallthrough));
	case 'x':
		put_number(o, next_unsigned(a, longs), false, 16, sp);
		break;
	case 'p':
		if (f[1] == 'S') {
			put_symbol(o, next_unsigned(a, 1));
			return f + 2;
		}
		sp->alt = true;
		put_number(o, next_unsigned(a, 1), false, 16, sp);
		break;
	case 's':
		put_string(o, __builtin_va_arg(a->ap, const char *), sp);
		break;
	case 0:
		return f;
	default:
		put(o, *f);
	}
	return f + 1;
}

int vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list ap)
{
	struct out o = { .buf = buf, .size = size };
	struct args a;

	__builtin_va_copy(a.ap, ap);
	while (*fmt) {
		struct spec sp;
		int longs = 0;

		if (*fmt != '%') {
			put(&o, *fmt++);
			continue;
		}
		fmt = parse_spec(fmt + 1, &sp, next_int, &a);
		for (; *fmt == 'l' || *fmt == 'z' || *fmt == 'h'; fmt++)
			longs += *fmt != 'h';
		fmt = convert(&o, fmt, &sp, &a, longs);
	}
	__builtin_va_end(a.ap);
	if (size)
		buf[MIN(o.len, size - 1)] = 0;
	return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	__builtin_va_list ap;
	int n;

	__builtin_va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	__builtin_va_end(ap);
	return n;
}
