/*
 * Frame numbers and the core's own addresses: all RAM is mapped at
 * DIRECTMAP_VIRT, the frame words stand at FRAME_TABLE_VIRT (holes in RAM read
 * as OWNER_IO).  Host tests put their own header of this name first.
 */
#ifndef ASM_FRAMES_H
#define ASM_FRAMES_H

#include <hvx/layout.h>
#include <hvx/types.h>

struct frame;

/* Mfns below this have a word; set once at boot. */
extern unsigned long frame_max_mfn;

static inline void *mfn_to_virt(mfn_t mfn)
{
	return (void *)(DIRECTMAP_VIRT + mfn_to_paddr(mfn));
}

static inline bool mfn_valid(mfn_t mfn)
{
	return mfn_x(mfn) < frame_max_mfn;
}

static inline struct frame *mfn_to_frame(mfn_t mfn)
{
	return (struct frame *)(FRAME_TABLE_VIRT + mfn_x(mfn) * 8);
}

static inline mfn_t frame_to_mfn(const struct frame *fr)
{
	return _mfn(((unsigned long)fr - FRAME_TABLE_VIRT) / 8);
}

#endif
