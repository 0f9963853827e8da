# hvx: toolchain, flags, and one template for each kind of thing we build.
#
# make is not recursive: each folder's build.mk only lists files, and is
# included here.  Everything lands in $(O).  The lists:
#
#   xen-core/build.mk       logic-y, metal-y: sources relative to xen-core/
#                           (.c and .S).  logic-y also compiles for the host.
#                           Linked by xen-core/boot/link.lds.S (preprocessed)
#                           into $(O)/hvx.  hypercalls/names.c is linked in.
#                           xen-core/cpu/offsets.c makes <asm/offsets.h>: each
#                           line  ->NAME value  in its assembly is a #define:
#                               asm volatile("\n.ascii \"->" #name " %c0\""
#                                            : : "i" (value));
#                           Link adds the table for stack traces: text symbols
#                           in order of address, names NUL-terminated:
#                               struct { u32 off, name; } hvx_symtab[];
#                               u32 hvx_symtab_count; char hvx_symnames[];
#                               u64 hvx_symtab_base;  off counts from this
#   tests/host/build.mk     host-tests: names test_X; each is
#                           tests/host/test_X.c and $(test_X-src), paths from
#                           the top; $(test_X-libs) are linked too.
#   tests/fuzz/build.mk     fuzzers: names X; tests/fuzz/X/X.c and
#                           $(fuzz_X-src), paths from the top;
#                           seeds in tests/fuzz/X/seeds/.
#   the same two            user-tests, user-fuzzers: likewise, of dom0's
#                           userland (with libc and dom0-tools' headers).
#   frontends/lib/build.mk  guestlib-y: sources relative to frontends/lib/,
#                           in every guest; linker script guest.lds.S there.
#   frontends/kernels/N/,   one kernel a folder, linked to $(O)/guests/N:
#   tests/guests/N/Makefile assignments only: guest-src (relative to its
#                           folder; default main.c), guest-cflags, and for
#                           tests/guest-run: guest-cpus, guest-mem (MiB),
#                           guest-timeout (s), guest-cmdline, guest-core-args,
#                           guest-hypervisors (default: hvx xen),
#                           guest-group (quick or full).
#   dom0-tools/build.mk,    progs: names P; $(P-src) from the top, $(P-libs)
#   backends/build.mk       linker flags or libN.a, $(P-cflags).
#                           libs: names libN; $(libN-src), $(libN-map) symbol
#                           map, $(libN-soname); gives libN.a and libN.so.
#                           san-progs: those of progs that are also built with
#                           sanitizers, into $(O)/san/, to be attacked by tests.
#
# A missing build.mk is a folder that has nothing yet.

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
LD ?= ld
NM ?= nm
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' $(1) $(patsubst $(O)/%,%,$@))

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

warnings := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wcast-qual -Wpointer-arith -Wundef -Wimplicit-fallthrough -Wvla -Werror
depflags = -MMD -MP -MF $(@:.o=.d)

# ---- what the machine must have ------------------------------------------

$(O)/.deps-%: .ci/deps
	$(Q)mkdir -p $(@D)
	$(Q).ci/deps $*
	$(Q)touch $@

before-objects := $(O)/.flags | $(O)/.deps-build

# ---- the core ------------------------------------------------------------

-include xen-core/build.mk

core-common := -ffreestanding -fpie -fvisibility=hidden -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
	-fno-strict-aliasing -fno-common -fcf-protection=none
core-include := -Ixen-core/include -Ihypercalls -I$(O)/gen
core-cflags := -std=gnu11 $(core-common) -include hvx/hidden.h -O2 -g \
	$(warnings) $(core-include) \
	$(EXTRA_CFLAGS)
core-aflags := $(core-common) -g -D__ASSEMBLY__ -Wa,--noexecstack \
	$(core-include)
core-ldflags := -nostdlib -static -z max-page-size=4096 -z noexecstack \
	--build-id=none --no-warn-rwx-segments

core-src := $(strip $(addprefix xen-core/,$(sort $(logic-y) $(metal-y))) \
	$(if $(logic-y)$(metal-y),$(wildcard hypercalls/names.c)))
core-obj := $(patsubst %,$(O)/core/%.o,$(basename $(core-src)))
core-image := $(if $(wildcard xen-core/boot/link.lds.S),$(O)/hvx)
core-lds := $(O)/core/link.lds
offsets-header := $(if $(wildcard xen-core/cpu/offsets.c),$(O)/gen/asm/offsets.h)

$(O)/core/%.o: %.c $(before-objects)
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(core-cflags) $(depflags) -c -o $@ $<

$(O)/core/%.o: %.S $(offsets-header) $(before-objects)
	$(call say,AS)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(core-aflags) $(depflags) -c -o $@ $<

$(O)/core/offsets.s: xen-core/cpu/offsets.c $(before-objects)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -g,$(core-cflags)) -MMD -MP -MF $(@:.s=.d) \
		-MT $@ -S -o $@ $<

$(O)/gen/asm/offsets.h: $(O)/core/offsets.s
	$(call say,GEN)
	$(Q)mkdir -p $(@D)
	$(Q)sed -n 's/.*->\([A-Za-z0-9_]*\)[ \t]*\$$*\(-*[0-9]*\).*/#define \1 \2/p' \
		$< > $@

$(core-lds): xen-core/boot/link.lds.S $(before-objects)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -E -P -x assembler-with-cpp $(core-aflags) -DLINKER_SCRIPT \
		-MMD -MP -MF $(@:.lds=.lds.d) -MT $@ -o $@ $<

# The symbol table is filled in two rounds: the empty one is linked to learn
# the names, the second to have the final layout, the third to have the final
# numbers (its size no longer changes).
$(O)/core/symtab0.S: xen-core/lib/symtab.awk
	$(Q)mkdir -p $(@D)
	$(Q)awk -f xen-core/lib/symtab.awk < /dev/null > $@
$(O)/core/symtab1.S: $(O)/hvx.0 xen-core/lib/symtab.awk
	$(Q)$(NM) -n $< | awk -f xen-core/lib/symtab.awk > $@
$(O)/core/symtab2.S: $(O)/hvx.1 xen-core/lib/symtab.awk
	$(Q)$(NM) -n $< | awk -f xen-core/lib/symtab.awk > $@
$(O)/core/symtab%.o: $(O)/core/symtab%.S
	$(Q)$(CC) $(core-aflags) -c -o $@ $<
$(O)/hvx.0 $(O)/hvx.1 $(O)/hvx.2: $(O)/hvx.%: $(core-obj) $(core-lds) \
		$(O)/core/symtab%.o
	$(Q)$(LD) $(core-ldflags) -T $(core-lds) -o $@ $(core-obj) \
		$(O)/core/symtab$*.o

$(O)/hvx: $(O)/hvx.2
	$(call say,LD)
	$(Q)cp $< $@

# ---- guests --------------------------------------------------------------

-include frontends/lib/build.mk

guest-common := -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-omit-frame-pointer \
	-fno-strict-aliasing -fno-common -fcf-protection=none -O2 -g
guest-include := -Ifrontends/lib/include -Ifrontends/lib -Ihypercalls
guest-all-cflags := -std=gnu11 $(guest-common) $(warnings) $(guest-include) \
	$(EXTRA_CFLAGS)
guest-all-aflags := $(guest-common) -D__ASSEMBLY__ -Wa,--noexecstack \
	$(guest-include)
guest-folders := $(patsubst %/Makefile,%,\
	$(wildcard tests/guests/*/Makefile frontends/kernels/*/Makefile))
guest-images := $(if $(guestlib-y),\
	$(addprefix $(O)/guests/,$(notdir $(guest-folders))))
guestlib-obj := $(patsubst %,$(O)/guest/frontends/lib/%.o,\
	$(basename $(guestlib-y)))
guest-lds := $(O)/guest/guest.lds

$(O)/guest/%.o: %.c $(before-objects)
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(guest-all-cflags) $(extra) $(depflags) -c -o $@ $<

$(O)/guest/%.o: %.S $(before-objects)
	$(call say,AS)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(guest-all-aflags) $(extra) $(depflags) -c -o $@ $<

$(guest-lds): frontends/lib/guest.lds.S $(before-objects)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -E -P -x assembler-with-cpp $(guest-all-aflags) \
		-DLINKER_SCRIPT -MMD -MP -MF $@.d -MT $@ -o $@ $<

# $(call guest-template,folder,name): reads the guest's assignments
define guest-template
guest-src := main.c
guest-cflags :=
include $(1)/Makefile
guest_$(2)-obj := $$(patsubst %,$$(O)/guest/$(1)/%.o,\
	$$(basename $$(guest-src)))
$$(guest_$(2)-obj): extra := $$(guest-cflags)
$$(guest_$(2)-obj): $(1)/Makefile
$$(O)/guests/$(2): $$(guest_$(2)-obj) $$(guestlib-obj) $$(guest-lds)
	$$(call say,GUEST)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(LD) $$(core-ldflags) -T $$(guest-lds) -o $$@ \
		$$(guestlib-obj) $$(guest_$(2)-obj)
all-obj += $$(guest_$(2)-obj)
endef
$(foreach g,$(guest-folders),\
	$(eval $(call guest-template,$(g),$(notdir $(g)))))

# ---- host tests and fuzzers ----------------------------------------------

-include tests/host/build.mk
-include tests/fuzz/build.mk

sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
host-include := -Itests/host/include -Ixen-core/include -Ihypercalls \
	-I$(O)/gen -I.
host-cflags := -std=gnu11 -O1 -g -fno-omit-frame-pointer $(warnings) \
	$(host-include) $(EXTRA_CFLAGS)
host-test-images := $(addprefix $(O)/host/,$(host-tests))
fuzz-images := $(addprefix $(O)/fuzz/,$(fuzzers))

$(O)/host/obj/%.o: %.c $(before-objects)
	$(call say,HOSTCC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(host-cflags) $(sanitize) $(depflags) -c -o $@ $<

$(O)/fuzz/obj/%.o: %.c $(before-objects)
	$(call say,FUZZCC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(host-cflags) -Wno-missing-prototypes \
		-fsanitize=fuzzer-no-link $(sanitize) $(depflags) -c -o $@ $<

define host-test-template
$(1)-obj := $$(patsubst %.c,$$(O)/host/obj/%.o,tests/host/$(1).c $$($(1)-src))
$$(O)/host/$(1): $$($(1)-obj)
	$$(call say,HOSTLD)
	$$(Q)$$(CC) $$(sanitize) -o $$@ $$^ $$($(1)-libs) -lcmocka
all-obj += $$($(1)-obj)
endef
$(foreach t,$(host-tests),$(eval $(call host-test-template,$(t))))

define fuzz-template
fuzz_$(1)-obj := $$(patsubst %.c,$$(O)/fuzz/obj/%.o,\
	tests/fuzz/$(1)/$(1).c $$(fuzz_$(1)-src))
$$(O)/fuzz/$(1): $$(fuzz_$(1)-obj)
	$$(call say,FUZZLD)
	$$(Q)$$(CLANG) -fsanitize=fuzzer $$(sanitize) -o $$@ $$^
all-obj += $$(fuzz_$(1)-obj)
endef
$(foreach f,$(fuzzers),$(eval $(call fuzz-template,$(f))))

# ---- dom0's userland -----------------------------------------------------

-include dom0-tools/build.mk
-include backends/build.mk

user-cflags := -std=gnu11 -D_GNU_SOURCE -O2 -g -fPIC -fno-omit-frame-pointer \
	-fvisibility=hidden $(warnings) -I. -Ihypercalls -Idom0-tools \
	-idirafter xen-core/include -idirafter /usr/include/libnl3 \
	$(EXTRA_CFLAGS)
prog-images := $(addprefix $(O)/bin/,$(progs)) \
	$(foreach l,$(libs),$(O)/lib/$(l).a $(O)/lib/$(l).so)
san-images := $(addprefix $(O)/san/,$(san-progs))
user-test-images := $(addprefix $(O)/host/,$(user-tests))
user-fuzz-images := $(addprefix $(O)/fuzz/,$(user-fuzzers))

$(O)/user/%.o: %.c $(before-objects)
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(user-cflags) $(extra) $(depflags) -c -o $@ $<

# The same with sanitizers, for tests and for daemons under attack.
$(O)/san/obj/%.o: %.c $(before-objects)
	$(call say,SANCC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(user-cflags) -O1 $(sanitize) $(extra) $(depflags) \
		-c -o $@ $<

$(O)/fuzz/user/%.o: %.c $(before-objects)
	$(call say,FUZZCC)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(user-cflags) -O1 -Wno-missing-prototypes \
		-fsanitize=fuzzer-no-link $(sanitize) $(depflags) -c -o $@ $<

define prog-template
$(1)-obj := $$(patsubst %.c,$$(O)/user/%.o,$$($(1)-src))
$$($(1)-obj): extra := $$($(1)-cflags)
$$(O)/bin/$(1): $$($(1)-obj) $$(addprefix $$(O)/lib/,\
		$$(filter %.a,$$($(1)-libs)))
	$$(call say,LD)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) -o $$@ $$^ $$(filter-out %.a,$$($(1)-libs))
all-obj += $$($(1)-obj)
endef
$(foreach p,$(progs),$(eval $(call prog-template,$(p))))

define lib-template
$(1)-obj := $$(patsubst %.c,$$(O)/user/%.o,$$($(1)-src))
$$($(1)-obj): extra := $$($(1)-cflags)
$$(O)/lib/$(1).a: $$($(1)-obj)
	$$(call say,AR)
	$$(Q)mkdir -p $$(@D)
	$$(Q)rm -f $$@ && ar rcs $$@ $$($(1)-obj)
$$(O)/lib/$(1).so: $$($(1)-obj) $$($(1)-map)
	$$(call say,LD)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) -shared -o $$@ $$($(1)-obj) $$($(1)-libs) \
		$$(if $$($(1)-map),-Wl$$(comma)--version-script=$$($(1)-map)) \
		$$(if $$($(1)-soname),-Wl$$(comma)-soname=$$($(1)-soname))
all-obj += $$($(1)-obj)
endef
$(foreach l,$(libs),$(eval $(call lib-template,$(l))))

# Sources of a program with those of our libraries that it links, and the
# linker flags of all of them; nothing is static with sanitizers.
src-of = $($(1)-src) $(foreach l,$(filter %.a,$($(1)-libs)),$($(l:.a=)-src))
flags-of = $(filter-out %.a -static,$($(1)-libs)) \
	$(foreach l,$(filter %.a,$($(1)-libs)),$($(l:.a=)-libs))

define san-template
$(1)-san-obj := $$(patsubst %.c,$$(O)/san/obj/%.o,$$(call src-of,$(1)))
$$(O)/san/$(1): $$($(1)-san-obj)
	$$(call say,SANLD)
	$$(Q)$$(CC) $$(sanitize) -o $$@ $$^ $$(call flags-of,$(1))
all-obj += $$($(1)-san-obj)
endef
$(foreach p,$(san-progs),$(eval $(call san-template,$(p))))

define user-test-template
$(1)-obj := $$(patsubst %.c,$$(O)/san/obj/%.o,tests/host/$(1).c \
	$$(call src-of,$(1)))
$$(O)/host/$(1): $$($(1)-obj)
	$$(call say,HOSTLD)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(sanitize) -o $$@ $$^ $$(call flags-of,$(1)) -lcmocka
all-obj += $$($(1)-obj)
endef
$(foreach t,$(user-tests),$(eval $(call user-test-template,$(t))))

define user-fuzz-template
fuzz_$(1)-obj := $$(patsubst %.c,$$(O)/fuzz/user/%.o,\
	tests/fuzz/$(1)/$(1).c $$(call src-of,fuzz_$(1)))
$$(O)/fuzz/$(1): $$(fuzz_$(1)-obj)
	$$(call say,FUZZLD)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CLANG) -fsanitize=fuzzer $$(sanitize) -o $$@ $$^ \
		$$(call flags-of,fuzz_$(1))
all-obj += $$(fuzz_$(1)-obj)
endef
$(foreach f,$(user-fuzzers),$(eval $(call user-fuzz-template,$(f))))

# ---- lint ----------------------------------------------------------------

lint-src := $(filter %.c,$(core-src))
# Null pointers and unset variables are left to clang, which follows macros.
lint-cppcheck = cppcheck --quiet --std=c11 -j2 --inline-suppr \
	--enable=warning,portability --error-exitcode=1 \
	--suppress=missingInclude --suppress=missingIncludeSystem \
	--suppress=comparePointers --suppress=nullPointer \
	--suppress=uninitvar \
	-D__x86_64__ -D__GNUC__=12 $(core-include) $(lint-src)
# Not asked for: what fights the kernel's way of writing C.
lint-off := bugprone-easily-swappable-parameters \
	bugprone-reserved-identifier bugprone-macro-parentheses \
	bugprone-narrowing-conversions bugprone-branch-clone \
	bugprone-assignment-in-if-condition \
	bugprone-implicit-widening-of-multiplication-result \
	clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
	bugprone-sizeof-expression bugprone-suspicious-string-compare \
	clang-analyzer-valist.Uninitialized \
	clang-analyzer-core.FixedAddressDereference
comma := ,
blank := $() $()
lint-checks := -*,bugprone-*,clang-analyzer-*,$(subst $(blank),$(comma),\
	$(strip $(addprefix -,$(lint-off))))
lint-tidy = clang-tidy --quiet --warnings-as-errors='*' \
	--checks='$(strip $(lint-checks))' $(lint-src) -- \
	$(filter-out -Werror,$(core-cflags))

# ---- objects are made again when the compiler or the flags change --------

flags-now := $(CC) $(core-cflags) $(core-aflags) $(guest-all-cflags) \
	$(host-cflags) $(sanitize) $(user-cflags)
flags-was := $(file <$(O)/.flags)
ifneq ($(strip $(flags-now)),$(strip $(flags-was)))
.PHONY: $(O)/.flags
endif
$(O)/.flags:
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(flags-now)' > $@

# ---- dependencies found by the compiler ----------------------------------

-include $(patsubst %.o,%.d,$(core-obj) $(guestlib-obj) $(all-obj)) \
	$(O)/core/offsets.d $(O)/core/link.lds.d $(O)/guest/guest.lds.d
