/* vCPUs: their stacks, what each tells the hypervisor, and starting another. */
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/string.h>
#include <pv/trap.h>

union cpu_stack {
	struct cpu cpu;
	char bytes[STACK_SIZE];
};

union cpu_stack cpu_stacks[MAX_CPUS] __attribute__((aligned(STACK_SIZE)));

_Static_assert(__builtin_offsetof(struct cpu, user_sp) == CPU_USER_SP,
	       "entry.S knows the offset");
_Static_assert(sizeof(struct cpu) < STACK_SIZE / 4, "room for two stacks");

void cpu_entry(void);
void cpu_main(struct cpu *c) __attribute__((noreturn));

struct cpu *cpu_get(unsigned int id)
{
	return &cpu_stacks[id].cpu;
}

static unsigned long user_stack_top(unsigned int id)
{
	return (unsigned long)cpu_stacks[id].bytes + STACK_SIZE / 2;
}

static void set_callback(int type, void (*fn)(void), unsigned int flags)
{
	struct callback_register cb = {
		.type = (uint16_t)type, .flags = (uint16_t)flags,
		.address = (unsigned long)fn,
	};

	HYPERVISOR_callback_op(CALLBACKOP_register, &cb);
}

void cpu_init(unsigned int id)
{
	cpu_get(id)->id = id;
	cpu_get(id)->info = &shared_info->vcpu_info[id];
	HYPERVISOR_set_trap_table(trap_table());
	set_callback(CALLBACKTYPE_event, event_callback, 0);
	set_callback(CALLBACKTYPE_failsafe, failsafe_callback,
		     CALLBACKF_mask_events);
	set_callback(CALLBACKTYPE_syscall, syscall_callback,
		     CALLBACKF_mask_events);
	HYPERVISOR_stack_switch(FLAT_KERNEL_SS64, user_stack_top(id));
}

void cpu_main(struct cpu *c)
{
	cpu_init(c->id);
	for (;;) {
		c->fn(c->arg);
		c->done = true;
		HYPERVISOR_vcpu_op(VCPUOP_down, c->id, NULL);
	}
}

static void fill_context(struct vcpu_guest_context *ctx, unsigned int id)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->flags = VGCF_in_kernel | VGCF_syscall_disables_events;
	ctx->user_regs.rip = (unsigned long)cpu_entry;
	ctx->user_regs.cs = FLAT_KERNEL_CS64;
	ctx->user_regs.ss = FLAT_KERNEL_SS64;
	ctx->user_regs.rsp = (unsigned long)&cpu_stacks[id + 1];
	ctx->user_regs.rdi = (unsigned long)cpu_get(id);
	ctx->user_regs.rflags = 0x202;
	ctx->kernel_ss = FLAT_KERNEL_SS64;
	ctx->kernel_sp = user_stack_top(id);
	ctx->ctrlreg[3] = va_to_mfn(pt_root()) * PAGE_SIZE;
	ctx->event_callback_eip = (unsigned long)event_callback;
	ctx->failsafe_callback_eip = (unsigned long)failsafe_callback;
	ctx->syscall_callback_eip = (unsigned long)syscall_callback;
	memcpy(ctx->trap_ctxt, trap_table(), 21 * sizeof(struct trap_info));
}

long cpu_start(unsigned int id, void (*fn)(void *arg), void *arg)
{
	static struct vcpu_guest_context ctx;
	static bool initialised[MAX_CPUS];
	struct cpu *c = cpu_get(id);
	long rc;

	c->id = id;
	c->fn = fn;
	c->arg = arg;
	c->done = false;
	if (!initialised[id]) {
		fill_context(&ctx, id);
		rc = HYPERVISOR_vcpu_op(VCPUOP_initialise, id, &ctx);
		if (rc)
			return rc;
		initialised[id] = true;
	}
	return HYPERVISOR_vcpu_op(VCPUOP_up, id, NULL);
}

void cpu_wait(unsigned int id)
{
	while (!cpu_get(id)->done)
		cpu_relax();
}
