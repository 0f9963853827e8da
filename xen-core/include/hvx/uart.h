/* The serial port of our messages and debug keys: a 16550 at COM1. */
#ifndef HVX_UART_H
#define HVX_UART_H

#include <hvx/types.h>

/* How it is driven; as the option com1=<baud>,<8n1>,<port>,<irq> says. */
struct uart_config {
	unsigned int baud;	/* 0: keep what firmware or loader set */
	unsigned int data_bits, stop_bits;
	char parity;		/* n o e m s */
	uint16_t port;
	unsigned int irq;	/* 0: polled */
};
extern struct uart_config uart_config;

/* Looks for the port and sets it up; false if nothing is there. */
bool uart_init(void);
bool uart_present(void);
void uart_putc(char c);
/* The next received character, or -1. */
int uart_getc(void);
void uart_enable_rx_irq(void);

#endif
