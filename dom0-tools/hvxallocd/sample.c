/* SPDX-License-Identifier: MIT */
/*
 * What guests without an agent use: the hypervisor watches some of their frames for
 * an interval, and then others. That takes some milliseconds, so a round has a few.
 * How many were touched so far it tells for much less, so of guests that are about
 * to need more it is asked oftener. One whose agent is silent is watched already
 * before the agent is taken for dead, so that its use is never unknown.
 */
#include "allocd.h"

#include <errno.h>
#include <common/log.h>

#define IN_A_ROUND	8
#define GLANCES		32
/* A guest is held up by looks in at most one part of so many of its time, if a
 * page costs so much; what the hypervisor says it took is more where the
 * machine's processors are an emulator's. */
#define PARTS		200
#define PAGE_NS		40
/* KiB a second: more than now and then. */
#define SWAPS		64

static bool is_watched(const struct allocd *a, unsigned int i)
{
	const struct alloc_guest *g = &a->guests[i];

	return g->domid && !g->fixed && g->floor < g->max &&
	       !agent_speaks(a, i, a->silence / 2);
}

static bool is_over(const struct allocd *a, unsigned int i)
{
	const struct info *in = &a->infos[i];
	int64_t gone = a->host.now - in->watched_at;

	return gone >= in->sample_rest && gone >= a->sample;
}

static bool may_glance(const struct allocd *a, unsigned int i)
{
	return a->host.now - a->infos[i].sampled_at >=
	       policy_look_every(&a->guests[i], a->sample / 2);
}

/*
 * Whether it needs more than it has. A guest that swaps waits for its disk, so it
 * touches little of what it uses in a while; but if it puts pages out and wasn't
 * asked to give any, it uses all that it has.
 */
static bool is_short(const struct info *in, const struct hvctl_working_set *w)
{
	uint64_t ns = w->interval_ns - in->seen.interval_ns;
	bool gave = in->gave_at >= in->sampled_at;

	return !gave &&
	       w->out_kib - in->seen.out_kib > SWAPS * ns / 1000000000;
}

/* If it only takes in what it had put out, it has got the room, and uses no less
 * than before. */
static bool gets_well(const struct info *in, const struct hvctl_working_set *w)
{
	uint64_t ns = w->interval_ns - in->seen.interval_ns;

	return w->in_kib - in->seen.in_kib > SWAPS * ns / 1000000000;
}

/* An interval's use, so far or in all. Of one that has only begun little is known,
 * so the one before counts, too; while there was none, nothing is known. */
static void take(struct allocd *a, unsigned int i,
		 const struct hvctl_working_set *w, bool over)
{
	struct info *in = &a->infos[i];
	uint64_t kib = w->kib ? w->kib : 1, least = over ? 0 : in->interval;

	if (w->watched && (over || in->interval)) {
		if (gets_well(in, w) && in->sampled > least)
			least = in->sampled;
		in->sampled = is_short(in, w) ? w->total_kib :
			      kib > least ? kib : least;
	}
	if (w->watched && over)
		in->interval = kib;
	in->seen = over ? (struct hvctl_working_set){ 0 } : *w;
	in->sampled_at = a->host.now;
}

static void failed(struct allocd *a, unsigned int i)
{
	if (errno == EOPNOTSUPP) {
		log_info("this hypervisor can't tell what guests use: only those with an agent do");
		a->sample = 0;
	} else if (errno != ESRCH) {
		log_debug("%s: what it uses can't be told: errno %d",
			  a->infos[i].name, errno);
	}
}

/* The interval is over, another begins. */
static void look(struct allocd *a, unsigned int i)
{
	struct info *in = &a->infos[i];
	struct hvctl_working_set w;

	in->watched_at = a->host.now;
	if (hvctl_working_set(a->hv, a->guests[i].domid, a->samples, &w)) {
		in->sampled_at = a->host.now;
		failed(a, i);
		return;
	}
	take(a, i, &w, true);
	in->sample_rest = (int64_t)(w.total_kib / 4 * PAGE_NS * PARTS /
				    1000000);
}

static void glance(struct allocd *a, unsigned int i)
{
	struct hvctl_working_set w;

	if (!hvctl_working_set_so_far(a->hv, a->guests[i].domid, &w)) {
		take(a, i, &w, false);
		return;
	}
	a->infos[i].sampled_at = a->host.now;
	failed(a, i);
}

static void note_giving(struct allocd *a, unsigned int i)
{
	const struct alloc_guest *g = &a->guests[i];

	if (g->current > g->target)
		a->infos[i].gave_at = a->host.now;
}

/* Whoever had to wait for want of looks is first in the next round. */
void sample_some(struct allocd *a)
{
	unsigned int k, looks = IN_A_ROUND, glances = GLANCES;
	unsigned int first = a->sample_first;

	for (k = 0; k < a->count; k++)
		note_giving(a, k);
	for (k = 0; k < a->count && a->sample; k++) {
		unsigned int i = (first + k) % a->count;

		if (!is_watched(a, i))
			continue;
		if (looks && is_over(a, i)) {
			look(a, i);
			looks--;
			a->sample_first = i + 1;
		} else if (glances && may_glance(a, i)) {
			glance(a, i);
			glances--;
		}
	}
}
