/*
 * The small hypercalls that belong to no module: console, assists, and those
 * whose answer is that we haven't got such a thing.
 */
#include <hvx/console.h>

#include <abi/nmi.h>
#include <hvx/domain.h>
#include <hvx/guest_access.h>
#include <hvx/hypercall.h>
#include <hvx/machine.h>

#define CONSOLE_CHUNK 128

static long console_write(struct vcpu *v, unsigned int count, gva_t buffer)
{
	char chunk[CONSOLE_CHUNK];
	bool first = true;

	while (count) {
		unsigned int n = MIN(count, (unsigned int)CONSOLE_CHUNK);

		if (!first && preempt_needed())
			return hypercall_continue(v, __HYPERVISOR_console_io, 3,
						  (unsigned long)
						  CONSOLEIO_write,
						  (unsigned long)count, buffer);
		if (copy_from_guest(chunk, buffer, n))
			return -EFAULT;
		console_write_guest(v->d, chunk, n);
		buffer += n;
		count -= n;
		first = false;
	}
	return 0;
}

static long console_read(struct vcpu *v, unsigned int count, gva_t buffer)
{
	char chunk[CONSOLE_CHUNK];
	size_t n;

	if (!v->d->is_hw)
		return -EPERM;
	/* First the range: what is taken from the queue must arrive. */
	if (!guest_range_ok(buffer, count))
		return -EFAULT;
	n = console_read_input(chunk, MIN(count, (unsigned int)CONSOLE_CHUNK));
	if (n && copy_to_guest(buffer, chunk, n))
		return -EFAULT;
	return (long)n;
}

long hc_console_io(struct vcpu *v, unsigned int cmd, unsigned int count,
		   gva_t buffer)
{
	switch (cmd) {
	case CONSOLEIO_write:
		return console_write(v, count, buffer);
	case CONSOLEIO_read:
		return console_read(v, count, buffer);
	default:
		return hypercall_unknown(v, __HYPERVISOR_console_io, cmd);
	}
}

long hc_vm_assist(struct vcpu *v, unsigned int cmd, unsigned int type)
{
	uint64_t bit;

	if (type >= 64 || !(VM_ASSIST_OFFERED >> type & 1))
		return -EINVAL;
	bit = BIT(type);
	switch (cmd) {
	case VMASST_CMD_enable:
		__atomic_or_fetch(&v->d->vm_assist, bit, __ATOMIC_RELAXED);
		return 0;
	case VMASST_CMD_disable:
		__atomic_and_fetch(&v->d->vm_assist, ~bit, __ATOMIC_RELAXED);
		return 0;
	default:
		return -ENOSYS;
	}
}

static long nmi_register(struct vcpu *v, gva_t arg)
{
	struct xennmi_callback cb;

	if (copy_from_guest(&cb, arg, sizeof(cb)))
		return -EFAULT;
	if (v->id != 0 || !guest_addr_ok(cb.handler_address))
		return -EINVAL;
	v->pv.nmi_rip = cb.handler_address;
	return 0;
}

long hc_nmi_op(struct vcpu *v, unsigned int cmd, gva_t arg)
{
	switch (cmd) {
	case XENNMI_register_callback:
		return nmi_register(v, arg);
	case XENNMI_unregister_callback:
		v->pv.nmi_rip = 0;
		return 0;
	default:
		return hypercall_unknown(v, __HYPERVISOR_nmi_op, cmd);
	}
}

/* No labels on domains: what the ABI says where there are none. */
long hc_xsm_op(__maybe_unused struct vcpu *v, __maybe_unused gva_t op)
{
	return -ENOSYS;
}

/* No virtual performance counters, as with the reference's default. */
long hc_xenpmu_op(__maybe_unused struct vcpu *v, __maybe_unused unsigned int op,
		  __maybe_unused gva_t arg)
{
	return -EOPNOTSUPP;
}
