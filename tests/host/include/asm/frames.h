/* The arena of machine.c in place of the machine's frames. */
#ifndef ASM_FRAMES_H
#define ASM_FRAMES_H

#include <hvx/types.h>

struct frame;

extern unsigned long frame_max_mfn;

void *mfn_to_virt(mfn_t mfn);
bool mfn_valid(mfn_t mfn);
struct frame *mfn_to_frame(mfn_t mfn);
mfn_t frame_to_mfn(const struct frame *fr);

#endif
