// SPDX-License-Identifier: GPL-2.0
/*
 * Telling the device which blocks are free: as they become free with the mount
 * option discard, or on demand by FITRIM.
 */
#include <linux/sched/signal.h>
#include "bits.h"
#include "demand.h"
#include "layout.h"

/**
 * e2m_discard_range - the content of blocks matters no more
 * @sb:    the volume
 * @block: first block; still marked as used
 * @count: number of blocks
 *
 * A device that cannot do it is not asked again.
 *
 * Context: may sleep.
 */
void e2m_discard_range(struct super_block *sb, u32 block, u32 count)
{
	if (sb_issue_discard(sb, block, count, GFP_NOFS, 0) == -EOPNOTSUPP) {
		e2m_msg(sb, KERN_WARNING, "the device does not discard");
		E2M_SB(sb)->opt.flags &= ~E2M_OPT_DISCARD;
	}
}

/* Mark the next run of @min free blocks or more in [*@bit, @end) as used, so
 * that nobody takes it while the device forgets it.
 */
static u32 hold_run(struct e2m_sb *sbi, u32 group, void *map, u32 *bit, u32 end,
		    u32 min)
{
	u32 start = *bit, len = 0;

	spin_lock(e2m_group_lock(sbi, group));
	do {
		start = find_next_zero_bit_le(map, end, start + len);
		if (start >= end) {
			len = 0;
			break;
		}
		len = find_next_bit_le(map, end, start) - start;
	} while (len < min);
	if (len)
		e2m_bits_set(map, start, len);
	spin_unlock(e2m_group_lock(sbi, group));
	*bit = start;
	return len;
}

static void release_run(struct e2m_sb *sbi, u32 group, void *map, u32 bit,
			u32 len)
{
	spin_lock(e2m_group_lock(sbi, group));
	e2m_bits_clear(map, bit, len);
	sbi->groups[group].first_free = min(sbi->groups[group].first_free, bit);
	spin_unlock(e2m_group_lock(sbi, group));
}

static int trim_group(struct super_block *sb, u32 group, u32 from, u32 end,
		      u32 min, u64 *trimmed)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	struct buffer_head *bh;
	u32 bit = from, len;
	int err = 0;

	bh = e2m_block_bitmap(sb, group);
	if (IS_ERR(bh))
		return PTR_ERR(bh);
	while (!err) {
		len = hold_run(sbi, group, bh->b_data, &bit, end, min);
		if (!len)
			break;
		err = sb_issue_discard(sb, e2m_group_first(sbi, group) + bit,
				       len, GFP_NOFS, 0);
		release_run(sbi, group, bh->b_data, bit, len);
		if (!err)
			*trimmed += len;
		bit += len;
		if (fatal_signal_pending(current))
			err = -ERESTARTSYS;
		cond_resched();
	}
	brelse(bh);
	return err;
}

/**
 * e2m_trim - let the device forget free blocks
 * @sb:    the volume
 * @range: which part, in bytes; its length receives what was forgotten
 *
 * It ends early where no memory can be promised for the next group.
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_trim(struct super_block *sb, struct fstrim_range *range)
{
	const struct ama_call call = e2m_call(sb, 0);
	struct e2m_sb *sbi = E2M_SB(sb);
	unsigned int bits = sb->s_blocksize_bits;
	u64 start = range->start >> bits, min = range->minlen >> bits;
	u64 end = start + (range->len >> bits), trimmed = 0;
	u32 group, first, from, to;
	int err = 0;

	if (!bdev_max_discard_sectors(sb->s_bdev))
		return -EOPNOTSUPP;
	if (start >= sbi->blocks_count || range->len < sb->s_blocksize ||
	    min > sbi->blocks_per_group)
		return -EINVAL;
	start = max_t(u64, start, sbi->first_data_block);
	end = clamp_t(u64, end, start, sbi->blocks_count);
	for (group = 0; group < sbi->nr_groups && !err; group++) {
		first = e2m_group_first(sbi, group);
		from = max_t(u64, start, first) - first;
		to = min_t(u64, end, first + e2m_group_blocks(sbi, group)) -
		     first;
		if (first + e2m_group_blocks(sbi, group) <= start ||
		    first >= end)
			continue;
		/* Each group's bitmap may have to be read. */
		if (!ama_scope_extend(E2M_OP_IOCTL, &call)) {
			err = trimmed ? 0 : -ENOMEM;
			break;
		}
		err = trim_group(sb, group, from, to, max_t(u64, min, 1),
				 &trimmed);
	}
	range->len = trimmed << bits;
	return err;
}
