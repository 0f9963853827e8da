/*
 * tiny: the smallest guest that lives as others do.
 *
 * It prints a line, then waits for orders: words typed on its console, and the
 * store's control/shutdown. Its command line may hold one to begin with:
 *
 *   poweroff reboot crash watchdog   shuts down for that reason
 *   spin                             runs on, on each vCPU that it has, without
 *                                    listening any more
 *   deaf                             waits without listening
 *   shy                              listens, but doesn't announce it
 *
 * Anything else that is typed is printed again.
 */
#include <pv/console.h>
#include <pv/cpu.h>
#include <pv/event.h>
#include <pv/hypercall.h>
#include <pv/mem.h>
#include <pv/report.h>
#include <pv/store.h>
#include <pv/string.h>

#define SHUTDOWN_NODE	"control/shutdown"

static bool is(const char *text, const char *word)
{
	return strlen(text) == strlen(word) &&
	       !strncmp(text, word, strlen(word));
}

/* Does the command line have this word? */
static bool told(const char *word)
{
	const char *p = (const char *)start_info->cmd_line;
	size_t n = strlen(word);

	while (*p) {
		if (!strncmp(p, word, n) && (p[n] == ' ' || !p[n]))
			return true;
		while (*p && *p != ' ')
			p++;
		while (*p == ' ')
			p++;
	}
	return false;
}

static void shut_down(unsigned int reason)
{
	struct sched_shutdown arg = { .reason = reason };

	HYPERVISOR_sched_op(SCHEDOP_shutdown, &arg);
}

/* A pause now and then: an emulator that runs processors in turns goes on to
 * the next one there. */
static void spin(void *arg)
{
	volatile unsigned int i;

	(void)arg;
	for (;;) {
		for (i = 0; i < 4096; i++)
			;
		cpu_relax();
	}
}

static void spin_all(void)
{
	unsigned int id;

	for (id = 1; id < MAX_CPUS; id++)
		if (cpu_start(id, spin, NULL))
			break;
	printf("tiny: spins on %u\n", id);
	spin(NULL);
}

static bool obey(const char *order)
{
	static const char *const reasons[] = {
		[SHUTDOWN_poweroff] = "poweroff", [SHUTDOWN_reboot] = "reboot",
		[SHUTDOWN_suspend] = "", [SHUTDOWN_crash] = "crash",
		[SHUTDOWN_watchdog] = "watchdog",
	};
	unsigned int i;

	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (*order && is(order, reasons[i])) {
			printf("tiny: %s\n", order);
			shut_down(i);
			return true;
		}
	if (is(order, "spin"))
		spin_all();
	return false;
}

/* Until something may have come on either port. */
static void sleep(void)
{
	evtchn_port_t ports[2] = {
		start_info->console.domU.evtchn, store_port(),
	};
	struct sched_poll poll = { .nr_ports = 2 };

	handle_set(poll.ports, ports);
	HYPERVISOR_sched_op(SCHEDOP_poll, &poll);
	event_take(ports[0]);
	event_take(ports[1]);
}

static void read_console(void)
{
	static char line[128];
	static size_t len;
	char buf[64];
	size_t i, n;

	while ((n = console_read(buf, sizeof(buf))))
		for (i = 0; i < n; i++) {
			if (buf[i] != '\n' && buf[i] != '\r') {
				if (len < sizeof(line) - 1)
					line[len++] = buf[i];
				continue;
			}
			line[len] = 0;
			len = 0;
			if (!obey(line))
				printf("tiny: heard \"%s\"\n", line);
		}
}

static void read_store(void)
{
	char text[STORE_TEXT];

	while (store_event(text))
		if (store_read(SHUTDOWN_NODE, text) && *text) {
			/* Taken away, so that it is seen to have been heard. */
			store_write(SHUTDOWN_NODE, "");
			obey(text);
		}
}

static void listen(void)
{
	if (!store_init())
		return;
	store_watch(SHUTDOWN_NODE);
	if (told("shy"))
		return;
	store_write("control/feature-poweroff", "1");
	store_write("control/feature-reboot", "1");
}

void guest_main(void)
{
	static const char *const first[] = {
		"poweroff", "reboot", "crash", "watchdog", "spin",
	};
	unsigned int i;

	printf("tiny: here, %lu pages\n", start_info->nr_pages);
	for (i = 0; i < sizeof(first) / sizeof(*first); i++)
		if (told(first[i]))
			obey(first[i]);
	if (!told("deaf"))
		listen();
	for (;;) {
		/* What comes after a look wakes the sleep that follows it. */
		if (!told("deaf")) {
			read_console();
			read_store();
		}
		sleep();
	}
}
