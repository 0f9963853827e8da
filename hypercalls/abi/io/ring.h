/* SPDX-License-Identifier: MIT */
/*
 * The shape of a shared ring page: a head of four indices that run freely,
 * then as many slots as a power of two gives room for. A slot holds a
 * request, later its response.
 *
 * Front and back end keep their private indices in structures of their own,
 * and don't believe what the page says about the other's.
 */
#ifndef ABI_IO_RING_H
#define ABI_IO_RING_H

#include <stddef.h>
#include <stdint.h>

typedef unsigned int RING_IDX;

#define DEFINE_RING_TYPES(name, req_t, rsp_t)				\
									\
union name##_sring_entry {						\
	req_t req;							\
	rsp_t rsp;							\
};									\
									\
struct name##_sring {							\
	RING_IDX req_prod, req_event;					\
	RING_IDX rsp_prod, rsp_event;					\
	union {								\
		struct {						\
			uint8_t smartpoll_active;			\
		} netif;						\
		struct {						\
			uint8_t msg;					\
		} tapif_user;						\
		uint8_t pvt_pad[4];					\
	} pvt;								\
	uint8_t __pad[44];						\
	union name##_sring_entry ring[1];				\
};									\
									\
struct name##_front_ring {						\
	RING_IDX req_prod_pvt;						\
	RING_IDX rsp_cons;						\
	unsigned int nr_ents;						\
	struct name##_sring *sring;					\
};									\
									\
struct name##_back_ring {						\
	RING_IDX rsp_prod_pvt;						\
	RING_IDX req_cons;						\
	unsigned int nr_ents;						\
	struct name##_sring *sring;					\
}

#endif /* ABI_IO_RING_H */
