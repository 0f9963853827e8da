/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU 7.2 and later (its header: qemu-plugin.h, API version 1): how
 * often each block of instructions ran, between a start and a stop mark
 * (profmark.c), for dom0 and for all other domains together. tests/profile builds
 * it, reads what it writes, and knows the names.
 *
 *	-plugin profile.so,out=FILE,switch=ADDRESS
 *
 * ADDRESS: an instruction of the core's that reads from the vCPU that is about to
 * run, each time another one is. A line of FILE is a block: its address in hex, its
 * instructions, how often dom0 ran it, how often others did.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT	__attribute__((visibility("default")))

/* Debian has no package with the header: what is used of it. */
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { NO_REGISTERS = 0, READS_AND_WRITES = 3 };

EXPORT int qemu_plugin_version = 1;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(
	const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_tb_trans_cb(
	plugin_id id, void (*fn)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(
	struct qemu_plugin_tb *tb, void (*fn)(unsigned int, void *), int flags,
	void *arg);
void qemu_plugin_register_vcpu_insn_exec_cb(
	struct qemu_plugin_insn *insn, void (*fn)(unsigned int, void *),
	int flags, void *arg);
void qemu_plugin_register_vcpu_mem_cb(
	struct qemu_plugin_insn *insn,
	void (*fn)(unsigned int, uint32_t, uint64_t, void *), int flags, int rw,
	void *arg);
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc,
			       char **argv);

#define BUCKETS	(1u << 18)

struct block {
	struct block *next;
	uint64_t address, instructions;
	uint64_t ran[2];		/* by dom0, by others */
};

static struct block *table[BUCKETS];
static const char *out;
static uint64_t switch_address, dom0;
static unsigned int who;
static bool counting;

static void forget(void)
{
	struct block *b;
	unsigned int i;

	for (i = 0; i < BUCKETS; i++)
		for (b = table[i]; b; b = b->next)
			memset(b->ran, 0, sizeof(b->ran));
}

static void write_all(void)
{
	FILE *f = fopen(out, "w");
	struct block *b;
	unsigned int i;

	if (!f) {
		perror(out);
		return;
	}
	for (i = 0; i < BUCKETS; i++)
		for (b = table[i]; b; b = b->next)
			if (b->ran[0] || b->ran[1])
				fprintf(f, "%lx %lu %lu %lu\n", b->address,
					b->instructions, b->ran[0], b->ran[1]);
	fclose(f);
}

static void on_start(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	forget();
	counting = true;
}

static void on_stop(unsigned int cpu, void *arg)
{
	(void)cpu;
	(void)arg;
	if (counting)
		write_all();
	counting = false;
}

/* The first vCPU that ever runs is dom0's. */
static void on_switch(unsigned int cpu, uint32_t info, uint64_t address,
		      void *arg)
{
	(void)cpu;
	(void)info;
	(void)arg;
	if (!dom0)
		dom0 = address;
	who = address != dom0;
}

static void on_block(unsigned int cpu, void *arg)
{
	struct block *b = arg;

	(void)cpu;
	b->ran[who]++;
}

/* The same block may be translated again. */
static struct block *block_at(uint64_t address, uint64_t instructions)
{
	struct block **at = &table[(address ^ address >> 18 ^ instructions << 9)
				   % BUCKETS], *b;

	for (b = *at; b; b = b->next)
		if (b->address == address && b->instructions == instructions)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->address = address;
	b->instructions = instructions;
	b->next = *at;
	return *at = b;
}

/* profmark.c's no-operation, whose displacement says what it is. */
static void look_for_mark(struct qemu_plugin_insn *insn)
{
	static const uint8_t start[8] = { 0x0f, 0x1f, 0x84, 0, 1, 'h', 'v', 'x' };
	static const uint8_t stop[8] = { 0x0f, 0x1f, 0x84, 0, 2, 'h', 'v', 'x' };

	if (qemu_plugin_insn_size(insn) != sizeof(start))
		return;
	if (!memcmp(qemu_plugin_insn_data(insn), start, sizeof(start)))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_start,
						       NO_REGISTERS, NULL);
	if (!memcmp(qemu_plugin_insn_data(insn), stop, sizeof(stop)))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_stop,
						       NO_REGISTERS, NULL);
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb), i;

	(void)id;
	for (i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		look_for_mark(insn);
		if (qemu_plugin_insn_vaddr(insn) == switch_address)
			qemu_plugin_register_vcpu_mem_cb(
				insn, on_switch, NO_REGISTERS,
				READS_AND_WRITES, NULL);
	}
	qemu_plugin_register_vcpu_tb_exec_cb(
		tb, on_block, NO_REGISTERS,
		block_at(qemu_plugin_tb_vaddr(tb), count));
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
		if (!strncmp(argv[i], "switch=", 7))
			switch_address = strtoull(argv[i] + 7, NULL, 16);
	}
	if (!out || !switch_address) {
		fprintf(stderr, "profile: out= and switch= are wanted\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
