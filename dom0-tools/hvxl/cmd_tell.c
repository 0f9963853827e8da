/* SPDX-License-Identifier: MIT */
/* sysrq, trigger and debug-keys: things told to a guest or the hypervisor; and
 * dmesg, what it says. */
#include "cmds.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "args.h"
#include "hvxl.h"
#include "out.h"

int cmd_sysrq(int argc, char **argv)
{
	struct xen_domctl_getdomaininfo info;
	char **rest, *path;
	uint32_t domid;
	int rc;

	args_plain(argc, argv, 2, 2, &rest);
	domid = domain_find(rest[0]);
	if (strlen(rest[1]) != 1) {
		tell("Invalid sysrq.");
		return fail("sysrq: it is a single letter; h lets the guest "
			    "print which there are");
	}
	if (hvctl_domain_info(hv(), domid, &info))
		return fail_domain("sysrq", domid);
	path = xformat("/local/domain/%u/control/sysrq", domid);
	rc = store_put(path, rest[1]);
	free(path);
	if (rc)
		return fail("sysrq: the store refuses domain %u's node: %s",
			    domid, strerror(errno));
	return 0;
}

/* Numbers of domctl's sendtrigger. */
static const struct {
	const char *name;
	uint32_t number;
} triggers[] = {
	{ "nmi", 0 }, { "reset", 1 }, { "init", 2 }, { "power", 3 },
	{ "sleep", 4 },
};

int cmd_trigger(int argc, char **argv)
{
	unsigned long vcpu = 0;
	uint32_t domid;
	char **rest;
	size_t i;
	int n;

	n = args_plain(argc, argv, 2, 3, &rest);
	domid = domain_find(rest[0]);
	for (i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++)
		if (!strcmp(triggers[i].name, rest[1]))
			break;
	if (i == sizeof(triggers) / sizeof(triggers[0])) {
		tell("Invalid trigger \"%s\"", rest[1]);
		return fail("trigger: there are nmi, reset, init, power and "
			    "sleep");
	}
	if (n > 2 && !parse_number(rest[2], UINT32_MAX, &vcpu))
		return fail("trigger: %s is no vCPU's number", rest[2]);
	if (!hvctl_domain_trigger(hv(), domid, triggers[i].number, vcpu))
		return 0;
	if (errno == ENOSYS || errno == EOPNOTSUPP)
		return fail("trigger: the hypervisor has no %s for domain %u, "
			    "a PV guest", rest[1], domid);
	return fail_domain("trigger", domid);
}

int cmd_debug_keys(int argc, char **argv)
{
	char **rest;

	args_plain(argc, argv, 1, 1, &rest);
	if (hvctl_debug_keys(hv(), rest[0]))
		return fail("debug-keys: the hypervisor refuses '%s': %s",
			    rest[0], strerror(errno));
	return 0;
}

const struct option_def dmesg_options[] = {
	{ 'c', "clear", NULL, "Clear the messages that are shown" },
	{ 0 }
};

/* Guests may write there, too: on a terminal no byte may steer it. */
static void print_plain(FILE *out, const char *text, int n)
{
	const bool terminal = out == stdout && isatty(1);
	int i;

	for (i = 0; i < n; i++) {
		unsigned char c = text[i];

		if (terminal && (c < ' ' || c == 0x7f) && c != '\n' &&
		    c != '\t')
			c = '?';
		fputc(c, out);
	}
}

/* A line is a string; JSON has no bytes that are no characters. */
static struct json_object *lines_json(char *text)
{
	struct json_object *o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	char *line, *c, *rest;

	for (c = text; *c; c++)
		if (*c & 0x80)
			*c = '?';
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		json_object_array_add(list, json_object_new_string(line));
	json_object_object_add(o, "messages", list);
	return o;
}

/* All of the ring, to out; -1 and errno. */
static int read_messages(FILE *out, bool clear)
{
	uint32_t index = 0;
	char buf[16384];
	int n;

	while ((n = hvctl_dmesg(hv(), buf, sizeof(buf), &index, false)) > 0)
		print_plain(out, buf, n);
	/* Clearing empties the ring, also of what is not read yet: last. */
	if (n >= 0 && clear)
		n = hvctl_dmesg(hv(), buf, sizeof(buf), &index, true);
	print_plain(out, buf, n);
	return n < 0 ? -1 : 0;
}

int cmd_dmesg(int argc, char **argv)
{
	char *text = NULL, **rest;
	bool clear = false;
	const char *arg;
	size_t size;
	FILE *out;
	int c;

	while ((c = args_next(argc, argv, &arg)) >= 0)
		clear |= c == 'c';
	args_rest(argc, argv, 0, 0, &rest);
	out = hvxl.json ? open_memstream(&text, &size) : stdout;
	if (!out)
		return fail("no memory for the answer");
	c = read_messages(out, clear);
	if (c)
		c = fail("dmesg: the hypervisor keeps its messages: %s",
			 strerror(errno));
	if (hvxl.json)
		fclose(out);
	if (hvxl.json && !c)
		c = json_print(stdout, lines_json(text));
	free(text);
	return c;
}
