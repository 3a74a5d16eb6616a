/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * policy_rig.c - a policy on instant SMMUs that writes down what it tells them, in order.
 *
 * Commands are taken apart here once more, by bit numbers of IHI 0070, Commands.
 */
#include "tests/unit/policy_rig.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <shadow/platform.h>

#include "bench/policy/runner.h"
#include "engine/platform/linux.h"
#include "smmuv3/model/model.h"

#define COUNTED_PAGES STORM_BATCH

static uint64_t bits(uint64_t word, unsigned high, unsigned low)
{
	return word >> low & ((UINT64_C(2) << (high - low)) - 1);
}

/* Never fails the test at once: a listener is called inside the platform's read-side section, which must not
 * be left by a long jump. A record that does not fit ends in a word that no test expects. */
static void note(struct rig *rig, unsigned number, const char *what)
{
	size_t room = RIG_TEXT_BYTES - rig->length;
	int length = snprintf(rig->text + rig->length, room, "%s%u:%s", rig->length ? " " : "", number, what);

	if (length < 0 || (size_t)length >= room) {
		strcpy(rig->text, "the record is full");
		length = 0;
		rig->length = strlen(rig->text);
	}
	rig->length += (size_t)length;
}

static void note_command(struct rig *rig, unsigned number, const uint64_t word[2])
{
	char what[80];
	uint64_t page = bits(word[1], 55, 12) - STORM_BASE;

	if (bits(word[0], 7, 0) != 0x46)
		memcpy(rig->word, word, sizeof(rig->word));
	switch (bits(word[0], 7, 0)) {
	case 0x2a:
		if (bits(word[1], 11, 10))
			snprintf(what, sizeof(what), "IPA:%" PRIu64 "+%" PRIu64 ":%" PRIu64, page,
				 (bits(word[0], 16, 12) + 1) << bits(word[0], 24, 20), bits(word[1], 9, 8));
		else
			snprintf(what, sizeof(what), "IPA:%" PRIu64, page);
		break;
	case 0x10:
		snprintf(what, sizeof(what), "NH_ALL");
		break;
	case 0x28:
		snprintf(what, sizeof(what), "VMALL");
		break;
	case 0x46:
		snprintf(what, sizeof(what), "SYNC");
		break;
	default:
		snprintf(what, sizeof(what), "0x%" PRIx64, word[0]);
	}
	note(rig, number, what);
}

static void listen(void *ctx, unsigned number, enum instant_event event, uint32_t value)
{
	struct rig *rig = ctx;
	const struct storm *storm = &rig->storm;
	uint32_t index = UINT32_MAX >> (31 - storm->config.cmdq_lg2), slots = index >> 1; /* masks */
	const uint64_t *ring;

	if (event == INSTANT_POLL) {
		note(rig, number, "?");
		return;
	}
	ring = platform_virt((shadow_pa_t){ instant_ring(&storm->device[number]) }, sizeof(uint64_t));
	if (!ring) {
		note(rig, number, "no ring");
		return;
	}
	for (; rig->prod[number] != value; rig->prod[number] = (rig->prod[number] + 1) & index)
		note_command(rig, number, &ring[2 * (rig->prod[number] & slots)]);
	note(rig, number, "!");
}

static void forget(struct rig *rig)
{
	rig->text[0] = '\0';
	rig->length = 0;
}

void rig_init(struct rig *rig, const struct storm_config *config)
{
	unsigned number;

	memset(rig, 0, sizeof(*rig));
	assert_int_equal(storm_init(&rig->storm, config), 0);
	platform_linux_set_host_lock(true); /* some tests open a policy themselves */
	for (number = 0; number < config->smmu_count; number++) {
		rig->storm.device[number].listen = listen;
		rig->storm.device[number].ctx = rig;
	}
}

void rig_open(struct rig *rig, const struct policy_ops *ops)
{
	assert_int_equal(storm_open(&rig->storm, ops), 0);
	forget(rig);
}

void rig_start(struct rig *rig, const struct policy_ops *ops, unsigned smmu_count, bool nested, bool no_ril)
{
	struct storm_config config = storm_config_default();

	config.smmu_count = smmu_count;
	config.nested = nested;
	config.no_ril = no_ril;
	rig_init(rig, &config);
	rig_open(rig, ops);
}

void rig_fini(struct rig *rig)
{
	storm_fini(&rig->storm);
}

static int transition(struct rig *rig, const struct shadow_transition *transition)
{
	struct storm *storm = &rig->storm;

	forget(rig);
	return storm->ops->transition(storm->policy, 0, ++storm->number, transition);
}

int rig_revoke(struct rig *rig, uint64_t first, uint64_t count)
{
	return transition(rig, &(struct shadow_transition){
				       .start = { (STORM_BASE + first) << SHADOW_PAGE_LG2 },
				       .page_count = count,
				       .new_state = SHADOW_STATE_NOPAGE,
				       .old_state = SHADOW_STATE_OWNED,
			       });
}

int rig_grant(struct rig *rig, uint64_t first, uint64_t count, unsigned access)
{
	return transition(rig, &(struct shadow_transition){
				       .start = { (STORM_BASE + first) << SHADOW_PAGE_LG2 },
				       .page_count = count,
				       .new_state = SHADOW_STATE_OWNED,
				       .old_state = SHADOW_STATE_NOPAGE,
				       .access = access,
			       });
}

int rig_transition(struct rig *rig, uint64_t first, uint64_t count, enum shadow_state new_state,
		   const uint8_t *old_states)
{
	return transition(rig, &(struct shadow_transition){
				       .start = { (STORM_BASE + first) << SHADOW_PAGE_LG2 },
				       .page_count = count,
				       .new_state = new_state,
				       .old_states = old_states,
			       });
}

static const void *read_memory(void *ctx, uint64_t pa, size_t bytes)
{
	(void)ctx;
	return platform_virt((shadow_pa_t){ pa }, bytes);
}

unsigned rig_access(const struct rig *rig, uint64_t page)
{
	struct model_memory memory = { .read = read_memory };
	struct model_config config = { 0 };
	struct model_stage2 stage2;
	struct model_leaf leaf;
	uint64_t ste[8];

	model_config_default(&config);
	config.s1p = rig->storm.config.nested;
	rig->storm.ops->ste(rig->storm.policy, ste);
	stage2 = model_decode_ste(ste, &config);
	assert_true(stage2.valid);
	if (model_walk(&memory, &stage2, (STORM_BASE + page) << SHADOW_PAGE_LG2, &leaf) != MODEL_OK ||
	    !leaf.valid)
		return 0;
	return (unsigned)leaf.read | (unsigned)leaf.write << 1;
}

/* ---- instructions ---------------------------------------------------------------------------------------
 */

/* What callgrind counts. */
int rig_counted_region(struct storm *storm);
__attribute__((noinline)) int rig_counted_region(struct storm *storm)
{
	return storm_revoke(storm, COUNTED_PAGES);
}

bool rig_counted(int argc, char **argv)
{
	struct storm_config config = storm_config_default();
	struct storm storm;

	if (argc != 3 || strcmp(argv[1], "--count"))
		return false;
	if (storm_init(&storm, &config) ||
	    storm_open(&storm, runner_native.policies[strtoul(argv[2], NULL, 10)]) ||
	    storm_revoke(&storm, COUNTED_PAGES) || rig_counted_region(&storm))
		exit(1);
	storm_fini(&storm);
	return true;
}

uint64_t rig_count_instructions(unsigned policy)
{
	char self[PATH_MAX], command[PATH_MAX + 100], line[100] = "";
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	uint64_t count;
	FILE *output;
	int status;

#ifdef PLATFORM_LINUX_SANITIZED
	print_message("a sanitizer's instructions would be counted too\n");
	skip();
#endif
	assert_true(length > 0);
	self[length] = '\0';
	snprintf(command, sizeof(command), "scripts/count-instructions rig_counted_region '%s' --count %u",
		 self, policy);
	output = popen(command, "r");
	assert_non_null(output);
	if (!fgets(line, sizeof(line), output))
		line[0] = '\0';
	status = pclose(output);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("valgrind is missing\n");
		skip();
	}
	assert_int_equal(status, 0);
	count = strtoull(line, NULL, 10) / COUNTED_PAGES;
	print_message("%" PRIu64 " instructions a page\n", count);
	return count;
}
