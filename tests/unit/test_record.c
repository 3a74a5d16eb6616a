/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * test_record.c - lines of a hypervisor's log: what they say, and which are refused.
 *
 * What becomes of whole logs is compared in tests/cli/inputs.py.
 */
#include "bench/trace/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct record_event event;
static char why[RECORD_WHY_BYTES];

static void parse(const char *line)
{
	if (record_parse(line, strlen(line), &event, why))
		fail_msg("'%s': %s", line, why);
}

static void a_line_of_the_kernel_has_a_cpu_and_a_time_of_microseconds(void **state)
{
	(void)state;
	parse("[017]\t   12.345678: hyp_enter  ");

	assert_int_equal(event.kind, RECORD_ENTER);
	assert_int_equal(event.cpu, 17);
	assert_int_equal(event.time_ns, 12345678000);
	assert_false(event.has_why);
}

static void an_entry_says_its_reason_where_the_kernel_does(void **state)
{
	static const struct {
		const char *reason;
		uint8_t why;
	} cases[] = { { "smc", TRACE_WHY_SMC },
		      { "hvc", TRACE_WHY_HVC },
		      { "psci", TRACE_WHY_SMC },
		      { "host_abort", TRACE_WHY_ABORT },
		      { "guest_exit", TRACE_WHY_GUEST } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char line[80];

		snprintf(line, sizeof(line), "[000]\t    1.000000: hyp_enter reason=%s vcpu=-1",
			 cases[i].reason);
		parse(line);
		assert_true(event.has_why);
		assert_int_equal(event.why, cases[i].why);
	}
	parse("[000]\t    1.000000: hyp_enter reason=unknown vcpu=-1");
	assert_false(event.has_why);
}

static void an_idmap_without_rights_takes_access_away(void **state)
{
	(void)state;
	parse("[000]\t    1.000000: iommu_idmap from=0x40001000 to=0x40003000 prot=0x0");
	assert_int_equal(event.kind, RECORD_ACCESS);
	assert_int_equal(event.start, 0x40001000);
	assert_int_equal(event.end, 0x40003000);
	assert_false(event.access);

	parse("[000]\t    1.000000: iommu_idmap from=0x40001000 to=0x40003000 prot=0x7");
	assert_true(event.access);
}

static void calls_name_the_trip(void **state)
{
	(void)state;
	parse("[000]\t    1.000000: host_hcall id=46 invalid=0");
	assert_int_equal(event.kind, RECORD_CALL);
	assert_string_equal(event.word, "hcall-46");
	parse("[000]\t    1.000000: host_smc id=2214592519 forwarded=1");
	assert_int_equal(event.why, TRACE_WHY_SMC);
	assert_string_equal(event.word, "84000007");
}

static void a_printk_of_ours_is_an_event_of_the_simple_form(void **state)
{
	(void)state;
	parse("[002]\t   12.345680: hyp_printk s2shadow state 40001000 1000 O N host_donate_guest");
	assert_int_equal(event.kind, RECORD_STATE);
	assert_int_equal(event.cpu, 2);
	assert_int_equal(event.old_state, TRACE_STATE_OWNED);
	assert_int_equal(event.new_state, TRACE_STATE_NOPAGE);
	assert_string_equal(event.word, "host_donate_guest");

	parse("[002]\t   12.345680: hyp_printk somebody else's");
	assert_int_equal(event.kind, RECORD_NOTHING);
	assert_true(event.other);
}

static void the_simple_form_says_it_without_a_kernel(void **state)
{
	(void)state;
	parse("4000 3 access 40001000 2000 rw");
	assert_int_equal(event.kind, RECORD_ACCESS);
	assert_int_equal(event.cpu, 3);
	assert_int_equal(event.time_ns, 4000);
	assert_string_equal(event.word, "access");
	parse("4000 3 map 9000000 1000 mmio");
	assert_true(event.mmio);
	parse("4000 3 exit");
	assert_int_equal(event.kind, RECORD_EXIT);
}

static void comments_and_empty_lines_say_nothing(void **state)
{
	(void)state;
	parse("# a comment");
	assert_int_equal(event.kind, RECORD_NOTHING);
	assert_false(event.other);
	parse("");
	assert_int_equal(event.kind, RECORD_NOTHING);
	parse("CPU:1 [LOST 12 EVENTS]");
	assert_int_equal(event.kind, RECORD_LOST);
}

static void what_is_malformed_is_refused(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "hello", "neither a time nor [CPU]" },
		{ "100", "TIME_NS CPU EVENT" },
		{ "100 0", "TIME_NS CPU EVENT" },
		{ "100 256 exit", "CPU '256'" },
		{ "99999999999999999999 0 exit", "neither a time" },
		{ "100 0 leave", "'leave' is not" },
		{ "100 0 exit now", "this is not 'exit'" },
		{ "100 0 enter", "this is not 'enter" },
		{ "100 0 enter irq", "'irq' is not hvc" },
		{ "100 0 enter hvc a/b", "letters" },
		{ "100 0 state 1000 1000 O", "this is not 'state" },
		{ "100 0 state 1000 1000 O X", "'X' is not one of O, S, B, N" },
		{ "100 0 state 1000 1000 O N a b", "this is not 'state" },
		{ "100 0 state 1800 1000 O N", "whole pages" },
		{ "100 0 state 1000 0 O N", "whole pages" },
		{ "100 0 state fffffffffffff000 2000 O N", "wraps around" },
		{ "100 0 state g 1000 O N", "'g' is not a hexadecimal" },
		{ "100 0 access 1000 1000 r", "none or rw" },
		{ "100 0 map 1000 1000 ram", "mem or mmio" },
		{ "[0 1.000000: hyp_exit", "this is not '[CPU]" },
		{ "[0] 1.000000:", "this is not '[CPU]" },
		{ "[x] 1.000000: hyp_exit", "CPU 'x'" },
		{ "[0] 1.0000: hyp_exit", "is not a time" },
		{ "[0] 1.000000 hyp_exit", "is not a time" },
		{ "[0] 1.000000: hyp_enter vcpu=1", "reason=" },
		{ "[0] 1.000000: iommu_idmap from=0x1000 to=0x2000", "prot=NUMBER" },
		{ "[0] 1.000000: iommu_idmap from=0x2000 to=0x1000 prot=0x0", "whole pages" },
		{ "[0] 1.000000: iommu_idmap from=1g to=0x1000 prot=0x0", "from=NUMBER" },
		{ "[0] 1.000000: host_mem_abort addr=0x1000", "esr=NUMBER" },
		{ "[0] 1.000000: host_hcall id=x invalid=0", "id=NUMBER" },
		{ "[0] 1.000000: hyp_printk s2shadow", "is not enter, exit" },
		{ "[0] 1.000000: hyp_printk s2shadow state 1000 1000 O", "this is not 'state" },
	};
	char long_line[600];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(record_parse(cases[i].line, strlen(cases[i].line), &event, why), -1);
		if (!strstr(why, cases[i].why))
			fail_msg("'%s' says '%s', not '%s'", cases[i].line, why, cases[i].why);
	}
	memset(long_line, ' ', sizeof(long_line));
	assert_int_equal(record_parse(long_line, sizeof(long_line), &event, why), -1);
	assert_int_equal(record_parse("1 0 exit\0", 9, &event, why), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_the_kernel_has_a_cpu_and_a_time_of_microseconds),
		cmocka_unit_test(an_entry_says_its_reason_where_the_kernel_does),
		cmocka_unit_test(an_idmap_without_rights_takes_access_away),
		cmocka_unit_test(calls_name_the_trip),
		cmocka_unit_test(a_printk_of_ours_is_an_event_of_the_simple_form),
		cmocka_unit_test(the_simple_form_says_it_without_a_kernel),
		cmocka_unit_test(comments_and_empty_lines_say_nothing),
		cmocka_unit_test(what_is_malformed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
