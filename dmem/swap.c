// SPDX-License-Identifier: GPL-2.0
/*
 * Swap areas on the target: pages that are swapped out are kept.
 *
 * Swapped-out pages do not pass the eviction hook. Their writes carry REQ_SWAP,
 * and when such a write has ended, the page still holds what was written: the
 * target asks for stable pages, so that nobody changes it during the write.
 * The copy is made then, not before, so that a failed write leaves nothing.
 */
#include <linux/bio.h>
#include <linux/mm.h>

#include "target.h"

/* Are the pages of this write to be kept? */
bool dmem_swap_wants(const struct dmem_target *t, const struct bio *bio)
{
	return t->swap && bio->bi_opf & REQ_SWAP && !READ_ONCE(t->off);
}

/*
 * A swap write of whole blocks has ended well and still counts as in flight. A
 * block that another write met is left out; one that starts after we looked
 * changes the counter, and the fill is refused.
 */
void dmem_swap_fill(struct dmem_target *t, struct bio *bio,
		    const struct dmem_io *io)
{
	struct bvec_iter iter;
	struct bio_vec bvec;
	u64 block = io->block;

	dmem_target_fills(t);
	__bio_for_each_segment(bvec, bio, iter, io->iter) {
		struct dmem_key key = dmem_target_key(t, block);
		struct dmem_guard guard;

		if (bvec.bv_offset || bvec.bv_len != PAGE_SIZE)
			return;
		guard.slot = dmem_wtrack_slot(&t->wtrack, block++);
		guard.value = atomic64_read(guard.slot);
		if (dmem_wtrack_alone(guard.value) &&
		    dmem_cache_fill(&key, bvec.bv_page, &guard))
			dmem_target_count(t, DMEM_T_SWAP_FILLS, 1);
	}
}
