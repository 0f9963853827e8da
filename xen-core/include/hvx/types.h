/*
 * The words every other header uses: sizes, frame numbers, error returns.
 *
 * Frame numbers of different kinds are different types, so that a mix-up
 * fails to compile: mfn_t names a machine frame, gfn_t a frame as a guest
 * counts its own (pseudo-physical).  gva_t is an address that a guest gave:
 * unchecked, and never dereferenced outside hvx/guest_access.h.
 */
#ifndef HVX_TYPES_H
#define HVX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

typedef uint64_t paddr_t;
typedef unsigned long gva_t;

typedef struct {
	unsigned long m;
} mfn_t;

typedef struct {
	unsigned long g;
} gfn_t;

#define _mfn(x)	    ((mfn_t){ (x) })
#define mfn_x(f)    ((f).m)
#define _gfn(x)	    ((gfn_t){ (x) })
#define gfn_x(f)    ((f).g)
#define INVALID_MFN _mfn(~0UL)
#define INVALID_GFN _gfn(~0UL)

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
	return a.m == b.m;
}

static inline paddr_t mfn_to_paddr(mfn_t f)
{
	return (paddr_t)f.m << PAGE_SHIFT;
}

static inline mfn_t paddr_to_mfn(paddr_t p)
{
	return _mfn(p >> PAGE_SHIFT);
}

typedef uint16_t domid_t;

#define __must_check	__attribute__((warn_unused_result))
#define __noreturn	__attribute__((noreturn))
#define __packed	__attribute__((packed))
#define __aligned(n)	__attribute__((aligned(n)))
#define __maybe_unused	__attribute__((unused))
#define __section(s)	__attribute__((section(s)))
#define __printf(f, a)	__attribute__((format(printf, f, a)))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define barrier()	__asm__ volatile("" ::: "memory")

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member)                                          \
	((type *)(void *)((char *)(p) - offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define ROUND_UP(n, a)	   (((n) + (a) - 1) & ~((__typeof__(n))(a) - 1))
#define BIT(n)		   (1UL << (n))

/* Memory that another CPU or a guest may change: one access, never two. */
#define READ_ONCE(x)	  (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/* Error numbers of the ABI (Xen's public/errno.h), returned negated. */
#define EPERM		1
#define ENOENT		2
#define ESRCH		3
#define EINTR		4
#define EIO		5
#define ENXIO		6
#define E2BIG		7
#define ENOEXEC		8
#define EBADF		9
#define ECHILD		10
#define EAGAIN		11
#define ENOMEM		12
#define EACCES		13
#define EFAULT		14
#define EBUSY		16
#define EEXIST		17
#define EXDEV		18
#define ENODEV		19
#define EINVAL		22
#define ENOSPC		28
#define EROFS		30
#define ERANGE		34
#define EDEADLK		35
#define ENOSYS		38
#define ENODATA		61
#define ETIME		62
#define EOVERFLOW	75
#define EOPNOTSUPP	95
#define ENOBUFS		105
#define EADDRINUSE	98
#define EADDRNOTAVAIL	99
#define ETIMEDOUT	110
/*
 * Never seen by a guest: the operation stopped at a preemption point and is
 * to be entered again (hvx/hypercall.h).
 */
#define ERESTART 85

#endif
