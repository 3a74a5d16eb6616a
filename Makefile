# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Makefile - the whole build. `make help` lists targets and settings; scripts/setup installs what is missing.
#
# A source is compiled once for each variant that it is part of:
#   native    the core as it ships
#   observed  the core with debug checks and a call after each descriptor store, for replay and tests
#   traced    the core as it ships, but for a call to who measures its stages, for replay
#   simulated the core on virtual CPUs with store buffers, for s2shadow simulate
#   timed     the core on virtual CPUs with clocks, for s2shadow scale
#   el2       the core freestanding for aarch64, as a hypervisor embeds it
#   plain     hosted code that does not depend on the variant: model, platform, bench, tests
# The replay holds the native, the observed and the traced core side by side: each is linked into one object that
# shows nothing but its runner. The simulated core is one object with its platform and its command.

VERSION := 0.1.0

include scripts/make/sources.mk

# --- settings --------------------------------------------------------------------------------------------

CONFIG ?= default
V ?= 0
WERROR ?= 0
PREFIX ?= /usr/local
DESTDIR ?=
CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
EL2_CFLAGS ?= -O2 -g
EL2_CROSS_COMPILE ?= $(or $(CROSS_COMPILE),aarch64-linux-gnu-)

config_cc := gcc
config_cxx := g++
config_flags :=
ifeq ($(CONFIG),default)
else ifeq ($(CONFIG),clang)
  config_cc := clang
  config_cxx := clang++
  # What bookworm's valgrind can read, to count instructions.
  config_flags := -gdwarf-4
else ifeq ($(CONFIG),asan)
  config_flags := -fsanitize=address -fno-omit-frame-pointer -DPLATFORM_LINUX_SANITIZED
else ifeq ($(CONFIG),ubsan)
  config_flags := -fsanitize=undefined -fno-sanitize-recover=all -DPLATFORM_LINUX_SANITIZED
else ifeq ($(CONFIG),sanitize)
  config_flags := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-DPLATFORM_LINUX_SANITIZED
else ifeq ($(CONFIG),fuzz)
  config_cc := clang
  config_cxx := clang++
  config_flags := -fsanitize=address -fno-omit-frame-pointer -DPLATFORM_LINUX_SANITIZED
  # Only the core is to be explored.
  fuzz_flags := -fsanitize=fuzzer-no-link,undefined -fno-sanitize-recover=all
else ifeq ($(CONFIG),tsan)
  # engine/order.h says what stands for barriers.
  config_flags := -fsanitize=thread -DPLATFORM_LINUX_SANITIZED -DSHADOW_ORDER_TSAN
else
  $(error CONFIG=$(CONFIG) is none of default, clang, asan, ubsan, sanitize, fuzz, tsan)
endif

ifeq ($(origin CC),default)
  CC := $(CROSS_COMPILE)$(config_cc)
endif
ifeq ($(origin CXX),default)
  CXX := $(CROSS_COMPILE)$(config_cxx)
endif
ifeq ($(origin LD),default)
  LD := $(CROSS_COMPILE)ld
endif
ifeq ($(origin AR),default)
  AR := $(CROSS_COMPILE)ar
endif
OBJCOPY ?= $(CROSS_COMPILE)objcopy

ifneq ($(V),1)
  Q := @
  MAKEFLAGS += --no-print-directory
endif
ifeq ($(MAKELEVEL),0)
  MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
say = @printf '  %-8s %s\n' $(1) '$(2)'

BUILD := build/$(CONFIG)
EL2_BUILD := build/el2

common_flags := -I. -Iinclude -MMD -MP
warnings := -Wall -Wextra -Wshadow -Wvla $(if $(filter 1,$(WERROR)),-Werror)
c_warnings := $(warnings) -Wstrict-prototypes -Wmissing-prototypes
c_flags = -std=c11 $(common_flags) $(c_warnings) $(config_flags) $(CPPFLAGS) $(CFLAGS)
cxx_flags = -std=c++17 $(common_flags) $(warnings) $(config_flags) $(CPPFLAGS) $(CXXFLAGS)
hosted_flags := -D_GNU_SOURCE -pthread
# Who is told what the core does: see engine/trace.h.
native_flags := -DSHADOW_TRACE='<engine/platform/trace_usdt.h>'
hooked_flags := -DSHADOW_TRACE='<engine/platform/trace_hook.h>'
observed_flags := -DSHADOW_ORDER_OBSERVED -DSHADOW_DEBUG $(hooked_flags) $(fuzz_flags)
simulated_flags := -DSHADOW_ORDER_SIMULATED -DSHADOW_DEBUG
# The compiler announces plain stores to engine/platform/sim_plain.c. It does not with another sanitizer as well.
timed_flags := -DSHADOW_ORDER_SIMULATED
simulated_core_flags := $(filter-out -fsanitize=%,$(c_flags)) $(simulated_flags) -fsanitize=thread
timed_core_flags := $(filter-out -fsanitize=%,$(c_flags)) $(hosted_flags) $(timed_flags) -Dcalloc=scale_calloc \
	-fsanitize=thread
# No stack protector: it would need a symbol of the embedder's. No unwind tables: nothing unwinds at EL2.
el2_flags := -std=c11 $(common_flags) $(c_warnings) $(EL2_CFLAGS) -ffreestanding -nostdlib \
	-mgeneral-regs-only -mno-outline-atomics -fno-stack-protector -fno-pic \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fstack-usage

jemalloc_lib := $(if $(findstring SANITIZED,$(config_flags)),,-ljemalloc)
LIBS = $(jemalloc_lib) -lhwloc -lurcu-bp -lurcu-common -llzma -ljansson -lcairo -lm
LINK = $(CC) -pthread $(config_flags) $(CFLAGS) $(LDFLAGS)

# --- what is built ---------------------------------------------------------------------------------------

all_srcs := $(CORE_SRCS) $(MODEL_SRCS) $(PLATFORM_SRCS) $(EL2_SRCS) $(QEMU_SRCS) $(RUNNER_SRCS) $(COMMAND_SRCS) \
	$(SIMULATOR_SRCS) $(TIMED_SRCS) $(COST_SRCS) $(VMM_SRCS) $(GUEST_SRCS) $(WORKLOAD_SRCS) $(BENCH_SRCS) $(TEST_SUPPORT_SRCS) $(TEST_SRCS) $(FUZZ_SRCS) \
	bench/s2shadow.c bench/benchmarks/harness.cc
absent := $(filter-out $(wildcard $(all_srcs)),$(all_srcs))
ifneq ($(absent),)
  $(error sources in the Makefile that are not there: $(absent))
endif
unlisted := $(filter-out $(all_srcs),$(wildcard $(addsuffix /*.c,engine engine/platform smmuv3 \
	smmuv3/model bench bench/* tests tests/adapter tests/fuzz tests/linux/vmm tests/proto tests/qemu tests/unit)))

objects = $(patsubst %.c,$(BUILD)/$(1)/%.o,$(2))

native_core := $(call objects,native,$(CORE_SRCS))
observed_core := $(call objects,observed,$(CORE_SRCS))
traced_core := $(call objects,traced,$(CORE_SRCS))
cost_objects := $(call objects,plain,$(COST_SRCS))
native_runner := $(call objects,native,$(RUNNER_SRCS))
observed_runner := $(call objects,observed,$(RUNNER_SRCS))
traced_runner := $(call objects,traced,$(RUNNER_SRCS))
simulated_core := $(call objects,simulated,$(CORE_SRCS))
simulator_objects := $(call objects,simulated,$(SIMULATOR_SRCS))
timed_core := $(call objects,timed,$(CORE_SRCS) $(filter-out bench/policy/batched.c bench/policy/runner.c,$(RUNNER_SRCS)))
timed_objects := $(call objects,timed,$(TIMED_SRCS) engine/platform/sim_stack.c)
plain_objects := $(call objects,plain,$(MODEL_SRCS) $(PLATFORM_SRCS) $(COMMAND_SRCS))
test_objects := $(call objects,plain,$(WORKLOAD_SRCS) $(TEST_SUPPORT_SRCS) $(TEST_SRCS))
bench_objects := $(call objects,plain,$(BENCH_SRCS)) $(BUILD)/plain/bench/benchmarks/harness.o
el2_core := $(patsubst %.c,$(EL2_BUILD)/%.o,$(CORE_SRCS))
el2_platform := $(patsubst %.c,$(EL2_BUILD)/%.o,$(EL2_SRCS))
el2_adapter := $(patsubst %.c,$(EL2_BUILD)/%.o,$(ADAPTER_SRCS))
# With the baselines, to count their instructions beside the library's.
qemu_baselines := $(patsubst %,$(EL2_BUILD)/bench/policy/%.o,baseline eager pages strict)
qemu_objects := $(EL2_BUILD)/tests/qemu/start.o $(patsubst %.c,$(EL2_BUILD)/%.o,$(QEMU_SRCS)) $(qemu_baselines)

LIBRARY := $(BUILD)/libs2shadow.a
HOSTED_LIBRARY := $(BUILD)/libs2shadow-linux.a
EL2_LIBRARY := $(EL2_BUILD)/libs2shadow.a
PAYLOAD := $(EL2_BUILD)/payload.elf
COMMAND := $(BUILD)/s2shadow
BENCHMARKS := $(BUILD)/s2shadow-bench
test_programs := $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(TEST_SRCS)))
MAP_EQUALITY := $(BUILD)/tests/map_equality
SUITES := $(filter-out $(MAP_EQUALITY),$(test_programs))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: FORCE setup
FORCE:

## all: build the library, the command, the benchmarks and the tests
.PHONY: all
all: $(LIBRARY) $(HOSTED_LIBRARY) $(COMMAND) $(BENCHMARKS) $(test_programs)

## setup: install the Debian packages that are missing (every build does so first)
setup:
	$(Q)$(if $(S2SHADOW_IS_SET_UP),:,scripts/setup)

# --- rules -----------------------------------------------------------------------------------------------

# Rewritten when a compiler or a flag changes, and then everything is rebuilt. -Werror changes no object.
$(BUILD)/flags: FORCE | setup
	@mkdir -p $(@D)
	@echo '$(CC) $(CXX) $(filter-out -Werror,$(c_flags) $(cxx_flags)) $(subst ',,$(native_flags) $(hooked_flags))' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# What `s2shadow --version` and `s2shadow info` say of the build. Without git the commit is "unknown".
$(BUILD)/version.h: FORCE
	@mkdir -p $(@D)
	@commit=$$(git rev-parse --short=12 HEAD 2>/dev/null) && { \
		git diff --quiet HEAD -- 2>/dev/null || commit=$$commit-dirty; }; \
	printf '#define BUILD_%s "%s"\n' VERSION '$(VERSION)' COMMIT "$${commit:-unknown}" \
		CONFIG '$(CONFIG)' FLAGS '$(strip $(config_flags) $(CPPFLAGS) $(CFLAGS))' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(BUILD)/plain/bench/common/info.o: private info_flags := -include $(BUILD)/version.h
$(BUILD)/plain/bench/common/info.o: $(BUILD)/version.h

$(BUILD)/native/bench/%.o: bench/%.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(hosted_flags) -DRUNNER=runner_native -c -o $@ $<

$(BUILD)/observed/bench/%.o: bench/%.c $(BUILD)/flags
	$(call say,CC,$< (observed))
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(hosted_flags) $(observed_flags) -DRUNNER=runner_observed -c -o $@ $<

$(BUILD)/traced/bench/%.o: bench/%.c $(BUILD)/flags
	$(call say,CC,$< (traced))
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(hosted_flags) -DRUNNER=runner_traced -c -o $@ $<

$(BUILD)/simulated/bench/%.o: bench/%.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(hosted_flags) $(simulated_flags) -c -o $@ $<

$(BUILD)/simulated/engine/platform/%.o: engine/platform/%.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(hosted_flags) $(simulated_flags) -c -o $@ $<

$(BUILD)/simulated/%.o: %.c $(BUILD)/flags
	$(call say,CC,$< (simulated))
	@mkdir -p $(@D)
	$(Q)$(CC) $(simulated_core_flags) -c -o $@ $<

$(timed_objects): $(BUILD)/timed/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(hosted_flags) $(timed_flags) -c -o $@ $<

$(timed_core): $(BUILD)/timed/%.o: %.c $(BUILD)/flags
	$(call say,CC,$< (timed))
	@mkdir -p $(@D)
	$(Q)$(CC) $(timed_core_flags) -c -o $@ $<

$(BUILD)/native/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(native_flags) -c -o $@ $<

$(BUILD)/traced/%.o: %.c $(BUILD)/flags
	$(call say,CC,$< (traced))
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(hooked_flags) -c -o $@ $<

$(BUILD)/observed/%.o: %.c $(BUILD)/flags
	$(call say,CC,$< (observed))
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(observed_flags) -c -o $@ $<

$(BUILD)/plain/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(c_flags) $(hosted_flags) $(info_flags) -c -o $@ $<

$(BUILD)/plain/%.o: %.cc $(BUILD)/flags
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(cxx_flags) $(hosted_flags) -c -o $@ $<

# The core as one object in which only shadow_* is global.
$(BUILD)/libs2shadow.o: $(native_core)
	$(call say,LD,$@)
	$(Q)$(LD) -r -o $@.all $(filter %.o,$^)
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='shadow_*' $@.all $@
	@rm $@.all

$(LIBRARY): $(BUILD)/libs2shadow.o
	$(call say,AR,$@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) qcs $@ $(filter %.o,$^)

$(HOSTED_LIBRARY): $(call objects,plain,$(PLATFORM_SRCS))
	$(call say,AR,$@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) qcs $@ $(filter %.o,$^)

# One core with its runner as one object in which only the runner is global.
$(BUILD)/runner-native.o: $(native_core) $(native_runner)
$(BUILD)/runner-observed.o: $(observed_core) $(observed_runner)
$(BUILD)/runner-traced.o: $(traced_core) $(traced_runner)
$(BUILD)/runner-%.o:
	$(call say,LD,$@)
	$(Q)$(LD) -r -o $@.all $(filter %.o,$^)
	$(Q)$(OBJCOPY) --keep-global-symbol=runner_$* --keep-global-symbol=_.stapsdt.base $@.all $@
	@rm $@.all

# The simulated core with its platform: what else is in the process has the hosted one.
$(BUILD)/simulator.o: $(simulated_core) $(simulator_objects)
	$(call say,LD,$@)
	$(Q)$(LD) -r -o $@.all $(filter %.o,$^)
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='sim*' $@.all $@
	@rm $@.all

# The same for flushes that are told what to say. Both cores' probes refer to one section of sys/sdt.h, which is kept once.
$(BUILD)/cost.o: $(native_core) $(cost_objects)
	$(call say,LD,$@)
	$(Q)$(LD) -r -o $@.all $(filter %.o,$^)
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='cost_*' --keep-global-symbol=_.stapsdt.base $@.all $@
	@rm $@.all

# The assembler reads these.
$(BUILD)/plain/bench/cost/cost_devices.o: $(wildcard bench/devices/*.txt)

# The same for clocks.
$(BUILD)/timed.o: $(timed_core) $(timed_objects)
	$(call say,LD,$@)
	$(Q)$(LD) -r -o $@.all $(filter %.o,$^)
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='scale*' $@.all $@
	@rm $@.all

$(BUILD)/s2shadow: $(BUILD)/plain/bench/s2shadow.o $(plain_objects) $(BUILD)/runner-native.o \
		$(BUILD)/runner-observed.o $(BUILD)/runner-traced.o $(BUILD)/simulator.o $(BUILD)/timed.o $(BUILD)/cost.o
	$(call say,LINK,$@)
	$(Q)$(LINK) -o $@ $^ $(LIBS)

# Tests see every symbol of the observed core; benchmarks every symbol of the native one. What suites share is
# searched first: it may stand in for a part of the command, such as the observer of descriptor stores.
$(BUILD)/libsupport.a: $(call objects,plain,$(TEST_SUPPORT_SRCS))
$(BUILD)/libtest.a: $(observed_core) $(observed_runner) $(plain_objects) $(BUILD)/runner-native.o $(BUILD)/runner-traced.o $(BUILD)/simulator.o \
		$(BUILD)/timed.o $(BUILD)/cost.o $(call objects,plain,$(WORKLOAD_SRCS))
$(BUILD)/libbench.a: $(native_core) $(native_runner) $(plain_objects) $(BUILD)/runner-observed.o $(BUILD)/runner-traced.o \
		$(BUILD)/timed.o $(BUILD)/cost.o $(call objects,plain,$(WORKLOAD_SRCS))
$(BUILD)/libsupport.a $(BUILD)/libtest.a $(BUILD)/libbench.a:
	$(call say,AR,$@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) qcs $@ $(filter %.o,$^)

object_of_test = $(patsubst %.c,$(BUILD)/plain/%.o,$(filter %/$(1).c,$(TEST_SRCS)))
.SECONDEXPANSION:
# One suite supplies what the simulated core calls for its accesses to memory.
core_of_test = $(if $(filter test_order,$(1)),$(simulated_core))
$(test_programs): $$(call object_of_test,$$(@F)) $$(call core_of_test,$$(@F)) $(BUILD)/libsupport.a $(BUILD)/libtest.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ -lcmocka $(LIBS)

fuzz_objects := $(call objects,observed,$(CORE_SRCS)) $(call objects,plain,$(FUZZ_SRCS) $(MODEL_SRCS) \
	$(PLATFORM_SRCS) bench/replay/observed.c bench/replay/traced.c tests/fuzz/play.c tests/unit/system_rig.c tests/unit/system_script.c)
$(BUILD)/fuzz-system: $(fuzz_objects)
	$(call say,LINK,$@)
	$(Q)$(LINK) -fsanitize=fuzzer,undefined -o $@ $^ -lcmocka $(LIBS)

# Threads alone: a suite without them tells ThreadSanitizer nothing, and the simulated core brings its own.
tsan_suites := threads locks irq_threads
tsan_programs := $(tsan_suites:%=$(BUILD)/tests/tsan_%)
tsan_objects := $(observed_core) $(call objects,plain,$(MODEL_SRCS) $(PLATFORM_SRCS) bench/replay/observed.c bench/replay/traced.c \
	tests/unit/threads_rig.c)
$(tsan_programs): $(BUILD)/tests/tsan_%: $(BUILD)/plain/tests/unit/test_%.o $(tsan_objects)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ -lcmocka $(LIBS)

$(BUILD)/s2shadow-bench: $(bench_objects) $(BUILD)/libbench.a
	$(call say,LINK,$@)
	$(Q)$(CXX) -pthread $(config_flags) $(CXXFLAGS) $(LDFLAGS) -o $@ $^ -lbenchmark $(LIBS)

$(EL2_BUILD)/%.o: %.c Makefile | setup
	$(call say,CC,$< (el2))
	@mkdir -p $(@D)
	$(Q)$(EL2_CROSS_COMPILE)gcc $(el2_flags) -c -o $@ $<

$(EL2_BUILD)/core.o: $(el2_core)
$(EL2_BUILD)/embedded.o: $(el2_core) $(el2_platform)
$(EL2_BUILD)/core.o $(EL2_BUILD)/embedded.o:
	$(call say,LD,$@)
	$(Q)$(EL2_CROSS_COMPILE)ld -r -o $@ $(filter %.o,$^)

$(EL2_LIBRARY): $(el2_core) $(el2_platform)
	$(call say,AR,$@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(EL2_CROSS_COMPILE)ar qcs $@ $(filter %.o,$^)

$(qemu_baselines): private el2_flags += -Itests/qemu/libc
# Loops of memory.c are not to become calls of memset().
$(EL2_BUILD)/tests/qemu/memory.o: private el2_flags += -fno-builtin -fno-tree-loop-distribute-patterns
$(EL2_BUILD)/%.o: %.S Makefile | setup
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(EL2_CROSS_COMPILE)gcc -I. -MMD -MP -c -o $@ $<

# tests/qemu/spy.c stands between the library and the registers.
$(PAYLOAD): $(qemu_objects) $(EL2_LIBRARY) tests/qemu/payload.lds
	$(call say,LINK,$@)
	$(Q)$(EL2_CROSS_COMPILE)ld -static -nostdlib -z max-page-size=4096 --wrap=platform_mmio_write32 \
		--wrap=platform_mmio_read32 -T tests/qemu/payload.lds -o $@ $(qemu_objects) $(EL2_LIBRARY)

include scripts/make/checks.mk
include scripts/make/linux.mk

# --- the rest ---------------------------------------------------------------------------------------------

## bench: replay every trace with every policy, run the benchmarks, model scaling; build/default/bench/report.html
.PHONY: bench
bench: $(BUILD)/s2shadow $(BUILD)/s2shadow-bench
	$(Q)scripts/setup librsvg2-bin || :
	$(Q)scripts/run-bench $(BUILD)

## goals: every number that the project is after, what it is today, eager and strict beside it, and why one is missed
.PHONY: goals
goals: $(COMMAND) $(BENCHMARKS)
	$(Q)scripts/show-goals $(BUILD)

## batching: syncs for each 1000 revoked pages, for each way of making batches; tables, and docs/batching.svg
.PHONY: batching
batching: $(COMMAND) $(FOLIOS)
	$(Q)scripts/compare-batching $(COMMAND) docs $(call trace,pvm-4k pvm-frag churn) $(FOLIOS)

## fmt: lay out the sources as .clang-format says
.PHONY: fmt
fmt:
	$(Q)scripts/setup clang-format
	$(Q)clang-format -i $(filter-out %.s,$(shell git ls-files '*.c' '*.h' '*.cc'))

include scripts/package/package.mk

## clean: remove everything that was built
.PHONY: clean
clean:
	rm -rf build

## help: this text
.PHONY: help
help:
	@sed -n 's/^## //p' Makefile scripts/make/*.mk scripts/package/package.mk | awk -F': ' '{ printf "  %-18s %s\n", $$1, $$2 }'

all_objects := $(traced_core) $(traced_runner) $(native_core) $(shared_core) $(observed_core) $(simulated_core) $(simulator_objects) $(native_runner) $(timed_core) \
	$(timed_objects) $(cost_objects) $(observed_runner) $(plain_objects) $(test_objects) $(bench_objects) $(el2_core) $(el2_platform) \
	$(el2_adapter) $(qemu_objects) $(fuzz_objects) $(BUILD)/plain/bench/s2shadow.o
.SECONDARY: $(all_objects)
# What is left out of a list has to leave the archives as well.
$(LIBRARY) $(HOSTED_LIBRARY) $(EL2_LIBRARY) $(EL2_BUILD)/core.o $(EL2_BUILD)/embedded.o: Makefile scripts/make/sources.mk
$(addprefix $(BUILD)/,libs2shadow.o runner-native.o runner-observed.o runner-traced.o simulator.o timed.o cost.o libsupport.a libtest.a libbench.a): Makefile scripts/make/sources.mk

-include $(all_objects:.o=.d)
