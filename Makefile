# hvx: the public targets.  Toolchain, flags and templates are in Rules.mk;
# what is built is listed in each folder's build.mk.

.DEFAULT_GOAL := all

O ?= build

include Rules.mk
include dom0-tools/install/install.mk

.PHONY: all core guests progs host-tests fuzzers iso run test test-full fuzz \
	bench lint clean help deps

all: core guests progs ## build everything (host tests and fuzzers: by test)

core: $(core-obj) $(core-image) ## the hypervisor: $(O)/hvx

guests: $(guest-images) ## the small PV kernels of tests/guests

progs: $(prog-images) ## dom0's tools, daemons and backends

host-tests: $(host-test-images) $(user-test-images) $(san-images) ## logic compiled for the host, with sanitizers

fuzzers: $(fuzz-images) $(user-fuzz-images) ## the libFuzzer targets

iso: core $(O)/.deps-test ## $(O)/hvx.iso, bootable by BIOS and UEFI
	$(Q)O=$(O) tests/dom0-run --toolstack none --iso $(O)/hvx.iso

run: all $(O)/.deps-test ## boot the ISO in QEMU and show dom0 at work
	$(Q)O=$(O) tests/demo

# A test that doesn't build is one that fails; the others still run.
run-tests = +$(Q)$(MAKE) -k --no-print-directory O=$(O) all host-tests fuzzers \
	&& built=yes || built=no; O=$(O) BUILT=$$built CC=$(CC) HOST_TESTS="$(host-tests) $(user-tests)" FUZZERS="$(fuzzers) $(user-fuzzers)" tests/run

test: $(O)/.deps-build $(O)/.deps-test ## all tests that take minutes (SUITES= some)
	$(run-tests) $(or $(SUITES),quick)

test-full: $(O)/.deps-build $(O)/.deps-test $(O)/.deps-full ## also the long matrices
	$(run-tests) full

fuzz: fuzzers ## every fuzzer for FUZZ_TIME (60) seconds
	$(Q)O=$(O) tests/run fuzz

bench: all $(O)/.deps-test $(O)/.deps-bench ## hvx beside Debian's Xen: a table of ratios, and charts (BENCH= options)
	$(Q)O=$(O) tests/bench/run $(BENCH)

lint: $(O)/.deps-lint $(offsets-header) ## cppcheck and clang-tidy
	$(Q)$(lint-cppcheck)
	$(Q)$(lint-tidy)

deps: $(O)/.deps-build $(O)/.deps-test $(O)/.deps-bench $(O)/.deps-lint ## install what all need

clean: ## remove what was built (the cache of packages stays)
	$(Q)find $(O) -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#=]*## *\(.*\)/\1\t\2/p' Makefile \
		dom0-tools/install/install.mk | \
		sed 's/$$(O)/$(subst /,\/,$(O))/g' | expand -t 14
	@echo "O=dir output folder, CC=gcc|clang, V=1 shows commands"
