// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's part of a shadowed SMMU: options, what EL2 is told of SMMUs and memory, and what it tells afterwards.
 *
 * The SMMUs are found in the device tree and disabled there, so that the host's own driver finds none; EL2 takes them over
 * in __pkvm_init, before any driver of a device has been probed.
 */
#include <linux/debugfs.h>
#include <linux/kvm_host.h>
#include <linux/memblock.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <asm/kvm_asm.h>
#include <asm/kvm_mmu.h>
#include <asm/kvm_pkvm.h>
#include <asm/kvm_s2shadow.h>

/* One bus: what the library has streams for. */
#define SIDS_MAX	256

/* EL2's, which the host cannot read once it is deprivileged, and the host's own. */
extern struct kvm_s2shadow_config kvm_nvhe_sym(kvm_s2shadow_config);
static struct kvm_s2shadow_config config;

static const char * const modes[] = { "off", "eager", "batched", "group" };
static const char * const tests[] = { "no-tlbi", "lose" };	/* by the bit of KVM_S2SHADOW_TEST_* */

static int __init mode_set(char *arg)
{
	int mode = arg ? match_string(modes, ARRAY_SIZE(modes), arg) : -EINVAL;

	if (mode < 0) {
		pr_err("kvm-arm.s2shadow: off, eager, batched or group, not '%s'\n", arg ?: "");
		return -EINVAL;
	}
	config.mode = mode;
	return 0;
}
early_param("kvm-arm.s2shadow", mode_set);

static int __init test_set(char *arg)
{
	int test = arg ? match_string(tests, ARRAY_SIZE(tests), arg) : -EINVAL;

	if (test < 0) {
		pr_err("kvm-arm.s2shadow_test: no-tlbi or lose, not '%s'\n", arg ?: "");
		return -EINVAL;
	}
	config.test |= BIT(test);
	return 0;
}
early_param("kvm-arm.s2shadow_test", test_set);

static int __init smmus_find(void)
{
	struct device_node *node;

	for_each_compatible_node(node, NULL, "arm,smmu-v3") {
		struct kvm_s2shadow_smmu *smmu = &config.smmu[config.smmu_count];
		struct resource registers;

		if (!of_device_is_available(node))
			continue;
		if (config.smmu_count == KVM_S2SHADOW_SMMUS || of_address_to_resource(node, 0, &registers)) {
			of_node_put(node);
			return -EINVAL;
		}
		smmu->base = registers.start;
		smmu->size = resource_size(&registers);
		config.smmu_count++;
	}
	return config.smmu_count ? 0 : -ENODEV;
}

/*
 * Pages to be set aside for EL2, in front of all others of its memory, which then has to be aligned to PMD_SIZE.
 * The pool: a table for each 2 MiB of memory and what is above them, and 4 MiB for start tables, MMIO, queues and
 * stream tables. State: a bit for each page, and 2 MiB. EL2 knows what it needs, and refuses if this is less.
 */
u64 __init kvm_s2shadow_reserve(void)
{
	u64 span = memblock_end_of_DRAM() - memblock_start_of_DRAM();
	int ret;

	if (config.mode == KVM_S2SHADOW_OFF)
		return 0;
	ret = smmus_find();
	if (ret) {
		kvm_err("s2shadow: no SMMU to take over (%d): off\n", ret);
		config.mode = KVM_S2SHADOW_OFF;
		return 0;
	}
	config.sid_count = SIDS_MAX / roundup_pow_of_two(config.smmu_count);
	config.pool_bytes = ALIGN(span / 512 + span / 512 / 512 + SZ_4M, PMD_SIZE);
	config.state_bytes = ALIGN(span / PAGE_SIZE / 8 + SZ_2M, PMD_SIZE);
	kvm_nvhe_sym(kvm_s2shadow_config) = config;
	return (config.pool_bytes + config.state_bytes) >> PAGE_SHIFT;
}

/* Before platform devices are made of the tree. */
static int __init smmus_hide(void)
{
	struct device_node *node;

	if (config.mode == KVM_S2SHADOW_OFF)
		return 0;
	for_each_compatible_node(node, NULL, "arm,smmu-v3") {
		struct property *status = kzalloc(sizeof(*status), GFP_KERNEL);

		if (!status)
			panic("s2shadow: no memory to hide an SMMU");
		status->name = "status";
		status->value = "disabled";
		status->length = sizeof("disabled");
		if (of_update_property(node, status))
			panic("s2shadow: %pOF cannot be hidden", node);
	}
	return 0;
}
postcore_initcall(smmus_hide);

static u64 stat(u32 which)
{
	return kvm_call_hyp_nvhe(__pkvm_s2shadow_stat, which);
}

static const char * const stat_names[KVM_S2SHADOW_STAT_AUDIT] = {
	[KVM_S2SHADOW_STAT_POOL_START] = "pool_start",
	[KVM_S2SHADOW_STAT_POOL_END] = "pool_end",
	[KVM_S2SHADOW_STAT_TRANSITIONS] = "transitions",
	[KVM_S2SHADOW_STAT_FLUSHES] = "flushes",
	[KVM_S2SHADOW_STAT_TLBI] = "tlbi",
	[KVM_S2SHADOW_STAT_SYNCS] = "syncs",
	[KVM_S2SHADOW_STAT_DOORBELLS] = "doorbells",
	[KVM_S2SHADOW_STAT_TABLE_BYTES] = "table_bytes",
	[KVM_S2SHADOW_STAT_SPLITS] = "splits",
	[KVM_S2SHADOW_STAT_EVENTS] = "events",
	[KVM_S2SHADOW_STAT_EVENTS_LOST] = "lost",
	[KVM_S2SHADOW_STAT_REPORTS] = "reports",
	[KVM_S2SHADOW_STAT_SNAPSHOT_TICKS] = "snapshot_ticks",
};

/* The names of trips are those that the tests look at; all others have their number. */
static const char *trip_name(u32 trip)
{
	switch (trip) {
	case __KVM_HOST_SMCCC_FUNC___pkvm_host_share_hyp:
		return "host_share_hyp";
	case __KVM_HOST_SMCCC_FUNC___pkvm_host_unshare_hyp:
		return "host_unshare_hyp";
	case __KVM_HOST_SMCCC_FUNC___pkvm_host_donate_guest:
		return "host_donate_guest";
	case __KVM_HOST_SMCCC_FUNC___pkvm_host_share_guest:
		return "host_share_guest";
	case __KVM_HOST_SMCCC_FUNC___pkvm_host_unshare_guest:
		return "host_unshare_guest";
	case __KVM_HOST_SMCCC_FUNC___pkvm_reclaim_dying_guest_page:
		return "reclaim_dying_guest_page";
	case __KVM_HOST_SMCCC_FUNC___pkvm_force_reclaim_guest_page:
		return "force_reclaim_guest_page";
	case __KVM_HOST_SMCCC_FUNC___pkvm_finalize_teardown_vm:
		return "finalize_teardown_vm";
	case __KVM_HOST_SMCCC_FUNC___pkvm_init_vm:
		return "init_vm";
	case __KVM_HOST_SMCCC_FUNC___pkvm_init_vcpu:
		return "init_vcpu";
	case __KVM_HOST_SMCCC_FUNC___kvm_vcpu_run:
		return "vcpu_run";
	case KVM_S2SHADOW_TRIP_ABORT:
		return "abort";
	case KVM_S2SHADOW_TRIP_GUEST_SHARE:
		return "guest_share";
	case KVM_S2SHADOW_TRIP_GUEST_UNSHARE:
		return "guest_unshare";
	default:
		return NULL;
	}
}

static int stats_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "mode %s\n", modes[config.mode]);
	for (u32 i = 0; i < ARRAY_SIZE(stat_names); i++)
		seq_printf(file, "%s %llu\n", stat_names[i], stat(i));
	for (u32 trip = 0; trip < 256; trip++) {
		u64 count = stat(KVM_S2SHADOW_STAT_TRIPS | trip);

		if (count && trip_name(trip))
			seq_printf(file, "trip %s %llu %llu\n", trip_name(trip), count,
				   stat(KVM_S2SHADOW_STAT_TRIP_TICKS | trip));
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

/* The newest ones, in the order of their places. */
static int event_show(struct seq_file *file, void *unused)
{
	u64 events = min(stat(KVM_S2SHADOW_STAT_EVENTS), (u64)KVM_S2SHADOW_EVENTS);

	for (u32 i = 0; i < events; i++) {
		u64 a = stat(KVM_S2SHADOW_STAT_EVENT_A | i), b = stat(KVM_S2SHADOW_STAT_EVENT_B | i);

		seq_printf(file, "sid %llu addr %llx type %llx\n", a & U32_MAX, b & ~0xffULL, b & 0xff);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(event);

static int audit_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "differences %llu\n", stat(KVM_S2SHADOW_STAT_AUDIT));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(audit);

static int __init files_make(void)
{
	struct dentry *folder;

	if (!is_protected_kvm_enabled() || !is_kvm_arm_initialised())
		return 0;
	folder = debugfs_create_dir("s2shadow", NULL);
	debugfs_create_file("stats", 0400, folder, NULL, &stats_fops);
	debugfs_create_file("event", 0400, folder, NULL, &event_fops);
	debugfs_create_file("audit", 0400, folder, NULL, &audit_fops);
	if (config.mode != KVM_S2SHADOW_OFF)
		kvm_info("s2shadow: %s, pool 0x%llx-0x%llx\n", modes[config.mode], stat(KVM_S2SHADOW_STAT_POOL_START),
			 stat(KVM_S2SHADOW_STAT_POOL_END));
	return 0;
}
late_initcall(files_make);
