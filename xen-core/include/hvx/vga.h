/* The text screen, until dom0 takes it over. */
#ifndef HVX_VGA_H
#define HVX_VGA_H

/* fb: the screen's memory, 80 by 25 cells; NULL: no more output. */
void vga_init(void *fb);
void vga_putc(char c);

#endif
