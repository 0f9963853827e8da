/*
 * What the grant table files share: a domain's tables, and the two steps that
 * every use of a grant consists of, pin and unpin.
 */
#ifndef CHAN_GNT_PRIVATE_H
#define CHAN_GNT_PRIVATE_H

#include <hvx/domain.h>
#include <hvx/gnttab.h>
#include <hvx/lock.h>

/*
 * Uses of an entry: four counts of 8 bits.  Reads and writes by a host
 * mapping (or a copy), by a device mapping.  None ever wraps: the 256th use
 * of a kind is refused.
 */
#define PIN_HOST_READ	0x00000001U
#define PIN_HOST_WRITE	0x00000100U
#define PIN_DEV_READ	0x00010000U
#define PIN_DEV_WRITE	0x01000000U
#define PIN_WRITES	0xff00ff00U

/* An entry in use: what was found in it when its use began. */
struct grant_active {
	uint32_t pin;		/* 0: idle, and the rest means nothing */
	uint32_t frame;
	domid_t user;
};

#define ACTIVE_PER_PAGE	 (PAGE_SIZE / sizeof(struct grant_active))
#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))

/* What a handle names: a mapping of another's grant. */
struct maptrack {
	struct domain *granter;	/* with a reference; free: NULL */
	uint32_t ref;		/* free: the next free handle */
	uint32_t flags;		/* GNTMAP_*; the parts that are still there */
};

/* In flags: somebody is changing it.  No GNTMAP_ bit. */
#define MAPTRACK_BUSY	 0x8000U
#define MAPTRACK_PARTS	 (GNTMAP_host_map | GNTMAP_device_map)
#define MAPTRACK_FLAGS                                                         \
	(MAPTRACK_PARTS | GNTMAP_readonly | GNTMAP_application_map |           \
	 GNTMAP_contains_pte | GNTMAP_guest_avail_mask)
#define MAPTRACK_PER_PAGE (PAGE_SIZE / sizeof(struct maptrack))
#define NO_HANDLE	 (~0U)

/* The pins that a mapping with these flags stands for, one a part. */
static inline uint32_t grant_part_pins(uint32_t flags)
{
	bool ro = flags & GNTMAP_readonly;
	uint32_t pins = 0;

	if (flags & GNTMAP_host_map)
		pins += ro ? PIN_HOST_READ : PIN_HOST_WRITE;
	if (flags & GNTMAP_device_map)
		pins += ro ? PIN_DEV_READ : PIN_DEV_WRITE;
	return pins;
}

struct grant_table {
	/* As granter.  The lock guards the entries' use and the size. */
	struct lock lock;
	unsigned int nr_frames, max_frames;
	struct grant_entry_v1 **frames;
	struct grant_active **active;	/* pages, made at the first use */

	/* As mapper. */
	struct lock maptrack_lock;
	unsigned int nr_track_pages, max_track_pages;
	struct maptrack **track;
	uint32_t free_handle;		/* NO_HANDLE: none */
	unsigned int handles;		/* in use */
	unsigned int nr_released;	/* by gnttab_release_mappings() so far */
};

/*
 * Begin a use of rd's entry by the domain `user`, for reading only or not:
 * checks the entry, sets its in-use bits, and takes for each of `pins` (one
 * or two PIN_*) a reference to its frame.  A GNTST_ code.
 */
int grant_pin(struct domain *rd, grant_ref_t ref, domid_t user, uint32_t pins,
	      mfn_t *mfn);
/* End it: references first, then the granter is told by its in-use bits.  No
 * translation made by it may be left in any TLB. */
void grant_unpin(struct domain *rd, grant_ref_t ref, uint32_t pins);

/* The frame of an entry that the caller knows to be pinned. */
mfn_t grant_frame_of(struct domain *rd, grant_ref_t ref);
/* For audits: is it in use by that domain, at least as often? */
bool grant_has_pins(struct domain *rd, grant_ref_t ref, domid_t user,
		    uint32_t pins);

/* At least that many frames; -EINVAL past the limit, -ENOMEM. */
int grant_grow(struct domain *d, unsigned int frames);
/* Exchange two entries that nobody uses.  A GNTST_ code. */
int grant_swap(struct grant_table *gt, grant_ref_t a, grant_ref_t b);

/* Unmaps of a batch whose translations may still be cached. */
#define UNMAP_BATCH 16
struct unmap_batch {
	unsigned int nr;
	bool flush;
	struct {
		struct domain *granter;
		grant_ref_t ref;
		uint32_t pins;
	} item[UNMAP_BATCH];
};

/* One operation of an array; the result is its status. */
int grant_map_one(struct vcpu *v, struct gnttab_map_grant_ref *op);
/* new_addr 0: plain unmap.  The batch must have room for one. */
int grant_unmap_one(struct vcpu *v, grant_handle_t handle, uint64_t host_addr,
		    uint64_t dev_addr, uint64_t new_addr,
		    struct unmap_batch *batch);
/* Flush once, then end all uses in the batch. */
void grant_unmap_flush(struct vcpu *v, struct unmap_batch *batch);
int grant_copy_one(struct vcpu *v, const struct gnttab_copy *op);

unsigned long maptrack_audit(struct domain *d);
void maptrack_free(struct grant_table *gt);

#endif
