# The library that every guest of frontends/ and tests/guests/ is linked with;
# guest.lds.S lays the image out.
guestlib-y := \
	start.S entry.S main.c audit.c console.c cpu.c event.c mem.c printf.c \
	report.c store.c string.c time.c trap.c
