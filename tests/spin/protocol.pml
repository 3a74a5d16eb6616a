/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
 *
 * protocol.pml - flush, ticket, sync, repair and hand-over, as engine/ and smmuv3/ do them, for spin.
 *
 * Two CPUs make trips under the host lock, two SMMUs carry out commands, and a device does what it should not as
 * soon as it can. README.md says what is modelled and what is not; scripts/check-spin, which settings are run.
 * Where a variable has the name of one in the C code it is that one. A page is a bit; sets of pages are masks.
 *
 * Nothing runs in circles: a look at the devices that would see nothing new is not taken (NEWS). So a state in
 * which nobody can move, somebody not being at his end, is a waiter who never ends.
 *
 * Settings: TRIPS a CPU; EDITS a trip; GAP: the lock may be dropped between edits and flush; SOME: a flush may take the
 * oldest slot alone; TEARDOWN; RING, FENCES,
 * FLIGHTS; START position; MINE: pages of the host at first, the others are the guest's; NESTED; TABLES: the two
 * pages are a block, and the second one stays; REFUSALS of a command and FAILURES of an SMMU, in all; ENABLES of the second
 * SMMU, which is OFF at first or has failed; ANY_TIME: a TLB fills when it likes, rather than at once; BROKEN_*: what is left out or done wrong.
 */
#ifndef TRIPS
#define TRIPS 2
#endif
#ifndef EDITS
#define EDITS 1
#endif
#ifndef RING
#define RING 4			/* commands; a power of two */
#endif
#ifndef FENCES
#define FENCES 2
#endif
#ifndef FLIGHTS
#define FLIGHTS 2
#endif
#ifndef START
#define START 0			/* position of the first command: the ring has been gone round before */
#endif
#ifndef MINE
#define MINE 3
#endif
#ifdef ANY_TIME
#define CACHED 0		/* at first */
#else
#define CACHED MINE
#endif
#ifndef REFUSALS
#define REFUSALS 0
#endif
#ifndef ENABLES
#define ENABLES 0
#endif
#ifndef FAILURES
#define FAILURES 0
#endif

#define SLOTS 3			/* of a CPU's queue */

/* Commands; those that invalidate are the bits of what is being carried out as well. */
#define TLBI_PAGE 3		/* mask of the page's bit; */
#define TLBI_ALL 4		/* TLBI_NSNH_ALL */
#define TLBI_NH 8		/* TLBI_NH_ALL: what holds stage 1, combined entries too; not stage 2 */
#define SYNC 16

/* What a table says of the block's pages; one that is free says nothing. */
#define FREE 0
#define HOLE 2
#define FULL 3

#define NOT_YET 0
#define DONE 1
#define EIO 2
#define LATE 3

/* ---- the properties; an assertion that fails shows its name -------------------------------------- */

hidden byte I1_page_handed_over_is_out_of_reach = 1;
hidden byte I2_page_that_stays_is_never_refused = 1;
hidden byte I3_last_in_the_order_wins = 1;
hidden byte I7_unconfirmed_revoke_never_completes = 1;
hidden byte I8_table_reused_only_after_the_sync = 1;
hidden byte page_goes_only_to_an_owner_that_lives = 1;
hidden byte only_an_smmu_that_failed_is_shut = 1;

#define CHECK(name, holds) name = (holds); assert(name)

/* ---- the host: under the host lock ---------------------------------------------------------------- */

bool host_lock;
byte mine = MINE;		/* pages that the host may reach */
byte guests = 3 - MINE;		/* pages whose owner is the guest; those of neither are pending */
byte handed = 3 - MINE;		/* pages that the guest has mapped */
bool alive = true;		/* the guest */
byte order;			/* newest number */

typedef slot_t { byte pages; bool access; byte first; byte last };
typedef queue_t { slot_t slot[SLOTS]; byte count; bool open };
queue_t queue[2];

/* ---- the target -------------------------------------------------------------------------------------- */

byte desc = MINE;		/* leaf descriptors as CPUs see them: valid */
byte memory = MINE;		/* as SMMUs see them; the difference is in store buffers */
byte stays;			/* granted pages, from the end of the flush to the next revoke */
byte flushed_number;
#ifdef TABLES
/* The entry that covers both pages: 0, a block; 1 or 2, that table. As CPUs and as SMMUs see it. */
byte entry, entry_memory;
byte table[3], table_memory[3];	/* what it says; [0] is the block */
byte pending;			/* mask of tables: unlinked, their invalidation not published */
byte stamp[3];			/* unlinked: the fence after which it is free; 0: none */
#endif

typedef place_t { byte sync[2] };
place_t position[FENCES];	/* of each fence's last SYNC */
byte fence, fence_complete;
typedef flight_t { byte number; byte fence };
flight_t flight[FLIGHTS];
byte flight_tail, flight_head, complete_number, complete_fence;

bool completing;		/* completion lock */

typedef ring_t { byte command[RING] };
ring_t ring[2], fetched[2];	/* as written; as the SMMU would fetch it */
byte written[2] = START, published[2] = START, consumed[2] = START, repaired_at[2];
bool failed[2], closed[2], isolation_lost[2], live[2] = true;

/* ---- the SMMUs ------------------------------------------------------------------------------------- */

byte prod[2] = START;		/* PROD was written up to here */
byte cons[2] = START;		/* consumed in truth; the register shows this but for the wrap */
byte synced[2] = START;		/* after the newest SYNC that is complete */
byte doing[2];			/* invalidations that are consumed and not yet carried out */
byte tlb[2] = CACHED;		/* stage-2 entries */
#ifdef NESTED
byte combined[2] = CACHED;	/* entries of both stages */
#endif
#ifdef TABLES
byte walk[2];			/* walk cache: mask of tables that an entry points at */
#endif
bool refused[2];		/* GERROR.CMDQ_ERR active, with CERROR_ILL */
bool service_failure[2];	/* GERROR.SFM active */
bool stopped[2];		/* carries out nothing any more; its TLB goes on serving */
bool backwards[2];		/* CONS shows garbage */
bool off[2];			/* CR0ACK.CMDQEN is 0 */
bool restarted[2];		/* CONS shows 0 */
bool aborts[2];			/* GBPA.ABORT is in force and SMMUEN is 0 */
bool misbehaved[2];
byte refusals = REFUSALS, failures = FAILURES; /* that are left */

/* PROD and CONS count modulo twice the ring. */
#define INDEX(position) ((position) % (2 * RING))
#define CONS_REGISTER(s) (restarted[s] -> 0 : INDEX(cons[s] + 2 * RING - backwards[s]))

#ifdef BROKEN_SHORT_POSITION
#define POSITION(value) ((value) % (2 * RING))
#else
#define POSITION(value) (value)
#endif
#ifdef BROKEN_LOST_WRAP
#define PASSED_BY(s, value) (((value) + 2 * RING - INDEX(consumed[s])) % RING)
#else
#define PASSED_BY(s, value) (((value) + 2 * RING - INDEX(consumed[s])) % (2 * RING))
#endif
#ifdef BROKEN_NO_C1
#define OUTSTANDING(s) INDEX(limit + 2 * RING - INDEX(consumed[s]))
#else
#define OUTSTANDING(s) INDEX(published[s] + 2 * RING - INDEX(consumed[s]))
#endif
#define ROOM(s) (RING - INDEX(written[s] + 2 * RING - INDEX(consumed[s])))

#ifdef BROKEN_COMPLETE_AT_DOORBELL
#define PASSED(s, place) (published[s] > (place))
#elif defined(BROKEN_COMPLETE_WHEN_TLBI_CONSUMED)
#define PASSED(s, place) (consumed[s] >= (place))
#else
#define PASSED(s, place) (consumed[s] > (place))
#endif

#define IS_SHUT(s) (!live[s])

/* ---- what a device reaches -------------------------------------------------------------------------- */

#ifdef NESTED
#define ENTRIES(s) (tlb[s] | combined[s])
#elif defined(TABLES)
#define ENTRIES(s) (tlb[s] | WALKED(s))
#define WALKS(s, which) (!aborts[s] && (walk[s] & (which)))
#define WALKED(s) ((walk[s] & 1 -> table_memory[1] : 0) | (walk[s] & 2 -> table_memory[2] : 0))
#else
#define ENTRIES(s) tlb[s]
#endif
#define REACH(s) (aborts[s] -> 0 : (memory | ENTRIES(s)))

#ifdef TABLES
#define SOURCE(s) (memory | WALKED(s))
#else
#define SOURCE(s) memory
#endif

/* A TLB that holds more serves the device more, and nobody else looks into it: so it fills at once. */
inline fill(s)
{
#ifdef ANY_TIME
	skip
#else
#ifdef TABLES
	walk[s] = walk[s] | (aborts[s] -> 0 : entry_memory);
#endif
	tlb[s] = tlb[s] | (aborts[s] -> 0 : SOURCE(s));
#ifdef NESTED
	combined[s] = combined[s] | tlb[s];
#endif
#endif
}

/* Stores reach memory: those of the descriptors in @pages. */
inline reach_memory(pages)
{
	memory = (memory & ~(pages)) | (desc & (pages));
	fill(0);
	fill(1)
}

#ifdef TABLES
inline table_reaches_memory(which)
{
	table_memory[which] = table[which];
	memory = table_memory[entry_memory];
	fill(0);
	fill(1)
}

inline entry_reaches_memory()
{
	entry_memory = entry;
	memory = table_memory[entry];
	fill(0);
	fill(1)
}
#endif

inline fetchable(s)
{
	i = 0;
	do
	:: i < RING -> fetched[s].command[i] = ring[s].command[i]; i++
	:: else -> break
	od;
	i = 0
}

/* Every store so far has reached memory. */
inline barrier()
{
#ifdef TABLES
	table_reaches_memory(1);
	table_reaches_memory(2);
	entry_reaches_memory();
#else
	reach_memory(3);
#endif
	fetchable(0);
	fetchable(1)
}

/* ---- SMMU ------------------------------------------------------------------------------------------- */

#define FETCHES(s) (!stopped[s] && !refused[s] && INDEX(cons[s]) != INDEX(prod[s]))
#define AT(s) fetched[s].command[cons[s] % RING]

inline carry_out(s, what)
{
	doing[s] = doing[s] & ~(what);
	if
	:: (what) <= TLBI_PAGE -> tlb[s] = tlb[s] & ~(what)
	:: (what) == TLBI_ALL ->
#ifdef NESTED
		combined[s] = 0;
#endif
#if defined(TABLES) && !defined(BROKEN_LEAF_ON_COLLAPSE)
		walk[s] = 0;
#endif
		tlb[s] = 0
	:: else ->
#ifdef NESTED
		combined[s] = 0
#else
		skip
#endif
	fi;
	fill(s)
}

#define FAILS(s) (failures > 0 && !stopped[s])
inline fall_silent(s)
{
	failures--;
	stopped[s] = true;
	misbehaved[s] = true
}

proctype smmu(byte s)
{
end:	do
	/* Invalidations are begun in their order, and carried out in any. */
	:: d_step { FETCHES(s) && AT(s) != SYNC ->
		doing[s] = doing[s] | AT(s); cons[s]++ }
	:: d_step { FETCHES(s) && AT(s) == SYNC && doing[s] == 0 ->
		cons[s]++; synced[s] = cons[s] }
	:: d_step { !stopped[s] && (doing[s] & 1) -> carry_out(s, 1) }
	:: d_step { !stopped[s] && (doing[s] & 2) -> carry_out(s, 2) }
	:: d_step { !stopped[s] && (doing[s] & TLBI_ALL) -> carry_out(s, TLBI_ALL) }
	:: d_step { !stopped[s] && (doing[s] & TLBI_NH) -> carry_out(s, TLBI_NH) }
#if REFUSALS
	:: d_step { refusals > 0 && FETCHES(s) -> refusals--; refused[s] = true; misbehaved[s] = true }
#endif
#if FAILURES
	/* It falls silent, or says so, or CONS shows garbage; its queue is off, or it was reset. */
	:: d_step { FAILS(s) -> fall_silent(s) }
	:: d_step { FAILS(s) -> fall_silent(s); service_failure[s] = true }
	:: d_step { FAILS(s) -> fall_silent(s); backwards[s] = true }
	:: d_step { FAILS(s) -> fall_silent(s); off[s] = true }
	:: d_step { FAILS(s) -> fall_silent(s); off[s] = true; restarted[s] = true }
#endif
#ifdef ANY_TIME
	:: d_step { SOURCE(s) & ~tlb[s] & 1 -> tlb[s] = tlb[s] | 1 }
	:: d_step { SOURCE(s) & ~tlb[s] & 2 -> tlb[s] = tlb[s] | 2 }
#ifdef TABLES
	:: d_step { entry_memory & ~walk[s] -> walk[s] = walk[s] | entry_memory }
#endif
#ifdef NESTED
	:: d_step { (tlb[s] | memory) & ~combined[s] & 1 -> combined[s] = combined[s] | 1 }
	:: d_step { (tlb[s] | memory) & ~combined[s] & 2 -> combined[s] = combined[s] | 2 }
#endif
#endif
	od
}

/* ---- store buffers: a store may reach memory at any time; a barrier, or the end of a lock, waits for it - */

#define LATE_COMMAND(s, at) (ring[s].command[at] != fetched[s].command[at])

/* A command is looked at only once PROD is beyond it, so that it need not come earlier than that. */
active proctype buffers()
{
	byte i;

end:	do
#ifdef TABLES
	:: d_step { table_memory[1] != table[1] -> table_reaches_memory(1) }
	:: d_step { table_memory[2] != table[2] -> table_reaches_memory(2) }
#ifdef BROKEN_NO_T1
	:: d_step { entry_memory != entry -> entry_reaches_memory() }
#else
	/* [T1] Not before what the table says. */
	:: d_step { entry_memory != entry && table_memory[entry] == table[entry] -> entry_reaches_memory() }
#endif
#else
	:: d_step { (memory ^ desc) & 1 -> reach_memory(1) }
	:: d_step { (memory ^ desc) & 2 -> reach_memory(2) }
#endif
#ifdef BROKEN_NO_D1
	:: d_step { prod[0] == written[0] && (LATE_COMMAND(0, 0) || LATE_COMMAND(0, 1) || LATE_COMMAND(0, 2) ||
		LATE_COMMAND(0, 3)) -> fetchable(0) }
	:: d_step { prod[1] == written[1] && (LATE_COMMAND(1, 0) || LATE_COMMAND(1, 1) || LATE_COMMAND(1, 2) ||
		LATE_COMMAND(1, 3)) -> fetchable(1) }
#endif
	od
}

/* ---- the device: an access that does no harm changes nothing, and is left out ---------------------------- */

active proctype device()
{
end:	do
	:: d_step { handed & (REACH(0) | REACH(1)) -> CHECK(I1_page_handed_over_is_out_of_reach, false) }
#ifdef TABLES
	:: d_step { (WALKS(0, 1) || WALKS(1, 1)) && table[1] == FREE -> CHECK(I8_table_reused_only_after_the_sync, false) }
	:: d_step { (WALKS(0, 2) || WALKS(1, 2)) && table[2] == FREE -> CHECK(I8_table_reused_only_after_the_sync, false) }
	:: d_step { (stays | 2) & ~memory -> CHECK(I2_page_that_stays_is_never_refused, false) }
#else
	:: d_step { stays & ~memory -> CHECK(I2_page_that_stays_is_never_refused, false) }
#endif
	od
}

/* ---- smmuv3/cmdq.c, smmuv3/smmu.c: completion lock held ------------------------------------------------ */

inline fail(s)
{
	failed[s] = true;
	error = true;
	CHECK(only_an_smmu_that_failed_is_shut, misbehaved[s])
}

/* cmdq_advance(), with what CONS read. */
inline advance(s)
{
	passed = PASSED_BY(s, shown);
	if
	:: passed > OUTSTANDING(s) -> fail(s)
#ifndef BROKEN_RESET_UNSEEN
	:: passed > 0 && passed <= OUTSTANDING(s) && shown == 0 && off[s] -> fail(s)
#endif
	:: else -> consumed[s] = POSITION(consumed[s] + passed)
	fi
}

/* cmdq_repair(): the SMMU stands still. */
inline repair(s)
{
	shown = CONS_REGISTER(s);
	advance(s);
	if
	:: error -> skip
	:: !error && (consumed[s] == published[s] || repaired_at[s] == consumed[s] + 1) -> fail(s)
	:: else ->
		if
		:: ring[s].command[consumed[s] % RING] == SYNC -> skip
		:: else ->
#ifdef BROKEN_REPAIR_WITH_SYNC
			ring[s].command[consumed[s] % RING] = SYNC
#else
			ring[s].command[consumed[s] % RING] = TLBI_ALL
#endif
		fi;
		fetched[s].command[consumed[s] % RING] = ring[s].command[consumed[s] % RING];
		repaired_at[s] = consumed[s] + 1;
		refused[s] = false
	fi
}

/* The rest of cmdq_poll(): CONS was read. What one step does is seen by holders of the completion lock alone. */
inline poll(s)
{
	d_step { advance(s); shown = 0 };
	d_step {
		if
		:: !error && passed == 0 && (off[s] || service_failure[s]) -> fail(s)
#ifndef BROKEN_NO_GERROR
		:: !error && passed == 0 && !off[s] && !service_failure[s] && refused[s] -> repair(s); shown = 0
#endif
		:: else
		fi;
		passed = 0
	}
}

/* smmu_close_locked(): abort is confirmed, or it is not. */
inline close(s)
{
	if
	:: closed[s] || isolation_lost[s] -> skip
	:: else ->
		failed[s] = true;
		if
		:: d_step { aborts[s] = true; closed[s] = true; live[s] = false }
#ifdef BROKEN_CLOSED_UNCONFIRMED
		:: d_step { closed[s] = true; live[s] = false }
#else
		:: d_step { isolation_lost[s] = true; live[s] = false }
#endif
		fi
	fi;
	error = false
}

/* Would a look at it find anything new? */
#ifdef BROKEN_NO_GERROR
#define SAYS(s) (off[s] || service_failure[s])
#else
#define SAYS(s) (off[s] || service_failure[s] || refused[s])
#endif
#define MOVES(s) (failed[s] || SAYS(s) || PASSED_BY(s, CONS_REGISTER(s)) != 0)
/* Time is up only for an SMMU that will never answer. */
#define SILENT(s) (stopped[s] && !IS_SHUT(s) && !MOVES(s))

/* smmu_passed() for the fence after fence_complete. */
#define PLACE(s) position[(fence_complete + 1) % FENCES].sync[s]
inline smmu_passed(s)
{
#ifdef BROKEN_NO_C1
	limit = published[s];
#endif
	d_step {
		asks = !IS_SHUT(s) && !PASSED(s, PLACE(s)) && !failed[s];
		error = !IS_SHUT(s) && !PASSED(s, PLACE(s)) && failed[s];
		if
		:: asks -> shown = CONS_REGISTER(s)
		:: else
		fi
	};
	if
	:: asks -> poll(s)
	:: else
	fi;
	atomic {
		if
		:: error || (asks && SILENT(s)) -> close(s)
		:: else
		fi;
		asks = false;
		done = (isolation_lost[s] -> EIO : (IS_SHUT(s) || PASSED(s, PLACE(s)) -> done : NOT_YET))
	}
}

/* ---- smmuv3/target.c, engine/complete.c: completion lock held ------------------------------------------- */

#define FLIGHT_FENCE flight[flight_head % FLIGHTS].fence

/* What a failed SMMU has not confirmed is not complete, unless abort is confirmed. */
#define UNCONFIRMED(s) (stopped[s] && !aborts[s] && synced[s] <= PLACE(s))

inline target_complete()
{
	do
	:: done == DONE && fence_complete < FLIGHT_FENCE ->
		smmu_passed(0);
		if
		:: done != EIO -> smmu_passed(1)
		:: else
		fi;
		if
		:: d_step { done == DONE ->
#ifndef BROKEN_SHORT_POSITION
			CHECK(I7_unconfirmed_revoke_never_completes, !UNCONFIRMED(0) && !UNCONFIRMED(1));
#endif
			fence_complete++ }
		:: else
		fi
	:: else -> break
	od
}

inline flights_look(goal)
{
	done = DONE;
	do
	:: d_step { complete_number < goal && flight_head != flight_tail ->
			done = (isolation_lost[0] || isolation_lost[1] -> EIO : DONE) };
#ifdef BROKEN_NO_P1
		complete_number = flight[flight_head % FLIGHTS].number;
#endif
		target_complete();
		if
		:: done != DONE -> break
#ifdef BROKEN_NO_Q2
		:: else ->
			flight_head++;
			d_step {
				complete_fence = flight[(flight_head - 1) % FLIGHTS].fence;
				complete_number = flight[(flight_head - 1) % FLIGHTS].number
			}
#else
		:: else ->
			complete_fence = FLIGHT_FENCE;
			complete_number = flight[flight_head % FLIGHTS].number;
			flight_head++
#endif
		fi
	:: else -> break
	od
}

/* Would a look at the devices change anything? */
#define WAITS_FOR(s) (!IS_SHUT(s) && !PASSED(s, PLACE(s)))
#define NEWS (flight_head == flight_tail || isolation_lost[0] || isolation_lost[1] || \
	      FLIGHT_FENCE <= fence_complete || \
	      !(WAITS_FOR(0) || WAITS_FOR(1)) || (WAITS_FOR(0) && (MOVES(0) || SILENT(0))) || \
	      (WAITS_FOR(1) && (MOVES(1) || SILENT(1))))
/* shadow_wait(), with any lock or none. */
inline wait_for(goal, result)
{
	do
	:: complete_number >= goal -> result = DONE; break
	:: atomic { complete_number < goal && !completing && NEWS ->
#ifndef BROKEN_NO_COMPLETION_LOCK
		completing = true
#endif
		};
		flights_look(goal);
		completing = false;
		if
		:: done != NOT_YET -> result = done; done = 0; break
		:: else
		fi
	:: complete_number < goal && (SILENT(0) || SILENT(1)) -> result = LATE; break
	od
}

/* ---- a flush: host lock held -------------------------------------------------------------------------------- */

/* drain, coalesce, write: slots in the order of their first numbers. */
inline drain_and_write()
{
	d_step {
		before = desc;
		do
		:: queue[0].count == 0 && queue[1].count == 0 -> break
#ifdef SOME
		:: some && upto > 0 -> break
		:: !(some && upto > 0) && !(queue[0].count == 0 && queue[1].count == 0) ->
#else
		:: else ->
#endif
			if
#ifdef BROKEN_DRAIN_CPU_BY_CPU
			:: queue[0].count > 0 -> from = 0
#else
			:: queue[0].count > 0 && (queue[1].count == 0 ||
						  queue[0].slot[0].first < queue[1].slot[0].first) -> from = 0
#endif
			:: else -> from = 1
			fi;
			desc = (queue[from].slot[0].access -> desc | queue[from].slot[0].pages :
							      desc & ~queue[from].slot[0].pages);
			upto = queue[from].slot[0].last;
			/* The next one moves up, so that all empty queues are the same. */
			i = 0;
			do
			:: i < SLOTS - 1 ->
				queue[from].slot[i].pages = queue[from].slot[i + 1].pages;
				queue[from].slot[i].access = queue[from].slot[i + 1].access;
				queue[from].slot[i].first = queue[from].slot[i + 1].first;
				queue[from].slot[i].last = queue[from].slot[i + 1].last;
				i++
			:: else -> break
			od;
			queue[from].slot[SLOTS - 1].pages = 0;
			queue[from].slot[SLOTS - 1].access = false;
			queue[from].slot[SLOTS - 1].first = 0;
			queue[from].slot[SLOTS - 1].last = 0;
#ifndef BROKEN_EXTEND_AFTER_DRAIN
			queue[from].open = false;
#endif
			queue[from].count--
		od;
		i = 0;
		from = 0;
		if
#ifdef SOME
#ifdef BROKEN_SOME_IS_ALL
		:: queue[0].count > 0 || queue[1].count > 0 -> upto = order
#else
		:: queue[0].count > 0 || queue[1].count > 0
#endif
#endif
		:: else ->
			upto = order;
			CHECK(I3_last_in_the_order_wins, desc == mine)
		fi;
		revoked = before & ~desc;
#ifdef TABLES
		write_tables();
#endif
		before = 0
	}
}

#ifdef TABLES
/* A revoke cuts the block, or is made in its table; a grant fills the table, and may put the block in its place. */
inline write_tables()
{
	if
	:: revoked && entry == 0 ->
		entry = (table[1] == FREE -> 1 : 2);
		assert(table[entry] == FREE);
		table[entry] = HOLE;
		revoked = TLBI_ALL
	:: revoked && entry != 0 -> table[entry] = HOLE
	:: !revoked && (desc & ~before) ->
		table[entry] = FULL;
		if
		:: collapse -> pending = pending | entry; entry = 0
		:: else
		fi
	:: else
	fi
}

/* pgtable_reclaim() */
#ifdef BROKEN_EARLY_RETIRE
#define RETIRED(which) (stamp[which] && stamp[which] <= fence)
#else
#define RETIRED(which) (stamp[which] && stamp[which] <= complete_fence)
#endif
inline retire(which)
{
	if
	:: RETIRED(which) -> table[which] = FREE; table_memory[which] = FREE; stamp[which] = 0
	:: else
	fi
}
#endif

/* cmdq_wait_room(): without a lock of its own but for each look. */
#define NEEDED ((revoked == 3 -> 2 : 1) + TAIL)
#ifdef NESTED
#define TAIL 3
#else
#define TAIL 1
#endif

inline make_room(s)
{
	do
	:: failed[s] || ROOM(s) >= NEEDED -> break
	:: atomic { !failed[s] && ROOM(s) < NEEDED && !completing && MOVES(s) -> completing = true };
#ifdef BROKEN_NO_C1
		limit = published[s];
#endif
		if
		:: d_step { !failed[s] -> shown = CONS_REGISTER(s) };
			poll(s)
		:: else
		fi;
		error = false;
		completing = false
	:: !failed[s] && ROOM(s) < NEEDED && SILENT(s) -> late = true; break
	od;
	if
	:: failed[s] || late ->
		atomic { !completing -> completing = true };
		close(s);
		completing = false;
		late = false
	:: else
	fi
}

inline write_command(s, what)
{
	ring[s].command[written[s] % RING] = what;
	at[s] = written[s];
	written[s] = POSITION(written[s] + 1)
}

inline write_commands(s)
{
	if
	:: IS_SHUT(s)
	:: else ->
		make_room(s);
		if
		:: IS_SHUT(s)
		:: else ->
			d_step {
				if
				:: revoked & 1 -> write_command(s, 1)
				:: else
				fi;
				if
				:: revoked & 2 -> write_command(s, 2)
				:: else
				fi;
#ifdef TABLES
				if
				:: revoked & TLBI_ALL -> write_command(s, TLBI_ALL)
				:: else
				fi;
#endif
#ifdef NESTED
#ifdef BROKEN_NH_BEFORE_SYNC
				write_command(s, TLBI_NH);
#else
				write_command(s, SYNC);
				write_command(s, TLBI_NH);
#endif
#endif
				write_command(s, SYNC)
			}
		fi
	fi
}

/* cmdq_publish() */
inline publish(s)
{
	if
	:: IS_SHUT(s)
	:: else ->
#ifndef BROKEN_PUBLISHED_AFTER_PROD
		published[s] = written[s];
#endif
#ifndef BROKEN_NO_D1
		d_step { barrier() };
#endif
		prod[s] = written[s]
#ifdef BROKEN_PUBLISHED_AFTER_PROD
		; published[s] = written[s]
#endif
	fi
}

#define FENCE_HAS_ROOM (fence - fence_complete < FENCES)

inline fence_give()
{
	taken = !FENCE_HAS_ROOM;
	if
	:: taken -> atomic { !completing -> completing = true }
	:: else
	fi;
	d_step {
		if
#ifdef BROKEN_FENCE_NOT_RECHECKED
		:: !taken -> fence++
#else
		:: FENCE_HAS_ROOM -> fence++
#endif
		:: else
		fi;
		position[fence % FENCES].sync[0] = at[0];
		position[fence % FENCES].sync[1] = at[1];
		at[0] = 0;
		at[1] = 0
	};
	if
	:: taken -> completing = false; taken = false
	:: else
	fi
}

#define FLIGHTS_FULL (flight_tail - flight_head == FLIGHTS)

inline flight_add()
{
	taken = FLIGHTS_FULL;
	if
	:: taken -> atomic { !completing -> completing = true }
	:: else
	fi;
	d_step {
		if
#ifdef BROKEN_FLIGHT_NOT_RECHECKED
		:: taken ->
#else
		:: FLIGHTS_FULL ->
#endif
			flight[(flight_tail + FLIGHTS - 1) % FLIGHTS].number = upto;
			flight[(flight_tail + FLIGHTS - 1) % FLIGHTS].fence = fence
		:: else ->
			flight[flight_tail % FLIGHTS].number = upto;
			flight[flight_tail % FLIGHTS].fence = fence;
			flight_tail++
		fi
	};
	if
	:: taken -> completing = false; taken = false
	:: else
	fi;
	d_step { flushed_number = upto; upto = 0 }
}

inline flush()
{
#ifdef SOME
	if
	:: some = true
	:: some = false
	fi;
#endif
	drain_and_write();
#ifdef SOME
	some = false;
#endif
	if
	:: revoked ->
#if ENABLES && !defined(BROKEN_NO_E1_IN_FLUSH)
		/* [E1] */
		d_step {
			if
			:: !live[0] || !live[1] -> barrier()
			:: else
			fi
		}
#endif
		write_commands(0);
		write_commands(1);
		publish(0);
		publish(1);
		fence_give();
#ifdef TABLES
		d_step {
			stamp[1] = (pending & 1 -> fence : stamp[1]);
			stamp[2] = (pending & 2 -> fence : stamp[2]);
			pending = 0
		}
#endif
	:: else ->
#ifndef BROKEN_NO_D2
		d_step { barrier() }
#endif
	fi;
	d_step { revoked = 0; stays = desc & mine };
	flight_add()
}

/* ---- a trip ------------------------------------------------------------------------------------------------- */

/* queue_push() */
inline push(bits, gives)
{
	order++;
	if
#ifdef BROKEN_EXTEND_AFTER_DRAIN
	:: queue[c].open && queue[c].count == 0 -> skip	/* it goes into what was copied already */
	:: queue[c].open && queue[c].count > 0 && queue[c].slot[queue[c].count - 1].access == gives &&
	   queue[c].slot[queue[c].count - 1].last + 1 == order ->
#elif defined(BROKEN_EXTEND_ANY)
	:: queue[c].open && queue[c].slot[queue[c].count - 1].access == gives ->
#else
	:: queue[c].open && queue[c].slot[queue[c].count - 1].access == gives &&
	   queue[c].slot[queue[c].count - 1].last + 1 == order ->
#endif
		queue[c].slot[queue[c].count - 1].pages = queue[c].slot[queue[c].count - 1].pages | bits;
		queue[c].slot[queue[c].count - 1].last = order
	:: else ->
		queue[c].slot[queue[c].count].pages = bits;
		queue[c].slot[queue[c].count].access = gives;
		queue[c].slot[queue[c].count].first = order;
		queue[c].slot[queue[c].count].last = order;
		queue[c].count++;
		queue[c].open = true
	fi;
	ticket = order
}

/* Pending: the host loses it and nobody owns it yet. */
inline donate(bits)
{
	mine = mine & ~(bits);
	stays = stays & ~(bits);
#ifdef BROKEN_NO_PENDING
	guests = guests | bits;
#endif
	donated = donated | bits;
	push(bits, false)
}

inline reclaim(bits)
{
	handed = handed & ~(bits);
	guests = guests & ~(bits);
	mine = mine | bits;
	push(bits, true)
}

inline lock()
{
	atomic { !host_lock -> host_lock = true }
}

inline unlock()
{
	d_step { barrier(); host_lock = false }
}

proctype cpu(byte c)
{
	byte trips, edits, donated, ticket, result, done, passed, shown, revoked, before, upto, i, from;
	byte at[2];
	bool error, asks, late, taken, gap;
#ifdef SOME
	bool some;
#endif
#ifdef TABLES
	bool collapse;
#endif
#ifdef BROKEN_NO_C1
	byte limit;
#endif

	do
	:: trips == TRIPS -> break
	:: else ->
		lock();
#ifdef TABLES
		d_step { retire(1); retire(2) };
		if
		:: collapse = true
		:: collapse = false
		fi;
#endif
		do
		:: edits < EDITS ->
			edits++;
			if
			:: d_step { alive && (mine & 1) -> donate(1) }
			:: d_step { guests & 1 -> reclaim(1) }
#ifndef TABLES
			:: d_step { alive && (mine & 2) -> donate(2) }
			:: d_step { guests & 2 -> reclaim(2) }
#endif
#ifdef TEARDOWN
			:: d_step { alive ->
				alive = false;
				if
				:: guests & 1 -> reclaim(1)
				:: else
				fi;
				if
				:: guests & 2 -> reclaim(2)
				:: else
				fi }
#endif
			:: else
			fi
#ifdef GAP
		:: edits > 0 && !gap && ticket -> gap = true; unlock(); lock()
#endif
		:: edits > 0 -> break
		od;
again:	do
		:: ticket > flushed_number -> flush()
		:: else -> break
		od;
		queue[c].open = false;
		unlock();
		if
		:: donated ->
			wait_for(ticket, result);
			lock();
			if
			:: result != DONE -> skip	/* quarantined: it stays pending */
#ifdef BROKEN_OWNER_NOT_RECHECKED
			:: result == DONE ->
#else
			:: result == DONE && !alive ->
				d_step {
					mine = mine | donated;
					push(donated, true);
					donated = 0;
					result = 0
				}
				goto again
			:: result == DONE && alive ->
#endif
				d_step {
					CHECK(page_goes_only_to_an_owner_that_lives, alive);
					guests = guests | donated;
					handed = handed | donated
				}
			fi;
			unlock()
		:: else
		fi;
		d_step { donated = 0; ticket = 0; result = 0; edits = 0; gap = false; trips++ }
	od;
	trips = 0
}

#if ENABLES
/* shadow_smmu_detach() of the second SMMU after its failure, and shadow_smmu_enable() without the host lock. */
proctype enabler()
{
	byte enables, i, passed, shown;
	bool error;

end:	do
	:: enables == ENABLES -> break
	:: enables < ENABLES && !live[1] && !isolation_lost[1] ->
		enables++;
#ifndef BROKEN_NO_GRACE
		/* Detached under the host lock: no flush that saw it live is still at it. */
		lock();
		host_lock = false;
#endif
		/* Its registers start again; a new epoch does, above all earlier positions. */
		d_step {
			closed[1] = false;
			failed[1] = false;
#ifdef BROKEN_NO_EPOCH
			written[1] = 0;
#else
			written[1] = (written[1] + 2 * RING - 1) / (2 * RING) * (2 * RING);
#endif
			published[1] = written[1];
			consumed[1] = written[1];
			prod[1] = written[1];
			cons[1] = written[1];
			synced[1] = written[1];
			repaired_at[1] = 0;
			doing[1] = 0;
			refused[1] = false;
			service_failure[1] = false;
			stopped[1] = false;
			backwards[1] = false;
			off[1] = false;
			restarted[1] = false;
			misbehaved[1] = false
		};
		d_step {
			ring[1].command[written[1] % RING] = TLBI_ALL;
			ring[1].command[(written[1] + 1) % RING] = SYNC;
			written[1] = written[1] + 2;
			fetchable(1)
		};
		published[1] = written[1];
		prod[1] = written[1];
		do
		:: consumed[1] == published[1] || failed[1] || stopped[1] -> break
		:: atomic { consumed[1] != published[1] && !failed[1] && !completing && MOVES(1) ->
				completing = true; shown = CONS_REGISTER(1) };
			poll(1);
			error = false;
			completing = false
		od;
		atomic { !completing -> completing = true };
		if
		:: failed[1] || stopped[1] -> close(1)
		:: else ->
#ifdef BROKEN_NO_E1_IN_ENABLE
			d_step { aborts[1] = false; fill(1) };
			live[1] = true
#else
			live[1] = true;
			d_step { aborts[1] = false; fill(1) }
#endif
		fi;
		completing = false
	od
}
#endif

init
{
	atomic {
#ifdef TABLES
		table[0] = FULL;
		table_memory[0] = FULL;
#endif
#ifdef OFF
		live[1] = false;
		aborts[1] = true;
#endif
#if ENABLES
		run enabler();
#endif
		run smmu(0);
		run smmu(1);
		run cpu(0);
		run cpu(1)
	}
}
