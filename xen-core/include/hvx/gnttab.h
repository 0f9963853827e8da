/*
 * Grant tables, version 1: entries and their use (chan/gnttab.c), map and
 * unmap (gnt_map.c), copy (gnt_copy.c).
 */
#ifndef HVX_GNTTAB_H
#define HVX_GNTTAB_H

#include <abi/grant_table.h>
#include <hvx/frame.h>
#include <hvx/types.h>

struct domain;
struct vcpu;
struct grant_table;

int gnttab_init_domain(struct domain *d, unsigned int max_frames,
		       unsigned int max_maptrack);
/* Undo what d has mapped of others: preemptible. */
int gnttab_release_mappings(struct domain *d);
void gnttab_destroy_domain(struct domain *d);
/* Frame idx of the table, growing it if it is within the limit; for
 * XENMEM_acquire_resource and add_to_physmap.  0 or -errno. */
int gnttab_get_frame(struct domain *d, unsigned int idx, mfn_t *mfn);
/* How many frames d's table may grow to. */
unsigned int gnttab_max_frames(struct domain *d);
/* Each reference to d's frames that a use of its grants holds. */
void gnttab_each_ref(struct domain *d, frame_ref_fn fn, void *ctx);
unsigned long gnttab_audit(struct domain *d);
void gnttab_dump(struct domain *d);	/* debug key 'g' */

/*
 * A host mapping changed by grant map and unmap, in the current domain
 * (pv/gnt_pte.c).  Installs or clears the L1 entry that maps va (or, with
 * GNTMAP_contains_pte, the entry at machine address va); the page reference
 * that stands behind the entry is the grant's, taken by the caller.  A GNTST
 * code.  The entry carries a mark (a software bit) so that the guest's own
 * updates treat it as not theirs.
 */
int grant_pte_install(struct vcpu *v, uint64_t va, mfn_t frame,
		      unsigned int flags);
int grant_pte_remove(struct vcpu *v, uint64_t va, mfn_t frame,
		     unsigned int flags, uint64_t new_va);

#endif
