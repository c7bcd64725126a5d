// SPDX-License-Identifier: GPL-2.0
/*
 * Block allocation: runs of free blocks, near a goal.
 *
 * A request names how many blocks it could use in a row. The goal's group is
 * searched from the goal on, then the groups behind it; a group is searched
 * under its lock alone, and only so many runs are looked at, so that the lock
 * is held for a bounded time. Per group the lowest bit that may be free is
 * remembered, so that the full front of a group is not scanned again.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include "bits.h"
#include "demand.h"
#include "layout.h"

/* Runs looked at in one group before the longest of them is taken. */
#define MAX_RUNS 32

static bool may_use_reserved(const struct e2m_sb *sbi)
{
	const struct e2m_options *opt = &sbi->opt;

	return uid_eq(opt->resuid, current_fsuid()) ||
	       (!gid_eq(opt->resgid, GLOBAL_ROOT_GID) &&
		in_group_p(opt->resgid)) ||
	       capable(CAP_SYS_RESOURCE);
}

/* How many of @want blocks the caller may take. */
static u32 blocks_allowed(struct e2m_sb *sbi, u32 want)
{
	s64 reserved = sbi->reserved_blocks;
	s64 slack = (s64)percpu_counter_batch * num_online_cpus();
	s64 left = percpu_counter_read(&sbi->free_blocks);

	if (left > reserved + want + slack)
		return want;
	left = percpu_counter_sum(&sbi->free_blocks);
	if (left < reserved + want && !may_use_reserved(sbi))
		left -= reserved;
	return clamp_t(s64, left, 0, want);
}

/*
 * Find free bits in [@first, @end): a run of @want if one turns up soon, else
 * the longest that was seen. Returns its length.
 */
static u32 find_run(const void *map, u32 first, u32 end, u32 want, u32 *bit)
{
	u32 best = 0, runs = 0, start, len;

	while (best < want && runs++ < MAX_RUNS) {
		start = find_next_zero_bit_le(map, end, first);
		if (start >= end)
			break;
		len = find_next_bit_le(map, min(end, start + want), start) -
		      start;
		if (len > best) {
			best = len;
			*bit = start;
		}
		first = start + len + 1;
	}
	return best;
}

static u32 find_in_group(struct e2m_sb *sbi, u32 group, const void *map,
			 u32 goal, u32 want, u32 *bit)
{
	struct e2m_group *info = &sbi->groups[group];
	u32 end = e2m_group_blocks(sbi, group);
	u32 len = 0;

	/* Right behind the file's last block: whatever is there. */
	if (goal > info->first_free && goal < end && !test_bit_le(goal, map)) {
		*bit = goal;
		return find_next_bit_le(map, min(end, goal + want), goal) - goal;
	}
	info->first_free = find_next_zero_bit_le(map, end, info->first_free);
	if (goal > info->first_free && goal < end)
		len = find_run(map, goal, end, want, bit);
	return len ? len : find_run(map, info->first_free, end, want, bit);
}

/* Returns how many blocks it took, or an errno. */
static s64 take_in_group(struct super_block *sb, u32 group, u32 goal, u32 want,
			 u32 *block)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	spinlock_t *lock = e2m_group_lock(sbi, group);
	struct buffer_head *bh, *desc_bh;
	struct e2_group_desc *desc;
	u32 len, bit = 0, left;

	bh = e2m_block_bitmap(sb, group);
	if (IS_ERR(bh))
		return PTR_ERR(bh);
	desc = e2m_group_desc(sbi, group, &desc_bh);
	spin_lock(lock);
	len = find_in_group(sbi, group, bh->b_data, goal, want, &bit);
	if (len) {
		e2m_bits_set(bh->b_data, bit, len);
		left = le16_to_cpu(desc->bg_free_blocks_count);
		desc->bg_free_blocks_count = cpu_to_le16(left - min(left, len));
	}
	spin_unlock(lock);
	if (len) {
		e2m_meta_dirty(bh, NULL);
		e2m_meta_dirty(desc_bh, NULL);
		percpu_counter_sub(&sbi->free_blocks, len);
		*block = e2m_group_first(sbi, group) + bit;
	}
	brelse(bh);
	return len;
}

static u32 group_free_blocks(struct e2m_sb *sbi, u32 group)
{
	return le16_to_cpu(e2m_group_desc(sbi, group, NULL)->
			   bg_free_blocks_count);
}

/* First the goal's group, then those with room for all, then any. A group whose
 * bitmap cannot be used is passed by, but not called full.
 */
static s64 take_anywhere(struct super_block *sb, u32 goal, u32 want, u32 *block)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 home = e2m_group_of_block(sbi, goal);
	u32 enough, group, i;
	s64 got, err;

	err = take_in_group(sb, home, goal - e2m_group_first(sbi, home), want,
			    block);
	if (err > 0)
		return err;
	for (enough = want; ; enough = 1) {
		for (i = 1; i < sbi->nr_groups; i++) {
			group = (home + i) % sbi->nr_groups;
			if (group_free_blocks(sbi, group) < enough)
				continue;
			got = take_in_group(sb, group, 0, want, block);
			if (got > 0)
				return got;
			err = err ? err : got;
			cond_resched();
		}
		if (enough == 1)
			return err;
	}
}

/**
 * e2m_alloc_blocks - take a run of free blocks
 * @inode: for whom
 * @goal:  block to be near to
 * @want:  how many blocks can be used in a row, at least 1
 * @block: receives the first block of the run
 * @got:   receives the length of the run, 1 to @want
 *
 * Context: may sleep.
 * Return: 0, -ENOSPC, -EIO or -EFSCORRUPTED when a bitmap cannot be used or
 * offered a block that is none of a file's.
 */
int e2m_alloc_blocks(struct inode *inode, u32 goal, u32 want, u32 *block,
		     u32 *got)
{
	struct super_block *sb = inode->i_sb;
	struct e2m_sb *sbi = E2M_SB(sb);
	s64 taken;
	u32 allowed;

	might_sleep();
	if (!e2m_block_inside(sbi, goal))
		goal = sbi->first_data_block;
	do {
		allowed = blocks_allowed(sbi, want);
		taken = allowed ? take_anywhere(sb, goal, allowed, block) : 0;
	} while (taken <= 0 &&
		 (e2m_window_drop_all(sb) || e2m_retire_release(sb) ||
		  e2m_prepared_drop(sb)));
	if (taken <= 0)
		return taken ? taken : -ENOSPC;
	*got = taken;
	if (e2m_blocks_valid(sbi, *block, *got))
		return 0;
	/* Left marked as used: nobody may have them. */
	set_bit(E2M_GROUP_BAD_BLOCKS,
		&sbi->groups[e2m_group_of_block(sbi, *block)].flags);
	e2m_corrupt(sb, inode, "bitmap offers blocks %u+%u", *block, *got);
	return -EFSCORRUPTED;
}

static void free_in_group(struct super_block *sb, struct inode *inode, u32 group,
			  u32 block, u32 count)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	spinlock_t *lock = e2m_group_lock(sbi, group);
	u32 bit = block - e2m_group_first(sbi, group);
	struct e2m_group *info = &sbi->groups[group];
	struct buffer_head *bh, *desc_bh;
	struct e2_group_desc *desc;
	u32 freed;

	e2m_demand_top_up(sb, E2M_OP_EVICT);
	bh = e2m_block_bitmap(sb, group);
	if (IS_ERR(bh))
		return;
	desc = e2m_group_desc(sbi, group, &desc_bh);
	spin_lock(lock);
	freed = e2m_bits_clear(bh->b_data, bit, count);
	le16_add_cpu(&desc->bg_free_blocks_count, freed);
	info->first_free = min(info->first_free, bit);
	spin_unlock(lock);
	e2m_meta_dirty(bh, NULL);
	e2m_meta_dirty(desc_bh, NULL);
	brelse(bh);
	percpu_counter_add(&sbi->free_blocks, freed);
	if (freed != count)
		e2m_corrupt(sb, inode, "%u of blocks %u+%u were free already",
			    count - freed, block, count);
}

/**
 * e2m_free_blocks - give a run of blocks back
 * @sb:    the volume
 * @inode: whose blocks they were, for reports; or NULL
 * @block: first block
 * @count: number of blocks
 *
 * The caller has removed every pointer to them.
 *
 * Context: may sleep.
 */
void e2m_free_blocks(struct super_block *sb, struct inode *inode, u32 block,
		     u32 count)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 group, len;

	might_sleep();
	if (!e2m_blocks_valid(sbi, block, count)) {
		e2m_corrupt(sb, inode, "blocks %u+%u are not the file's",
			    block, count);
		return;
	}
	if (e2m_opt(sb, E2M_OPT_DISCARD))
		e2m_discard_range(sb, block, count);
	for (; count; block += len, count -= len) {
		group = e2m_group_of_block(sbi, block);
		len = min(count, e2m_group_first(sbi, group) +
			  e2m_group_blocks(sbi, group) - block);
		free_in_group(sb, inode, group, block, len);
	}
}
