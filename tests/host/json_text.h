/* SPDX-License-Identifier: MIT */
#ifndef TESTS_JSON_TEXT_H
#define TESTS_JSON_TEXT_H

#include <common/guest.h>

/* What json_print_xl prints of obj; to be freed. */
char *json_text(struct json_object *obj);
/* The same of a guest's description. NULL: no memory for its JSON. */
char *guest_text(const struct guest_config *config);

#endif /* TESTS_JSON_TEXT_H */
