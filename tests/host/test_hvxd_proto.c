/* SPDX-License-Identifier: MIT */
/* Lines from clients that may send anything, in any pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <common/proto.h>

static int parse(const char *line, struct fault *f)
{
	struct proto_request p;
	int rc = proto_parse(line, strlen(line), &p, f);

	if (!rc)
		assert_non_null(p.what);
	json_object_put(p.obj);
	return rc;
}

static void what_is_no_request_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "x", "{", "{}", "[]", "1", "null", "\"do\"",
		"{\"do\":1}", "{\"do\":\"\"}", "{\"do\":null}",
		"{\"id\":1}", "{\"id\":[],\"do\":\"ping\"}",
		"{\"id\":1.5,\"do\":\"ping\"}", "{\"do\":\"ping\"} x",
		"{\"do\":\"ping\"}{\"do\":\"ping\"}", "{\"do\":\"\xff\"}",
		"{'do':'ping'}", "{\"do\":\"ping\",}",
	};
	struct fault f;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		f.text[0] = 0;
		assert_int_equal(parse(bad[i], &f), -1);
		assert_true(f.text[0] && f.err);
	}
	assert_int_equal(parse("{\"do\":\"ping\"}", &f), 0);
	assert_int_equal(parse("{\"id\":\"a\",\"do\":\"x\",\"y\":[1,{}]} ", &f),
			 0);
}

static void a_zero_byte_is_refused(void **state)
{
	static const char line[] = "{\"do\":\"ping\"}\0{";
	struct proto_request p;
	struct fault f;

	(void)state;
	assert_int_equal(proto_parse(line, sizeof(line) - 1, &p, &f), -1);
	assert_null(p.obj);
}

static void depth_and_length_have_limits(void **state)
{
	char *line = malloc(PROTO_LINE_MAX + 2);
	struct proto_request p;
	struct fault f;

	(void)state;
	memset(line, '[', 10000);
	line[10000] = 0;
	assert_int_equal(parse(line, &f), -1);
	memset(line, ' ', PROTO_LINE_MAX + 1);
	memcpy(line, "{\"do\":\"ping\"}", 13);
	assert_int_equal(proto_parse(line, PROTO_LINE_MAX, &p, &f), 0);
	json_object_put(p.obj);
	assert_int_equal(proto_parse(line, PROTO_LINE_MAX + 1, &p, &f), -1);
	assert_int_equal(f.err, EMSGSIZE);
	json_object_put(p.obj);
	free(line);
}

static void a_bad_request_still_has_its_id(void **state)
{
	static const char line[] = "{\"id\":7,\"do\":false}";
	struct proto_request p;
	struct fault f;

	(void)state;
	assert_int_equal(proto_parse(line, sizeof(line) - 1, &p, &f), -1);
	assert_int_equal(json_object_get_int(p.id), 7);
	json_object_put(p.obj);
}

static void lines_come_in_any_pieces(void **state)
{
	static const char text[] = "one\n\nthree is longer\nno end";
	size_t step, at, len;
	char *line;

	(void)state;
	for (step = 1; step < sizeof(text); step++) {
		struct proto_in in = { 0 };
		char got[64] = "";

		for (at = 0; at < sizeof(text) - 1; at += step) {
			len = sizeof(text) - 1 - at;
			assert_int_equal(proto_feed(&in, text + at,
						    len < step ? len : step), 0);
			while (proto_line(&in, &line, &len)) {
				strncat(got, line, len);
				strcat(got, "|");
			}
		}
		assert_string_equal(got, "one||three is longer|");
		proto_free(&in);
	}
}

static void a_line_without_end_is_refused(void **state)
{
	struct proto_in in = { 0 };
	static char block[65536];
	unsigned int i;
	int rc = 0;

	(void)state;
	memset(block, 'x', sizeof(block));
	for (i = 0; i < 64 && !rc; i++)
		rc = proto_feed(&in, block, sizeof(block));
	assert_int_equal(rc, -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_true(in.room < PROTO_LINE_MAX + 3 * sizeof(block));
	proto_free(&in);
}

static void arguments_are_what_they_should_be(void **state)
{
	struct json_object *o = json_tokener_parse(
		"{\"domain\":5,\"name\":5,\"wait\":1,\"paused\":true,"
		"\"empty\":\"\"}");
	const char *text;
	struct fault f;
	bool flag;

	(void)state;
	assert_int_equal(proto_string(o, "domain", &text, &f), 0);
	assert_string_equal(text, "5");
	assert_int_equal(proto_string(o, "name", &text, &f), -1);
	assert_int_equal(proto_string(o, "empty", &text, &f), -1);
	assert_int_equal(proto_string(o, "none", &text, &f), -1);
	assert_string_equal(f.text, "none: is missing");
	assert_int_equal(proto_flag(o, "wait", &flag, &f), -1);
	assert_int_equal(proto_flag(o, "none", &flag, &f), 0);
	assert_false(flag);
	assert_int_equal(proto_flag(o, "paused", &flag, &f), 0);
	assert_true(flag);
	json_object_put(o);
}

static void an_error_says_all_that_is_known(void **state)
{
	struct json_object *o;
	struct fault f;

	(void)state;
	fault_set(&f, ENOENT, "kernel", "/boot/x", "%s: %s", "/boot/x", "none");
	fault_hint(&f, "look %s", "there");
	o = proto_error(&f);
	assert_string_equal(
		json_object_to_json_string_ext(
			o, JSON_C_TO_STRING_PLAIN |
				   JSON_C_TO_STRING_NOSLASHESCAPE),
		"{\"error\":{\"stage\":\"kernel\",\"object\":\"/boot/x\","
		"\"errno\":\"ENOENT\",\"text\":\"/boot/x: none\","
		"\"hint\":\"look there\"}}");
	json_object_put(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(a_zero_byte_is_refused),
		cmocka_unit_test(depth_and_length_have_limits),
		cmocka_unit_test(a_bad_request_still_has_its_id),
		cmocka_unit_test(lines_come_in_any_pieces),
		cmocka_unit_test(a_line_without_end_is_refused),
		cmocka_unit_test(arguments_are_what_they_should_be),
		cmocka_unit_test(an_error_says_all_that_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
