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

# --- sources, sorted -------------------------------------------------------------------------------------

CORE_SRCS := \
	engine/bits.c \
	engine/cancel.c \
	engine/coalesce.c \
	engine/complete.c \
	engine/consent.c \
	engine/drain.c \
	engine/engine.c \
	engine/flush.c \
	engine/overlap.c \
	engine/pending.c \
	engine/pieces.c \
	engine/plan.c \
	engine/queue.c \
	engine/reserve.c \
	engine/snapshot.c \
	engine/transition.c \
	smmuv3/ats.c \
	smmuv3/attach.c \
	smmuv3/cmdq.c \
	smmuv3/errata.c \
	smmuv3/event.c \
	smmuv3/format.c \
	smmuv3/gerror.c \
	smmuv3/list.c \
	smmuv3/pgtable.c \
	smmuv3/pgtable_batch.c \
	smmuv3/pgtable_bound.c \
	smmuv3/pgtable_cursor.c \
	smmuv3/pgtable_dirty.c \
	smmuv3/pgtable_hint.c \
	smmuv3/pgtable_mark.c \
	smmuv3/pgtable_pages.c \
	smmuv3/pgtable_policy.c \
	smmuv3/pgtable_reserve.c \
	smmuv3/pgtable_tidy.c \
	smmuv3/smmu.c \
	smmuv3/stop.c \
	smmuv3/stream.c \
	smmuv3/target.c \
	smmuv3/tlbi.c \
	smmuv3/tlbi_plan.c

MODEL_SRCS := \
	smmuv3/model/alloc.c \
	smmuv3/model/atc.c \
	smmuv3/model/bbm.c \
	smmuv3/model/bbm_group.c \
	smmuv3/model/bbm_overlap.c \
	smmuv3/model/bbm_root.c \
	smmuv3/model/bbm_sync.c \
	smmuv3/model/cache.c \
	smmuv3/model/cmdq.c \
	smmuv3/model/command.c \
	smmuv3/model/decode.c \
	smmuv3/model/dma.c \
	smmuv3/model/ecmdq.c \
	smmuv3/model/erratum.c \
	smmuv3/model/event.c \
	smmuv3/model/fault.c \
	smmuv3/model/ghost.c \
	smmuv3/model/irq.c \
	smmuv3/model/live.c \
	smmuv3/model/model.c \
	smmuv3/model/registers.c \
	smmuv3/model/registers_handshake.c \
	smmuv3/model/registers_id.c \
	smmuv3/model/space.c \
	smmuv3/model/stream.c \
	smmuv3/model/tlb.c \
	smmuv3/model/walk.c \
	smmuv3/model/watch.c

PLATFORM_SRCS := \
	engine/platform/linux.c \
	engine/platform/linux_memory.c

EL2_SRCS := \
	engine/platform/el2.c

# The library behind a kernel's hooks, as a part of its EL2 object; tests play that kernel.
ADAPTER_SRCS := \
	tests/adapter/kvm_smmu.c

# What boots at EL2 in QEMU, besides tests/qemu/start.S.
QEMU_SRCS := \
	tests/qemu/case_cost.c \
	tests/qemu/case_cpus.c \
	tests/qemu/case_error.c \
	tests/qemu/case_grant.c \
	tests/qemu/case_nvme.c \
	tests/qemu/case_revoke.c \
	tests/qemu/case_snapshot.c \
	tests/qemu/case_stale.c \
	tests/qemu/case_stream.c \
	tests/qemu/console.c \
	tests/qemu/edu.c \
	tests/qemu/host.c \
	tests/qemu/machine.c \
	tests/qemu/main.c \
	tests/qemu/memory.c \
	tests/qemu/nvme.c \
	tests/qemu/pci.c \
	tests/qemu/rig.c \
	tests/qemu/spy.c \
	tests/qemu/tap.c

# Code that drives a core: built for native, observed and traced, linked with it.
RUNNER_SRCS := \
	bench/policy/baseline.c \
	bench/policy/batched.c \
	bench/policy/eager.c \
	bench/policy/pages.c \
	bench/policy/runner.c \
	bench/policy/strict.c

# The rest of the command but its main().
COMMAND_SRCS := \
	bench/common/counters.c \
	bench/common/facts.c \
	bench/common/getopts.c \
	bench/common/histogram.c \
	bench/common/info.c \
	bench/common/machine.c \
	bench/common/machine_doubts.c \
	bench/common/message.c \
	bench/common/outfile.c \
	bench/common/picture.c \
	bench/common/placement.c \
	bench/common/progress.c \
	bench/common/samples.c \
	bench/common/topology.c \
	bench/compare/compare.c \
	bench/compare/compare_class.c \
	bench/compare/compare_file.c \
	bench/compare/compare_input.c \
	bench/compare/compare_print.c \
	bench/compare/compare_rows.c \
	bench/compare/compare_stats.c \
	bench/cost/cost.c \
	bench/cost/cost_cache.c \
	bench/cost/cost_cross.c \
	bench/cost/cost_device.c \
	bench/cost/cost_devices.c \
	bench/cost/cost_effect.c \
	bench/cost/cost_files.c \
	bench/cost/cost_help.c \
	bench/cost/cost_layout.c \
	bench/cost/cost_lines.c \
	bench/cost/cost_measured.c \
	bench/cost/cost_model.c \
	bench/cost/cost_options.c \
	bench/cost/cost_plot.c \
	bench/cost/cost_propose.c \
	bench/cost/cost_record.c \
	bench/cost/cost_summary.c \
	bench/cost/cost_sweep.c \
	bench/cost/cost_text.c \
	bench/cost/cost_tlb.c \
	bench/inspect/imagefile_read.c \
	bench/inspect/inspect.c \
	bench/inspect/inspect_json.c \
	bench/inspect/inspect_layout.c \
	bench/inspect/inspect_options.c \
	bench/inspect/inspect_plot.c \
	bench/inspect/inspect_survey.c \
	bench/inspect/inspect_text.c \
	bench/inspect/inspect_walk.c \
	bench/inspect/inspect_words.c \
	bench/policy/ahead.c \
	bench/policy/instant.c \
	bench/policy/schedule.c \
	bench/policy/schedule_group.c \
	bench/policy/schedule_list.c \
	bench/policy/spans.c \
	bench/replay/check.c \
	bench/replay/device.c \
	bench/replay/imagefile.c \
	bench/replay/latency.c \
	bench/replay/mapfile.c \
	bench/replay/observed.c \
	bench/replay/observer.c \
	bench/replay/options.c \
	bench/replay/oracle.c \
	bench/replay/replay.c \
	bench/replay/replay_watch.c \
	bench/replay/results.c \
	bench/replay/results_json.c \
	bench/replay/stages.c \
	bench/replay/tables.c \
	bench/replay/timeline.c \
	bench/replay/traced.c \
	bench/replay/verify.c \
	bench/replay/world.c \
	bench/scale/scale.c \
	bench/scale/scale_calibrate.c \
	bench/scale/scale_report.c \
	bench/trace/generate.c \
	bench/trace/generate_like.c \
	bench/trace/generate_likeness.c \
	bench/trace/generate_place.c \
	bench/trace/generate_run.c \
	bench/trace/generate_workload.c \
	bench/trace/host_stage2.c \
	bench/trace/record.c \
	bench/trace/record_parse.c \
	bench/trace/record_write.c \
	bench/trace/trace.c \
	bench/trace/trace_input.c \
	bench/trace/trace_pages.c \
	bench/trace/trace_scale.c \
	bench/trace/trace_stats.c \
	bench/trace/trace_stats_json.c \
	bench/trace/trace_stats_main.c \
	bench/trace/trace_stats_text.c \
	bench/trace/tracefile.c

# The simulated core's platform, and what works on it; one object with that core.
SIMULATOR_SRCS := \
	bench/simulate/simulate.c \
	bench/simulate/simulate_change.c \
	bench/simulate/simulate_claim.c \
	bench/simulate/simulate_counts.c \
	bench/simulate/simulate_fault.c \
	bench/simulate/simulate_history.c \
	bench/simulate/simulate_oracle.c \
	bench/simulate/simulate_run.c \
	bench/simulate/simulate_smmu.c \
	bench/simulate/simulate_trace.c \
	bench/simulate/simulate_trip.c \
	bench/simulate/simulate_world.c \
	engine/platform/sim.c \
	engine/platform/sim_buffer.c \
	engine/platform/sim_past.c \
	engine/platform/sim_plain.c \
	engine/platform/sim_stack.c

# Virtual CPUs with a clock each, and what works on them; one object with the core and the policies, timed.
TIMED_SRCS := \
	bench/scale/scale_device.c \
	bench/scale/scale_lines.c \
	bench/scale/scale_run.c \
	bench/scale/scale_time.c

# What builds and publishes the commands of a flush as it is told; one object with a core.
COST_SRCS := \
	bench/cost/cost_flush.c

# What benchmarks and tests drive policies with, beside the command.
WORKLOAD_SRCS := \
	bench/benchmarks/checksum.c \
	bench/benchmarks/storm.c

BENCH_SRCS := \
	bench/benchmarks/bench_cmdq.c \
	bench/benchmarks/bench_coalesce.c \
	bench/benchmarks/bench_counters.c \
	bench/benchmarks/bench_flush.c \
	bench/benchmarks/bench_harness.c \
	bench/benchmarks/bench_memory.c \
	bench/benchmarks/bench_planner.c \
	bench/benchmarks/bench_queue.c \
	bench/benchmarks/bench_snapshot.c \
	bench/benchmarks/bench_storm.c \
	bench/benchmarks/bench_tables_change.c \
	bench/benchmarks/bench_tables_fill.c \
	bench/benchmarks/bench_tables_random.c \
	bench/benchmarks/bench_threads.c \
	bench/benchmarks/expanse.c \
	bench/benchmarks/floor.c \
	bench/benchmarks/rig.c


TEST_SUPPORT_SRCS := \
	$(ADAPTER_SRCS) \
	tests/fuzz/play.c \
	tests/proto/levels.c \
	tests/proto/proto.c \
	tests/unit/fake_smmu.c \
	tests/unit/inspect_rig.c \
	tests/unit/model_rig.c \
	tests/unit/policy_rig.c \
	tests/unit/replay_rig.c \
	tests/unit/system_rig.c \
	tests/unit/system_script.c \
	tests/unit/threads_rig.c

TEST_SRCS := \
	tests/map_equality.c \
	tests/proto/bad_bbm.c \
	tests/proto/bad_contiguous.c \
	tests/proto/bad_descriptor.c \
	tests/proto/bad_levels.c \
	tests/proto/good_bbm.c \
	tests/proto/good_contiguous.c \
	tests/proto/good_levels.c \
	tests/unit/test_adapter.c \
	tests/unit/test_ahead.c \
	tests/unit/test_ats.c \
	tests/unit/test_attach.c \
	tests/unit/test_attach_threads.c \
	tests/unit/test_baseline.c \
	tests/unit/test_batched.c \
	tests/unit/test_bbm.c \
	tests/unit/test_bits.c \
	tests/unit/test_bound.c \
	tests/unit/test_cancel.c \
	tests/unit/test_check.c \
	tests/unit/test_clean.c \
	tests/unit/test_cmd.c \
	tests/unit/test_cmdq.c \
	tests/unit/test_coalesce.c \
	tests/unit/test_compact.c \
	tests/unit/test_compare.c \
	tests/unit/test_compare_stats.c \
	tests/unit/test_consent.c \
	tests/unit/test_cost_cross.c \
	tests/unit/test_cost_device.c \
	tests/unit/test_cost_flush.c \
	tests/unit/test_cost_measured.c \
	tests/unit/test_cost_record.c \
	tests/unit/test_cost_tlb.c \
	tests/unit/test_counters.c \
	tests/unit/test_device.c \
	tests/unit/test_eager.c \
	tests/unit/test_ecmdq.c \
	tests/unit/test_engine.c \
	tests/unit/test_errata.c \
	tests/unit/test_event.c \
	tests/unit/test_failures.c \
	tests/unit/test_failures_midway.c \
	tests/unit/test_field.c \
	tests/unit/test_flush.c \
	tests/unit/test_flush_some.c \
	tests/unit/test_fuzz_corpus.c \
	tests/unit/test_generate.c \
	tests/unit/test_granule.c \
	tests/unit/test_histogram.c \
	tests/unit/test_hitless.c \
	tests/unit/test_host_stage2.c \
	tests/unit/test_imagefile.c \
	tests/unit/test_imagefile_read.c \
	tests/unit/test_info.c \
	tests/unit/test_inspect_json.c \
	tests/unit/test_inspect_layout.c \
	tests/unit/test_inspect_options.c \
	tests/unit/test_inspect_plot.c \
	tests/unit/test_inspect_survey.c \
	tests/unit/test_inspect_text.c \
	tests/unit/test_inspect_walk.c \
	tests/unit/test_instant.c \
	tests/unit/test_irq.c \
	tests/unit/test_irq_anywhere.c \
	tests/unit/test_irq_threads.c \
	tests/unit/test_latency.c \
	tests/unit/test_likeness.c \
	tests/unit/test_locks.c \
	tests/unit/test_locks_commit.c \
	tests/unit/test_machine.c \
	tests/unit/test_machine_doubts.c \
	tests/unit/test_mapfile.c \
	tests/unit/test_matrix.c \
	tests/unit/test_message.c \
	tests/unit/test_model_bbm.c \
	tests/unit/test_model_cache.c \
	tests/unit/test_model_cmdq.c \
	tests/unit/test_model_command.c \
	tests/unit/test_model_decode.c \
	tests/unit/test_model_dma.c \
	tests/unit/test_model_ecmdq.c \
	tests/unit/test_model_event.c \
	tests/unit/test_model_fuzz.c \
	tests/unit/test_model_late.c \
	tests/unit/test_model_live.c \
	tests/unit/test_model_registers.c \
	tests/unit/test_model_space.c \
	tests/unit/test_model_stream.c \
	tests/unit/test_model_tlb.c \
	tests/unit/test_model_watch.c \
	tests/unit/test_observer.c \
	tests/unit/test_options.c \
	tests/unit/test_oracle.c \
	tests/unit/test_order.c \
	tests/unit/test_outfile.c \
	tests/unit/test_overlap.c \
	tests/unit/test_pages.c \
	tests/unit/test_pending.c \
	tests/unit/test_pgtable.c \
	tests/unit/test_placement.c \
	tests/unit/test_plan.c \
	tests/unit/test_platform.c \
	tests/unit/test_platform_memory.c \
	tests/unit/test_pool_exhaustion.c \
	tests/unit/test_power.c \
	tests/unit/test_prepare.c \
	tests/unit/test_progress.c \
	tests/unit/test_queue.c \
	tests/unit/test_record.c \
	tests/unit/test_refusal.c \
	tests/unit/test_replay.c \
	tests/unit/test_replay_watch.c \
	tests/unit/test_reserve.c \
	tests/unit/test_results.c \
	tests/unit/test_results_json.c \
	tests/unit/test_runner.c \
	tests/unit/test_scale.c \
	tests/unit/test_schedule.c \
	tests/unit/test_several.c \
	tests/unit/test_simulate.c \
	tests/unit/test_simulate_buffer.c \
	tests/unit/test_smmu.c \
	tests/unit/test_snapshot.c \
	tests/unit/test_spans.c \
	tests/unit/test_stages.c \
	tests/unit/test_ste.c \
	tests/unit/test_stop.c \
	tests/unit/test_storm.c \
	tests/unit/test_strict.c \
	tests/unit/test_sync_ways.c \
	tests/unit/test_system.c \
	tests/unit/test_tables.c \
	tests/unit/test_takeover.c \
	tests/unit/test_target.c \
	tests/unit/test_threads.c \
	tests/unit/test_tlbi.c \
	tests/unit/test_tlbi_plan.c \
	tests/unit/test_trace.c \
	tests/unit/test_trace_scale.c \
	tests/unit/test_trace_stats.c \
	tests/unit/test_traced.c \
	tests/unit/test_transition.c \
	tests/unit/test_two_level.c \
	tests/unit/test_verify.c \
	tests/unit/test_what_ifs.c \
	tests/unit/test_world.c

FUZZ_SRCS := \
	tests/fuzz/fuzz_system.c

PUBLIC_HEADERS := \
	include/shadow/error.h \
	include/shadow/platform.h \
	include/shadow/shadow.h \
	include/shadow/smmu.h \
	include/shadow/types.h

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
	$(SIMULATOR_SRCS) $(TIMED_SRCS) $(COST_SRCS) $(WORKLOAD_SRCS) $(BENCH_SRCS) $(TEST_SUPPORT_SRCS) $(TEST_SRCS) $(FUZZ_SRCS) \
	bench/s2shadow.c bench/benchmarks/harness.cc
absent := $(filter-out $(wildcard $(all_srcs)),$(all_srcs))
ifneq ($(absent),)
  $(error sources in the Makefile that are not there: $(absent))
endif
unlisted := $(filter-out $(all_srcs),$(wildcard $(addsuffix /*.c,engine engine/platform smmuv3 \
	smmuv3/model bench bench/* tests tests/adapter tests/fuzz tests/proto tests/qemu tests/unit)))

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

# --- checks ----------------------------------------------------------------------------------------------

CHECKS := check-lists check-headers check-el2 check-probes check-tracing check-flames check-qemu check-clang check-unit check-sanitize check-tsan check-readme check-cli check-compare check-package \
	check-bench check-maps check-traces check-batching check-log check-referee check-mutations check-qemu-mutations check-fuzz check-spin check-simulate
RUN_TESTS := scripts/run-tests
trace = $(patsubst %,bench/traces/%.txt.xz,$(1))
TRACES := $(sort $(wildcard bench/traces/*.txt.xz))

# Generated, not recorded.
FOLIOS := build/traces/folios-2m.txt.xz
$(FOLIOS): $(COMMAND)
	$(call say,TRACE,$@)
	@mkdir -p $(@D)
	$(Q)$(COMMAND) generate --name folios-2m --memory 1G --vm-memory 512M --folio 2M --fragmentation 100 --jitter 0 \
		--output $@

## check: set up, build and test everything; at most 20 minutes on 2 CPUs
.PHONY: check
check: setup
	$(Q)MAKE='$(MAKE)' WERROR=1 S2SHADOW_IS_SET_UP=1 scripts/run-checks $(CHECKS)

## check-unit: the unit tests alone; at most 2 minutes
.PHONY: check-unit
check-unit: $(SUITES)
	$(Q)$(RUN_TESTS) --limit 120 $^

## check-asan: the unit tests with AddressSanitizer
## check-ubsan: the unit tests with UndefinedBehaviorSanitizer
## check-sanitize: the unit tests and the np-thp trace with both
.PHONY: check-asan check-ubsan check-sanitize
check-asan check-ubsan:
	$(Q)$(MAKE) CONFIG=$(@:check-%=%) check-unit
check-sanitize:
	$(Q)$(MAKE) CONFIG=sanitize check-unit-slow check-np-thp

## check-tsan: threads hand over pages under ThreadSanitizer
.PHONY: check-tsan check-threads
check-tsan:
	$(Q)$(MAKE) CONFIG=tsan check-threads
check-threads: $(tsan_programs)
	$(Q)$(RUN_TESTS) --limit 600 $^

.PHONY: check-unit-slow check-np-thp
check-unit-slow: $(SUITES)
	$(Q)$(RUN_TESTS) --limit 600 $^
check-np-thp: $(COMMAND)
	$(Q)$(RUN_TESTS) --limit 600 --name '$(CONFIG) np-thp' -- \
		scripts/check-that 'np-thp passes --verify' $(COMMAND) replay --verify $(call trace,np-thp)

## check-clang: clang builds everything without a warning
.PHONY: check-clang
check-clang:
	$(Q)$(RUN_TESTS) --limit 1200 --name clang -- scripts/check-that \
		'clang builds everything without a warning' \
		$(MAKE) CONFIG=clang CC=clang CXX=clang++ WERROR=1 all

## check-el2: the core builds freestanding for aarch64, needs nothing but the platform, and little stack
.PHONY: check-el2
check-el2: $(EL2_LIBRARY) $(EL2_BUILD)/core.o $(EL2_BUILD)/embedded.o $(LIBRARY) $(el2_adapter)
	$(Q)$(RUN_TESTS) --name el2 -- scripts/check-symbols $(EL2_CROSS_COMPILE)nm $(EL2_BUILD)/core.o \
		$(EL2_BUILD)/embedded.o $(LIBRARY) 512 $(el2_core) $(el2_adapter)
	$(Q)$(RUN_TESTS) --name 'el2, sizes' -- scripts/measure-el2 $(EL2_CROSS_COMPILE)objdump --code 81920 --data 64 \
		--stack 2560 $(el2_core) $(el2_platform)

## check-probes: a static probe for each event, one nop each; none at EL2
.PHONY: check-probes
check-probes: $(BENCHMARKS) $(EL2_BUILD)/core.o
	$(Q)$(RUN_TESTS) --name probes -- scripts/check-probes $(BENCHMARKS) $(EL2_BUILD)/core.o

## check-tracing: the scripts for bpftrace and perf see what a replay did, where they may trace
.PHONY: check-tracing
check-tracing: $(COMMAND)
	$(Q)scripts/setup bpftrace linux-perf || :
	$(Q)$(RUN_TESTS) --limit 300 --name tracing -- scripts/check-tracing $(COMMAND)

## check-flames: flame graphs of a benchmark and a replay, by perf where it may and by callgrind
.PHONY: check-flames
check-flames: $(COMMAND) $(BENCHMARKS)
	$(Q)scripts/setup linux-perf || :
	$(Q)$(RUN_TESTS) --limit 600 'tests/cli/flames.py $(COMMAND) $(BENCHMARKS)'

## check-qemu: the library at EL2 in QEMU: devices behind its SMMUv3 reach what they may and nothing else
.PHONY: check-qemu
check-qemu: $(PAYLOAD)
	$(Q)scripts/install-qemu || [ $$? -eq 77 ]
	$(Q)$(RUN_TESTS) --limit 600 'scripts/run-qemu $(PAYLOAD) s2' 'scripts/run-qemu $(PAYLOAD) nested' \
		'scripts/run-qemu $(PAYLOAD) s2 4' 'scripts/run-qemu $(PAYLOAD) nested 4'

## check-qemu-mutations: each deliberate bug in tests/qemu/mutations is caught by a case of check-qemu
.PHONY: check-qemu-mutations
check-qemu-mutations: $(PAYLOAD)
	$(Q)scripts/install-qemu || [ $$? -eq 77 ]
	$(Q)$(RUN_TESTS) --limit 1200 --name 'mutations, QEMU' -- scripts/check-qemu-mutations

## check-lists: every source is in this file
.PHONY: check-lists
check-lists: | setup
	$(Q)$(RUN_TESTS) --name lists -- scripts/check-that 'the Makefile lists the sources that are there' \
		test '$(strip $(unlisted))' = ''

## check-headers: every header compiles alone
.PHONY: check-headers
check-headers: | setup
	$(Q)$(RUN_TESTS) --name headers -- scripts/check-headers '$(CC)' '$(CXX)'

## check-readme: the C example of README.md compiles and links; code that is quoted elsewhere is as it stands in its file
.PHONY: check-readme
check-readme: $(LIBRARY) $(HOSTED_LIBRARY)
	$(Q)$(RUN_TESTS) --name readme -- scripts/check-readme '$(CC)' $(BUILD)/readme $(LIBRARY) \
		$(HOSTED_LIBRARY) $(LIBS)
	$(Q)$(RUN_TESTS) --name quotes -- scripts/check-quotes

## check-bench: the smallest size of every benchmark runs, its results are what Google Benchmark's tools read, and counted goals are met
.PHONY: check-bench
check-bench: $(BENCHMARKS) $(COMMAND)
	$(Q)scripts/setup libbenchmark-tools python3-scipy || :
	$(Q)$(RUN_TESTS) --limit 600 'tests/cli/benchmarks.py $(BENCHMARKS)' 'tests/cli/goals.py $(COMMAND)'

## check-traces: the recorded traces under --verify with every policy
.PHONY: check-traces
check-traces: $(COMMAND)
	$(Q)$(RUN_TESTS) --limit 1200 --name traces -- scripts/check-traces $(COMMAND) \
		plain,smmus=4,nested $(TRACES)
	$(Q)$(RUN_TESTS) --limit 1200 --name 'traces, other tables' -- scripts/check-traces --policy batched \
		$(COMMAND) bbml=0,bbml=1,contiguous+collapse=eager,bbml=1+contiguous+non-coherent $(TRACES)
	$(Q)$(RUN_TESTS) --limit 1200 --name 'traces, 4 nested SMMUs' -- scripts/check-traces $(COMMAND) \
		smmus=4+nested $(call trace,boot np-thp pingpong)

## check-batching: every way of making batches under --verify, on the recorded traces and a generated one
.PHONY: check-batching
check-batching: $(COMMAND) $(FOLIOS)
	$(Q)$(RUN_TESTS) --limit 600 --name 'traces, what-ifs' -- scripts/check-traces --policy batched $(COMMAND) \
		group+sync-ns=16000,list=16,list=512,ahead=64K+group,ahead=2M+smmus=2+nested \
		$(call trace,boot churn pingpong pvm-4k pvm-frag)
	$(Q)$(RUN_TESTS) --limit 600 --name 'generated trace' -- scripts/check-traces --policy batched $(COMMAND) \
		group,list=16,list=512 $(FOLIOS)
	$(Q)$(RUN_TESTS) --limit 600 --name 'generated trace, 5 syncs per 1000' -- scripts/check-traces \
		--policy batched --syncs-max 5 $(COMMAND) ahead=2M $(FOLIOS)

## check-maps: the map of every policy equals the trace's oracle, at points spread over every trace
.PHONY: check-maps
map_settings := '' '--no-ril' '--smmus 4' '--nested' '--nested --no-ril' '--bbml 0' '--bbml 0 --no-ril' \
	'--bbml 0 --nested' '--bbml 0 --nested --no-ril' '--bbml 1' \
	'--bbml 1 --contiguous --collapse eager --non-coherent' \
	'--granule 16K --bbml 1 --nested --policy batched' '--granule 64K --contiguous --no-ril --policy batched'
check-maps: $(MAP_EQUALITY)
	$(Q)for trace in $(TRACES); do for setting in $(map_settings); do \
		set -- "$$@" "$(MAP_EQUALITY) $$setting $$trace"; done; done; $(RUN_TESTS) --limit 600 "$$@"

## check-cli: the command refuses bad input, and its output files agree with each other
.PHONY: check-cli
check-cli: $(COMMAND)
	$(Q)$(RUN_TESTS) --limit 600 'tests/cli/bad_input.py $(COMMAND)' 'tests/cli/outputs.py $(COMMAND)' 'tests/cli/profile.py $(COMMAND)' \
		'tests/cli/inspection.py $(COMMAND)' 'tests/cli/timeline.py $(COMMAND)' 'tests/cli/inputs.py $(COMMAND)' \
		'tests/cli/comparison.py $(COMMAND)' 'tests/cli/interruption.py $(COMMAND)' 'tests/cli/report.py $(COMMAND)'

## check-compare: compare finds a stage that is slowed by a tenth, by counted instructions
.PHONY: check-compare
check-compare: $(COMMAND)
	$(Q)$(RUN_TESTS) --limit 900 --name compare -- scripts/check-compare $(COMMAND)

## check-log: the event log alone proves that every table, command and sync is right
.PHONY: check-log
check-log: $(COMMAND)
	$(Q)$(RUN_TESTS) --limit 900 'tests/log/selftest.py $(COMMAND)' \
		'tests/log/check_log.py --s2shadow $(COMMAND) --sweep quick --traces bench/traces' \
		'tests/log/check_log.py --s2shadow $(COMMAND) --random 20'

referee_case = $(1):$(call trace,$(2))
referee_cases := $(call referee_case,plain,churn) $(call referee_case,nested+bbml=1,churn) \
	$(call referee_case,granule=64K+nested+bbml=0,churn) $(call referee_case,granule=16K+nested,pingpong) \
	$(call referee_case,bbml=1,pingpong) $(call referee_case,bbml=0,boot) \
	$(call referee_case,granule=64K+nested+bbml=1,boot) $(call referee_case,nested,pvm-4k) \
	$(call referee_case,granule=16K+bbml=1,pvm-frag) $(call referee_case,nested+bbml=0,pvm-frag) \
	$(call referee_case,granule=16K+bbml=0,np-4k) $(call referee_case,granule=64K,np-thp)
# Logs: one page a flush in most, many in others, so that range invalidations and table pages are in them. Twelve with
# the 2000 flushes that are asked for, and the two traces that hold fewer.
played_cases := $(call referee_case,plain,churn) $(call referee_case,granule=16K+nested+bbml=1,churn) \
	$(call referee_case,flush=16+bbml=0,churn) $(call referee_case,nested,pingpong) \
	$(call referee_case,granule=64K+bbml=1,pingpong) $(call referee_case,granule=16K+bbml=0,pingpong) \
	$(call referee_case,flush=2+bbml=0,boot) $(call referee_case,granule=64K+nested+bbml=1+flush=2,boot) \
	$(call referee_case,nested+flush=16,pvm-4k) $(call referee_case,granule=16K+flush=8,pvm-4k) \
	$(call referee_case,bbml=1,pvm-frag) $(call referee_case,granule=64K+nested+bbml=0,pvm-frag) \
	$(call referee_case,bbml=0,np-4k) $(call referee_case,granule=64K,np-thp)
# What is left out of a log, and of which: each is to be noticed.
planted_logs := tlbi:flush=32 short:flush=32 cfgi:flush=32 tlbi:nested+flush=32 cfgi:nested+flush=32 \
	tlbi:granule=16K+flush=32 short:granule=64K+flush=32 tlbi:granule=64K+nested+flush=32
planted_tables := granule=16K granule=64K+nested
play := tests/referee/play.py --s2shadow $(COMMAND)
referee_settings := plain bbml=1 bbml=0 nested nested+bbml=1 nested+bbml=0
referee_all := $(foreach trace,$(TRACES),$(foreach granule,4K 16K 64K,$(foreach setting,$(referee_settings),\
	granule=$(granule)+$(setting):$(trace))))
# Boot's log has one trip, so one flush, if its flushes are not counted.
played_all := $(patsubst %:$(call trace,boot),%+flush=2:$(call trace,boot),$(referee_all))

## check-referee: QEMU's SMMUv3 agrees with our tables
.PHONY: check-referee
check-referee: $(COMMAND)
	$(Q)scripts/install-qemu || [ $$? -eq 77 ]
	$(Q)$(RUN_TESTS) --limit 900 --name referee -- tests/referee/referee.py --s2shadow $(COMMAND) \
		--points peak --addresses 500 $(addprefix --case ,$(referee_cases))
	$(Q)$(RUN_TESTS) --limit 900 --name 'referee, logs' -- $(play) $(addprefix --case ,$(played_cases))
	$(Q)for log in $(planted_logs); do \
		$(RUN_TESTS) --limit 300 --name "referee, log without a $${log%%:*}, $${log#*:}" -- \
		$(play) --plant $${log%%:*} --case $${log#*:}:$(call trace,boot) || exit; done
	$(Q)$(RUN_TESTS) --limit 300 --name 'referee, damaged tables' -- tests/referee/referee.py \
		--s2shadow $(COMMAND) --plant --points peak --addresses 500 \
		$(foreach setting,$(planted_tables),--case $(call referee_case,$(setting),boot))
	$(Q)$(RUN_TESTS) --limit 900 --name 'referee of the referee' -- scripts/check-that \
		'the referee passes right tables and reports wrong ones' tests/referee/selftest.py \
		$(call trace,boot np-thp)

## check-mutations: each deliberate bug in tests/mutations is caught by the suite that it names
.PHONY: check-mutations
check-mutations: | setup
	$(Q)$(RUN_TESTS) --limit 1200 --name mutations -- scripts/check-mutations

## check-spin: spin goes through the model of the protocol, and finds what is wrong with each broken variant
.PHONY: check-spin check-spin-long
check-spin:
	$(Q)scripts/setup spin || :
	$(Q)$(RUN_TESTS) --limit 1200 --name spin -- scripts/check-spin
check-spin-long:
	$(Q)scripts/setup spin || :
	$(Q)$(RUN_TESTS) --limit 14400 --name 'spin, large' -- scripts/check-spin --long

## fuzz: play the fuzzer's corpus, then look for more; FUZZ_SECONDS long. What fails is left in build/fuzz
.PHONY: fuzz fuzz-run
FUZZ_SECONDS ?= 120
fuzz: setup
	$(Q)scripts/setup libclang-rt-dev
	$(Q)$(MAKE) CONFIG=fuzz fuzz-run
fuzz-run: $(BUILD)/fuzz-system
	@mkdir -p $(BUILD)/found
	$(Q)$< -max_len=1024 -timeout=30 -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
		-artifact_prefix=$(BUILD)/ $(BUILD)/found tests/fuzz/corpus

## check-fuzz: the fuzzer finds nothing in a minute
.PHONY: check-fuzz
check-fuzz:
	$(Q)$(RUN_TESTS) --limit 900 --name fuzz -- scripts/check-that 'the fuzzer finds nothing in a minute' \
		$(MAKE) fuzz FUZZ_SECONDS=60

## fuzz-keep: add to the corpus what make fuzz has found and what reaches further than the corpus
.PHONY: fuzz-keep fuzz-merge
fuzz-keep: setup
	$(Q)$(MAKE) CONFIG=fuzz fuzz-merge
fuzz-merge: $(BUILD)/fuzz-system
	$(Q)$< -merge=1 tests/fuzz/corpus $(BUILD)/found

## check-simulate: 2000 seeds of the simulator are clean, with each class of events at least 100 times; it finds each bug that is planted in tests/planted
.PHONY: check-simulate check-simulate-long
check-simulate: $(COMMAND)
	$(Q)$(RUN_TESTS) --limit 1200 "scripts/check-that 'seeds 1 to 1000 are clean' $(COMMAND) simulate --seeds 1000 --each 50" \
		"scripts/check-that 'seeds 1001 to 2000 are clean' $(COMMAND) simulate --seed 1001 --seeds 1000 --each 50"
	$(Q)$(RUN_TESTS) --limit 1200 --name planted -- scripts/check-planted
check-simulate-long: $(COMMAND)
	$(Q)$(RUN_TESTS) --limit 14400 --name 'simulate, 10000 seeds' -- scripts/check-that \
		'10000 seeds are clean' $(COMMAND) simulate --seeds 10000
	$(Q)$(RUN_TESTS) --limit 43200 --name 'planted, searched for' -- scripts/check-planted --search

## check-long: all traces under the sanitizers, and 4 nested SMMUs with all traces; hours
.PHONY: check-long
check-long: setup
	$(Q)MAKE='$(MAKE)' WERROR=1 S2SHADOW_IS_SET_UP=1 scripts/run-checks $(CHECKS) check-clang-unit \
		check-traces-long check-log-long check-referee-long check-sanitize-long check-spin-long check-simulate-long

.PHONY: check-clang-unit check-traces-long check-log-long check-referee-long check-sanitize-long check-traces-sanitized
check-clang-unit:
	$(Q)$(MAKE) CONFIG=clang CC=clang CXX=clang++ check-unit
check-traces-long: $(COMMAND)
	$(Q)$(RUN_TESTS) --limit 14400 --name 'traces, 4 nested SMMUs' -- scripts/check-traces $(COMMAND) \
		smmus=4+nested $(filter-out $(call trace,boot np-thp pingpong),$(TRACES))
check-log-long: $(COMMAND)
	$(Q)$(RUN_TESTS) --limit 14400 \
		'tests/log/check_log.py --s2shadow $(COMMAND) --sweep long --traces bench/traces' \
		'tests/log/check_log.py --s2shadow $(COMMAND) --random 500'
check-referee-long: $(COMMAND)
	$(Q)scripts/install-qemu || [ $$? -eq 77 ]
	$(Q)$(RUN_TESTS) --limit 21600 --name 'referee, all traces' -- tests/referee/referee.py --s2shadow $(COMMAND) \
		$(addprefix --case ,$(referee_all))
	$(Q)$(RUN_TESTS) --limit 21600 --name 'referee, all logs' -- $(play) --until 100 --flushes 20000 \
		$(addprefix --case ,$(played_all))
check-sanitize-long:
	$(Q)$(MAKE) CONFIG=sanitize check-traces-sanitized
check-traces-sanitized: $(COMMAND)
	$(Q)$(RUN_TESTS) --limit 43200 --name 'traces, sanitized' -- scripts/check-traces $(COMMAND) \
		plain,nested $(TRACES)

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
	@sed -n 's/^## //p' Makefile scripts/package/package.mk | awk -F': ' '{ printf "  %-18s %s\n", $$1, $$2 }'

all_objects := $(traced_core) $(traced_runner) $(native_core) $(shared_core) $(observed_core) $(simulated_core) $(simulator_objects) $(native_runner) $(timed_core) \
	$(timed_objects) $(cost_objects) $(observed_runner) $(plain_objects) $(test_objects) $(bench_objects) $(el2_core) $(el2_platform) \
	$(el2_adapter) $(qemu_objects) $(fuzz_objects) $(BUILD)/plain/bench/s2shadow.o
.SECONDARY: $(all_objects)
# What is left out of a list has to leave the archives as well.
$(LIBRARY) $(HOSTED_LIBRARY) $(EL2_LIBRARY) $(EL2_BUILD)/core.o $(EL2_BUILD)/embedded.o: Makefile
$(addprefix $(BUILD)/,libs2shadow.o runner-native.o runner-observed.o runner-traced.o simulator.o timed.o cost.o libsupport.a libtest.a libbench.a): Makefile

-include $(all_objects:.o=.d)
