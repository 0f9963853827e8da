/* From the first instruction to the guest's own main, and its verdict. */
#include <pv/console.h>
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/trap.h>

void guest_start(const struct start_info *si) __attribute__((noreturn));

void guest_start(const struct start_info *si)
{
	mem_init(si);
	console_init();
	trap_init();
	cpu_init(0);
	guest_main();
	report_audit();
	report_finish();
}
