/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * kvm_smmu.c - pKVM's hooks on the library's calls.
 *
 * Everything here runs under the host lock, from the check to the hand-over. docs/integration.md.
 */
#include "tests/adapter/kvm_smmu.h"

struct kvm_smmu kvm_smmu;

/* ---- once -------------------------------------------------------------------------------------------- */

static int device_up(struct kvm_smmu_device *device)
{
	int error = shadow_smmu_attach(kvm_smmu.target, &device->config, &device->smmu);

	for (unsigned i = 0; i < device->sid_count && !error; i++)
		error = shadow_smmu_stream(device->smmu, device->sids[i]);
	return error;
}

static int smmu_init(void)
{
	int error;

	if (kvm_smmu.tried)
		return -SHADOW_EBUSY;
	kvm_smmu.tried = true;
	error = shadow_engine_init(kvm_smmu.engine_memory, kvm_smmu.engine_bytes, &kvm_smmu.engine_config,
				   &kvm_smmu.engine);
	if (!error)
		error = shadow_smmu_target_init(kvm_smmu.target_memory, kvm_smmu.target_bytes,
						&kvm_smmu.target_config, &kvm_smmu.target);
	for (unsigned i = 0; i < kvm_smmu.device_count && !error; i++)
		error = device_up(&kvm_smmu.devices[i]);
	if (!error)
		error = shadow_engine_register(kvm_smmu.engine, kvm_smmu.target);
	if (!error)
		error = shadow_snapshot(kvm_smmu.engine, &kvm_smmu.host);
	kvm_smmu.ready = !error;
	return error;
}

/* ---- two phases -------------------------------------------------------------------------------------- */

static struct shadow_transition transition_of(phys_addr_t start, phys_addr_t end)
{
	unsigned page_lg2 = shadow_map_granule_lg2(&kvm_smmu.engine_config.map);

	return (struct shadow_transition){ .start = { start }, .page_count = (end - start) >> page_lg2 };
}

static struct shadow_transition state_change(phys_addr_t start, phys_addr_t end, const u8 *old_states,
					     enum pkvm_page_state new_state)
{
	struct shadow_transition transition = transition_of(start, end);

	transition.old_states = old_states;
	transition.new_state = (enum shadow_state)new_state;
	return transition;
}

static void queue(const struct shadow_transition *transition)
{
	kvm_smmu.number +=
		shadow_queue(kvm_smmu.engine, hyp_smp_processor_id(), kvm_smmu.number + 1, transition);
}

static int host_state_reserve(phys_addr_t start, phys_addr_t end, const u8 *old_states,
			      enum pkvm_page_state new_state)
{
	struct shadow_transition transition = state_change(start, end, old_states, new_state);

	if (!kvm_smmu.ready)
		return 0;
	return shadow_reserve(kvm_smmu.engine, hyp_smp_processor_id(), &transition, kvm_smmu.wait_ns);
}

static void host_state_queue(phys_addr_t start, phys_addr_t end, const u8 *old_states,
			     enum pkvm_page_state new_state)
{
	struct shadow_transition transition = state_change(start, end, old_states, new_state);

	if (kvm_smmu.ready)
		queue(&transition);
}

static int host_state_complete(void)
{
	if (!kvm_smmu.ready)
		return 0;
	shadow_trip_end(kvm_smmu.engine, hyp_smp_processor_id());
	return shadow_wait(kvm_smmu.engine, shadow_flush(kvm_smmu.engine), kvm_smmu.wait_ns);
}

/* ---- one call ---------------------------------------------------------------------------------------- */

static int host_stage2_idmap(phys_addr_t start, phys_addr_t end, enum kvm_pgtable_prot prot)
{
	struct shadow_transition transition = transition_of(start, end);
	int error;

	if (!kvm_smmu.ready)
		return 0;
	transition.access = (prot & KVM_PGTABLE_PROT_R ? SHADOW_ACCESS_R : 0) |
			    (prot & KVM_PGTABLE_PROT_W ? SHADOW_ACCESS_W : 0);
	if (transition.access)
		transition.old_state = SHADOW_STATE_NOPAGE;
	else
		transition.new_state = SHADOW_STATE_NOPAGE;
	error = shadow_reserve(kvm_smmu.engine, hyp_smp_processor_id(), &transition, kvm_smmu.wait_ns);
	if (error)
		return error;
	queue(&transition);
	return host_state_complete();
}

const struct kvm_iommu_ops kvm_smmu_ops = {
	.init = smmu_init,
	.host_stage2_idmap = host_stage2_idmap,
	.host_state_reserve = host_state_reserve,
	.host_state_queue = host_state_queue,
	.host_state_complete = host_state_complete,
};
