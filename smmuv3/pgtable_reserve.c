/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * pgtable_reserve.c - tables set aside for transitions before they are committed.
 *
 * While all that may transition can be given all it may ever need, that is promised as a whole and nothing is
 * counted. Otherwise each run's missing tables are counted, as the tables stand now; a table that two runs of
 * a batch need is counted once, as far as a small set of claims remembers. Owns: after pgtable_reserve()
 * granted it, a run can be applied without running out. Pages that are pending or retired are not free.
 * Callers: set-up; the host's check phase, host lock held.
 */
#include "smmuv3/pgtable_reserve.h"

#include <shadow/error.h>

#include "smmuv3/pgtable_bound.h"
#include "smmuv3/pgtable_cursor.h"
#include "smmuv3/pgtable_hint.h"
#include "smmuv3/pgtable_policy.h"

#define CLAIM_PROBES 4u
#define PAGES_ONLY   1u

int reserve_init(struct pgtable *pgtable, const struct shadow_smmu_target_config *config)
{
	struct bound bound;
	int error = bound_compute(&bound, config, config->pool.bytes);

	if (error)
		return error;
	pgtable->tables_max = bound.start;
	for (unsigned height = 0; height < FORMAT_HEIGHTS; height++)
		pgtable->tables_max += bound.moving[height];
	return 0;
}

/* ---- tables beyond the worst case ----------------------------------------------------------------- */

void reserve_made(struct pgtable *pgtable, uint32_t page, enum shadow_memory memory)
{
	struct pgtable_page *table = &pgtable->page[page];

	if (memory == SHADOW_MEMORY_NORMAL && pgtable->bbml)
		return;
	table->beyond = policy_allows_leaf(pgtable, table->height + 1u, pages_base(pgtable, table), memory);
	pgtable->beyond += table->beyond;
}

/* Does the table, or one below it, hold what may transition? Those below were judged before. */
static bool holds_moving(struct pgtable *pgtable, uint32_t page)
{
	const struct pgtable_page *table = &pgtable->page[page];
	uint64_t pages = format_pages(&pgtable->format, table->height + 1u);
	const uint64_t *entry = pages_entries(pgtable, page);

	if ((table->mixed || (table->leaves && table->memory == SHADOW_MEMORY_NORMAL)) &&
	    !(pgtable->bbml == 0 && policy_never_transitions(pgtable, pages_base(pgtable, table), pages)))
		return true;
	for (unsigned i = 0; table->valid != table->leaves && i < format_entries(&pgtable->format); i++)
		if (pte_is_table(entry[i], table->height) &&
		    !pgtable->page[pages_of_table(pgtable, entry[i])].beyond)
			return true;
	return false;
}

/* The snapshot came across MMIO first where it shares a table with memory: such tables are not beyond. */
void pgtable_built(struct pgtable *pgtable)
{
	pgtable_close(pgtable);
	hint_give(pgtable, pgtable->format.start);
	pgtable->dirty.count = 0;
	/* With what was never stored: the pool's zeroes may be in caches only. */
	if (!pgtable->coherent)
		order_clean(pages_entries(pgtable, 0), sizeof(uint64_t) << pgtable->format.start_lg2);
	for (unsigned height = 0; height < pgtable->format.start && pgtable->beyond; height++)
		for (uint32_t page = format_start_tables(&pgtable->format); page < pgtable->bump; page++)
			if (pgtable->page[page].beyond && pgtable->page[page].height == height &&
			    holds_moving(pgtable, page))
				reserve_gone(pgtable, page);
}

/* ---- claims ----------------------------------------------------------------------------------------- */

/* All claims so far are void: nothing is set aside any more, or a reservation that made some was refused. */
static void claims_forget(struct pgtable *pgtable)
{
	pgtable->claims.epoch++;
}

void pgtable_release(struct pgtable *pgtable)
{
	pgtable->reserved = 0;
	pgtable->promised = false;
	pgtable->claims.beyond = 0;
	claims_forget(pgtable);
}

/* A table below the entry of @height for @unit. Return: 1; 0 if it is claimed in this batch already. Where
 * the set is full an old claim is forgotten, and that table may be counted twice. */
static unsigned claim(struct pgtable *pgtable, unsigned height, uint64_t unit)
{
	uint64_t key = unit * FORMAT_HEIGHTS + height, epoch = pgtable->claims.epoch;
	unsigned first = (unsigned)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32), free = first;

	for (unsigned probe = first; probe < first + CLAIM_PROBES; probe++) {
		const struct pgtable_claim *at = &pgtable->claims.claim[probe % PGTABLE_CLAIMS];

		if (at->epoch != epoch)
			free = probe;
		else if (at->key == key)
			return 0;
	}
	pgtable->claims.claim[free % PGTABLE_CLAIMS] = (struct pgtable_claim){ key, epoch };
	return 1;
}

/* ---- what a run needs ------------------------------------------------------------------------------- */

/* A part of a run that has one mapping. */
struct part {
	uint64_t start, end;
	enum shadow_memory memory;
	uint8_t heights; /* where it may have leaves, if it is a grant */
	bool grants;
	bool moves; /* the worst case counts all tables that it can need */
};

static struct part part_at(struct pgtable *pgtable, const struct run *run, uint64_t page)
{
	struct part part = { .start = page,
			     .memory = run->memory,
			     .grants = run->access != SHADOW_ACCESS_NONE };

	part.heights = policy_heights(pgtable, page, run->memory, &part.end);
	part.moves = part.heights == PAGES_ONLY || (run->memory == SHADOW_MEMORY_NORMAL && pgtable->bbml);
	if (part.end > run->end)
		part.end = run->end;
	return part;
}

static bool run_moves(struct pgtable *pgtable, const struct run *run)
{
	struct part part;

	for (uint64_t page = run->start; page < run->end; page = part.end) {
		part = part_at(pgtable, run, page);
		if (!part.moves)
			return false;
	}
	return true;
}

/* Tables under entries of @height that pages [from, to) of the part need. Of entries in the middle of a row
 * it is not remembered that they are claimed. */
static uint64_t missing_at(struct pgtable *pgtable, unsigned height, uint64_t from, uint64_t to,
			   const struct part *part)
{
	uint64_t mask = format_pages(&pgtable->format, height) - 1;
	unsigned lg2 = format_lg2(&pgtable->format, height);
	uint64_t first = from >> lg2, last = (to - 1) >> lg2, missing = 0;
	bool all = part->grants && !(part->heights >> height & 1);

	if (all || from & mask || (first == last && to & mask))
		missing += claim(pgtable, height, first);
	if (first == last)
		return missing;
	if (all || to & mask)
		missing += claim(pgtable, height, last);
	return missing + (all ? last - first - 1 : 0);
}

static bool covers_entry(const struct pgtable *pgtable, unsigned height, uint64_t from, uint64_t to,
			 const struct part *part)
{
	uint64_t size = format_pages(&pgtable->format, height);

	return !(from & (size - 1)) && to - from == size && (!part->grants || part->heights >> height & 1);
}

/* Tables missing for the part, as the tables stand now. A live leaf that would be cut sets *@cut. */
static uint64_t tables_missing(struct pgtable *pgtable, const struct part *part, bool *cut)
{
	uint64_t page = part->start, missing = 0;

	while (page < part->end) {
		unsigned height;
		uint64_t pte = cursor_look(pgtable, page, &height), next;

		/* In a table of pages nothing is missing, up to its end. */
		next = (page | (format_pages(&pgtable->format, height ? height : 1) - 1)) + 1;
		if (next > part->end)
			next = part->end;
		*cut |= height && pte_is_valid(pte) && !covers_entry(pgtable, height, page, next, part);
		/* A revoke of what is invalid as well: a grant around it may be queued. */
		for (unsigned at = height; at > 0; at--)
			missing += missing_at(pgtable, at, page, next, part);
		page = next;
	}
	return missing;
}

/* ---- reservations ----------------------------------------------------------------------------------- */

/* Set aside all that may still be needed for what may transition, in place of what was counted for it. */
static bool promise(struct pgtable *pgtable)
{
	uint64_t counted = (uint64_t)pgtable->live - pgtable->beyond, want = pgtable->claims.beyond;

	if (pgtable->promised)
		return true;
	if (pgtable->tables_max > counted)
		want += pgtable->tables_max - counted;
	if (want > pages_available(pgtable))
		return false;
	pgtable->reserved = (uint32_t)want;
	return pgtable->promised = true;
}

bool pgtable_keep(struct pgtable *pgtable)
{
	if (!pgtable->promised)
		return false;
	pgtable_settle(pgtable);
	pgtable->promised = false;
	pgtable->kept = promise(pgtable);
	pgtable->promised = true;
	return pgtable->kept;
}

/* Would the run grant where a block that was revoked may be cached? Below BBM level 2 no table may take its
 * place. A walk cache may also lead to a table that was unlinked here, and what the run grants be a hole in
 * it; one without holes says of each page what a grant will say, but below BBM level 2 no block may take its
 * place. */
static bool is_behind_invalidation(const struct pgtable *pgtable, const struct run *run)
{
	if (run->start < pgtable->gone_end && run->end > pgtable->gone_start)
		return true;
	for (uint32_t at = pgtable->retired.first; at != PGTABLE_NONE; at = pgtable->page[at].next) {
		const struct pgtable_page *table = &pgtable->page[at];
		uint64_t base = pages_base(pgtable, table);

		if (base < run->end &&
		    run->start < base + format_pages(&pgtable->format, table->height + 1u) &&
		    !(pgtable->bbml == 2 && table->whole == format_entries(&pgtable->format)))
			return true;
	}
	return false;
}

/* Count what the run needs beyond what is promised. Return: 0, -SHADOW_ENOMEM, -SHADOW_EOPNOTSUPP. */
static int reserve_counted(struct pgtable *pgtable, const struct run *run)
{
	uint64_t missing = 0, beyond = 0;
	struct part part;
	bool cut = false;

	for (uint64_t page = run->start; page < run->end; page = part.end) {
		uint64_t tables;

		part = part_at(pgtable, run, page);
		if (part.moves && pgtable->promised)
			continue;
		tables = tables_missing(pgtable, &part, &cut);
		missing += tables;
		beyond += part.moves ? 0 : tables;
	}
	if (pgtable->bbml == 0 && cut) {
		claims_forget(pgtable);
		return -SHADOW_EOPNOTSUPP;
	}
	if (pgtable->reserved + missing > pages_available(pgtable)) {
		claims_forget(pgtable);
		return -SHADOW_ENOMEM;
	}
	pgtable->reserved += (uint32_t)missing;
	pgtable->claims.beyond += (uint32_t)beyond;
	return 0;
}

int pgtable_reserve(struct pgtable *pgtable, const struct run *run)
{
	/* Nothing in such memory is declared to be beyond the worst case. Elsewhere what was declared may have to be
	 * refused, or counted. */
	bool all_moves = run->memory == SHADOW_MEMORY_NORMAL && (pgtable->bbml || !pgtable->region_count);

	if (run->access && is_behind_invalidation(pgtable, run))
		return -SHADOW_EAGAIN;
	if (pgtable->bbml == 0 && pgtable->contiguous && hint_is_cut(pgtable, run))
		return -SHADOW_EOPNOTSUPP;
	if ((!all_moves && !run_moves(pgtable, run)) || !promise(pgtable))
		return reserve_counted(pgtable, run);
	return all_moves;
}
