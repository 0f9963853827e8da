/* SPDX-License-Identifier: MIT */
/*
 * Ours beside Debian's libxlutil, which xl parses with: whatever it takes is
 * taken here, and means the same.  Random texts are put together from the
 * words of each grammar; what is refused here on purpose is left out of the
 * words, or listed with its reason.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libxl.h>
#include <libxlutil.h>
#include <hvxl/cfg.h>

#define ROUNDS	5000

/* A generator of one's own, so that a seed tells the whole run. */
static uint64_t seed = 1;

static unsigned int below(unsigned int n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 33) % n;
}

#define PICK(list)	(list)[below(sizeof(list) / sizeof(*(list)))]

static FILE *null;

static XLU_Config *quiet(void)
{
	return xlu_cfg_init(null, "x.cfg");
}

/* ---- disks --------------------------------------------------------------- */

static const char *text_of(const char *s)
{
	return s ? s : "";
}

/* NULL: the same. */
static const char *difference(const libxl_device_disk *x,
			      const struct guest_disk *d)
{
	static const libxl_disk_format formats[DISK_FORMAT_COUNT] = {
		[DISK_RAW] = LIBXL_DISK_FORMAT_RAW,
		[DISK_QCOW] = LIBXL_DISK_FORMAT_QCOW,
		[DISK_QCOW2] = LIBXL_DISK_FORMAT_QCOW2,
		[DISK_VHD] = LIBXL_DISK_FORMAT_VHD,
		[DISK_QED] = LIBXL_DISK_FORMAT_QED,
		[DISK_EMPTY] = LIBXL_DISK_FORMAT_EMPTY,
	};
	static const libxl_disk_backend backends[DISK_BACKEND_COUNT] = {
		[DISK_PHY] = LIBXL_DISK_BACKEND_PHY,
		[DISK_TAP] = LIBXL_DISK_BACKEND_TAP,
		[DISK_QDISK] = LIBXL_DISK_BACKEND_QDISK,
	};
	int discard = libxl_defbool_is_default(x->discard_enable) ? -1 :
		libxl_defbool_val(x->discard_enable);

	if (strcmp(text_of(x->pdev_path), text_of(d->target)))
		return "target";
	if (strcmp(text_of(x->vdev), text_of(d->vdev)))
		return "vdev";
	if (strcmp(text_of(x->script), text_of(d->script)))
		return "script";
	if (strcmp(text_of(x->backend_domname), text_of(d->backend_domain)))
		return "backend";
	if (x->format != formats[d->format])
		return "format";
	if (x->backend != backends[d->backend])
		return "backendtype";
	if (x->readwrite != d->readwrite || x->is_cdrom != d->cdrom ||
	    x->removable != d->removable)
		return "access";
	if (x->direct_io_safe != d->direct_io_safe || discard != d->discard)
		return "flags";
	return NULL;
}

/* Whether libxlutil took it; ours then must have, too, with the same result. */
static bool compare_disk(const char *text)
{
	char why[CFG_WHY];
	struct guest_disk disk;
	libxl_device_disk x;
	const char *what;
	XLU_Config *cfg = quiet();
	uint32_t number;
	bool taken;
	int rc;

	libxl_device_disk_init(&x);
	/* xl looks at vdevs later. */
	taken = !xlu_disk_parse(cfg, 1, &text, &x) &&
		!guest_vdev_number(x.vdev, &number);
	rc = cfg_parse_disk(text, &disk, why);
	/* Of r and w, xl takes the last. */
	if (rc && strstr(why, "expected one access"))
		taken = false;
	if (taken && rc)
		fail_msg("\"%s\" is refused: %s", text, why);
	what = taken ? difference(&x, &disk) : NULL;
	if (what)
		fail_msg("\"%s\": %s differs", text, what);
	guest_disk_free(&disk);
	libxl_device_disk_dispose(&x);
	xlu_cfg_destroy(cfg);
	return taken;
}

static void random_disk(char *text)
{
	/* Left out: an empty target of what is no cdrom, which xl notices
	 * later; and target= anywhere but at the end. */
	static const char *const targets[] = {
		"/a", "/dev/vg/lv", "x", "phy:/a", "file:/img/b", "tap:aio:/c",
		"tap2:tapdisk:aio:/d", "qcow2:/e", "raw:/f", "vhd:/g",
		"nbd:h:1", "iscsi:iqn:x", "drbd:r0", "/a:b", "ioemu:phy:/a",
	};
	static const char *const formats[] = {
		"", "raw", "qcow", "qcow2", "vhd", "qed",
	};
	static const char *const vdevs[] = {
		"xvda", "sdb3", "hdc", "d1p2", "51712", "hdd:cdrom", "xvdb:disk",
	};
	static const char *const accesses[] = { "", "r", "ro", "w", "rw" };
	static const char *const others[] = {
		"cdrom", "devtype=cdrom", "devtype=disk", "discard",
		"no-discard", "direct-io-safe", "backendtype=phy",
		"backendtype=qdisk", "backendtype=tap", "backend=dom1",
		"script=foo", "format=raw", "format=qcow2", "access=ro",
		"access=w", "vdev=xvdc", "specification=xen",
	};
	static const char *const spaces[] = { "", "", " ", "\t" };
	const char *places[4] = { PICK(targets), PICK(formats), PICK(vdevs),
				  PICK(accesses) };
	unsigned int count = below(6) ? 3 + below(2) : below(3), n = 0;
	char *out = text;

	while (n < count || !below(3)) {
		const char *part = n < count && below(4) ? places[n++] :
			PICK(others);

		out += sprintf(out, "%s%s%s", out == text ? "" : ",",
			       PICK(spaces), part);
		if (out - text > 200)
			break;
	}
	if (!below(8))
		sprintf(out, ",target=/t, u ");
}

static void disks_mean_the_same(void **state)
{
	unsigned int taken = 0;
	char text[512];

	(void)state;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		*text = '\0';
		random_disk(text);
		taken += compare_disk(text);
	}
	assert_true(taken > ROUNDS / 10);
}

/* ---- rates ----------------------------------------------------------------- */

static void rates_mean_the_same(void **state)
{
	static const char *const numbers[] = {
		"0", "1", "8", "100", "1000", "4294967295", "4294967296",
		"99999999999999999999", "1.5", "", "-1",
	};
	static const char *const units[] = {
		"B/s", "b/s", "KB/s", "Kb/s", "MB/s", "Mb/s", "GB/s", "Gb/s",
		"mb/s", "KB", "/s", "TB/s", "KB/S",
	};
	static const char *const intervals[] = {
		"", "@20ms", "@1s", "@50us", "@1", "@2m", "@2u", "@0s", "@",
		"@4294s", "@4295s", "@4294967295us", "@9999999999s",
	};
	unsigned int taken = 0;

	(void)state;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		char text[128], why[CFG_WHY];
		libxl_device_nic x;
		struct guest_vif vif;
		XLU_Config *cfg = quiet();
		int rc;

		snprintf(text, sizeof(text), "rate=%s%s%s", PICK(numbers),
			 PICK(units), PICK(intervals));
		libxl_device_nic_init(&x);
		rc = cfg_parse_vif(text, &vif, why);
		/* It takes an old error for its own. */
		errno = 0;
		if (xlu_vif_parse_rate(cfg, text + 5, &x))
			assert_true(rc || *why);
		else if (!x.rate_bytes_per_interval)
			/* It would mean that there is no limit. */
			assert_int_equal(rc, -1);
		else if (rc)
			fail_msg("%s is refused: %s", text, why);
		else if (vif.rate_bytes != x.rate_bytes_per_interval ||
			 vif.rate_interval != x.rate_interval_usecs)
			fail_msg("%s: %lu bytes in %u us", text,
				 vif.rate_bytes, vif.rate_interval);
		else
			taken++;
		guest_vif_free(&vif);
		libxl_device_nic_dispose(&x);
		xlu_cfg_destroy(cfg);
	}
	assert_true(taken > ROUNDS / 50);
}

/* ---- the grammar ------------------------------------------------------------- */

static void random_text(char *text)
{
	static const char *const words[] = {
		"aa", "bb.c", "d_1", "=", "=", "+=", "1", "0x1f", "077",
		"'text'", "\"te xt\"", "'a\\'b\\n\\\\'", "''", "[", "]", ",",
		"\n", "\n", ";", " ", "\t", "# no\n", "aa = 1\n",
		"bb = 'x'\n", "cc = [ 'a', 'b', ]\n", "cc += [ 'd' ]\n",
		"bb += 'y'\n", "ee = [ [ 'p', 1 ], [], 'q' ]\n", "%", "Foo",
	};
	unsigned int n = 1 + below(12);
	char *out = text;

	while (n--)
		out = stpcpy(out, PICK(words));
	/* Of a last line without an end xl misses what is wrong. */
	strcpy(out, "\n");
}

static void compare_values(const XLU_Config *cfg, XLU_ConfigValue *x,
			   const struct cfg_value *v, const char *text)
{
	XLU_ConfigList *list;
	char *string;

	if (v->type == CFG_LIST) {
		if (xlu_cfg_value_get_list(cfg, x, &list, 1))
			fail_msg("%s: a list is none there", text);
		for (unsigned int i = 0; i < v->count; i++) {
			XLU_ConfigValue *item = xlu_cfg_get_listitem2(list, i);

			if (!item)
				fail_msg("%s: it has no item %u", text, i);
			compare_values(cfg, item, v->items[i], text);
		}
		assert_null(xlu_cfg_get_listitem2(list, v->count));
		return;
	}
	if (xlu_cfg_value_get_string(cfg, x, &string, 1) ||
	    strcmp(string, v->text))
		fail_msg("%s: \"%s\" differs", text, v->text);
}

static void compare_entry(const XLU_Config *cfg, const struct cfg_entry *e,
			  const char *text)
{
	XLU_ConfigList *list;
	const char *string;
	int entries;

	if (e->value->type != CFG_LIST) {
		if (xlu_cfg_get_string(cfg, e->key, &string, 1) ||
		    strcmp(string, e->value->text))
			fail_msg("%s: %s is \"%s\"", text, e->key,
				 e->value->text);
		return;
	}
	if (xlu_cfg_get_list(cfg, e->key, &list, &entries, 1))
		fail_msg("%s: %s is no list there", text, e->key);
	assert_int_equal(entries, e->value->count);
	for (int i = 0; i < entries; i++)
		compare_values(cfg, xlu_cfg_get_listitem2(list, i),
			       e->value->items[i], text);
}

static bool compare_text(const char *text)
{
	struct cfg_tree tree = { 0 };
	struct cfg_notes notes = { 0 };
	XLU_Config *cfg = quiet();
	bool taken = !xlu_cfg_readdata(cfg, text, strlen(text));
	int rc = cfg_parse(&tree, "x.cfg", text, strlen(text), &notes);

	/* xl says that it can't add to a number, and goes on without it. */
	for (unsigned int i = 0; i < notes.count; i++)
		if (strstr(notes.list[i].text, "expected += of"))
			taken = false;
	if (taken && rc)
		fail_msg("%s: refused: %s", text, notes.list[0].text);
	for (unsigned int i = 0; taken && i < tree.count; i++)
		compare_entry(cfg, &tree.entries[i], text);
	cfg_tree_free(&tree);
	cfg_notes_free(&notes);
	xlu_cfg_destroy(cfg);
	return taken;
}

static void texts_mean_the_same(void **state)
{
	unsigned int taken = 0;
	char text[512];

	(void)state;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		random_text(text);
		taken += compare_text(text);
	}
	assert_true(taken > ROUNDS / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disks_mean_the_same),
		cmocka_unit_test(rates_mean_the_same),
		cmocka_unit_test(texts_mean_the_same),
	};

	null = fopen("/dev/null", "w");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
