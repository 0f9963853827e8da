/*
 * How many frames a domain may have, and promises of memory not yet given.
 *
 * tot_pages counts a domain's frames, max_pages limits them.  A frame is
 * counted before it is given, in one atomic step, so two vCPUs at once can't
 * pass the limit together.  Lowering max_pages below tot_pages takes nothing
 * away; it only stops growth.  While a domain has any frames they hold a
 * reference to it: the last one may go long after it was killed.
 *
 * A claim is the control tool's: "this domain will want n frames in all".
 * Claimed frames are not given to others: to look at the claims and to take
 * frames is one step under quota_lock, which guards the claims.
 */
#include <hvx/domain.h>

#include <hvx/console.h>
#include <hvx/frame.h>
#include <hvx/lock.h>

static struct lock quota_lock = LOCK_INIT;
static unsigned long claimed;		/* sum of all domains' claims */

bool domain_reserve_pages(struct domain *d, unsigned long n)
{
	uint32_t had = READ_ONCE(d->tot_pages);

	do {
		uint32_t max = READ_ONCE(d->max_pages);

		if (n > max || had > max - n)
			return false;
	} while (!__atomic_compare_exchange_n(&d->tot_pages, &had,
					      had + (uint32_t)n, false,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	if (had == 0 && n)
		domain_get(d);
	return true;
}

void domain_unreserve_pages(struct domain *d, unsigned long n)
{
	uint32_t had = __atomic_fetch_sub(&d->tot_pages, (uint32_t)n,
					  __ATOMIC_ACQ_REL);

	BUG_ON(had < n);
	if (had == n && n)
		domain_put(d);
}

int domain_claim_pages(struct domain *d, unsigned long want)
{
	unsigned long free, others;
	int rc = 0;

	spin_lock(&quota_lock);
	free = buddy_free_pages();
	others = claimed - d->claimed_pages;
	if (want && d->is_dying)
		rc = -ESRCH;
	else if (want && (want <= d->tot_pages || want > d->max_pages))
		rc = -EINVAL;
	/* The claim is on the total: what it has already needs none. */
	want -= MIN(want, (unsigned long)d->tot_pages);
	if (!rc && want && (free < others || want > free - others))
		rc = -ENOMEM;
	if (!rc) {
		d->claimed_pages = (uint32_t)want;
		claimed = others + want;
	}
	spin_unlock(&quota_lock);
	return rc;
}

/* Does it break no promise to others if d takes n frames? */
static bool claims_allow(const struct domain *d, unsigned long n)
{
	unsigned long free = buddy_free_pages();
	unsigned long others = claimed - d->claimed_pages;

	return free >= others && n <= free - others;
}

static void use_claim(struct domain *d, unsigned long n)
{
	uint32_t used = (uint32_t)MIN(n, (unsigned long)d->claimed_pages);

	d->claimed_pages -= used;
	claimed -= used;
}

mfn_t domain_alloc_frames(struct domain *d, unsigned int order,
			  unsigned int bits)
{
	mfn_t mfn = INVALID_MFN;
	bool dirty = false;

	spin_lock(&quota_lock);
	if (claims_allow(d, 1UL << order))
		mfn = buddy_take(order, bits, &dirty);
	if (!mfn_eq(mfn, INVALID_MFN))
		use_claim(d, 1UL << order);
	spin_unlock(&quota_lock);
	if (dirty)
		buddy_scrub(mfn, order);
	return mfn;
}

unsigned long domain_claims_total(void)
{
	return READ_ONCE(claimed);
}
