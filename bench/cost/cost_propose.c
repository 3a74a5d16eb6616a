/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * cost_propose.c - the planner's parameters that go with a device and its DMA.
 *
 * What a needless leaf costs is found by taking all leaves of the pages that the device uses out of a warm SMMU and counting
 * what the stream misses more; a pointer to a table, by taking the pointers as well. The whole VMID is a flush of one page
 * said in that way, less the same flush as a list.
 */
#include "bench/cost/cost_propose.h"

#include <shadow/error.h>

#define LAST 3u

/* After a flush that takes leaves of the last level, and, not @leaf, pointers to tables, of all that the device uses. */
static int after_dropping(const struct cost_common *common, const struct cost_layout *layout, bool nested, bool leaf,
			  double *ns)
{
	struct cost_effect effect = { .kind = COST_KIND_RANGE, .start = layout->page[0],
				      .end = layout->page[layout->pages - 1] + 1, .ttl = LAST, .leaf = leaf };
	struct cost_misses with, without;
	struct cost_extra extra;

	for (unsigned drop = 0; drop < 2; drop++) {
		struct cost_model model;

		if (cost_model_init(&model, &common->device, layout, &common->stream, nested))
			return -SHADOW_ENOMEM;
		if ((drop && cost_drops_add(&model.drops, &effect)) || cost_model_flushed(&model, drop)) {
			cost_model_free(&model);
			return -SHADOW_ENOMEM;
		}
		*(drop ? &with : &without) = cost_model_misses(&model);
		cost_model_free(&model);
	}
	extra = cost_extra(&with, &without);
	*ns = cost_after_ns(&common->device, &extra);
	return 0;
}

/* Below 0 it is chance. */
static double per(double ns, double count)
{
	return ns > 0 ? ns / count : 0;
}

int cost_worth_find(struct cost_bench *bench, const struct cost_common *common, bool nested, struct cost_worth *worth)
{
	const struct cost_point point = { .runs = 1, .length = 1, .gap = 1, .batch = 1, .smmus = 1, .nested = nested };
	const struct cost_device *device = &common->device;
	double command = device->ns[device->ranges ? COST_NS_RANGE : COST_NS_COMMAND], leaves, all;
	struct cost_row list, whole;
	struct cost_layout layout;
	int error = cost_sweep_one(bench, common, &point, COST_PAGE, NULL, &list);

	if (!error)
		error = cost_sweep_one(bench, common, &point, COST_VMID, NULL, &whole);
	if (error)
		return error;
	if (cost_layout_make(&layout, &point, &common->stream))
		return -SHADOW_ENOMEM;
	error = after_dropping(common, &layout, nested, true, &leaves);
	if (!error)
		error = after_dropping(common, &layout, nested, false, &all);
	*worth = (struct cost_worth){
		.command = command,
		.sync = device->ns[COST_NS_SYNC] + device->ns[COST_NS_STAGE1] - command,
		.entry = error ? 0 : per(leaves, layout.pages),
		.table = error ? 0 : per(all - leaves, (layout.pages + 511) / 512),
		.vmid = per(whole.after_ns, 1) - per(list.after_ns, 1) + device->ns[COST_NS_VMID] - command,
	};
	cost_layout_free(&layout);
	return error;
}

static uint32_t units(double worth, double unit)
{
	double value = worth / unit + 0.5;

	return value <= 0 ? 0 : value >= SHADOW_TLBI_COST_MAX ? SHADOW_TLBI_COST_MAX : (uint32_t)value;
}

static double most(double left, double right)
{
	return left > right ? left : right;
}

struct shadow_tlbi_cost cost_propose(const struct cost_worth *worth)
{
	double largest = most(most(worth->sync, worth->vmid), most(worth->entry, worth->table));
	double command = worth->command > 0 ? worth->command : 1;
	/* So many nanoseconds are 1. */
	double unit = most(command / SHADOW_TLBI_COST_COMMAND, largest / SHADOW_TLBI_COST_MAX);
	uint32_t commands = units(command, unit);

	return (struct shadow_tlbi_cost){
		.command = commands ? commands : 1,
		.sync = units(worth->sync, unit),
		.entry = units(worth->entry, unit),
		.table = units(worth->table, unit),
		.vmid = units(worth->vmid, unit),
		.share = SHADOW_TLBI_COST_SHARE,
	};
}
