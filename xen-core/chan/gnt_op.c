/*
 * The operations of grant_table_op.  The call is an array of one kind of
 * operation: each element is copied in, run, and copied out with its status.
 * Every few elements there is a look at what else is to be done; the call is
 * then made again for the rest of the array, so its state is its arguments.
 */
#include "gnt_private.h"

#include <asm/bitops.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/machine.h>

/* ---- operations on tables ---------------------------------------------- */

/* Does v->d act on its own table, or may it on others'? */
static int get_subject(struct vcpu *v, domid_t id, struct domain **out)
{
	struct domain *d = domain_get_remote_or_self(v, id);

	if (!d)
		return GNTST_bad_domain;
	if (d != v->d && !v->d->is_hw) {
		domain_put(d);
		return GNTST_permission_denied;
	}
	if (!d->grants) {
		domain_put(d);
		return GNTST_bad_domain;
	}
	*out = d;
	return GNTST_okay;
}

static int list_frames(struct domain *d, unsigned int nr, gva_t list)
{
	for (unsigned int i = 0; i < nr; i++) {
		xen_pfn_t pfn = mfn_x(virt_to_mfn(d->grants->frames[i]));

		if (copy_to_guest_index(list, i, &pfn))
			return GNTST_bad_virt_addr;
	}
	return GNTST_okay;
}

static int setup_table(struct domain *d, const struct gnttab_setup_table *op)
{
	struct grant_table *gt = d->grants;
	int rc;

	if (op->nr_frames > gt->max_frames)
		return GNTST_general_error;
	if (!guest_array_ok(handle_gva(op->frame_list), op->nr_frames,
			    sizeof(xen_pfn_t)))
		return GNTST_bad_virt_addr;
	rc = grant_grow(d, op->nr_frames);
	/* Frames never go away before the domain does: no lock needed. */
	return rc ? GNTST_general_error
		  : list_frames(d, op->nr_frames, handle_gva(op->frame_list));
}

static long op_setup_table(struct vcpu *v, struct gnttab_setup_table *op)
{
	struct domain *d;

	op->status = get_subject(v, op->dom, &d);
	if (op->status)
		return 0;
	op->status = setup_table(d, op);
	domain_put(d);
	return 0;
}

static long op_query_size(struct vcpu *v, struct gnttab_query_size *op)
{
	struct domain *d;

	op->status = get_subject(v, op->dom, &d);
	if (op->status)
		return 0;
	spin_lock(&d->grants->lock);
	op->nr_frames = d->grants->nr_frames;
	op->max_nr_frames = d->grants->max_frames;
	spin_unlock(&d->grants->lock);
	domain_put(d);
	return 0;
}

/* Version 1 is all there is: 2 is a version that this build hasn't got. */
static long op_set_version(struct vcpu *v, struct gnttab_set_version *op)
{
	unsigned int wanted = op->version;

	(void)v;
	op->version = 1;
	if (wanted == 1)
		return 0;
	return wanted == 2 ? -ENOSYS : -EINVAL;
}

static long op_get_version(struct vcpu *v, struct gnttab_get_version *op)
{
	struct domain *d;

	switch (get_subject(v, op->dom, &d)) {
	case GNTST_okay:
		break;
	case GNTST_permission_denied:
		return -EPERM;
	default:
		return -ESRCH;
	}
	op->version = 1;
	domain_put(d);
	return 0;
}

static long op_get_status_frames(struct vcpu *v,
				 struct gnttab_get_status_frames *op)
{
	struct domain *d;

	op->status = get_subject(v, op->dom, &d);
	if (op->status)
		return 0;
	/* Status frames are version 2's. */
	op->status = op->nr_frames ? GNTST_general_error : GNTST_okay;
	domain_put(d);
	return 0;
}

static long op_dump_table(struct vcpu *v, struct gnttab_dump_table *op)
{
	struct domain *d;

	op->status = get_subject(v, op->dom, &d);
	if (op->status)
		return 0;
	gnttab_dump(d);
	domain_put(d);
	return 0;
}

static long op_swap_grant_ref(struct vcpu *v, struct gnttab_swap_grant_ref *op)
{
	struct grant_table *gt = v->d->grants;

	op->status = grant_swap(gt, op->ref_a, op->ref_b);
	return 0;
}

/* Giving pages away for good; nobody uses it since copying grants exist. */
static long op_transfer(struct vcpu *v, struct gnttab_transfer *op)
{
	(void)v;
	(void)op;
	return -ENOSYS;
}

/* For devices that don't see the caches; on a PC they all do. */
static long op_cache_flush(struct vcpu *v, struct gnttab_cache_flush *op)
{
	(void)v;
	(void)op;
	return -EOPNOTSUPP;
}

/* ---- arrays of operations ---------------------------------------------- */

union gnttab_arg {
#define SUBOP(nr, name, type, dir, who) type name;
#include <ops/grant_table_op.def>
};

/* How many of each go between two looks at what else is to be done. */
#define OPS_PER_CHECK 16

static long op_map_grant_ref(struct vcpu *v, struct gnttab_map_grant_ref *op)
{
	op->status = grant_map_one(v, op);
	return 0;
}

/* The result couldn't be told: the mapping is undone, nobody could name it. */
static void map_undo(struct vcpu *v, const struct gnttab_map_grant_ref *op)
{
	struct unmap_batch batch = { 0 };

	if (op->status)
		return;
	(void)grant_unmap_one(
		v, op->handle,
		op->flags & GNTMAP_host_map ? op->host_addr : 0,
		op->flags & GNTMAP_device_map ? op->dev_bus_addr : 0, 0,
		&batch);
	grant_unmap_flush(v, &batch);
}

static long op_copy(struct vcpu *v, struct gnttab_copy *op)
{
	op->status = grant_copy_one(v, op);
	return 0;
}

static struct subop_info {
	uint8_t size, out, dom0_only;
} const subops[] = {
#define OUT_IN	  0
#define OUT_INOUT 1
#define ONLY_ANY  0
#define ONLY_DOM0 1
#define SUBOP(nr, name, type, dir, who)                                        \
	[nr] = { sizeof(type), OUT_##dir, ONLY_##who },
#include <ops/grant_table_op.def>
};

static bool is_array_op(unsigned int cmd)
{
	switch (cmd) {
	case GNTTABOP_map_grant_ref:
	case GNTTABOP_unmap_grant_ref:
	case GNTTABOP_unmap_and_replace:
	case GNTTABOP_copy:
	case GNTTABOP_swap_grant_ref:
		return true;
	default:
		return false;
	}
}

static long run_one(struct vcpu *v, unsigned int cmd, union gnttab_arg *op,
		    struct unmap_batch *batch)
{
	switch (cmd) {
	case GNTTABOP_unmap_grant_ref:
		op->unmap_grant_ref.status = grant_unmap_one(
			v, op->unmap_grant_ref.handle,
			op->unmap_grant_ref.host_addr,
			op->unmap_grant_ref.dev_bus_addr, 0, batch);
		return 0;
	case GNTTABOP_unmap_and_replace:
		op->unmap_and_replace.status = grant_unmap_one(
			v, op->unmap_and_replace.handle,
			op->unmap_and_replace.host_addr, 0,
			op->unmap_and_replace.new_addr, batch);
		return 0;
#define CALL(nr, name)                                                         \
	case nr:                                                               \
		return op_##name(v, &op->name)
	CALL(GNTTABOP_map_grant_ref, map_grant_ref);
	CALL(GNTTABOP_copy, copy);
	CALL(GNTTABOP_swap_grant_ref, swap_grant_ref);
	CALL(GNTTABOP_setup_table, setup_table);
	CALL(GNTTABOP_query_size, query_size);
	CALL(GNTTABOP_set_version, set_version);
	CALL(GNTTABOP_get_version, get_version);
	CALL(GNTTABOP_get_status_frames, get_status_frames);
	CALL(GNTTABOP_dump_table, dump_table);
	CALL(GNTTABOP_transfer, transfer);
	CALL(GNTTABOP_cache_flush, cache_flush);
#undef CALL
	default:
		return -ENOSYS;
	}
}

/* Operation i of the array: in, run, out. */
static long run_at(struct vcpu *v, unsigned int cmd, gva_t at,
		   struct unmap_batch *batch)
{
	const struct subop_info *info = &subops[cmd];
	union gnttab_arg op;
	long rc;

	if (copy_from_guest(&op, at, info->size))
		return -EFAULT;
	rc = run_one(v, cmd, &op, batch);
	if (!info->out || (rc && cmd != GNTTABOP_set_version))
		return rc;
	if (!copy_to_guest(at, &op, info->size))
		return rc;
	if (cmd == GNTTABOP_map_grant_ref)
		map_undo(v, &op.map_grant_ref);
	return -EFAULT;
}

long hc_grant_table_op(struct vcpu *v, unsigned int cmd, gva_t uop,
		       unsigned int count)
{
	struct unmap_batch batch = { 0 };
	unsigned int i;
	long rc = 0;

	if (cmd >= ARRAY_SIZE(subops))
		return hypercall_unknown(v, __HYPERVISOR_grant_table_op, cmd);
	cmd = index_clamp(cmd, ARRAY_SIZE(subops));
	if (subops[cmd].dom0_only && !v->d->is_hw)
		return -EPERM;
	if ((int)count < 0 || (!is_array_op(cmd) && count != 1))
		return -EINVAL;
	if (!guest_array_ok(uop, count, subops[cmd].size))
		return -EFAULT;
	if (!v->d->grants)
		return -EINVAL;

	for (i = 0; i < count && !rc; i++) {
		if (i && i % OPS_PER_CHECK == 0 && preempt_needed())
			break;
		rc = run_at(v, cmd, uop + (gva_t)i * subops[cmd].size, &batch);
		if (batch.nr == UNMAP_BATCH)
			grant_unmap_flush(v, &batch);
	}
	grant_unmap_flush(v, &batch);
	if (!rc && i < count)
		return hypercall_continue(
			v, __HYPERVISOR_grant_table_op, 3, (unsigned long)cmd,
			uop + (gva_t)i * subops[cmd].size,
			(unsigned long)(count - i));
	return rc;
}
