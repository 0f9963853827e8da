/* 80 by 25 text, written at the bottom line and scrolled. */
#include <hvx/vga.h>

#include <hvx/string.h>
#include <hvx/types.h>

#define COLUMNS 80UL
#define LINES	25UL
#define GREY	0x0700

static uint16_t *screen;
static unsigned int column;

void vga_init(void *fb)
{
	screen = fb;
	column = 0;
}

static void new_line(void)
{
	column = 0;
	memmove(screen, screen + COLUMNS,
		(LINES - 1) * COLUMNS * sizeof(*screen));
	for (unsigned int i = 0; i < COLUMNS; i++)
		screen[(LINES - 1) * COLUMNS + i] = GREY | ' ';
}

void vga_putc(char c)
{
	if (!screen || c == '\r')
		return;
	if (c == '\n' || column == COLUMNS)
		new_line();
	if (c != '\n')
		screen[(LINES - 1) * COLUMNS + column++] =
			(uint16_t)(GREY | (uint8_t)c);
}
