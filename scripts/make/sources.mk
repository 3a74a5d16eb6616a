# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# sources.mk - a part of the Makefile: what each program is made of, sorted. `make check-lists` finds what is missing.

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

# The first process of the kernel that tests/linux boots, and the program that its guests run.
VMM_SRCS := \
	tests/linux/vmm/disk.c \
	tests/linux/vmm/edu.c \
	tests/linux/vmm/file.c \
	tests/linux/vmm/fragment.c \
	tests/linux/vmm/init.c \
	tests/linux/vmm/load.c \
	tests/linux/vmm/load_balloon.c \
	tests/linux/vmm/load_churn.c \
	tests/linux/vmm/load_dma.c \
	tests/linux/vmm/load_hostile.c \
	tests/linux/vmm/load_mixed.c \
	tests/linux/vmm/load_np.c \
	tests/linux/vmm/load_pingpong.c \
	tests/linux/vmm/load_pvm.c \
	tests/linux/vmm/mark.c \
	tests/linux/vmm/option.c \
	tests/linux/vmm/physical.c \
	tests/linux/vmm/ring.c \
	tests/linux/vmm/say.c \
	tests/linux/vmm/stats.c \
	tests/linux/vmm/vm.c \
	tests/linux/vmm/vm_run.c
GUEST_SRCS := \
	tests/linux/vmm/guest.c

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
	bench/trace/record_binary.c \
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
	tests/unit/test_lone.c \
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
