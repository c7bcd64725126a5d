// SPDX-License-Identifier: GPL-2.0
/*
 * Blocks that can become pointer blocks.
 *
 * An inode may reach the device before a new pointer block does, and what the block
 * holds until then is taken for pointers by whoever repairs the volume after a
 * crash. Neither may anyone else still name it there: of a pointer block that two
 * files claim, e2fsck 1.47 makes a copy that is wrong. (An inode that names it as its
 * attribute block does no harm: e2fsck looks at the content first.) So pointer blocks are taken
 * from a run of blocks that was made zero on the device, and all metadata
 * written, before the first of them is used. That is done for 8 to 128 at a time.
 *
 * The rules are soft updates' first and second: no pointer to what is not initialised,
 * no new use before the old pointers are gone (see retire.c, which is the other half).
 */
#include <linux/blkdev.h>
#include "demand.h"
#include "layout.h"

/* As many as map 32 to 512 MiB in a row, or that many smaller files. */
#define PREPARE_AT_ONCE	128
#define PREPARE_LEAST	8
/* No more than this part of what is free. */
#define PREPARE_SHARE	64

/* Twice as many each time, until a sync drops what is left. */
static u32 how_many(struct e2m_sb *sbi)
{
	s64 share = percpu_counter_read(&sbi->free_blocks) / PREPARE_SHARE;

	return clamp_t(s64, min_t(s64, share, 2 * sbi->last_prepared),
		       PREPARE_LEAST, PREPARE_AT_ONCE);
}

/* The volume's prepare_lock is held, and nothing is left. */
static int prepare_more(struct inode *inode, u32 goal)
{
	struct super_block *sb = inode->i_sb;
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 block, got;
	int err;

	err = e2m_alloc_blocks(inode, goal, how_many(sbi), &block, &got);
	if (err)
		return err;
	err = sb_issue_zeroout(sb, block, got, GFP_NOFS);
	if (!err)
		err = e2m_write_all(sb);
	if (err) {
		e2m_free_blocks(sb, NULL, block, got);
		return err;
	}
	sbi->prepared_start = block;
	sbi->last_prepared = got;
	WRITE_ONCE(sbi->nr_prepared, got);
	return 0;
}

/**
 * e2m_prepared_take - take a block for pointers
 * @inode: for whom
 * @goal:  block to be near to, if more have to be prepared
 * @block: receives the block's number
 *
 * Context: may sleep; no buffer is locked.
 * Return: 0, or as e2m_alloc_blocks(), or an errno of the device.
 */
int e2m_prepared_take(struct inode *inode, u32 goal, u32 *block)
{
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	int err = 0;

	mutex_lock(&sbi->prepare_lock);
	if (!sbi->nr_prepared)
		err = prepare_more(inode, goal);
	if (!err) {
		*block = sbi->prepared_start++;
		WRITE_ONCE(sbi->nr_prepared, sbi->nr_prepared - 1);
	}
	mutex_unlock(&sbi->prepare_lock);
	return err;
}

/**
 * e2m_prepared_drop - free what was prepared and not taken
 * @sb: the volume
 *
 * Context: may sleep; no buffer is locked.
 * Return: whether anything was freed, by this call or while it waited for another.
 */
bool e2m_prepared_drop(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);

	/* Whoever prepares, and finds the volume full, has nothing to drop. */
	if (!READ_ONCE(sbi->nr_prepared))
		return false;
	mutex_lock(&sbi->prepare_lock);
	if (sbi->nr_prepared)
		e2m_free_blocks(sb, NULL, sbi->prepared_start,
				sbi->nr_prepared);
	WRITE_ONCE(sbi->nr_prepared, 0);
	sbi->last_prepared = 0;
	mutex_unlock(&sbi->prepare_lock);
	return true;
}
