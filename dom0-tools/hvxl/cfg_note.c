/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with a configuration.  Notes are kept in the order in which
 * they are to be read: a source's by its lines, the sources as they came.
 */
#include "cfg.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Before which note one of this place goes. */
static unsigned int place_of(const struct cfg_notes *notes,
			     struct cfg_place at)
{
	unsigned int i = notes->count;

	while (i && strcmp(notes->list[i - 1].source, at.source))
		i--;
	if (!i)
		return notes->count;
	while (i && !strcmp(notes->list[i - 1].source, at.source) &&
	       notes->list[i - 1].line > at.line)
		i--;
	return i;
}

/* An error makes room by dropping the last warning. */
static bool make_room(struct cfg_notes *notes, enum cfg_level level)
{
	struct cfg_note *list;
	unsigned int i = notes->count;

	if (i < CFG_NOTES_MAX) {
		list = realloc(notes->list, (i + 1) * sizeof(*list));
		if (list)
			notes->list = list;
		return list;
	}
	notes->full = true;
	if (level != CFG_ERROR)
		return false;
	while (i && notes->list[i - 1].level == CFG_ERROR)
		i--;
	if (!i)
		return false;
	list = &notes->list[i - 1];
	free(list->source);
	free(list->text);
	memmove(list, list + 1, (notes->count - i) * sizeof(*list));
	notes->count--;
	return true;
}

void cfg_note(struct cfg_notes *notes, enum cfg_level level,
	      struct cfg_place at, const char *fmt, ...)
{
	struct cfg_note note = { .level = level, .line = at.line };
	unsigned int i;
	va_list ap;

	if (level == CFG_ERROR)
		notes->errors++;
	if (!make_room(notes, level))
		return;
	va_start(ap, fmt);
	if (vasprintf(&note.text, fmt, ap) < 0)
		note.text = NULL;
	va_end(ap);
	note.source = strdup(at.source);
	if (!note.text || !note.source) {
		free(note.text);
		free(note.source);
		notes->full = true;
		return;
	}
	i = place_of(notes, at);
	memmove(&notes->list[i + 1], &notes->list[i],
		(notes->count - i) * sizeof(note));
	notes->list[i] = note;
	notes->count++;
}

void cfg_notes_print(const struct cfg_notes *notes, bool warnings, FILE *out)
{
	for (unsigned int i = 0; i < notes->count; i++) {
		const struct cfg_note *n = &notes->list[i];

		if (n->level == CFG_WARNING && !warnings)
			continue;
		fprintf(out, "%s:", n->source);
		if (n->line)
			fprintf(out, "%u:", n->line);
		fprintf(out, " %s%s\n",
			n->level == CFG_WARNING ? "warning: " : "", n->text);
	}
	if (notes->full)
		fprintf(out, "and more, which is not shown\n");
}

void cfg_notes_free(struct cfg_notes *notes)
{
	for (unsigned int i = 0; i < notes->count; i++) {
		free(notes->list[i].source);
		free(notes->list[i].text);
	}
	free(notes->list);
	memset(notes, 0, sizeof(*notes));
}
