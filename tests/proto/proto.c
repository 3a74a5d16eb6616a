/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * proto.c - runs the cases of the good_*.c and bad_*.c suites.
 */
#include "proto.h"

static void run_stores(struct rig *rig, const struct proto_step *step, unsigned count)
{
	unsigned index;

	for (index = 0; index < count; index++)
		rig_store(rig, step->where + 8 * (uint64_t)index, step->value + ((uint64_t)index << 12));
}

static void step_run(struct rig *rig, const struct proto_step *step)
{
	unsigned index;

	switch (step->op) {
	case PROTO_FILL:
		for (index = 0; index < 512; index++)
			*rig_word(rig, step->where + 8 * (uint64_t)index) =
				step->value + ((uint64_t)index << 12);
		break;
	case PROTO_POKE:
		*rig_word(rig, step->where) = step->value;
		break;
	case PROTO_STORE:
		rig_store(rig, step->where, step->value);
		break;
	case PROTO_RUN16:
		run_stores(rig, step, 16);
		break;
	case PROTO_RUN15:
		run_stores(rig, step, 15);
		break;
	case PROTO_COMMAND:
		rig_queue(rig, step->where, step->value);
		rig_run(rig);
		break;
	case PROTO_SYNC:
		rig_queue(rig, RIG_SYNC, 0);
		rig_run(rig);
		break;
	default:
		rig_read(rig, step->where);
		break;
	}
}

static void case_run(const struct proto_case *proto, unsigned bbml)
{
	const struct proto_step *step = proto->step;
	unsigned before = 0, number = 0;
	struct rig rig;

	rig_config(&rig);
	rig.config.bbml = bbml;
	rig.config.s1p = proto->nested;
	rig_up_mapped(&rig);
	rig_expect_fault(&rig, 0x7000, MODEL_F_TRANSLATION); /* the stream is used: its tables are live */

	for (; step->op != PROTO_END; step++, number++) {
		before = rig.violations;
		if (before)
			print_error("%s, BBML %u, before step %u: %s: %s\n", proto->name, bbml, number,
				    model_rule_name(rig.last.rule), rig.last.what);
		assert_int_equal(before, 0);
		step_run(&rig, step);
	}
	if (proto->rule == PROTO_GOOD ? rig.violations : !rig.violations || (int)rig.last.rule != proto->rule)
		print_error("%s, BBML %u: %s\n", proto->name, bbml,
			    rig.violations ? model_rule_name(rig.last.rule) : "no violation");
	if (proto->rule == PROTO_GOOD) {
		assert_int_equal(rig.violations, 0);
	} else {
		assert_true(rig.violations > 0);
		assert_int_equal(rig.last.rule, proto->rule);
		assert_non_null(rig.last.what);
	}
	assert_int_equal(model_read32(rig.model, 0x60), 0); /* no command was refused */
	rig_free(&rig);
}

void proto_run(const struct proto_case *proto)
{
	unsigned bbml;

	for (bbml = proto->bbml_first; bbml <= proto->bbml_last; bbml++)
		case_run(proto, bbml);
}
