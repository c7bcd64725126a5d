// SPDX-License-Identifier: GPL-2.0
/*
 * Write tracking: is what we know of a block still true?
 *
 * Pages and blocks are compared across time: a read is started, ends, and much
 * later its page leaves the page cache. In between the block may be written by
 * anyone, also by direct I/O that shares no page with the reader. Keeping a
 * record per block and I/O would need memory in the I/O path; instead every
 * block hashes to one of a fixed number of counters (see target.h).
 *
 * A read remembers one number, the sum of its blocks' counters: counts of starts
 * only grow, so if the sum is unchanged at the end, every one of them is. A
 * write sees at its end whether another was in flight with it, for each block.
 * Blocks that share a counter cause lost chances, never wrong ones.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "target.h"

int dmem_wtrack_init(struct dmem_wtrack *wt)
{
	wt->slots = vzalloc(array_size(WTRACK_SLOTS, sizeof(*wt->slots)));
	return wt->slots ? 0 : -ENOMEM;
}

void dmem_wtrack_exit(struct dmem_wtrack *wt)
{
	vfree(wt->slots);
}

/* The counters of the first @run of @nr blocks, which lie in a row. */
static inline atomic64_t *slots_in_row(const struct dmem_wtrack *wt, u64 block, u32 nr,
				u32 *run)
{
	u32 slot = dmem_wtrack_index(block);
	u32 last = max(slot, (u32)block % WTRACK_SLOTS);

	*run = min(nr, WTRACK_SLOTS - last);
	return &wt->slots[slot];
}

/*
 * A write of @nr blocks starts. A full barrier for each block: whoever inserts
 * a copy of the block after this sees the counter.
 */
void dmem_wtrack_begin(struct dmem_wtrack *wt, u64 block, u32 nr)
{
	u32 run, i;

	for (; nr; nr -= run, block += run) {
		atomic64_t *slot = slots_in_row(wt, block, nr, &run);

		for (i = 0; i < run; i++, slot++) {
			u64 now = atomic64_add_return(WTRACK_START + 1, slot);

			/* Before we end, so whoever ends last finds it. */
			if (unlikely((now & WTRACK_FLIGHT) > 1))
				atomic64_or(WTRACK_MET, slot);
		}
	}
}

/*
 * The last of those that met forgets about it, if it is in time: the next one
 * then need not take it for its own.
 */
static inline void end_one(atomic64_t *slot)
{
	s64 now = atomic64_dec_return(slot);

	if (unlikely(now & WTRACK_MET && dmem_wtrack_idle(now)))
		atomic64_cmpxchg(slot, now, now & ~WTRACK_MET);
}

/* It ended, well or not. */
void dmem_wtrack_end(struct dmem_wtrack *wt, u64 block, u32 nr)
{
	u32 run, i;

	for (; nr; nr -= run, block += run) {
		atomic64_t *slot = slots_in_row(wt, block, nr, &run);

		for (i = 0; i < run; i++)
			end_one(slot++);
	}
}

/* Returns whether no write is in flight on the blocks, and the sum of all that were. */
bool dmem_wtrack_quiet(struct dmem_wtrack *wt, u64 block, u32 nr, u64 *sum)
{
	u64 flights = 0;
	u64 total = 0;
	u32 run, i;

	for (; nr; nr -= run, block += run) {
		atomic64_t *slot = slots_in_row(wt, block, nr, &run);

		for (i = 0; i < run; i++) {
			u64 counter = atomic64_read(slot++);

			flights |= counter;
			total += dmem_wtrack_starts(counter);
		}
	}
	*sum = total;
	return dmem_wtrack_idle(flights);
}

/* Nothing that is known of any block holds any more. May sleep. */
void dmem_wtrack_forget(struct dmem_wtrack *wt)
{
	u32 i;

	for (i = 0; i < WTRACK_SLOTS; i++)
		atomic64_add(WTRACK_START, &wt->slots[i]);
}
