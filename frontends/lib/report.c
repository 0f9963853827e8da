/* Counting checks, and the one closing line that a runner looks for. */
#include <pv/console.h>
#include <pv/cpu.h>
#include <pv/hypercall.h>
#include <pv/report.h>

static unsigned int passed, failed, skipped;

static void put_line(const char *head, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void put_line(const char *head, const char *fmt, va_list ap)
{
	char text[200];

	vsnprintf(text, sizeof(text), fmt, ap);
	printf("%s%s\n", head, text);
}

bool check(bool ok, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(ok ? "ok   " : "FAIL ", fmt, ap);
	va_end(ap);
	if (ok)
		passed++;
	else
		failed++;
	return ok;
}

bool check_quiet(bool ok, const char *fmt, ...)
{
	va_list ap;

	if (ok) {
		passed++;
		return true;
	}
	va_start(ap, fmt);
	put_line("FAIL ", fmt, ap);
	va_end(ap);
	failed++;
	return false;
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("# ", fmt, ap);
	va_end(ap);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("skip ", fmt, ap);
	va_end(ap);
	skipped++;
}

static void power_off(void) __attribute__((noreturn));

static void power_off(void)
{
	struct sched_shutdown arg = { .reason = SHUTDOWN_poweroff };

	HYPERVISOR_sched_op(SCHEDOP_shutdown, &arg);
	for (;;)
		cpu_relax();
}

void error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line("VERDICT: error ", fmt, ap);
	va_end(ap);
	power_off();
}

void report_finish(void)
{
	if (failed)
		printf("VERDICT: fail %u of %u checks\n", failed,
		       passed + failed);
	else if (passed)
		printf("VERDICT: pass %u checks, %u skipped\n", passed,
		       skipped);
	else if (skipped)
		printf("VERDICT: skip nothing could be checked\n");
	else
		printf("VERDICT: error nothing was checked\n");
	power_off();
}
