# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# checks.mk - a part of the Makefile: make check and all that it consists of, and what takes too long for it.

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

## check: set up, build and test everything; some 40 minutes on 2 CPUs
.PHONY: check
check: setup
	$(Q)MAKE='$(MAKE)' WERROR=1 S2SHADOW_IS_SET_UP=1 scripts/run-checks $(CHECKS)

## check-unit: the unit tests alone; some 2 minutes
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

## check-lists: every source is in sources.mk
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
		'tests/cli/recording.py $(COMMAND)' tests/linux/selftest.py \
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
		check-traces-long check-log-long check-referee-long check-sanitize-long check-spin-long check-simulate-long check-linux

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
