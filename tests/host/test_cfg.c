/* SPDX-License-Identifier: MIT */
/*
 * xl.cfg as a whole: samples in the styles of those who write such files must
 * become what xl makes of them, to a byte of its JSON (tests/host/xl/); each
 * mistake must be told in the words that stand here.
 */
#include <glob.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <hvxl/cfg.h>
#include "json_text.h"

#define XL_SAMPLES	"tests/host/xl/*.cfg"

/* xl's samples were made with two CPUs, in sets of eight. */
static const uint32_t nodes[8] = { 0, 0, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u };
static const struct cfg_host host = { 8, nodes };

struct result {
	struct guest_config config;
	struct cfg_notes notes;
	struct cfg_tree tree;
	int rc;
	char *said;		/* all notes, as they are printed */
};

static void finish(struct result *r)
{
	size_t len;
	FILE *f = open_memstream(&r->said, &len);

	cfg_notes_print(&r->notes, true, f);
	fclose(f);
}

static void apply_text(struct result *r, const char *source, const char *text,
		       size_t len)
{
	memset(r, 0, sizeof(*r));
	cfg_parse(&r->tree, source, text, len, &r->notes);
	r->rc = cfg_apply(&r->tree, &host, &r->config, &r->notes);
	finish(r);
}

static void done(struct result *r)
{
	guest_config_free(&r->config);
	cfg_notes_free(&r->notes);
	cfg_tree_free(&r->tree);
	free(r->said);
}

static char *read_all(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 65536);

	if (!f || !text)
		fail_msg("%s can't be read", path);
	*len = fread(text, 1, 65535, f);
	assert_true(*len > 0 && *len < 65535);
	fclose(f);
	return text;
}

/* Through JSON and back it must stay what it is. */
static void survives_json(const struct guest_config *config)
{
	struct json_object *obj = guest_to_json(config);
	char *before = guest_text(config), *after, why[GUEST_WHY];
	struct guest_config again;

	if (guest_from_json(obj, &again, why))
		fail_msg("%s\nis refused: %s", before, why);
	after = guest_text(&again);
	assert_string_equal(before, after);
	free(before);
	free(after);
	json_object_put(obj);
	guest_config_free(&again);
}

/* ---- xl's samples ------------------------------------------------------ */

static void one_sample(const char *path)
{
	char json_path[256], *text, *expected, *got;
	struct result r;
	size_t len;

	snprintf(json_path, sizeof(json_path), "%.*sjson",
		 (int)strlen(path) - 3, path);
	text = read_all(path, &len);
	expected = read_all(json_path, &len);
	len = strlen(text);
	apply_text(&r, "x.cfg", text, len);
	if (strstr(path, "/bootloader.") || strstr(path, "/bootloader-list.")) {
		/* The one thing that xl can do and that is refused here. */
		assert_int_equal(r.rc, -1);
		assert_non_null(strstr(r.said, "bootloader: expected kernel= "
				       "instead"));
	} else if (r.rc) {
		fail_msg("%s: %s", path, r.said);
	} else {
		survives_json(&r.config);
		got = guest_text(&r.config);
		if (strcmp(got, expected))
			fail_msg("%s: became\n%s", path, got);
		free(got);
	}
	free(text);
	free(expected);
	done(&r);
}

static void xl_samples_become_what_xl_makes(void **state)
{
	glob_t g;

	(void)state;
	assert_int_equal(glob(XL_SAMPLES, 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++)
		one_sample(g.gl_pathv[i]);
	assert_true(g.gl_pathc >= 75);
	globfree(&g);
}

/* ---- mistakes, in words ---------------------------------------------------- */

/* Three lines that make a guest. */
#define BASE	"name='x'\nkernel='/k'\nmemory=64\n"

struct mistake {
	const char *text;	/* what stands below BASE, from line 4 on */
	const char *said;	/* without the beginning "x.cfg:" */
};

/* Adds "x.cfg:" before each line. */
static void prefixed(const char *said, char *out)
{
	while (*said) {
		const char *eol = strchr(said, '\n');

		out += sprintf(out, "x.cfg:%.*s\n", (int)(eol - said), said);
		said = eol + 1;
	}
	*out = '\0';
}

static void one_mistake(const char *base, const struct mistake *m)
{
	char text[8192], expected[8192];
	struct result r;

	snprintf(text, sizeof(text), "%s%s", base, m->text);
	prefixed(m->said, expected);
	apply_text(&r, "x.cfg", text, strlen(text));
	if (strcmp(r.said, expected))
		fail_msg("%s\nsaid:\n%sexpected:\n%s", text, r.said, expected);
	/* Whoever is warned only gets a guest. */
	assert_int_equal(r.rc, r.notes.errors ? -1 : 0);
	if (!r.rc)
		survives_json(&r.config);
	done(&r);
}

static void mistakes(const char *base, const struct mistake *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		one_mistake(base, &list[i]);
}

#define MISTAKES(base, list) \
	mistakes(base, list, sizeof(list) / sizeof(*(list)))

static void grammar_mistakes(void **state)
{
	static const struct mistake list[] = {
		{ "extra=hello\n", "4: extra: expected a number, or text in "
		  "quotes like \"hello\", found hello\n" },
		{ "extra=\n", "4: extra: expected a number, text in quotes or "
		  "a [ list ], found the end of the line\n" },
		{ "extra=", "4: extra: expected a number, text in quotes or "
		  "a [ list ], found the end\n" },
		{ "extra='a' 'b'\n", "4: extra: expected the end of the line, "
		  "found 'b'\n" },
		{ "extra='abc\nvcpus=2\n", "4: extra: expected a closing ' "
		  "before the line's end\n" },
		{ "extra=\"abc\n", "4: extra: expected a closing \" before "
		  "the line's end\n" },
		{ "extra='a\\qb'\n", "4: extra: expected one of \\\\ \\\" "
		  "\\' \\n \\t \\xHH \\OOO after the backslash\n" },
		{ "extra='a\\x00b'\n", "4: extra: expected one of \\\\ \\\" "
		  "\\' \\n \\t \\xHH \\OOO after the backslash\n" },
		{ "vcpus=-2\n", "4: vcpus: expected a number that isn't "
		  "negative, found -2\n" },
		{ "nomigrate=True\n", "4: nomigrate: expected 1, found True\n" },
		{ "nomigrate=False\n", "4: nomigrate: expected 0, found "
		  "False\n" },
		{ "vif\n", "4: vif: expected = or +=, found the end of the "
		  "line\n" },
		{ "= 5\n", "4: expected KEY = VALUE, found =\n" },
		{ "5 = 5\n", "4: expected KEY = VALUE, found 5\n" },
		{ "vif=[,'']\n", "4: vif: expected a number, text in quotes "
		  "or a [ list ], found ,\n" },
		{ "vif=['' '']\n", "4: vif: expected a comma or ], found "
		  "''\n" },
		{ "vif=['';'']\n", "4: vif: expected a comma or ], found ;\n" },
		{ "foo=[[[[[[[[[[]]]]]]]]]]\n", "4: foo: expected lists at "
		  "most 8 deep, found more\n" },
		{ "memory+=64\n", "4: memory: expected += of two lists or two "
		  "texts, found something else\n" },
		{ "vif=['']\nvif+='bridge=a'\n", "5: vif: expected += of two "
		  "lists or two texts, found something else\n" },
		{ "vcpus=2 3\n", "4: vcpus: expected the end of the line, "
		  "found 3\n" },
		{ "\x01\n", "4: expected KEY = VALUE, found ?\n" },
		/* A list without its end costs one statement. */
		{ "disk=['/a,raw,xvda',\n '/b,raw,xvdb'\nvif=['']\nvcpus=x\n",
		  "6: disk: expected a comma or ], found vif\n"
		  "7: vcpus: expected a number, or text in quotes like \"x\", "
		  "found x\n" },
		{ "memory=128\n", "4: warning: memory: given again, in place "
		  "of line 3's\n" },
		{ "OVM_simple_name='foo'\n", "4: warning: OVM_simple_name: "
		  "ignored: a key has small letters, digits, _ and . only\n" },
		{ "foo-bar=1\n", "4: warning: foo-bar: ignored: a key has "
		  "small letters, digits, _ and . only\n" },
	};

	(void)state;
	MISTAKES(BASE, list);
}

#define PYTHON	"this looks like Python, which files of xm could have in " \
	"them: write the resulting KEY = VALUE lines instead\n"

static void python_is_seen(void **state)
{
	static const struct mistake list[] = {
		{ "import os, re\n", "4: import: expected = or +=, found os\n"
		  "4: " PYTHON },
		{ "def f(x):\n    return x\nvcpus=2\n", "4: def: expected = "
		  "or +=, found f\n4: " PYTHON },
		{ "disk=['phy:%s,xvda,w' % arch]\n", "4: disk: expected a "
		  "comma or ], found %\n4: " PYTHON },
		{ "if os.uname()[4] == 'x86_64':\n    arch_libdir = 'lib64'\n",
		  "4: if: expected = or +=, found os.uname\n4: " PYTHON
		  "5: warning: ignored: arch_libdir is not a key\n" },
		/* It is said once. */
		{ "import os\nfrom x import y\n", "4: import: expected = or "
		  "+=, found os\n4: " PYTHON },
	};

	(void)state;
	MISTAKES(BASE, list);
}

static void value_mistakes(void **state)
{
	static const struct mistake list[] = {
		{ "vcpus='two'\n", "4: vcpus: expected a number from 1 to 512, "
		  "found \"two\"\n" },
		{ "vcpus=0\n", "4: vcpus: expected a number from 1 to 512, "
		  "found 0\n" },
		{ "vcpus=513\n", "4: vcpus: expected a number from 1 to 512, "
		  "found 513\n" },
		{ "vcpus=[1]\n", "4: vcpus: expected a number from 1 to 512, "
		  "found a list\n" },
		{ "vcpus=''\n", "4: vcpus: expected a number from 1 to 512, "
		  "found \"\"\n" },
		{ "vcpus=99999999999999999999\n", "4: vcpus: expected a number "
		  "from 1 to 512, found 99999999999999999999\n" },
		{ "vcpus=1a\n", "4: vcpus: expected a number from 1 to 512, "
		  "found 1a\n" },
		{ "maxmem='1G'\n", "4: maxmem: expected a number of MiB from 1 "
		  "to 16777216, found \"1G\"\n" },
		{ "maxmem=16777217\n", "4: maxmem: expected a number of MiB "
		  "from 1 to 16777216, found 16777217\n" },
		{ "maxmem=32\n", "3: memory: expected at most maxmem (32), "
		  "found 64\n" },
		{ "vcpus=4\nmaxvcpus=2\n", "4: vcpus: expected at most "
		  "maxvcpus (2), found 4\n" },
		{ "cpu_weight=0\n", "4: cpu_weight: expected a number from 1 "
		  "to 65535, found 0\n" },
		{ "cpu_weight=65536\n", "4: cpu_weight: expected a number "
		  "from 1 to 65535, found 65536\n" },
		{ "cap=101\n", "4: cap: expected 0 (none) to 100, 100 percent "
		  "for each vCPU, found 101\n" },
		{ "vcpus=2\ncpu_cap=201\n", "5: cpu_cap: expected 0 (none) to "
		  "200, 100 percent for each vCPU, found 201\n" },
		{ "uuid='12345'\n", "4: uuid: expected 32 hexadecimal digits "
		  "like 00112233-4455-6677-8899-aabbccddeeff, found "
		  "\"12345\"\n" },
		{ "on_crash='explode'\n", "4: on_crash: expected destroy, "
		  "restart, rename-restart, preserve, coredump-destroy, "
		  "coredump-restart or soft-reset, found \"explode\"\n" },
		{ "on_reboot=1\n", "4: on_reboot: expected destroy, "
		  "restart, rename-restart, preserve, coredump-destroy, "
		  "coredump-restart or soft-reset, found 1\n" },
		{ "ramdisk=['/r']\n", "4: ramdisk: expected text, found a "
		  "list\n" },
		{ "max_grant_frames=0\n", "4: max_grant_frames: expected a "
		  "number from 1 to 65536, found 0\n" },
		{ "type='hvm'\n", "4: type: expected \"pv\", found \"hvm\": "
		  "such guests need hardware virtualisation, which hvx does "
		  "not use; for a Linux guest, give type=\"pv\", its kernel= "
		  "and ramdisk=\n" },
		{ "type='pvh'\n", "4: type: expected \"pv\", found \"pvh\": "
		  "such guests need hardware virtualisation, which hvx does "
		  "not use; for a Linux guest, give type=\"pv\", its kernel= "
		  "and ramdisk=\n" },
		{ "builder='hvm'\n", "4: builder: expected \"generic\", found "
		  "\"hvm\": such guests need hardware virtualisation, which "
		  "hvx does not use; for a Linux guest, give type=\"pv\", its "
		  "kernel= and ramdisk=\n" },
		{ "type='PV'\n", "4: type: expected \"pv\", found \"PV\"\n" },
		{ "builder='linux'\n", "" },
		{ "type='pv'; builder='generic'\n", "" },
		{ "bootloader='pygrub'\n", "4: warning: ignored: bootloader, "
		  "as kernel is given, too\n" },
		{ "cmdline='a'\nroot='/dev/xvda'\nextra='b'\n",
		  "5: warning: ignored: root, as cmdline is given, too\n"
		  "6: warning: ignored: extra, as cmdline is given, too\n" },
		{ "cpus='0'\ncpu='1'\n", "5: warning: ignored: cpu, as cpus is "
		  "given, too\n" },
		{ "vscsi='x'\n", "4: vscsi: expected a list like [ \"...\" ], "
		  "found \"x\"\n" },
		/* Each mistake is told once, all of them in one run. */
		{ "vcpus='x'\ncap='y'\nuuid='z'\n", "4: vcpus: expected a "
		  "number from 1 to 512, found \"x\"\n5: cap: expected a "
		  "number from 0 to 51200, found \"y\"\n6: uuid: expected 32 "
		  "hexadecimal digits like 00112233-4455-6677-8899-"
		  "aabbccddeeff, found \"z\"\n" },
	};

	(void)state;
	MISTAKES(BASE, list);
}

static void missing_and_bad_basics(void **state)
{
	static const struct mistake list[] = {
		{ "", " name: expected the guest's name, found none\n"
		  " memory: expected a size in MiB, found none\n"
		  " kernel: expected the path of a Linux kernel in dom0, found "
		  "none\n" },
		{ "name=''; kernel=''; memory=64\n", "1: name: expected the "
		  "guest's name, found none\n1: kernel: expected the path of a "
		  "Linux kernel in dom0, found none\n" },
		{ "name='a/b'; kernel='k'; memory=64\n",
		  "1: name: expected no '/' in it, found one\n" },
		{ "name='a\\nb'; kernel='k'; memory=64\n", "1: name: expected "
		  "printable characters, found one with code 10\n" },
		{ "name='..'; kernel='k'; memory=64\n",
		  "1: name: expected a name, found \"..\"\n" },
		{ "name='x'; kernel='k'; memory='256M'\n", "1: memory: expected "
		  "a number of MiB from 1 to 16777216, found \"256M\"\n" },
		{ "name='x'; memory=64\nbootloader='pygrub'\n", "2: bootloader: "
		  "expected kernel= instead, found \"pygrub\": hvx does not "
		  "look into guests' disks; copy the guest's kernel and initrd "
		  "to this machine, and name them with kernel= and ramdisk=\n" },
		/* What can't be read may be what is missing. */
		{ "name='x\nmemory=0\n", "1: name: expected a closing ' "
		  "before the line's end\n2: memory: expected a number of MiB "
		  "from 1 to 16777216, found 0\n" },
		{ "name='x'; memory=64\nramdisk='r'\n", " kernel: expected the "
		  "path of a Linux kernel in dom0, found none\n" },
	};
	char text[8192], said[128];
	struct mistake m = { text, said };
	int n;

	(void)state;
	MISTAKES("", list);
	n = sprintf(text, "name='x'; kernel='k'; memory=64\nroot='");
	memset(text + n, 'a', GUEST_CMDLINE_MAX - 4);
	strcpy(text + n + GUEST_CMDLINE_MAX - 4, "'\n");
	strcpy(said, "2: root: expected at most 1023 bytes, found 1024\n");
	one_mistake("", &m);
	/* One less is fine. */
	strcpy(text + n + GUEST_CMDLINE_MAX - 5, "'\n");
	*said = '\0';
	one_mistake("", &m);
	n = sprintf(text, "name='");
	memset(text + n, 'n', 128);
	strcpy(text + n + 128, "'; kernel='k'; memory=64\n");
	strcpy(said, "1: name: expected at most 127 bytes, found 128\n");
	one_mistake("", &m);
}

static void key_warnings(void **state)
{
	static const struct mistake list[] = {
		{ "hostname='x'\n", "4: warning: ignored: hostname is not a "
		  "key\n" },
		{ "memroy=128\n", "4: warning: ignored: memroy is not a key "
		  "(did you mean memory?)\n" },
		{ "ram_disk='/r'\n", "4: warning: ignored: ram_disk is not a "
		  "key (did you mean ramdisk?)\n" },
		{ "vcpu=2\n", "4: warning: ignored: vcpu is not a key (did you "
		  "mean vcpus?)\n" },
		{ "zz=1\n", "4: warning: ignored: zz is not a key\n" },
		{ "zz=1\nzz=2\n", "5: warning: zz: given again, in place of "
		  "line 4's\n5: warning: ignored: zz is not a key\n" },
		/* What xl does for PV guests, and what is asked for in vain. */
		{ "pci=['01:00.0']\n", "4: warning: ignored: pci\n" },
		{ "vfb=['vnc=1']\n", "4: warning: ignored: vfb\n" },
		{ "pci=[]; vnc=0; vncpasswd=''; localtime=0\n", "" },
		/* What a PV guest has no use for. */
		{ "boot='dc'; acpi=1; apic=1; pae=1; hap=1; serial='pty'; "
		  "stdvga=0; usb=1; xen_platform_pci=1; viridian=['all']; "
		  "device_model_version='qemu-xen'; shadow_memory=8\n", "" },
	};

	(void)state;
	MISTAKES(BASE, list);
}

static void disk_mistakes(void **state)
{
	static const struct mistake list[] = {
		{ "disk='/a,raw,xvda'\n", "4: disk: expected a list like "
		  "[ \"...\" ], found \"/a,raw,xvda\"\n" },
		{ "disk=['']\n", "4: disk 1: expected a vdev, like xvda, found "
		  "none\n" },
		{ "disk=['/a,raw']\n", "4: disk 1: expected a vdev, like xvda, "
		  "found none\n" },
		{ "disk=['target=/a,vdev=xvda']\n", "4: disk 1: expected "
		  "target= at the end, as it takes all that follows, found "
		  "vdev= after it\n" },
		{ "disk=['/a,raw,foo']\n", "4: disk 1: expected a vdev like "
		  "xvda, xvdb2, sda, hda, d0p1 or 51712, found \"foo\"\n" },
		{ "disk=['vdev=xvda']\n", "4: disk 1: expected a target (a "
		  "path), found none\n" },
		{ "disk=['/a,vmdk,xvda']\n", "4: disk 1: expected format raw, "
		  "qcow, qcow2, vhd or qed, found vmdk\n" },
		{ "disk=['/a,raw,xvda,x']\n", "4: disk 1: expected access r, "
		  "ro, w, rw or w!, found x\n" },
		{ "disk=['/a,raw,xvda,w,extra']\n", "4: disk 1: expected at "
		  "most a target, a format, a vdev and an access, found more: "
		  "extra\n" },
		{ "disk=['/a,raw,xvda,w,foo=bar']\n", "4: disk 1: expected "
		  "target, format, vdev, access, devtype, backend, "
		  "backendtype or script before =, found foo\n" },
		{ "disk=['/a,raw,xvda,w,vdev=xvdb']\n", "4: disk 1: expected "
		  "one vdev, found another: xvdb\n" },
		{ "disk=['/a,raw,xvda,w,target=/b']\n", "4: disk 1: expected "
		  "one target, found another: /b\n" },
		{ "disk=['raw:qcow2:/a,xvda,w']\n", "4: disk 1: expected one "
		  "format, found another: qcow2\n" },
		{ "disk=['access=ro,/a,raw,xvda,rw']\n", "4: disk 1: expected "
		  "one access, found another: rw\n" },
		{ "disk=['/a,raw,xvda,devtype=tape']\n", "4: disk 1: expected "
		  "devtype cdrom or disk, found tape\n" },
		{ "disk=['phy:/a,xvda:floppy,w']\n", "4: disk 1: expected "
		  "devtype cdrom or disk, found floppy\n" },
		{ "disk=['/a,raw,xvda,backendtype=standalone']\n", "4: disk 1: "
		  "expected backendtype phy, tap or qdisk, found standalone\n" },
		{ "disk=['/a,raw,xvda,specification=virtio']\n", "4: disk 1: "
		  "expected specification=xen, found virtio\n" },
		{ "disk=['http://x/y,raw,xvda']\n", "4: disk 1: expected a "
		  "path, or target=PATH at the end, found http://x/y\n" },
		{ "disk=['/a,empty,xvda']\n", "4: disk 1: expected format empty "
		  "for a cdrom only\n" },
		{ "disk=['script=a,script=b,vdev=xvda,target=x']\n", "4: disk "
		  "1: expected one script, found another: b\n" },
		/* Lines are those of the entries. */
		{ "disk=['/a,raw,xvda',\n'/b,raw',\n'/c,raw,d0',\n[]]\n",
		  "5: disk 2: expected a vdev, like xvda, found none\n"
		  "6: disk 3: expected a vdev of its own, found d0, which disk "
		  "1 has, too\n7: disk 4: expected text, found a list\n" },
	};

	(void)state;
	MISTAKES(BASE, list);
}

static void vif_mistakes(void **state)
{
	static const struct mistake list[] = {
		{ "vif='bridge=x'\n", "4: vif: expected a list like "
		  "[ \"...\" ], found \"bridge=x\"\n" },
		{ "vif=['xenbr0']\n", "4: vif 1: expected KEY=VALUE like "
		  "bridge=xenbr0, found xenbr0\n" },
		{ "vif=['mac=00:16:3e:aa:bb']\n", "4: vif 1: expected "
		  "mac=XX:XX:XX:XX:XX:XX, found mac=00:16:3e:aa:bb\n" },
		{ "vif=['mac=01:16:3e:aa:bb:cc']\n", "4: vif 1: expected one "
		  "host's mac, found the group address 01:16:3e:aa:bb:cc\n" },
		{ "vif=['mac=0:0:0:0:0:0']\n", "4: vif 1: expected a mac, found "
		  "one of zeros\n" },
		{ "vif=['mac=0:16:3e:1:2:3',\n'mac=00:16:3e:01:02:03']\n",
		  "5: vif 2: expected a mac of its own, found "
		  "00:16:3e:01:02:03, which vif 1 has, too\n" },
		{ "vif=['devid=1','']\n", "4: vif 2: expected a devid of its "
		  "own, found 1, which vif 1 has, too\n" },
		{ "vif=['devid=x']\n", "4: vif 1: expected devid=0 to 65535, "
		  "found devid=x\n" },
		{ "vif=['mtu=60']\n", "4: vif 1: expected mtu=68 to 65535, "
		  "found 60\n" },
		{ "vif=['mtu=abc']\n", "4: vif 1: expected mtu=68 to 65535, "
		  "found mtu=abc\n" },
		{ "vif=['type=foo']\n", "4: vif 1: expected type=vif or "
		  "type=ioemu, found type=foo\n" },
		{ "vif=['type=netfront']\n", "4: warning: vif 1: type=netfront "
		  "is taken as type=vif\n" },
		{ "vif=['rate=1mb/s']\n", "4: vif 1: expected a rate like "
		  "10Mb/s or 1MB/s@20ms, found rate=1mb/s\n" },
		{ "vif=['rate=8b/s']\n", "4: vif 1: expected a rate of a byte "
		  "in 50000 us or more, found rate=8b/s\n" },
		{ "vif=['rate=1MB/s@0s']\n", "4: vif 1: expected an interval "
		  "from 1us to 4294s, found rate=1MB/s@0s\n" },
		{ "vif=['rate=900MB']\n", "4: warning: vif 1: rate=900MB is "
		  "taken as 900MB/s\n" },
		{ "vif=['brigde=br0']\n", "4: warning: vif 1: ignored: brigde "
		  "(did you mean bridge?)\n" },
		{ "vif=['accel=1']\n", "4: warning: vif 1: ignored: accel\n" },
		{ "vif=['bridge=a234567890123456']\n", "4: vif 1: expected at "
		  "most 15 bytes for bridge, found \"a234567890123456\"\n" },
		{ "vif=['vifname=a/b']\n", "4: vif 1: expected vifname with no "
		  "'/' or space, found \"a/b\"\n" },
		{ "vif=[' ', ' bridge = br0 , mac=00:16:3e:00:00:01,', '']\n",
		  "" },
	};

	(void)state;
	MISTAKES(BASE, list);
}

static void cpus_mistakes(void **state)
{
	static const struct mistake list[] = {
		{ "cpus=''\n", "4: cpus: expected CPUs like all, 0-3, ^2 or "
		  "node:1, found \"\"\n" },
		{ "cpus='none'\n", "4: cpus: expected CPUs like all, 0-3, ^2 "
		  "or node:1, found \"none\"\n" },
		{ "cpus='3-1'\n", "4: cpus: expected CPUs like all, 0-3, ^2 "
		  "or node:1, found \"3-1\"\n" },
		{ "cpus='4096'\n", "4: cpus: expected CPUs like all, 0-3, ^2 "
		  "or node:1, found \"4096\"\n" },
		{ "cpus='^1'\n", "4: cpus: expected at least one CPU, found "
		  "\"^1\"\n" },
		{ "cpu='x'\n", "4: cpu: expected CPUs like all, 0-3, ^2 or "
		  "node:1, found \"x\"\n" },
		{ "cpus='2,8-9'\n", "4: warning: cpus: there is no CPU 8: "
		  "this machine has 0 to 7\n" },
		{ "cpus='9'\n", "4: cpus: there is no CPU 9: this machine has "
		  "0 to 7\n" },
		{ "cpus='node:1'\n", "4: cpus: no CPU belongs to node 1\n" },
		{ "cpus=['0',\n'1']\n", "4: warning: cpus: there are sets for "
		  "2 vCPUs, the guest has 1\n" },
		{ "vcpus=2\ncpus=['0',\n'x']\n", "6: cpus: expected CPUs like "
		  "all, 0-3, ^2 or node:1, found \"x\"\n" },
		{ "vcpus=2\ncpus_soft=['0',\n[]]\n", "6: cpus_soft: expected "
		  "text, found a list\n" },
		{ "cpus=' 0 , 1 '\n", "" },
	};

	(void)state;
	MISTAKES(BASE, list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xl_samples_become_what_xl_makes),
		cmocka_unit_test(grammar_mistakes),
		cmocka_unit_test(python_is_seen),
		cmocka_unit_test(value_mistakes),
		cmocka_unit_test(missing_and_bad_basics),
		cmocka_unit_test(key_warnings),
		cmocka_unit_test(disk_mistakes),
		cmocka_unit_test(vif_mistakes),
		cmocka_unit_test(cpus_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
