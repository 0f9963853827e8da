/* SPDX-License-Identifier: MIT */
/* Domains collected for tables. */
#ifndef HVXL_ROWS_H
#define HVXL_ROWS_H

#include "out.h"

/*
 * The n domains that who names, or all if n is 0, with their names. Ends hvxl
 * if one of them is not there; what is the command. The count; *rows is to be
 * freed by dom_rows_free.
 */
unsigned int rows_collect(struct dom_row **rows, const char *what, char **who,
			  unsigned int n);
void dom_rows_free(struct dom_row *rows, unsigned int n);

#endif /* HVXL_ROWS_H */
