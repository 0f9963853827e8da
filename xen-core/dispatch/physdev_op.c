/*
 * physdev_op: how dom0 holds physical interrupts, and its rights to I/O
 * ports.  Decoding and rights are here, the work is in cpu/irq.c.
 */
#include <hvx/hypercall.h>

#include <abi/physdev.h>
#include <hvx/console.h>
#include <hvx/domain.h>
#include <hvx/evtchn.h>
#include <hvx/guest_access.h>
#include <hvx/irq.h>

/* ---- interrupts --------------------------------------------------------------- */

static long op_eoi(struct vcpu *v, const struct physdev_eoi *op)
{
	struct domain *d = v->d;
	unsigned int port;

	if (!d->pirqs || op->irq >= NR_PIRQS)
		return -EINVAL;
	port = READ_ONCE(d->pirqs[op->irq].port);
	if (d->auto_unmask && port)
		(void)!evtchn_unmask(d, port);
	pirq_guest_eoi(d, op->irq);
	return 0;
}

/* The old call names no interrupt: whatever the guest has open is meant. */
static long op_irq_unmask_notify(struct vcpu *v)
{
	struct domain *d = v->d;
	unsigned int i;

	for (i = 0; d->pirqs && i < NR_PIRQS; i++) {
		unsigned int port = READ_ONCE(d->pirqs[i].port);

		if (port && !evtchn_port_masked(d, port))
			pirq_guest_eoi(d, i);
	}
	return 0;
}

static long op_irq_status_query(struct vcpu *v,
				struct physdev_irq_status_query *op)
{
	int status = pirq_status(v->d, op->irq);

	if (status < 0)
		return status;
	op->flags = status;
	return 0;
}

static long op_pirq_eoi_gmfn_v1(struct vcpu *v,
				const struct physdev_pirq_eoi_gmfn *op)
{
	return pirq_set_eoi_map(v->d, _mfn(op->gmfn), true);
}

static long op_pirq_eoi_gmfn_v2(struct vcpu *v,
				const struct physdev_pirq_eoi_gmfn *op)
{
	return pirq_set_eoi_map(v->d, _mfn(op->gmfn), false);
}

static long map_msi(struct vcpu *v, struct physdev_map_pirq *op)
{
	struct msi_request rq = {
		.bdf = (op->bus & 0xff) << 8 | (op->devfn & 0xff),
		.entry = op->entry_nr,
		.table_base = op->table_base,
	};

	if (op->type != MAP_PIRQ_TYPE_MSI)
		rq.segment = (unsigned int)op->bus >> 16;
	return pirq_map_msi(v->d, &rq, op->pirq);
}

static long op_map_pirq(struct vcpu *v, struct physdev_map_pirq *op)
{
	long pirq;

	if (!v->d->is_hw)
		return -EPERM;
	if (op->domid != DOMID_SELF && op->domid != v->d->id)
		return -EOPNOTSUPP;
	switch (op->type) {
	case MAP_PIRQ_TYPE_GSI:
		pirq = pirq_map_gsi(v->d, op->index, op->pirq);
		break;
	case MAP_PIRQ_TYPE_MULTI_MSI:
		/* Several messages of one address can't be steered apart. */
		if (op->entry_nr != 1 || op->table_base)
			return -EOPNOTSUPP;
		__attribute__((fallthrough));
	case MAP_PIRQ_TYPE_MSI:
	case MAP_PIRQ_TYPE_MSI_SEG:
		pirq = map_msi(v, op);
		break;
	default:
		return -EINVAL;
	}
	if (pirq < 0)
		return pirq;
	op->pirq = pirq;
	return 0;
}

static long op_unmap_pirq(struct vcpu *v, const struct physdev_unmap_pirq *op)
{
	if (!v->d->is_hw)
		return -EPERM;
	if (op->domid != DOMID_SELF && op->domid != v->d->id)
		return -EOPNOTSUPP;
	return pirq_unmap(v->d, op->pirq);
}

static long op_get_free_pirq(struct vcpu *v, struct physdev_get_free_pirq *op)
{
	int pirq = pirq_get_free(v->d, op->type == MAP_PIRQ_TYPE_GSI);

	if (pirq < 0)
		return pirq;
	op->pirq = pirq;
	return 0;
}

static long op_setup_gsi(__maybe_unused struct vcpu *v,
			 const struct physdev_setup_gsi *op)
{
	return irq_setup_gsi(op->gsi, op->triggering, op->polarity);
}

/* Vectors are the core's business; dom0 gets a number to hold. */
static long op_alloc_irq_vector(__maybe_unused struct vcpu *v,
				struct physdev_irq *op)
{
	if (op->irq >= NR_PIRQS)
		return -EINVAL;
	op->vector = op->irq;
	return 0;
}

static long op_free_irq_vector(__maybe_unused struct vcpu *v,
			       __maybe_unused const struct physdev_irq *op)
{
	return 0;
}

static long op_apic_read(__maybe_unused struct vcpu *v, struct physdev_apic *op)
{
	return ioapic_guest_read(op->apic_physbase, op->reg, &op->value);
}

/* Lines are set by setup_gsi and map_pirq alone. */
static long op_apic_write(__maybe_unused struct vcpu *v,
			  __maybe_unused const struct physdev_apic *op)
{
	return -EPERM;
}

/* ---- I/O ports ------------------------------------------------------------------ */

static long op_set_iopl(struct vcpu *v, const struct physdev_set_iopl *op)
{
	if (op->iopl > 3)
		return -EINVAL;
	v->pv.iopl = op->iopl;
	return 0;
}

static long op_set_iobitmap(struct vcpu *v,
			    const struct physdev_set_iobitmap *op)
{
	gva_t map = handle_gva(op->bitmap);

	if (op->nr_ports > 65536 ||
	    !guest_range_ok(map, DIV_ROUND_UP(op->nr_ports, 8)))
		return -EINVAL;
	v->pv.iobmp = map;
	v->pv.iobmp_limit = op->nr_ports;
	return 0;
}

/* ---- PCI devices: dom0 knows them, the core asks the hardware -------------------- */

static long op_manage_pci_add(__maybe_unused struct vcpu *v,
			      __maybe_unused const struct physdev_manage_pci *op)
{
	return 0;
}

static long op_manage_pci_remove(struct vcpu *v,
				 const struct physdev_manage_pci *op)
{
	return op_manage_pci_add(v, op);
}

static long
op_manage_pci_add_ext(__maybe_unused struct vcpu *v,
		      __maybe_unused const struct physdev_manage_pci_ext *op)
{
	return 0;
}

static long
op_pci_device_add(__maybe_unused struct vcpu *v,
		  __maybe_unused const struct physdev_pci_device_add *op)
{
	return 0;
}

static long
op_pci_device_remove(__maybe_unused struct vcpu *v,
		     __maybe_unused const struct physdev_pci_device *op)
{
	return 0;
}

static long op_prepare_msix(struct vcpu *v, const struct physdev_pci_device *op)
{
	return op_pci_device_remove(v, op);
}

static long op_release_msix(struct vcpu *v, const struct physdev_pci_device *op)
{
	return op_pci_device_remove(v, op);
}

static long op_restore_msi(__maybe_unused struct vcpu *v,
			   const struct physdev_restore_msi *op)
{
	return irq_restore_msi(0, op->bus << 8 | op->devfn);
}

static long op_restore_msi_ext(__maybe_unused struct vcpu *v,
			       const struct physdev_pci_device *op)
{
	return irq_restore_msi(op->seg, op->bus << 8 | op->devfn);
}

static long op_pci_mmcfg_reserved(
	__maybe_unused struct vcpu *v,
	__maybe_unused const struct physdev_pci_mmcfg_reserved *op)
{
	return 0;
}

/* The core uses no USB debug port. */
static long op_dbgp_op(__maybe_unused struct vcpu *v,
		       __maybe_unused const struct physdev_dbgp_op *op)
{
	return 0;
}

/* ---- dispatch ------------------------------------------------------------------- */

union physdev_arg {
	struct physdev_eoi eoi;
	struct physdev_pirq_eoi_gmfn eoi_gmfn;
	struct physdev_irq_status_query irq_status_query;
	struct physdev_set_iopl set_iopl;
	struct physdev_set_iobitmap set_iobitmap;
	struct physdev_apic apic;
	struct physdev_irq irq;
	struct physdev_map_pirq map_pirq;
	struct physdev_unmap_pirq unmap_pirq;
	struct physdev_manage_pci manage_pci;
	struct physdev_manage_pci_ext manage_pci_ext;
	struct physdev_restore_msi restore_msi;
	struct physdev_setup_gsi setup_gsi;
	struct physdev_get_free_pirq get_free_pirq;
	struct physdev_pci_mmcfg_reserved pci_mmcfg_reserved;
	struct physdev_pci_device_add pci_device_add;
	struct physdev_pci_device pci_device;
	struct physdev_dbgp_op dbgp_op;
};

enum { OUT_IN = 0, OUT_INOUT = 1 };
enum { ONLY_ANY = 0, ONLY_DOM0 = 1 };

/* What was taken for a caller who can't be told. */
static void take_back(struct vcpu *v, int cmd, const union physdev_arg *op)
{
	if (cmd == PHYSDEVOP_map_pirq)
		(void)!pirq_unmap(v->d, op->map_pirq.pirq);
}

long hc_physdev_op(struct vcpu *v, int cmd, gva_t arg)
{
	union physdev_arg op;
	size_t size;
	bool out;
	long rc;

	switch (cmd) {
	case PHYSDEVOP_IRQ_UNMASK_NOTIFY:
		return op_irq_unmask_notify(v);
#define SUBOP(nr, name, type, dir, who) SUBOP_##dir(nr, name, type, who)
#define SUBOP_NONE(nr, name, type, who)
#define SUBOP_IN(nr, name, type, who)	 SUBOP_RUN(nr, name, type, IN, who)
#define SUBOP_INOUT(nr, name, type, who) SUBOP_RUN(nr, name, type, INOUT, who)
#define SUBOP_RUN(nr, name, type, dir, who)                                    \
	case nr:                                                               \
		if (ONLY_##who && !v->d->is_hw)                                \
			return -EPERM;                                         \
		size = sizeof(type);                                           \
		out = OUT_##dir;                                               \
		if (copy_from_guest(&op, arg, size))                           \
			return -EFAULT;                                        \
		rc = op_##name(v, (void *)&op);                                \
		break;
#include <ops/physdev_op.def>
	default:
		return hypercall_unknown(v, __HYPERVISOR_physdev_op, cmd);
	}

	if (rc < 0 || !out)
		return rc;
	if (copy_to_guest(arg, &op, size)) {
		take_back(v, cmd, &op);
		return -EFAULT;
	}
	return rc;
}
