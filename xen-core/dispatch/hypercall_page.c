/*
 * The hypercall page: for call n, 32 bytes at n * 32 that save what SYSCALL
 * destroys, make the call, and return.
 */
#include <hvx/hypercall_page.h>

#include <abi/xen.h>
#include <hvx/string.h>

#define STUB_SIZE 32

/* push rcx; push r11; mov $nr, eax; syscall; pop r11; pop rcx; ret */
static const uint8_t stub_code[] = { 0x51, 0x41, 0x53, 0xb8, 0, 0, 0,	0,
				     0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3 };
/* push rcx; push r11; push rax; mov $nr, eax; syscall: never comes back */
static const uint8_t iret_code[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 0,
				     0,	   0,	 0,    0x0f, 0x05 };

void hypercall_page_fill(void *page)
{
	unsigned int nr;
	uint8_t *p = page;

	memset(page, 0xcc, PAGE_SIZE);
	for (nr = 0; nr < PAGE_SIZE / STUB_SIZE; nr++, p += STUB_SIZE) {
		if (nr == __HYPERVISOR_iret) {
			memcpy(p, iret_code, sizeof(iret_code));
			p[5] = (uint8_t)nr;
		} else {
			memcpy(p, stub_code, sizeof(stub_code));
			p[4] = (uint8_t)nr;
		}
	}
}
