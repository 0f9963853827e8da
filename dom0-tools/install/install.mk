# `make install`: what a real Debian machine gets, below $(DESTDIR); and
# `make deb`: the same as packages, by debian/. What is built follows the lists
# of build.mk; programs from tests/ stay at home.

prefix ?= /usr
sysconfdir ?= /etc
bootdir ?= /boot
sbindir ?= $(prefix)/sbin
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
datadir ?= $(prefix)/share
unitdir ?= /lib/systemd/system
privdir := $(prefix)/lib/hvx

hvx-version := $(shell sed -n 's/^.define HVX_VERSION[^"]*"\(.*\)"/\1/p' \
	xen-core/include/hvx/version.h)
install-progs := $(foreach p,$(progs),$(if $(filter tests/%,$($(p)-src)),,$(p)))
from := dom0-tools/install
# Scripts and units name the folders of a Debian package.
relocate = sed 's,/usr/sbin/,$(sbindir)/,g; s,/usr/lib/hvx/,$(privdir)/,g' \
	$(1) >$(DESTDIR)$(2)/$(notdir $(or $(3),$(1))) && \
	chmod $(4) $(DESTDIR)$(2)/$(notdir $(or $(3),$(1)))

.PHONY: install install-core install-utils install-lib deb

install: all ## into $(DESTDIR)$(prefix), as on Debian: then update-grub
install: install-core install-utils install-lib

# What boots, and what keeps GRUB's menu right.
install-core: core
	$(Q)install -d $(addprefix $(DESTDIR),$(bootdir) $(privdir) \
		$(addprefix $(sysconfdir)/,grub.d default/grub.d \
		kernel/postinst.d kernel/postrm.d))
	$(Q)objcopy --strip-all $(O)/hvx $(O)/hvx.boot
	$(Q)gzip -9nc $(O)/hvx.boot >$(DESTDIR)$(bootdir)/hvx-$(hvx-version).gz
	$(Q)$(call relocate,$(from)/dom0-kernels,$(privdir),,755)
	$(Q)install -m 755 $(from)/21_linux_hvx $(DESTDIR)$(sysconfdir)/grub.d/
	$(Q)install -m 644 $(from)/grub.cfg \
		$(DESTDIR)$(sysconfdir)/default/grub.d/hvx.cfg
	$(Q)$(call relocate,$(from)/kernel-hook,$(sysconfdir)/kernel/postinst.d,hvx,755)
	$(Q)$(call relocate,$(from)/kernel-hook,$(sysconfdir)/kernel/postrm.d,hvx,755)

install-utils: progs
	$(Q)install -d $(addprefix $(DESTDIR),$(sbindir) $(privdir) $(unitdir) \
		$(sysconfdir)/default $(sysconfdir)/xen/auto \
		$(datadir)/bash-completion/completions \
		$(datadir)/doc/hvx-utils/examples \
		$(addprefix $(datadir)/man/man,1 5 8))
	$(Q)install -m 755 $(addprefix $(O)/bin/,$(install-progs)) \
		$(DESTDIR)$(sbindir)/
	$(Q)for n in 1 5 8; do install -m 644 dom0-tools/man/*.$$n \
		$(DESTDIR)$(datadir)/man/man$$n/; done
	$(Q)install -m 644 dom0-tools/completion/hvxl.bash \
		$(DESTDIR)$(datadir)/bash-completion/completions/hvxl
	$(Q)install -m 644 $(from)/guest.cfg \
		$(DESTDIR)$(datadir)/doc/hvx-utils/examples/
	$(Q)install -m 644 $(from)/default $(DESTDIR)$(sysconfdir)/default/hvx
	$(Q)$(call relocate,$(from)/guests,$(privdir),,755)
	$(Q)$(foreach u,$(wildcard dom0-tools/units/* dom0-tools/agent/*.service), \
		$(call relocate,$(u),$(unitdir),,644) &&) true

install-lib: $(O)/lib/libhvxs.a $(O)/lib/libhvxs.so
	$(Q)install -d $(addprefix $(DESTDIR),$(libdir)/pkgconfig \
		$(includedir)/hvx/abi/io)
	$(Q)install -m 644 $(O)/lib/libhvxs.so \
		$(DESTDIR)$(libdir)/$(libhvxs-soname).0
	$(Q)ln -sf $(libhvxs-soname).0 $(DESTDIR)$(libdir)/$(libhvxs-soname)
	$(Q)ln -sf $(libhvxs-soname) $(DESTDIR)$(libdir)/libhvxs.so
	$(Q)install -m 644 $(O)/lib/libhvxs.a $(DESTDIR)$(libdir)/
	$(Q)install -m 644 dom0-tools/libhvxs/hvxs.h $(DESTDIR)$(includedir)/hvx/
	$(Q)install -m 644 hypercalls/abi/io/xs_wire.h \
		$(DESTDIR)$(includedir)/hvx/abi/io/
	$(Q)sed 's,@prefix@,$(prefix),; s,@libdir@,$(libdir),; s,@version@,$(hvx-version),' \
		$(from)/libhvxs.pc.in >$(DESTDIR)$(libdir)/pkgconfig/libhvxs.pc

# debhelper works in a folder with debian/ in it; this one isn't the sources'.
deb: all $(O)/.deps-deb ## Debian packages, into $(O)/deb
	$(Q)rm -rf $(O)/deb && mkdir -p $(O)/deb/tree
	$(Q)cp -r debian $(O)/deb/tree/
	$(Q)cd $(O)/deb/tree && TOP=$(CURDIR) OUT=$(abspath $(O)) debian/rules binary \
		>../log 2>&1 || { tail -20 ../log; exit 1; }
	$(Q)rm -rf $(O)/deb/tree
	$(Q)ls $(O)/deb/*.deb

.PHONY: list-installed
list-installed:
	@echo $(install-progs)
