/* What the compiler calls for __builtin_popcountll: the baseline x86-64 has
 * no instruction for it. */
#include <hvx/types.h>

int __popcountdi2(unsigned long long v);

int __popcountdi2(unsigned long long v)
{
	v -= v >> 1 & 0x5555555555555555ULL;
	v = (v & 0x3333333333333333ULL) + (v >> 2 & 0x3333333333333333ULL);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (int)(v * 0x0101010101010101ULL >> 56);
}
