/* SPDX-License-Identifier: MIT */
/* top's live view: the table on a terminal, sorted as one likes. */
#include "top.h"

#include <locale.h>
#include <ncurses.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "hvxl.h"

#define HEAD_LINES	4
#define KEYS \
	"q quit  c by CPU  m by memory  n by name  d by time  i by id  " \
	"v VCPUs  w networks  x disks  +/- delay"

/* One look, as text: the lines that fit the screen are shown. */
struct page {
	char *text;
	size_t size;
};

static struct page draw_table(const struct top_sample *s,
			      const struct top_options *o)
{
	struct page p = { NULL, 0 };
	FILE *f = open_memstream(&p.text, &p.size);

	if (!f)
		return p;
	top_table(f, s, o);
	fclose(f);
	return p;
}

static unsigned int count_flag(const struct top_sample *s, uint32_t flag)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->domain_count; i++)
		n += !!(s->domains[i].info.flags & flag);
	return n;
}

static void show_head(const struct top_sample *s, const struct top_options *o)
{
	time_t now = time(NULL);
	char clock[16];
	struct tm tm;

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&now, &tm));
	mvprintw(0, 0, "hvxl top - %s, every %g s", clock, o->delay);
	mvprintw(1, 0, "%u domains: %u running, %u blocked, %u paused, %u "
		 "shut down, %u dying", s->domain_count,
		 count_flag(s, XEN_DOMINF_running),
		 count_flag(s, XEN_DOMINF_blocked),
		 count_flag(s, XEN_DOMINF_paused),
		 count_flag(s, XEN_DOMINF_shutdown),
		 count_flag(s, XEN_DOMINF_dying));
	mvprintw(2, 0, "Mem: %luk total, %luk used, %luk free    CPUs: %u @ "
		 "%uMHz", s->total_kib, s->total_kib - s->free_kib,
		 s->free_kib, s->cpus, s->cpu_khz / 1000);
}

static void show_page(const char *text, unsigned int skip)
{
	int row = HEAD_LINES, rows = LINES - 1;
	const char *line = text, *end;

	for (; line && *line && row < rows; line = end ? end + 1 : NULL) {
		bool head = line == text;
		int len;

		end = strchr(line, '\n');
		len = end ? (int)(end - line) : (int)strlen(line);
		/* The header stays where it is. */
		if (!head && skip && skip--)
			continue;
		if (head)
			attron(A_REVERSE);
		mvaddnstr(row++, 0, line, len < COLS ? len : COLS);
		if (head)
			attroff(A_REVERSE);
	}
}

static void show(const struct top_sample *s, const struct top_options *o,
		 unsigned int skip)
{
	struct page p = draw_table(s, o);

	erase();
	show_head(s, o);
	if (p.text)
		show_page(p.text, skip);
	free(p.text);
	mvaddnstr(LINES - 1, 0, KEYS, COLS - 1);
	refresh();
}

/* What a key does; false: leave. *skip: lines scrolled away. */
static bool key_pressed(int key, struct top_options *o, unsigned int *skip)
{
	switch (key) {
	case 'q':
	case 'Q':
	case 27:
		return false;
	case 'v':
		o->vcpus = !o->vcpus;
		break;
	case 'w':
		o->nics = !o->nics;
		break;
	case 'x':
		o->disks = !o->disks;
		break;
	case '+':
		o->delay = o->delay < 60 ? o->delay + 1 : o->delay;
		break;
	case '-':
		o->delay = o->delay > 1 ? o->delay - 1 : o->delay;
		break;
	case KEY_DOWN:
		++*skip;
		break;
	case KEY_UP:
		*skip -= *skip > 0;
		break;
	default:
		if (key > 0 && key < 128 && strchr(top_sort_keys, key))
			o->sort = key;
	}
	return true;
}

int top_view(struct top_options *o)
{
	struct top_sample now = { 0 }, before;
	bool first = true, on = true;
	unsigned int skip = 0;

	if (!isatty(0) || !isatty(1))
		return fail("top: a live view needs a terminal; -b prints "
			    "tables instead");
	/* What may fail with a message must fail before the screen changes. */
	top_sample_take(&now, NULL, o->vcpus);
	setlocale(LC_CTYPE, "");
	if (!newterm(NULL, stdout, stdin)) {
		top_sample_free(&now);
		return fail("top: the terminal '%s' is not known here; -b "
			    "prints tables instead",
			    getenv("TERM") ? getenv("TERM") : "");
	}
	noecho();
	cbreak();
	curs_set(0);
	keypad(stdscr, TRUE);
	while (on) {
		before = now;
		if (first)
			memset(&before, 0, sizeof(before));
		if (!first)
			top_sample_take(&now, &before, o->vcpus);
		first = false;
		top_sample_free(&before);
		top_sort(&now, o->sort);
		show(&now, o, skip);
		timeout(o->delay * 1000);
		on = key_pressed(getch(), o, &skip);
	}
	/* The shell's prompt comes where the keys were. */
	move(LINES - 1, 0);
	clrtoeol();
	refresh();
	endwin();
	top_sample_free(&now);
	return 0;
}
