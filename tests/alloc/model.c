/* SPDX-License-Identifier: MIT */
#include "model.h"

/* A target that came to rest stays so for this long. */
#define REST_MS		5000

uint64_t model_free(const struct model *m)
{
	uint64_t has = 0;
	unsigned int i;

	for (i = 0; i < m->guests; i++)
		has += m->guest[i].g.current;
	return has > m->total ? 0 : m->total - has;
}

static uint32_t random_next(struct model *m)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 17;
	m->seed ^= m->seed << 5;
	return m->seed;
}

/* ---- phases ---- */

/* By how much of what it needs each guest has. */
static double jain(const struct model *m)
{
	double sum = 0, squares = 0;
	unsigned int i;

	for (i = 0; i < m->guests; i++) {
		const struct model_guest *g = &m->guest[i];
		double x = g->uses > g->g.current
				   ? (double)g->g.current / g->uses : 1;

		sum += x;
		squares += x * x;
	}
	return m->guests ? sum * sum / (m->guests * squares) : 1;
}

/* What a guest gave up is no overshoot. */
static void measure_way(struct model *m, const struct model_guest *g)
{
	uint64_t target = g->g.target;
	uint64_t least = target < g->began ? target : g->began;
	double over = (double)g->peak / target - 1;
	double dip = 1 - (double)g->low / least;

	if (target > g->began && over > m->overshoot)
		m->overshoot = over;
	m->dip = dip > m->dip ? dip : m->dip;
}

static void phase_end(struct model *m)
{
	int64_t took = m->changed - m->phase;
	double fair = jain(m);
	unsigned int i;

	if (m->now == m->phase)
		return;
	m->phases++;
	m->settle_sum += took;
	m->settle_max = took > m->settle_max ? took : m->settle_max;
	if (m->now - m->changed < REST_MS && m->now - m->phase > 2 * REST_MS)
		m->unsettled++;
	m->fairness = fair < m->fairness || m->phases == 1 ? fair
							   : m->fairness;
	for (i = 0; i < m->guests; i++)
		measure_way(m, &m->guest[i]);
}

static void phase_begin(struct model *m)
{
	unsigned int i;

	m->phase = m->changed = m->now;
	for (i = 0; i < m->guests; i++)
		m->guest[i].began = m->guest[i].peak = m->guest[i].low =
			m->guest[i].g.target;
}

/* Falls and what has no ramp come at once. */
static void wants(struct model_guest *g, uint64_t uses)
{
	g->goal = uses;
	if (!g->ramp || uses < g->uses)
		g->uses = uses;
}

static void take_events(struct model *m)
{
	bool any = false;

	while (m->next < m->events && m->event[m->next].at <= m->now) {
		const struct model_event *e = &m->event[m->next++];
		unsigned int i;

		if (!any)
			phase_end(m);
		any = true;
		for (i = e->first; i <= e->last && i < m->guests; i++)
			wants(&m->guest[i], e->low + random_next(m) %
						    (e->high - e->low + 1));
	}
	if (any)
		phase_begin(m);
}

/* ---- guests ---- */

/* free: of the host, before and after. */
static void balloon(struct model *m, struct model_guest *g, uint64_t *free)
{
	uint64_t step = g->speed * MODEL_STEP / 1000;
	uint64_t *has = &g->g.current, to = g->g.target;

	if (g->deaf)
		return;
	if (*has > to) {
		step = *has - to < step ? *has - to : step;
		*has -= step;
		*free += step;
		return;
	}
	step = to - *has < step ? to - *has : step;
	if (step > *free) {
		m->broken = "a guest was promised what isn't there";
		step = *free;
	}
	*has += step;
	*free -= step;
}

static uint64_t towards(uint64_t from, uint64_t to, uint64_t a_second)
{
	uint64_t step = a_second * MODEL_STEP / 1000;

	return a_second && step < to - from ? from + step : to;
}

/* Its use grows, and what has no room is swapped out; what has is fetched as
 * fast as its disk can. */
static void live(struct model_guest *g)
{
	uint64_t has = g->g.current, least;

	g->uses = towards(g->uses, g->goal, g->ramp);
	least = g->uses > has ? g->uses - has : 0;
	g->out = g->out < g->uses ? g->out : g->uses;
	if (g->out > least)
		g->out -= towards(0, g->out - least, g->back);
	else
		g->out = least;
}

static void work(struct model_guest *g)
{
	if (!g->uses)
		return;
	g->wanted += MODEL_STEP;
	g->lost += MODEL_STEP * (double)g->out / g->uses;
}

/* A sampling comes now and then, and can't see what is swapped out, nor what isn't
 * used meanwhile since the guest waits for its disk; but it sees that a guest swaps,
 * and which way: see hvxallocd's sample.c. */
static uint64_t sampled(const struct model_guest *g)
{
	uint64_t seen = g->uses - g->out;

	if (g->uses > g->g.current && g->g.current <= g->g.target)
		return g->g.current;
	if (!g->out)
		return seen;
	return seen / 2 > g->g.used ? seen / 2 : g->g.used;
}

static void estimate(struct model *m, struct model_guest *g)
{
	if (g->g.source != USE_SAMPLED) {
		g->g.used = g->uses;
	} else if (!g->looked || m->now - g->looked >=
		   policy_look_every(&g->g, MODEL_SAMPLE)) {
		g->g.used = sampled(g);
		g->looked = m->now;
	}
}

/* ---- the policy ---- */

static struct alloc_move moves[MODEL_GUESTS];
static struct alloc_guest seen[MODEL_GUESTS];

static void apply(struct model *m, unsigned int i)
{
	struct alloc_guest *g = &m->guest[i].g;

	if (moves[i].target == g->target)
		return;
	policy_applied(m->now, moves[i].target, g);
	m->changes++;
	m->changed = m->now;
}

static void check(struct model *m)
{
	uint64_t held = m->slack + m->reserved;
	unsigned int i;

	for (i = 0; i < m->guests; i++) {
		const struct alloc_guest *g = &m->guest[i].g;

		held += g->target > g->current ? g->target : g->current;
		if (g->target < g->floor && seen[i].target >= g->floor)
			m->broken = "a guest was brought below its floor";
		if (g->target > g->max)
			m->broken = "a guest was brought above its maximum";
	}
	if (held > m->total)
		m->broken = "more was promised than there is";
}

static void turn(struct model *m)
{
	struct alloc_host h = {
		.free = model_free(m), .slack = m->slack,
		.reserved = m->reserved, .now = m->now,
	};
	unsigned int i;

	for (i = 0; i < m->guests; i++) {
		estimate(m, &m->guest[i]);
		policy_observe(&m->rules, m->now, &m->guest[i].g);
		seen[i] = m->guest[i].g;
	}
	policy_targets(&m->rules, &h, seen, m->guests, moves);
	for (i = 0; i < m->guests; i++) {
		struct model_guest *g = &m->guest[i];

		apply(m, i);
		g->peak = g->g.target > g->peak ? g->g.target : g->peak;
		g->low = g->g.target < g->low ? g->g.target : g->low;
	}
	check(m);
	for (i = 0; i < m->guests; i++)
		seen[i] = m->guest[i].g;
	m->round = m->now + (policy_hurries(&m->rules, &h, seen, m->guests)
				     ? MODEL_HURRY : MODEL_ROUND);
}

bool model_step(struct model *m)
{
	uint64_t free;
	unsigned int i;

	if (m->now >= m->end)
		return false;
	take_events(m);
	if (!m->fixed && m->now >= m->round)
		turn(m);
	m->now += MODEL_STEP;
	free = model_free(m);
	for (i = 0; i < m->guests; i++) {
		balloon(m, &m->guest[i], &free);
		live(&m->guest[i]);
		work(&m->guest[i]);
	}
	return true;
}

void model_end(struct model *m)
{
	phase_end(m);
}

double model_lost(const struct model *m)
{
	double wanted = 0, lost = 0;
	unsigned int i;

	for (i = 0; i < m->guests; i++) {
		wanted += m->guest[i].wanted;
		lost += m->guest[i].lost;
	}
	return wanted > 0 ? lost / wanted : 0;
}
