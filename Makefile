# SPDX-License-Identifier: MIT
# One makefile, no recursion into folders. `make help` lists what it can do.
#
#   make V=1          show the commands            make SAN=1     ASan and UBSan, in build-san/
#   make CC=clang     in build-clang/              make CI=true   warnings are errors
#   make DEPS=true    never install packages       make B=folder  build there
#
# CPPFLAGS, CFLAGS and LDFLAGS are the user's. A new .c file in a room of topology/ or
# planner/, in cmd/ or tests/unit/ and a new file in templates/ is found by itself.

VERSION := 0.2
# The commit that this is built from; a tarball has it in a file.
BUILD    = $(eval BUILD := $$(shell cat .version 2>/dev/null || { test -e .git && git describe --always --dirty --tags; } 2>/dev/null))$(BUILD)

, := ,
flavour := $(if $(SAN),-san)$(if $(findstring clang,$(CC)),-clang)
B       ?= build$(flavour)

PREFIX  ?= /usr/local
BINDIR  ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
MANDIR  ?= $(DATADIR)/man
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR  ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d

CFLAGS     ?= -O2 -g
PKG_CONFIG ?= pkg-config
FUZZ_CC    ?= clang
DEPS       ?= tests/install-deps.sh

LIBRARIES := hwloc libvirt libcgroup inih glib-2.0 jansson libxml-2.0 smartcols

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wvla -Wundef -Wpointer-arith -Wwrite-strings -Wformat=2 -Wno-missing-field-initializers \
	$(if $(filter 1 true yes,$(CI)),-Werror)

# Asked once, and only when something is compiled: pkg-config may not be installed yet.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell $(PKG_CONFIG) --cflags $(LIBRARIES)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(shell $(PKG_CONFIG) --libs $(LIBRARIES)))$(PKG_LIBS)

# What is loaded at run time has the name it was compiled with: libxml2.so.2 here, .so.16 there.
soname  = $(or $(shell objdump -p "$$($(CC) -print-file-name=lib$(1).so)" | sed -n 's/^ *SONAME *//p'), \
	$(error lib$(1).so is not there, or objdump))
SONAMES = -DSONAME_LIBVIRT='"$(call soname,virt)"' -DSONAME_LIBXML='"$(call soname,xml2)"' \
	-DSONAME_LIBCGROUP='"$(call soname,cgroup)"' -DSONAME_ZLIB='"$(call soname,z)"' \
	-DSONAME_LIBARCHIVE='"$(call soname,archive)"'

sanitize := $(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer)
fuzzing  := -g -O1 -fsanitize=address$(,)undefined -fno-sanitize-recover=all

# Ours come first, so that the user's can override them.
# No fused multiply-add: where a processor has one, the search would round otherwise there and prove
# other things (gcc fuses by default).
language = -std=gnu17 -ffp-contract=off -D_GNU_SOURCE -I. $(PKG_CFLAGS) -include topology/base/compat.h \
	-ffile-prefix-map='$(CURDIR)'=.
compile  = $(language) $(WARN) $(sanitize) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
link     = $(sanitize) $(CFLAGS) $(LDFLAGS) -o $@ $^ -Wl,--as-needed $(PKG_LIBS) -lm -ldl -pthread $(LDLIBS)

Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-7s %s\n' $(1) '$(2)';)

core-src  := $(sort $(wildcard topology/*/*.c planner/*/*.c))
cmd-src   := $(sort $(wildcard cmd/*.c))
unit-src  := $(sort $(wildcard tests/unit/*.c))
fuzz-src  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
headers   := $(sort $(wildcard topology/*/*.h planner/*/*.h cmd/*.h))
templates := $(sort $(shell find templates -path templates/ansible -prune -o -type f ! -name '.*' \
	! -name '*~' ! -name 'README*' -print))
ansible   := $(sort $(shell find templates/ansible -type f ! -name '.*' ! -name '*~'))
man       := $(sort $(wildcard man/*.[1-8]))
examples  := $(sort $(wildcard packaging/examples/*))
schemas   := $(sort $(wildcard man/schemas/*.json))
shell     := $(sort $(wildcard tests/*.sh tests/*.t tests/*/*.sh tests/*/*/cmd .ci/run))

core  := $(core-src:%.c=$B/%.o) $B/templates.o
cmd   := $(patsubst %.c,$B/%.o,$(filter-out cmd/main.c,$(cmd-src)))
tests := $(patsubst tests/unit/%.c,$B/tests/%,$(unit-src))
fuzz  := $(patsubst tests/fuzz/%.c,$B/fuzz/%,$(fuzz-src))

loaders := topology/facts/cgroups topology/root/gunzip topology/root/archive topology/guests/libxml_load \
	topology/guests/libvirt_load
$(loaders:%=$B/%.o) $(loaders:%=$B/fuzz/obj/%.o): language += $(SONAMES)

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all demo check check-all check-x6 check-ports check-build check-layers check-headers lint format bench fuzz fuzz-long dist deb rpm \
	install install-built uninstall clean help FORCE

all: $B/bin/planner ## build the program: build/bin/planner (the default)

$B/bin/planner: $B/cmd/main.o $B/libcmd.a $B/libplanner.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(link)

$B/cmd/main.o: language += -DPLANNER_VERSION='"$(VERSION)$(if $(BUILD), ($(BUILD)))"'
$B/cmd/main.o: $B/version

$B/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION) $(BUILD)' | cmp -s - $@ || echo '$(VERSION) $(BUILD)' >$@

$B/libplanner.a: $(core)
$B/libcmd.a: $(cmd)
$B/%.a:
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(compile)

# The templates travel inside the program: every byte as an octal escape, files in C order.
$B/templates.o: $B/templates.c Makefile
	$(call say,CC,$<)$(CC) $(compile)

$B/templates.c: $(templates) Makefile FORCE
	@mkdir -p $(@D)
	$(Q){ echo '/* Generated from templates/. */'; \
	echo '#include "planner/artifacts/template.h"'; \
	echo 'const struct TemplateFile template_files[] = {'; \
	for file in $(templates); do \
		printf '\t{"%s",\n' "$${file#templates/}"; \
		od -An -v -to1 "$$file" | sed 's/ *\([0-7][0-7]*\)/\\\1/g; s/.*/\t"&"/'; \
		printf '\t""},\n'; \
	done; \
	echo '	{0, 0}'; \
	echo '};'; } >$@.$$$$; \
	if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi

$B/tests/%: $B/tests/unit/%.o $B/libcmd.a $B/libplanner.a
	@mkdir -p $(@D)
	$(call say,LD,$@)$(CC) $(link)

$B/fuzz/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,FUZZCC,$<)$(FUZZ_CC) $(language) $(WARN) $(fuzzing) -fsanitize=fuzzer-no-link \
		-MMD -MP -c -o $@ $<

$B/fuzz/obj/templates.o: $B/templates.c Makefile
	@mkdir -p $(@D)
	$(call say,FUZZCC,$<)$(FUZZ_CC) $(language) $(WARN) $(fuzzing) -fsanitize=fuzzer-no-link \
		-MMD -MP -c -o $@ $<

$B/fuzz/fuzz_%: $B/fuzz/obj/tests/fuzz/fuzz_%.o $(core-src:%.c=$B/fuzz/obj/%.o) \
		$B/fuzz/obj/templates.o
	$(call say,LD,$@)$(FUZZ_CC) $(fuzzing) -fsanitize=fuzzer -o $@ $^ -Wl,--as-needed $(PKG_LIBS) -lm

demo: ## install what is missing, build, plan the published x6 host
	@$(DEPS) build
	+@$(MAKE) --no-print-directory all
	@set -eu; for args in 'plan' 'emit cmdline'; do \
		set -- $B/bin/planner $$args -i tests/cases/x6/inventory.ini -t tests/hosts/x6.xml; \
		echo; echo "\$$ $$*"; "$$@"; \
	done

check: ## install what tests need, build, run the tests; last line: N passed, N failed
	@$(DEPS) check
	+@$(MAKE) --no-print-directory check-build
	@tests/run.py --build $B

check-all: ## the same with the long ones: booted hosts, Ansible
	@$(DEPS) check
	+@$(MAKE) --no-print-directory check-build
	@tests/run.py --all --build $B

check-build: all $(tests)

check-x6: ## boot the published x6 host emulated, audit it, break it: a quarter of an hour
	@$(DEPS) check
	+@$(MAKE) --no-print-directory all
	@tests/run.py --build $B tests/e2e/x6.py

check-ports: ## other releases and architectures, and the packages; as root: an hour
	@$(DEPS) ports
	@tests/ports/ports.sh $B

# For a test: the objects of the search alone, as these flags make them.
$B/search.list: $(patsubst %.c,$B/%.o,$(wildcard planner/search/*.c))
	@printf '%s\n' $^ >$@

check-layers: $(core) $(cmd) ## rooms in order, no circles, planner/ is pure
	@tests/lint/layers.py $B

# What each of them includes first is read once for all.
check-headers: ## each header compiles alone
	@set -eu; mkdir -p $B/alone; \
	$(CC) $(filter-out -include topology/base/compat.h,$(language)) $(WARN) -x c-header -o $B/alone/compat.h.gch topology/base/compat.h; \
	for header in $(headers); do \
		printf '#include "%s"\n' "$$header" | \
		$(CC) $(subst topology/base/,$B/alone/,$(language)) $(WARN) -Werror -fsyntax-only -x c - || \
		{ echo "$$header does not compile alone" >&2; exit 1; }; \
	done; echo "$(words $(headers)) headers compile alone"

lint: ## formatting, static analysis, shell, manual pages, spelling, function length
	@$(DEPS) lint
	@tests/lint/lint.sh

format: ## lay out every C file as .clang-format says
	clang-format -i $(core-src) $(cmd-src) $(unit-src) $(fuzz-src) $(headers) $(wildcard tests/unit/*.h tests/fuzz/*.h)

bench: all ## the figures of the design, each as a ratio
	@$(DEPS) bench
	@tests/bench.sh $B

fuzz: ## every fuzzer for FUZZ_SECONDS (20); inputs that crash go to build/fuzz/
	@$(DEPS) lint
	+@$(MAKE) --no-print-directory $(fuzz)
	@tests/fuzz.sh $B $(fuzz)

fuzz-long: ## a day of them, on from the last one: build/fuzz/corpus, tests/fuzz/RESULTS.md
	@$(DEPS) lint
	+@$(MAKE) --no-print-directory $(fuzz)
	@tests/fuzz.sh --long $B $(fuzz)

install: all ## DESTDIR=, PREFIX=/usr/local: program, manual, examples, schemas, completion, templates, Ansible
	+@$(MAKE) --no-print-directory install-built

# Builds nothing: for the test of it, which must not replace the program other tests run.
install-built:
	install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(BASHDIR)' '$(DESTDIR)$(DATADIR)/doc/planner'
	install -m 755 $B/bin/planner '$(DESTDIR)$(BINDIR)/planner'
	install -d '$(DESTDIR)$(DATADIR)/planner'
	$B/bin/planner snapshot --script >'$(DESTDIR)$(DATADIR)/planner/planner-capture'
	chmod 755 '$(DESTDIR)$(DATADIR)/planner/planner-capture'
	install -m 644 cmd/completion/planner.bash '$(DESTDIR)$(BASHDIR)/planner'
	install -D -m 644 cmd/completion/_planner '$(DESTDIR)$(ZSHDIR)/_planner'
	install -D -m 644 cmd/completion/planner.fish '$(DESTDIR)$(FISHDIR)/planner.fish'
	install -m 644 LICENSE $(wildcard README.md) '$(DESTDIR)$(DATADIR)/doc/planner/'
	install -d '$(DESTDIR)$(DATADIR)/doc/planner/examples'
	install -m 644 $(examples) tests/hosts/x6.xml '$(DESTDIR)$(DATADIR)/doc/planner/examples/'
	install -m 644 tests/cases/x6/inventory.ini '$(DESTDIR)$(DATADIR)/doc/planner/examples/x6.ini'
	install -m 644 tests/cases/fleet/half.ini '$(DESTDIR)$(DATADIR)/doc/planner/examples/x6-0043.ini'
	set -eu; for file in $(templates); do \
		install -D -m 644 "$$file" "$(DESTDIR)$(DATADIR)/planner/$$file"; \
	done
	set -eu; for file in $(ansible); do \
		install -D -m 644 "$$file" "$(DESTDIR)$(DATADIR)/planner/$${file#templates/}"; \
	done
	set -eu; for file in $(schemas); do \
		install -D -m 644 "$$file" "$(DESTDIR)$(DATADIR)/planner/$${file#man/}"; \
	done
	set -eu; for page in $(man); do \
		install -D -m 644 "$$page" "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}"; \
	done

uninstall: ## take away what install wrote (same DESTDIR and PREFIX)
	rm -f '$(DESTDIR)$(BINDIR)/planner' '$(DESTDIR)$(BASHDIR)/planner' \
		'$(DESTDIR)$(ZSHDIR)/_planner' '$(DESTDIR)$(FISHDIR)/planner.fish'
	rm -rf '$(DESTDIR)$(DATADIR)/doc/planner' '$(DESTDIR)$(DATADIR)/planner'
	set -eu; for page in $(man); do \
		rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}"; \
	done

# The committed tree, and what is in it with whose licence; its commit in .version.
dist: ## $B/dist: the tarball of a release, and its SPDX document
	rm -rf $B/dist && mkdir -p $B/dist
	git describe --always --tags >$B/dist/.version
	git archive --format=tar --prefix=planner-$(VERSION)/ --add-file=$B/dist/.version HEAD | \
		xz -T1 >$B/dist/planner-$(VERSION).tar.xz
	packaging/spdx.py $(VERSION) $B/dist/planner-$(VERSION).tar.xz >$B/dist/planner-$(VERSION).spdx.json

deb: dist ## $B/deb: the Debian package, from that tarball
	@$(DEPS) deb
	rm -rf $B/deb && mkdir -p $B/deb
	tar -xJf $B/dist/planner-$(VERSION).tar.xz -C $B/deb
	cd $B/deb/planner-$(VERSION) && cp -R packaging/debian debian && SOURCE_DATE_EPOCH=$$(git -C '$(CURDIR)' log -1 --format=%ct) \
		dpkg-buildpackage -us -uc -b

rpm: dist ## $B/rpm: the RPM, from that tarball
	@$(DEPS) rpm
	rm -rf $B/rpm && mkdir -p $B/rpm
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) rpmbuild -bb \
		$(if $(wildcard /etc/debian_version),--nodeps) --define '_topdir $(abspath $B)/rpm' \
		--define '_sourcedir $(abspath $B)/dist' --define 'version $(VERSION)' packaging/planner.spec

clean: ## remove everything built, of every flavour
	rm -rf build build-san build-clang build-san-clang $(filter-out . .. /,$B)

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' Makefile
	@echo '  V=1 SAN=1 CC=clang CI=true B=folder DESTDIR= PREFIX= FUZZ_SECONDS=  see the top of Makefile'

-include $(patsubst %.c,$B/%.d,$(core-src) $(cmd-src) $(unit-src)) $B/templates.d
-include $(patsubst %.c,$B/fuzz/obj/%.d,$(core-src) $(fuzz-src))
