/* SPDX-License-Identifier: MIT */
/*
 * What guests without an agent use: the hypervisor watches some of their
 * frames from one look to the next. A look takes some milliseconds, so a round
 * has a few. One whose agent is silent is watched already before the agent is
 * taken for dead, so that its use is never unknown.
 */
#include "allocd.h"

#include <errno.h>
#include <common/log.h>

#define IN_A_ROUND	8
/* A guest is held up by looks in at most one part of so many of its time, if a
 * page costs so much; what the hypervisor says it took is more where the
 * machine's processors are an emulator's. */
#define PARTS		200
#define PAGE_NS		40

/* KiB a second: more than now and then. */
#define SWAPS		64

/*
 * What it uses. A guest that swaps waits for its disk, so it touches little of what
 * it uses in a while. If it puts pages out and wasn't asked to give any, it uses all
 * that it has, and more; if it only takes in, it has got the room, and uses no less
 * than before.
 */
static uint64_t used(const struct hvctl_working_set *w, uint64_t before, bool gave)
{
	uint64_t much = SWAPS * w->interval_ns / 1000000000;
	uint64_t kib = w->kib ? w->kib : 1;

	if (w->out_kib > much && !gave)
		return w->total_kib;
	return w->in_kib > much && before > kib ? before : kib;
}

static bool wanted(const struct allocd *a, unsigned int i)
{
	const struct alloc_guest *g = &a->guests[i];
	const struct info *in = &a->infos[i];
	int64_t gone = a->host.now - in->sampled_at;

	return g->domid && !g->fixed && g->floor < g->max &&
	       !agent_speaks(a, i, a->silence / 2) &&
	       gone >= in->sample_rest &&
	       gone >= policy_look_every(g, a->sample);
}

static void look(struct allocd *a, unsigned int i)
{
	struct info *in = &a->infos[i];
	struct hvctl_working_set w;

	bool gave = in->gave_at >= in->sampled_at;

	in->sampled_at = a->host.now;
	if (!hvctl_working_set(a->hv, a->guests[i].domid, a->samples, &w)) {
		if (w.watched)
			in->sampled = used(&w, in->sampled, gave);
		in->sample_rest = (int64_t)(w.total_kib / 4 * PAGE_NS * PARTS /
					    1000000);
		return;
	}
	if (errno == EOPNOTSUPP) {
		log_info("this hypervisor can't tell what guests use: only those with an agent do");
		a->sample = 0;
	} else if (errno != ESRCH) {
		log_debug("%s: what it uses can't be told: errno %d", in->name,
			  errno);
	}
}

static void note_giving(struct allocd *a, unsigned int i)
{
	const struct alloc_guest *g = &a->guests[i];

	if (g->current > g->target)
		a->infos[i].gave_at = a->host.now;
}

void sample_some(struct allocd *a)
{
	unsigned int i, left = IN_A_ROUND;

	for (i = 0; i < a->count; i++)
		note_giving(a, i);
	for (i = 0; i < a->count && a->sample && left; i++)
		if (wanted(a, i)) {
			look(a, i);
			left--;
		}
}
