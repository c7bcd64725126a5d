// SPDX-License-Identifier: GPL-2.0
/*
 * Replacement: which page to fill next.
 *
 * A FREE page if there is one, found through a bitmap of chunks. Otherwise the
 * hand of a clock goes over the pages in the order of their frames; each CPU
 * draws a batch of them at a time, so that the hand's own counter is touched
 * rarely and no lock is needed. A page that was read since the hand was there
 * last gets another round for each of up to three reads.
 *
 * Ghosts remember whose copies left, one hash a slot: given up, or read by
 * somebody who took the contents with him. A block that comes back while its
 * ghost is there belongs to the working set, so it starts with one round in
 * hand. Blocks that are seen once, as in a scan, start with none.
 *
 * A loop over more than fits makes every such order useless: each block goes
 * shortly before it is wanted. The filter helps there: when the store is full,
 * only every fourth of the blocks without a ghost is let in, so that some stay
 * long enough. It costs a little elsewhere, so it has to be asked for.
 */
#include <linux/string.h>

#include "dmem.h"
#include "trace.h"

#define BATCH		64U	/* pages that a CPU draws at a time */
#define BUDGET		512U	/* pages looked at before the best one must do */
#define FREE_TRIES	4	/* chunks searched for a FREE page */
#define ADMITTED	4	/* the filter lets one in so many in */

#define PER_WORD	sizeof(unsigned long)
#define ONES		REPEAT_BYTE(0x01)

unsigned int dmem_policy = DMEM_CLOCK_GHOST;

static const char *const policy_names[DMEM_POLICIES] = {
	[DMEM_FIFO]		= "fifo",
	[DMEM_CLOCK]		= "clock",
	[DMEM_CLOCK_GHOST]	= "clock-ghost",
	[DMEM_CLOCK_FILTER]	= "clock-filter",
};

int dmem_policy_set(const char *name)
{
	int policy = match_string(policy_names, DMEM_POLICIES, name);

	if (policy < 0)
		return policy;
	WRITE_ONCE(dmem_policy, policy);
	return 0;
}

const char *dmem_policy_name(void)
{
	return policy_names[READ_ONCE(dmem_policy)];
}

/* Announce a page and claim it; on success it stays announced. */
static bool claim(struct dmem_store *store, u32 page, u8 from)
{
	dmem_busy_begin(store, page);
	if (dmem_page_move(store, page, from, DMEM_FILLING))
		return true;
	dmem_busy_end();
	return false;
}

/* Claim a FREE page of a chunk. Returns it, or DMEM_NIL. */
static u32 claim_free(struct dmem_store *store, u32 chunk)
{
	u32 page = chunk << DMEM_CHUNK_SHIFT;
	u32 end = min_t(u32, page + DMEM_CHUNK_PAGES, store->nr_pages);

	if (READ_ONCE(store->chunks[chunk].revoked))
		return DMEM_NIL;
	/* The states are padded to whole words with ABSENT. */
	for (; page < end; page += PER_WORD) {
		unsigned long *word = (unsigned long *)&store->state[page];
		unsigned long found = READ_ONCE(*word) & ONES * DMEM_FREE;

		for (; found; found &= found - 1) {
			u32 candidate = page + __ffs(found) / BITS_PER_BYTE;

			if (claim(store, candidate, DMEM_FREE))
				return candidate;
		}
	}
	return DMEM_NIL;
}

/* Claim any FREE page, starting where this CPU found one last. */
static u32 take_free(struct dmem_store *store, struct dmem_store_cpu *cpu)
{
	u32 chunk = cpu->free_at;
	u32 page;
	int tries;

	for (tries = 0; tries < FREE_TRIES; tries++) {
		chunk = find_next_bit(store->free_chunks, store->nr_chunks,
				      chunk);
		if (chunk >= store->nr_chunks)
			chunk = find_first_bit(store->free_chunks,
					       store->nr_chunks);
		if (chunk >= store->nr_chunks)
			return DMEM_NIL;
		page = claim_free(store, chunk);
		if (page == DMEM_NIL) {
			clear_bit(chunk, store->free_chunks);
			/* Pairs with hint_free(): freed before or hinted after. */
			smp_mb__after_atomic();
			page = claim_free(store, chunk);
			if (page != DMEM_NIL)
				set_bit(chunk, store->free_chunks);
		}
		if (page != DMEM_NIL) {
			cpu->free_at = chunk;
			return page;
		}
	}
	return DMEM_NIL;
}

/* The page that the hand points to next. */
static u32 next_page(struct dmem_store *store, struct dmem_store_cpu *cpu)
{
	u32 batch;

	if (cpu->clock < cpu->clock_end)
		return cpu->clock++;
	batch = (u32)atomic_inc_return(&store->hand) %
		DIV_ROUND_UP(store->nr_pages, BATCH);
	cpu->clock = batch * BATCH;
	cpu->clock_end = min(cpu->clock + BATCH, store->nr_pages);
	if (cpu->clock % DMEM_CHUNK_PAGES == 0) {
		struct dmem_chunk *chunk = dmem_chunk_of(store, cpu->clock);

		WRITE_ONCE(chunk->heat, READ_ONCE(chunk->heat) / 2);
	}
	return cpu->clock++;
}

static u32 *ghost_of(struct dmem_store *store, u32 hash)
{
	return &store->ghosts[hash & store->ghost_mask];
}

/* Never 0, which is an empty slot. */
static inline u32 ghost_tag(u32 hash)
{
	return hash | 1;
}

static void ghost_keep(struct dmem_store *store, u32 hash)
{
	WRITE_ONCE(*ghost_of(store, hash), ghost_tag(hash));
}

static bool ghost_is_there(struct dmem_store *store, u32 hash)
{
	return READ_ONCE(*ghost_of(store, hash)) == ghost_tag(hash);
}

/* A page was claimed for other contents: say so, and keep its ghost. */
static u32 evicted(struct dmem_store *store, u32 page)
{
	u32 hash = dmem_hash(&store->entries[page].key);

	ghost_keep(store, hash);
	dmem_count(store, DMEM_EVICTED, 1);
	return page;
}

/* Claim the next VALID page that has no round in hand, or nearly so. */
static u32 take_victim(struct dmem_store *store, struct dmem_store_cpu *cpu)
{
	bool second_chance = READ_ONCE(dmem_policy) != DMEM_FIFO;
	u32 best = DMEM_NIL, best_ref = U32_MAX;
	u32 looked;

	for (looked = 0; looked < BUDGET; looked++) {
		u32 page = next_page(store, cpu);
		u32 ref;

		if (dmem_page_state(store, page) != DMEM_VALID) {
			if (READ_ONCE(dmem_chunk_of(store, page)->revoked))
				cpu->clock = cpu->clock_end;
			continue;
		}
		ref = READ_ONCE(store->ref[page]);
		if (ref && second_chance) {
			WRITE_ONCE(store->ref[page], ref - 1);
			if (ref < best_ref) {
				best = page;
				best_ref = ref;
			}
			continue;
		}
		if (claim(store, page, DMEM_VALID))
			return evicted(store, page);
	}
	if (best != DMEM_NIL && claim(store, best, DMEM_VALID))
		return evicted(store, best);
	return DMEM_NIL;
}

/* The store is full: is a block with this hash let in? */
static bool filter_admits(struct dmem_store *store, struct dmem_store_cpu *cpu,
			  u32 hash)
{
	if (READ_ONCE(dmem_policy) != DMEM_CLOCK_FILTER ||
	    ghost_is_there(store, hash) || cpu->lottery++ % ADMITTED == 0)
		return true;
	ghost_keep(store, hash);
	dmem_count(store, DMEM_FILTERED, 1);
	return false;
}

/*
 * Find a page to fill for the key with this hash. Interrupts are off. Returns
 * the page, FILLING, announced and on no chain, or DMEM_NIL when the store has
 * none to give; the caller ends the announcement.
 */
u32 dmem_lru_take(struct dmem_store *store, u32 hash)
{
	struct dmem_store_cpu *cpu = this_cpu_ptr(store->cpu);
	u32 page = take_free(store, cpu);

	if (page == DMEM_NIL) {
		if (!filter_admits(store, cpu, hash))
			return DMEM_NIL;
		page = take_victim(store, cpu);
	}
	if (page == DMEM_NIL) {
		dmem_count(store, DMEM_REFUSED, 1);
		return DMEM_NIL;
	}
	dmem_index_detach(store, page);
	return page;
}

/* A page was read. */
void dmem_lru_used(struct dmem_store *store, u32 page)
{
	unsigned int most = READ_ONCE(dmem_policy) == DMEM_CLOCK ? 1 :
			    DMEM_REF_MAX;
	struct dmem_chunk *chunk = dmem_chunk_of(store, page);
	u8 ref = READ_ONCE(store->ref[page]);

	if (ref < most)
		WRITE_ONCE(store->ref[page], ref + 1);
	WRITE_ONCE(chunk->heat, READ_ONCE(chunk->heat) + 1);
}

/* The contents of a page were taken away by their reader. */
void dmem_lru_consumed(struct dmem_store *store, u32 hash)
{
	ghost_keep(store, hash);
}

/* A page is about to become the copy of the key with this hash. */
void dmem_lru_filled(struct dmem_store *store, u32 page, u32 hash)
{
	bool back = READ_ONCE(dmem_policy) >= DMEM_CLOCK_GHOST &&
		    ghost_is_there(store, hash);

	if (back) {
		WRITE_ONCE(*ghost_of(store, hash), 0);
		dmem_count(store, DMEM_GHOST, 1);
	}
	WRITE_ONCE(store->ref[page], back);
}
