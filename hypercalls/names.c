/* SPDX-License-Identifier: MIT */
/*
 * The tables of hypercalls as strings. A name is looked for when something is
 * logged, so the search through a group is a plain one.
 */
#include <names.h>
#include <stddef.h>
#include <abi/xen.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct subop_name {
	unsigned long cmd;
	const char *name;
};

struct subop_group {
	const struct subop_name *list;
	size_t count;
};

static const char *const call_names[] = {
#define HC0(nr, name, ...)	[nr] = #name,
#define HC1(nr, name, ...)	[nr] = #name,
#define HC2(nr, name, ...)	[nr] = #name,
#define HC3(nr, name, ...)	[nr] = #name,
#define HC4(nr, name, ...)	[nr] = #name,
#define HC5(nr, name, ...)	[nr] = #name,
#define HCX(nr, name)		[nr] = #name,
#include <hypercalls.def>
};

/* Each table undefines the macros at its end. */
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name callback_ops[] = {
#include <ops/callback_op.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name console_ops[] = {
#include <ops/console_io.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name domctls[] = {
#include <ops/domctl.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name event_channel_ops[] = {
#include <ops/event_channel_op.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name grant_table_ops[] = {
#include <ops/grant_table_op.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name memory_ops[] = {
#include <ops/memory_op.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name mmuext_ops[] = {
#include <ops/mmuext_op.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name nmi_ops[] = {
#include <ops/nmi_op.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name physdev_ops[] = {
#include <ops/physdev_op.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name platform_ops[] = {
#include <ops/platform_op.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name sched_ops[] = {
#include <ops/sched_op.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name sysctls[] = {
#include <ops/sysctl.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name vcpu_ops[] = {
#include <ops/vcpu_op.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name vm_assists[] = {
#include <ops/vm_assist.def>
};
#define SUBOP(nr, name, type, dir, who)	{ nr, #name },
#define SUBOPX(nr, name)		{ nr, #name },
static const struct subop_name versions[] = {
#include <ops/xen_version.def>
};

#define GROUP(call, list) \
	[__HYPERVISOR_##call] = { list, ARRAY_SIZE(list) }

static const struct subop_group groups[] = {
	GROUP(callback_op, callback_ops),
	GROUP(console_io, console_ops),
	GROUP(domctl, domctls),
	GROUP(event_channel_op, event_channel_ops),
	GROUP(grant_table_op, grant_table_ops),
	GROUP(memory_op, memory_ops),
	GROUP(mmuext_op, mmuext_ops),
	GROUP(nmi_op, nmi_ops),
	GROUP(physdev_op, physdev_ops),
	GROUP(platform_op, platform_ops),
	GROUP(sched_op, sched_ops),
	GROUP(sysctl, sysctls),
	GROUP(vcpu_op, vcpu_ops),
	GROUP(vm_assist, vm_assists),
	GROUP(xen_version, versions),
};

const char *hypercall_name(unsigned int nr)
{
	return nr < ARRAY_SIZE(call_names) ? call_names[nr] : NULL;
}

const char *hypercall_subop_name(unsigned int nr, unsigned long cmd)
{
	const struct subop_group *g;
	size_t i;

	if (nr >= ARRAY_SIZE(groups))
		return NULL;
	g = &groups[nr];
	for (i = 0; i < g->count; i++)
		if (g->list[i].cmd == cmd)
			return g->list[i].name;
	return NULL;
}
