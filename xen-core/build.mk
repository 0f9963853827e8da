# The core's sources, one to a line, by folder.  logic: reaches the hardware
# through <hvx/machine.h> only, so that host tests link it as it is.
logic-y += alloc/buddy.c
logic-y += alloc/domain.c
logic-y += alloc/heap.c
logic-y += alloc/quota.c
logic-y += boot/e820.c
logic-y += chan/evtchn.c
logic-y += chan/evtchn_2l.c
logic-y += chan/evtchn_fifo.c
logic-y += chan/virq.c
logic-y += dispatch/guest_access.c
logic-y += dispatch/minor.c
logic-y += dispatch/version.c

metal-y += boot/head.S
metal-y += boot/main.c
metal-y += boot/mb2.c
metal-y += boot/options.c
metal-y += cpu/acpi.c
metal-y += cpu/apic.c
metal-y += cpu/ipi.c
metal-y += cpu/irq.c
metal-y += cpu/time.c
metal-y += cpu/usercopy.S
metal-y += ctl/mca.c
<<<<<<< HEAD
metal-y += dispatch/softirq.c
metal-y += lib/console.c
metal-y += lib/keys.c
metal-y += lib/panic.c
metal-y += lib/popcount.c
metal-y += lib/printf.c
metal-y += lib/string.c
metal-y += lib/symbols.c
metal-y += lib/uart.c
metal-y += lib/vga.c
=======
metal-y += cpu/entry.S
metal-y += cpu/switch.c
metal-y += cpu/traps.c
logic-y += alloc/frame.c
logic-y += dispatch/hypercall.c
logic-y += dispatch/hypercall_page.c
logic-y += pv/bounce.c
logic-y += pv/dom0.c
logic-y += pv/elf.c
logic-y += pv/gnt_pte.c
logic-y += pv/iret.c
logic-y += pv/mmu_update.c
logic-y += pv/mmuext.c
logic-y += pv/ptval.c
logic-y += pv/ptwr.c
>>>>>>> d4d4854 (alloc, pv: frame words, page-table validation and its hypercalls)
