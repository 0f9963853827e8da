/*
 * What a line of hypercalls/ops/ becomes in the core: the table by which a
 * call's sub-operations are checked, their structure copied in and out, and
 * their handler found.
 */
#ifndef HVX_SUBOP_H
#define HVX_SUBOP_H

#include <hvx/types.h>

/* The columns dir and who. */
#define SUBOP_DIR_NONE	0
#define SUBOP_DIR_IN	1
#define SUBOP_DIR_OUT	2
#define SUBOP_DIR_INOUT 3
#define SUBOP_WHO_ANY	false
#define SUBOP_WHO_DOM0	true

/*
 * A type column can be void, which has no size and no members: SUBOP_TYPE()
 * makes it a char.  It pastes onto the first word, so it must be given the
 * column itself.
 */
#define SUBOP_TYPE(type)	    SUBOP_TYPE_##type
#define SUBOP_TYPE_void		    char
#define SUBOP_TYPE_struct	    struct

#endif
