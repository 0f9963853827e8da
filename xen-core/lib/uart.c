/*
 * A 16550 UART, written by polling: messages must come out before, during and
 * after anything else works.  Input comes by interrupt once that is set up.
 * Callers hold the console lock.
 */
#include <hvx/uart.h>

#include <asm/cpu.h>
#include <asm/io.h>

enum { THR = 0, RBR = 0, DLL = 0, IER = 1, DLM = 1, FCR = 2, LCR = 3, MCR = 4,
       LSR = 5, SCR = 7 };

#define LCR_DLAB   0x80
#define LSR_DATA   0x01
#define LSR_EMPTY  0x20
#define UART_CLOCK 115200
/* Polls until a character must have gone out at any baud rate. */
#define MAX_POLLS  1000000

struct uart_config uart_config = {
	.baud = 115200,
	.data_bits = 8,
	.stop_bits = 1,
	.parity = 'n',
	.port = 0x3f8,
	.irq = 4,
};

static bool present;

static void reg_write(unsigned int reg, uint8_t v)
{
	outb((uint16_t)(uart_config.port + reg), v);
}

static uint8_t reg_read(unsigned int reg)
{
	return inb((uint16_t)(uart_config.port + reg));
}

/* The scratch register holds what is written, where there is a UART. */
static bool probe(void)
{
	reg_write(SCR, 0x5a);
	if (reg_read(SCR) != 0x5a)
		return false;
	reg_write(SCR, 0xa5);
	return reg_read(SCR) == 0xa5;
}

static uint8_t line_control(void)
{
	uint8_t lcr = (uint8_t)((uart_config.data_bits - 5) |
				(uart_config.stop_bits - 1) << 2);

	switch (uart_config.parity) {
	case 'o':
		return lcr | 0x08;
	case 'e':
		return lcr | 0x18;
	case 'm':
		return lcr | 0x28;
	case 's':
		return lcr | 0x38;
	default:
		return lcr;
	}
}

bool uart_init(void)
{
	present = probe();
	if (!present)
		return false;
	reg_write(IER, 0);
	if (uart_config.baud) {
		unsigned int div = UART_CLOCK / uart_config.baud;

		reg_write(LCR, line_control() | LCR_DLAB);
		reg_write(DLL, (uint8_t)div);
		reg_write(DLM, (uint8_t)(div >> 8));
	}
	reg_write(LCR, line_control());
	reg_write(FCR, 0x07);		/* FIFOs on and empty */
	reg_write(MCR, 0x0b);		/* DTR RTS, and OUT2 lets irqs through */
	return true;
}

bool uart_present(void)
{
	return present;
}

void uart_putc(char c)
{
	if (!present)
		return;
	for (unsigned int i = 0; i < MAX_POLLS; i++) {
		if (reg_read(LSR) & LSR_EMPTY)
			break;
		cpu_pause();
	}
	reg_write(THR, (uint8_t)c);
}

int uart_getc(void)
{
	if (!present || !(reg_read(LSR) & LSR_DATA))
		return -1;
	return reg_read(RBR);
}

void uart_enable_rx_irq(void)
{
	if (present)
		reg_write(IER, 0x01);
}
