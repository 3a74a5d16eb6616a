# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# package.mk - a part of the Makefile: the shared library, make install, make deb.
#
# The shared library has shadow_* alone. What it needs of the platform it finds in the program: the embedder's own
# functions, or libs2shadow-linux.a.

SONAME := libs2shadow.so.0
SHARED_LIBRARY := $(BUILD)/libs2shadow.so.$(VERSION)
shared_core := $(call objects,shared,$(CORE_SRCS))
includedir := $(PREFIX)/include
libdir ?= $(PREFIX)/lib
mandir := $(PREFIX)/share/man
docdir := $(PREFIX)/share/doc/s2shadow

$(BUILD)/shared/%.o: %.c $(BUILD)/flags
	$(call say,CC,$< (shared))
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) -fPIC -c -o $@ $<

$(SHARED_LIBRARY): $(shared_core) scripts/package/libs2shadow.map
	$(call say,LINK,$@)
	$(Q)$(CC) -shared $(config_flags) $(CFLAGS) $(LDFLAGS) -Wl,-soname,$(SONAME) \
		-Wl,--version-script=scripts/package/libs2shadow.map -o $@ $(filter %.o,$^)
	$(Q)ln -sf $(@F) $(BUILD)/$(SONAME)
	$(Q)ln -sf $(@F) $(BUILD)/libs2shadow.so

# One file for each half: a program that has a platform of its own takes the first alone.
define pkgconfig_library
prefix=$(PREFIX)
includedir=$(includedir)
libdir=$(libdir)

Name: s2shadow
Description: batched stage-2 shadow tables for Arm SMMUv3; the program supplies shadow/platform.h
Version: $(VERSION)
Cflags: -I$${includedir}
Libs: -L$${libdir} -ls2shadow
endef
define pkgconfig_linux
prefix=$(PREFIX)
libdir=$(libdir)

Name: s2shadow-linux
Description: s2shadow with a platform for a process on Linux, whose SMMUs are software
Version: $(VERSION)
Requires: s2shadow
Libs: -L$${libdir} -ls2shadow-linux -ljemalloc -lurcu-bp -lurcu-common -pthread
endef
export pkgconfig_library pkgconfig_linux

## install: copy libraries, headers, the command, manual pages and completion to $(DESTDIR)$(PREFIX)
.PHONY: install install-command install-library install-development
install: install-command install-library install-development

install-command: $(COMMAND)
	$(call say,INSTALL,$(DESTDIR)$(PREFIX)/bin/s2shadow)
	$(Q)install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(COMMAND)
	$(Q)install -D -m 644 scripts/package/s2shadow.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/s2shadow
	$(Q)rm -rf $(BUILD)/man
	$(Q)scripts/package/make-man $(COMMAND) $(BUILD)/man
	$(Q)install -D -m 644 -t $(DESTDIR)$(mandir)/man1 $(BUILD)/man/*.1
	$(Q)install -D -m 644 -t $(DESTDIR)$(docdir) README.md LICENSE docs/*.md docs/*.svg docs/*.png
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/s2shadow/traces bench/traces/*.txt.xz

install-library: $(SHARED_LIBRARY)
	$(call say,INSTALL,$(DESTDIR)$(libdir)/$(SONAME))
	$(Q)install -D -m 644 -t $(DESTDIR)$(libdir) $(SHARED_LIBRARY)
	$(Q)ln -sf $(notdir $(SHARED_LIBRARY)) $(DESTDIR)$(libdir)/$(SONAME)

install-development: $(LIBRARY) $(HOSTED_LIBRARY)
	$(call say,INSTALL,$(DESTDIR)$(includedir)/shadow)
	$(Q)install -D -m 644 -t $(DESTDIR)$(includedir)/shadow $(PUBLIC_HEADERS) engine/platform/linux.h
	$(Q)install -D -m 644 -t $(DESTDIR)$(libdir) $(LIBRARY) $(HOSTED_LIBRARY)
	$(Q)ln -sf $(SONAME) $(DESTDIR)$(libdir)/libs2shadow.so
	$(Q)install -D -m 644 -t $(DESTDIR)$(mandir)/man3 scripts/package/libs2shadow.3
	$(Q)install -d $(DESTDIR)$(libdir)/pkgconfig
	$(Q)echo "$$pkgconfig_library" >$(DESTDIR)$(libdir)/pkgconfig/s2shadow.pc
	$(Q)echo "$$pkgconfig_linux" >$(DESTDIR)$(libdir)/pkgconfig/s2shadow-linux.pc

## deb: Debian packages of the command, the library and its headers, in build/deb
.PHONY: deb
deb: $(COMMAND) $(LIBRARY) $(HOSTED_LIBRARY) $(SHARED_LIBRARY)
	$(Q)MAKE='$(MAKE)' scripts/package/make-deb $(VERSION) build/deb

## check-package: what is installed and packaged is complete, and works where it is put
.PHONY: check-package check-package-chroot
check-package: $(COMMAND) $(LIBRARY) $(HOSTED_LIBRARY) $(SHARED_LIBRARY)
	$(Q)MAKE='$(MAKE)' $(RUN_TESTS) --limit 300 --name package -- scripts/package/check-package '$(CC)' $(BUILD)/package
# Installs Debian from its mirror; as root.
check-package-chroot: deb
	$(Q)scripts/setup debootstrap || :
	$(Q)$(RUN_TESTS) --limit 1800 --name 'package, clean system' -- scripts/package/check-chroot build/deb
