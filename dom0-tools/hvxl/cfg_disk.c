/* SPDX-License-Identifier: MIT */
/*
 * Disk specs: xl-disk-configuration(5), and the older forms with prefixes
 * (tap:qcow2:/path,xvda,w), which have no place for a format.
 */
#include <stdlib.h>
#include <string.h>
#include "cfg.h"
#include "cfg_text.h"

/* What can be given by its place, in that order. */
enum slot { SLOT_TARGET, SLOT_FORMAT, SLOT_VDEV, SLOT_ACCESS, SLOT_COUNT };

static const char *const slot_names[SLOT_COUNT] = {
	"target", "format", "vdev", "access",
};

struct spec {
	struct guest_disk *out;
	char *why;
	bool seen[SLOT_COUNT];
	enum access { ACCESS_UNSAID, ACCESS_RO, ACCESS_RW, ACCESS_SHARED } access;
};

static int no_memory(struct spec *s)
{
	return spec_bad(s->why, "no memory");
}

static int twice(struct spec *s, const char *name, struct piece value)
{
	return spec_bad(s->why, "expected one %s, found another: %.*s", name,
			piece_shown(value), value.at);
}

static int set_text(struct spec *s, char **at, const char *name,
		    struct piece value)
{
	if (*at)
		return twice(s, name, value);
	if (value.len > GUEST_STRING_MAX)
		return spec_bad(s->why, "expected at most %d bytes, found %zu",
				GUEST_STRING_MAX, value.len);
	*at = piece_dup(value);
	return *at ? 0 : no_memory(s);
}

/* An empty target may be filled in later. */
static int set_target(struct spec *s, struct piece value)
{
	char **at = &s->out->target;

	if (*at && !**at) {
		free(*at);
		*at = NULL;
	}
	return set_text(s, at, "target", value);
}

static int set_format(struct spec *s, struct piece value)
{
	enum disk_format format = DISK_RAW;

	if (value.len) {
		for (format = DISK_RAW; format < DISK_FORMAT_COUNT; format++)
			if (piece_is(value, disk_format_names[format]))
				break;
	}
	if (format == DISK_FORMAT_COUNT)
		return spec_bad(s->why, "expected format raw, qcow, qcow2, "
				"vhd or qed, found %.*s", piece_shown(value),
				value.at);
	if (value.len && s->out->format != DISK_FORMAT_DEFAULT &&
	    s->out->format != format)
		return twice(s, "format", value);
	if (value.len)
		s->out->format = format;
	return 0;
}

static int set_devtype(struct spec *s, struct piece value)
{
	if (!piece_is(value, "cdrom") && !piece_is(value, "disk"))
		return spec_bad(s->why, "expected devtype cdrom or disk, "
				"found %.*s", piece_shown(value), value.at);
	s->out->cdrom = s->out->removable = piece_is(value, "cdrom");
	return 0;
}

/* xvda, or hdc:cdrom as it was written once. */
static int set_vdev(struct spec *s, struct piece value)
{
	const char *colon = memchr(value.at, ':', value.len);

	if (colon) {
		struct piece type = { colon + 1,
				      value.len - (colon + 1 - value.at) };

		value.len = colon - value.at;
		if (set_devtype(s, type))
			return -1;
	}
	return value.len ? set_text(s, &s->out->vdev, "vdev", value) : 0;
}

/* xl lets the last one win, be it an empty one, which means rw. */
static int set_access(struct spec *s, struct piece value)
{
	enum access access = ACCESS_RW;

	if (piece_is(value, "r") || piece_is(value, "ro"))
		access = ACCESS_RO;
	else if (piece_is(value, "w!") || piece_is(value, "!"))
		access = ACCESS_SHARED;
	else if (value.len && !piece_is(value, "w") && !piece_is(value, "rw"))
		return spec_bad(s->why, "expected access r, ro, w, rw or w!, "
				"found %.*s", piece_shown(value), value.at);
	if (s->access != ACCESS_UNSAID && s->access != access)
		return twice(s, "access", value);
	s->access = access;
	return 0;
}

static int set_backend(struct spec *s, struct piece value)
{
	for (int i = DISK_PHY; i < DISK_BACKEND_COUNT; i++) {
		if (!piece_is(value, disk_backend_names[i]))
			continue;
		s->out->backend = i;
		return 0;
	}
	return spec_bad(s->why, "expected backendtype phy, tap or qdisk, "
			"found %.*s", piece_shown(value), value.at);
}

/* 1048576, 1024k, 1M: a number of bytes. */
static int set_bytes(struct spec *s, uint64_t *at, const char *name,
		     struct piece value)
{
	static const char units[] = "kmgt";
	unsigned int shift = 0;
	const char *unit;
	struct piece digits = value;

	unit = value.len ? strchr(units, value.at[value.len - 1] | 0x20) : NULL;
	if (unit && *unit) {
		shift = 10 * (unit - units + 1);
		digits.len--;
	}
	if (!piece_number(digits, INT64_MAX >> shift, at))
		return spec_bad(s->why, "expected bytes, like 1048576 or 1M, "
				"after %s=, found %.*s", name,
				piece_shown(value), value.at);
	*at <<= shift;
	return 0;
}

static int set_sector_size(struct spec *s, struct piece value)
{
	uint64_t n;

	if (!piece_number(value, UINT32_MAX, &n))
		return spec_bad(s->why, "expected sector-size 512 or 4096, "
				"found %.*s", piece_shown(value), value.at);
	s->out->sector_size = n;
	return 0;
}

/* One of words and a colon are taken from target's beginning; -1: none. */
static int take_word(struct piece *target, const char *const *words)
{
	for (int i = 0; words[i]; i++) {
		struct piece was = *target;

		if (piece_takes(target, words[i]) && piece_takes(target, ":"))
			return i;
		*target = was;
	}
	return -1;
}

/* 1: one was taken; 0: there is none; -1: it contradicts another. */
static int take_prefix(struct spec *s, struct piece *target)
{
	static const char *const nothing[] = {
		"phy", "file", "tap2", "tapdisk", "tap", "aio", "ioemu", NULL
	};
	static const char *const formats[] = {
		"raw", "qcow2", "qcow", "vhd", NULL
	};
	static const char *const scripts[] = {
		"iscsi", "enbd", "nbd", "drbd", NULL
	};
	char block[16];
	struct piece name = { block, 0 };
	int i;

	if (take_word(target, nothing) >= 0)
		return 1;
	i = take_word(target, formats);
	if (i >= 0) {
		name = (struct piece){ formats[i], strlen(formats[i]) };
		return set_format(s, name) ? -1 : 1;
	}
	i = take_word(target, scripts);
	if (i < 0)
		return 0;
	name.len = snprintf(block, sizeof(block), "block-%s", scripts[i]);
	return set_text(s, &s->out->script, "script", name) ? -1 : 1;
}

/* All that stand before a target. */
static int take_prefixes(struct spec *s, struct piece *target, bool *any)
{
	int rc;

	*any = false;
	while ((rc = take_prefix(s, target)) > 0)
		*any = true;
	return rc;
}

/* A word and a colon before what isn't a path: nothing that is known. */
static bool has_unknown_prefix(struct piece target)
{
	size_t i = 0;

	while (i < target.len && ((target.at[i] >= 'a' && target.at[i] <= 'z') ||
				  (i && target.at[i] >= '0' &&
				   target.at[i] <= '9')))
		i++;
	return i && i < target.len && target.at[i] == ':';
}

static int place_target(struct spec *s, struct piece value)
{
	bool prefixed;

	if (take_prefixes(s, &value, &prefixed))
		return -1;
	if (prefixed)
		s->seen[SLOT_FORMAT] = true;
	else if (has_unknown_prefix(value))
		return spec_bad(s->why, "expected a path, or target=PATH at "
				"the end, found %.*s", piece_shown(value),
				value.at);
	return set_target(s, value);
}

/* ,hdc:cdrom is an empty drive in the older form, which has no format. */
static bool is_old_empty(const struct spec *s, struct piece value)
{
	const char *target = s->out->target;

	return target && !*target && memchr(value.at, ':', value.len);
}

static int set_slot(struct spec *s, enum slot slot, struct piece value)
{
	switch (slot) {
	case SLOT_TARGET: return place_target(s, value);
	case SLOT_FORMAT: return set_format(s, value);
	case SLOT_VDEV: return set_vdev(s, value);
	case SLOT_ACCESS: return set_access(s, value);
	default: return -1;
	}
}

static int set_positional(struct spec *s, struct piece value)
{
	enum slot slot = SLOT_TARGET;

	while (slot < SLOT_COUNT && s->seen[slot])
		slot++;
	if (slot == SLOT_FORMAT && is_old_empty(s, value)) {
		s->seen[SLOT_FORMAT] = true;
		slot = SLOT_VDEV;
	}
	if (slot < SLOT_COUNT) {
		s->seen[slot] = true;
		return set_slot(s, slot, value);
	}
	if (!value.len)
		return 0;
	return spec_bad(s->why, "expected at most a target, a format, a vdev "
			"and an access, found more: %.*s", piece_shown(value),
			value.at);
}

/* false: p is no flag. */
static bool set_flag(struct spec *s, struct piece p)
{
	struct guest_disk *d = s->out;

	if (piece_is(p, "cdrom"))
		d->cdrom = d->removable = true;
	else if (piece_is(p, "discard") || piece_is(p, "no-discard"))
		d->discard = piece_is(p, "discard");
	else if (piece_is(p, "trusted") || piece_is(p, "untrusted"))
		d->trusted = piece_is(p, "trusted");
	else if (piece_is(p, "direct-io-safe"))
		d->direct_io_safe = true;
	else
		return false;
	return true;
}

static int set_named(struct spec *s, struct piece name, struct piece value)
{
	for (enum slot slot = SLOT_FORMAT; slot < SLOT_COUNT; slot++) {
		if (!piece_is(name, slot_names[slot]))
			continue;
		/* As xl has it, an access may still follow in its place. */
		s->seen[slot] = slot != SLOT_ACCESS;
		return set_slot(s, slot, value);
	}
	if (!value.len)
		return 0;
	if (piece_is(name, "devtype"))
		return set_devtype(s, value);
	if (piece_is(name, "backendtype"))
		return set_backend(s, value);
	if (piece_is(name, "backend"))
		return set_text(s, &s->out->backend_domain, "backend", value);
	if (piece_is(name, "script"))
		return set_text(s, &s->out->script, "script", value);
	if (piece_is(name, "offset"))
		return set_bytes(s, &s->out->offset, "offset", value);
	if (piece_is(name, "length"))
		return set_bytes(s, &s->out->length, "length", value);
	if (piece_is(name, "sector-size"))
		return set_sector_size(s, value);
	if (piece_is(name, "specification") && piece_is(value, "xen"))
		return 0;
	if (piece_is(name, "specification"))
		return spec_bad(s->why, "expected specification=xen, found "
				"%.*s", piece_shown(value), value.at);
	return spec_bad(s->why, "expected target, format, vdev, access, "
			"devtype, backend, backendtype or script before =, "
			"found %.*s", piece_shown(name), name.at);
}

static int parse_parts(struct spec *s, struct piece rest)
{
	while (rest.at) {
		struct piece p, name, value;
		int rc;

		while (rest.len && (*rest.at == ' ' || *rest.at == '\t')) {
			rest.at++;
			rest.len--;
		}
		/* A comma at the end begins nothing. */
		if (!rest.len)
			break;
		/* It eats what follows, commas and blanks included. */
		if (piece_takes(&rest, "target=")) {
			s->seen[SLOT_TARGET] = true;
			return set_target(s, rest);
		}
		p = piece_trim(piece_next(&rest));
		if (set_flag(s, p))
			continue;
		if (piece_split(p, &name, &value))
			rc = set_named(s, name, value);
		else
			rc = set_positional(s, p);
		if (rc)
			return rc;
	}
	return 0;
}

int cfg_parse_disk(const char *text, struct guest_disk *out, char *why)
{
	struct spec s = { .out = out, .why = why };

	guest_disk_init(out);
	*why = '\0';
	if (parse_parts(&s, (struct piece){ text, strlen(text) }))
		return -1;
	out->readwrite = !out->cdrom && s.access != ACCESS_RO;
	out->shared = s.access == ACCESS_SHARED;
	if (out->cdrom && (!out->target || !*out->target))
		out->format = DISK_EMPTY;
	else if (out->format == DISK_FORMAT_DEFAULT)
		out->format = DISK_RAW;
	if (!out->vdev && out->target && strstr(out->target, ",vdev="))
		return spec_bad(why, "expected target= at the end, as it takes "
				"all that follows, found vdev= after it");
	if (guest_disk_check(out, why))
		return -1;
	return guest_vdev_number(out->vdev, &out->number);
}
