/* SPDX-License-Identifier: MIT */
/*
 * Traces: lines of words, sizes in MiB, times in seconds.
 *
 *	host total=4096 slack=64
 *	rules tax=75 headroom=25
 *	guests 3 floor=128 max=2048 start=640 weight=256 use=agent speed=200
 *	at 10 0-1 uses=900
 *	every 30 0-2 uses=100..900
 *	end 120
 *
 * `deaf=1` is a guest whose balloon doesn't move. `ramp=100` is one whose use
 * grows by so much a second, `back=20` one that fetches so much a second of what
 * it had swapped out: else either is done at once. `every` stands for an event
 * every so many seconds until the end, which is to be said before. # begins a
 * comment.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define MIB	1024

/* The number behind key= in line, or none. */
static uint64_t value(const char *line, const char *key, uint64_t none)
{
	size_t len = strlen(key);
	const char *at = line;

	while ((at = strstr(at, key))) {
		if ((at == line || at[-1] == ' ') && at[len] == '=')
			return strtoull(at + len + 1, NULL, 10);
		at++;
	}
	return none;
}

static void read_host(struct model *m, const char *line)
{
	m->total = value(line, "total", 4096) * MIB;
	m->slack = value(line, "slack", 32) * MIB;
	m->reserved = value(line, "reserved", 0) * MIB;
}

static void read_rules(struct model *m, const char *line)
{
	m->rules.tax = value(line, "tax", m->rules.tax);
	m->rules.headroom = value(line, "headroom", m->rules.headroom);
	m->rules.rate = value(line, "rate", m->rules.rate / MIB) * MIB;
}

static enum use_source source(const char *line)
{
	if (strstr(line, " use=agent"))
		return USE_AGENT;
	return strstr(line, " use=sampled") ? USE_SAMPLED : USE_NONE;
}

static const char *read_guests(struct model *m, const char *line)
{
	unsigned long n = strtoul(line, NULL, 10);
	struct model_guest g = { .g = {
		.floor = value(line, "floor", 64) * MIB,
		.max = value(line, "max", 1024) * MIB,
		.current = value(line, "start", 512) * MIB,
		.weight = value(line, "weight", 256),
		.source = source(line),
	} };

	g.g.target = g.g.current;
	g.speed = value(line, "speed", 256) * MIB;
	g.ramp = value(line, "ramp", 0) * MIB;
	g.back = value(line, "back", 0) * MIB;
	g.deaf = value(line, "deaf", 0);
	if (!n || n > MODEL_GUESTS - m->guests)
		return "a number of guests from 1 to 1024 in all is expected";
	if (g.g.floor > g.g.max || !g.g.weight)
		return "floor <= max and weight > 0 are expected";
	while (n--) {
		g.g.domid = m->guests + 1;
		m->guest[m->guests++] = g;
	}
	return NULL;
}

/* "SECONDS FIRST[-LAST] uses=LOW[..HIGH]" */
static const char *read_event(struct model *m, const char *line, bool every)
{
	struct model_event e;
	double at;
	unsigned long low, high;
	int n = sscanf(line, "%lf %u-%u", &at, &e.first, &e.last);
	const char *uses = strstr(line, "uses=");
	int64_t step;

	if (n < 2 || !uses || at < 0)
		return "\"SECONDS FIRST-LAST uses=LOW..HIGH\" is expected";
	if (n == 2)
		e.last = e.first;
	n = sscanf(uses, "uses=%lu..%lu", &low, &high);
	if (n < 2)
		high = low;
	if (n < 1 || low > high)
		return "uses=LOW..HIGH is expected";
	e.low = low * MIB;
	e.high = high * MIB;
	step = at * 1000;
	if (every && (step <= 0 || !m->end))
		return "every needs a time, and end before it";
	for (e.at = step; m->events < MODEL_EVENTS; e.at += step) {
		m->event[m->events++] = e;
		if (!every || e.at + step >= m->end)
			return NULL;
	}
	return "too many events";
}

static const char *read_line(struct model *m, char *line)
{
	char *word = strtok(line, " \t\n"), *rest;

	if (!word || *word == '#')
		return NULL;
	rest = word + strlen(word) + 1;
	if (!strcmp(word, "host"))
		return read_host(m, rest), NULL;
	if (!strcmp(word, "rules"))
		return read_rules(m, rest), NULL;
	if (!strcmp(word, "guests"))
		return read_guests(m, rest);
	if (!strcmp(word, "at") || !strcmp(word, "every"))
		return read_event(m, rest, *word == 'e');
	if (!strcmp(word, "end"))
		return m->end = strtod(rest, NULL) * 1000, NULL;
	return "host, rules, guests, at, every or end is expected";
}

static int by_time(const void *a, const void *b)
{
	const struct model_event *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

int model_read(struct model *m, FILE *f, char *why, size_t size)
{
	unsigned int number = 0;
	const char *wrong = NULL;
	char line[512];

	memset(m, 0, sizeof(*m));
	m->rules = alloc_default_rules;
	m->seed = 1;
	while (!wrong && fgets(line, sizeof(line) - 1, f)) {
		/* So that there is a byte behind the last word. */
		line[strlen(line) + 1] = 0;
		wrong = read_line(m, line);
		number++;
	}
	if (!wrong && (!m->guests || !m->end))
		wrong = "guests and an end are expected";
	if (!wrong && !model_free(m))
		wrong = "the guests don't fit into the host";
	if (wrong) {
		snprintf(why, size, "line %u: %s", number, wrong);
		return -1;
	}
	qsort(m->event, m->events, sizeof(*m->event), by_time);
	return 0;
}
