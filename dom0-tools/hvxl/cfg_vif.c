/* SPDX-License-Identifier: MIT */
/* vif specs: xl-network-configuration(5). */
#include <stdlib.h>
#include <string.h>
#include "cfg.h"
#include "cfg_text.h"

#define INTERVAL_DEFAULT	50000	/* us */
#define SECOND			1000000	/* us */

/*
 * RATE is a number, G, M, K or nothing, and B for bytes or b for bits; then
 * /s; then perhaps @INTERVAL in s, ms or us.
 */

static bool take_digits(struct piece *p, uint64_t max, uint64_t *out)
{
	struct piece digits = { p->at, 0 };

	while (digits.len < p->len && p->at[digits.len] >= '0' &&
	       p->at[digits.len] <= '9')
		digits.len++;
	p->at += digits.len;
	p->len -= digits.len;
	return piece_number(digits, max, out);
}

static bool take_interval(struct piece *p, uint64_t *us)
{
	*us = INTERVAL_DEFAULT;
	if (!piece_takes(p, "@"))
		return true;
	if (!take_digits(p, UINT32_MAX, us))
		return false;
	if (piece_takes(p, "us") || piece_takes(p, "u"))
		return true;
	*us *= piece_takes(p, "ms") || piece_takes(p, "m") ? 1000 : SECOND;
	piece_takes(p, "s");
	return true;
}

static bool take_rate(struct piece *p, uint64_t *per_second)
{
	uint64_t n, unit = 1;

	if (!take_digits(p, UINT32_MAX, &n))
		return false;
	if (piece_takes(p, "G"))
		unit = 1000000000;
	else if (piece_takes(p, "M"))
		unit = 1000000;
	else if (piece_takes(p, "K"))
		unit = 1000;
	*per_second = n * unit;
	if (piece_takes(p, "B"))
		return true;
	*per_second /= 8;
	return piece_takes(p, "b");
}

static int parse_rate(struct piece p, struct guest_vif *out, char *why)
{
	struct piece text = p;
	uint64_t rate, interval;
	bool per_second;

	if (!take_rate(&p, &rate))
		goto bad;
	per_second = piece_takes(&p, "/s");
	if (!take_interval(&p, &interval) || p.len)
		goto bad;
	if (!per_second)
		spec_warn(why, "rate=%.*s is taken as %.*s/s",
			  piece_shown(text), text.at, piece_shown(text),
			  text.at);
	if (!interval || interval > UINT32_MAX || rate > UINT64_MAX / interval)
		return spec_bad(why, "expected an interval from 1us to 4294s, "
				"found rate=%.*s", piece_shown(text), text.at);
	out->rate_bytes = rate * interval / SECOND;
	out->rate_interval = interval;
	if (out->rate_bytes)
		return 0;
	return spec_bad(why, "expected a rate of a byte in %u us or more, "
			"found rate=%.*s", out->rate_interval,
			piece_shown(text), text.at);
bad:
	return spec_bad(why, "expected a rate like 10Mb/s or 1MB/s@20ms, "
			"found rate=%.*s", piece_shown(text), text.at);
}

static int set_type(struct piece value, struct guest_vif *out, char *why)
{
	const char *type = "vif";

	if (piece_is(value, "ioemu"))
		type = "vif_ioemu";
	else if (piece_is(value, "netfront") ||
		 piece_is(value, "paravirtualised"))
		spec_warn(why, "type=%.*s is taken as type=vif",
			  piece_shown(value), value.at);
	else if (!piece_is(value, "vif"))
		return spec_bad(why, "expected type=vif or type=ioemu, found "
				"type=%.*s", piece_shown(value), value.at);
	free(out->type);
	out->type = strdup(type);
	return out->type ? 0 : spec_bad(why, "no memory");
}

static int set_mac(struct piece value, struct guest_vif *out, char *why)
{
	char text[18], mac[18] = "";

	if (value.len < sizeof(text)) {
		memcpy(text, value.at, value.len);
		text[value.len] = '\0';
	}
	if (value.len >= sizeof(text) || guest_canonical_mac(text, mac))
		return spec_bad(why, "expected mac=XX:XX:XX:XX:XX:XX, found "
				"mac=%.*s", piece_shown(value), value.at);
	free(out->mac);
	out->mac = strdup(mac);
	return out->mac ? 0 : spec_bad(why, "no memory");
}

static int set_number(struct piece name, struct piece value,
		      struct guest_vif *out, char *why)
{
	bool mtu = piece_is(name, "mtu"), vlan = piece_is(name, "vlan");
	uint64_t n;

	if (!piece_number(value, 65535, &n) || (vlan && !n))
		return spec_bad(why, "expected %s, found %.*s=%.*s",
				mtu ? "mtu=68 to 65535" :
				vlan ? "vlan=1 to 4094" : "devid=0 to 65535",
				piece_shown(name), name.at, piece_shown(value),
				value.at);
	if (mtu)
		out->mtu = n;
	else if (vlan)
		out->vlan = n;
	else
		out->devid = n;
	return 0;
}

/* Where a text goes; NULL: the name is none of these. */
static char **text_of(struct piece name, struct guest_vif *out)
{
	if (piece_is(name, "bridge"))
		return &out->bridge;
	if (piece_is(name, "script"))
		return &out->script;
	if (piece_is(name, "ip"))
		return &out->ip;
	if (piece_is(name, "vifname"))
		return &out->ifname;
	if (piece_is(name, "model"))
		return &out->model;
	if (piece_is(name, "gatewaydev") || piece_is(name, "netdev"))
		return &out->gatewaydev;
	if (piece_is(name, "backend"))
		return &out->backend_domain;
	return NULL;
}

static void warn_unknown(struct piece name, char *why)
{
	static const char *const known[] = {
		"mac", "bridge", "script", "ip", "vifname", "model", "type",
		"gatewaydev", "backend", "rate", "mtu", "devid", "trusted",
		"untrusted", "vlan", "isolated", NULL
	};
	const char *best = NULL;
	unsigned int least = 3;
	char word[20] = "";

	if (name.len < sizeof(word))
		memcpy(word, name.at, name.len);
	for (size_t i = 0; *word && known[i]; i++) {
		unsigned int d = edit_distance(word, known[i], least);

		if (d < least) {
			least = d;
			best = known[i];
		}
	}
	if (best)
		spec_warn(why, "ignored: %.*s (did you mean %s?)",
			  piece_shown(name), name.at, best);
	else
		spec_warn(why, "ignored: %.*s", piece_shown(name), name.at);
}

static int set_text(char **at, struct piece value, char *why)
{
	free(*at);
	*at = NULL;
	if (!value.len)
		return 0;
	if (value.len > GUEST_STRING_MAX)
		return spec_bad(why, "expected at most %d bytes, found %zu",
				GUEST_STRING_MAX, value.len);
	*at = piece_dup(value);
	return *at ? 0 : spec_bad(why, "no memory");
}

static int parse_part(struct piece p, struct guest_vif *out, char *why)
{
	struct piece name, value;
	char **text;

	if (!p.len)
		return 0;
	if (piece_is(p, "trusted") || piece_is(p, "untrusted")) {
		out->trusted = piece_is(p, "trusted");
		return 0;
	}
	if (piece_is(p, "isolated")) {
		out->isolated = true;
		return 0;
	}
	if (!piece_split(p, &name, &value))
		return spec_bad(why, "expected KEY=VALUE like bridge=xenbr0, "
				"found %.*s", piece_shown(p), p.at);
	text = text_of(name, out);
	if (text)
		return set_text(text, value, why);
	if (piece_is(name, "mac"))
		return set_mac(value, out, why);
	if (piece_is(name, "type"))
		return set_type(value, out, why);
	if (piece_is(name, "rate"))
		return parse_rate(value, out, why);
	if (piece_is(name, "mtu") || piece_is(name, "devid") ||
	    piece_is(name, "vlan"))
		return set_number(name, value, out, why);
	warn_unknown(name, why);
	return 0;
}

int cfg_parse_vif(const char *text, struct guest_vif *out, char *why)
{
	struct piece rest = { text, strlen(text) };
	char warning[CFG_WHY] = "";

	guest_vif_init(out);
	while (rest.at) {
		struct piece p = piece_trim(piece_next(&rest));

		if (parse_part(p, out, warning)) {
			strcpy(why, warning);
			return -1;
		}
	}
	*why = '\0';
	if (guest_vif_check(out, why))
		return -1;
	strcpy(why, warning);
	return 0;
}
