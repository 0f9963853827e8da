# Logic of the core compiled for the host.  host-tests: a name test_X a line;
# $(test_X-src) what it links beside tests/host/test_X.c.
host-machine := tests/host/machine.c tests/host/fakes.c


host-tests += test_frame
test_frame-src := tests/host/pt_model.c xen-core/alloc/frame.c \
	xen-core/pv/ptval.c $(host-machine)
host-tests += test_acpi
test_acpi-src := xen-core/cpu/acpi.c
