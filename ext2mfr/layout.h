/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where things lie: arithmetic on block groups, and the test that keeps file
 * data away from the volume's own blocks ("system zone").
 *
 * Without flexible groups, which ext2 does not have, a group's bitmaps and
 * inode table lie inside the group; e2m_check_groups() insists on it. So a
 * look at the descriptor of a block's group tells what the block is.
 */
#ifndef EXT2MFR_LAYOUT_H
#define EXT2MFR_LAYOUT_H

#include "ext2mfr.h"

static inline u32 e2m_group_of_block(const struct e2m_sb *sbi, u32 block)
{
	return (block - sbi->first_data_block) / sbi->blocks_per_group;
}

static inline u32 e2m_group_first(const struct e2m_sb *sbi, u32 group)
{
	return sbi->first_data_block + group * sbi->blocks_per_group;
}

/* Number of blocks of @group; the last one may be short. */
static inline u32 e2m_group_blocks(const struct e2m_sb *sbi, u32 group)
{
	if (group + 1 < sbi->nr_groups)
		return sbi->blocks_per_group;
	return sbi->blocks_count - e2m_group_first(sbi, group);
}

/**
 * e2m_group_desc - descriptor of a group
 * @sbi:   the volume
 * @group: number of the group, below nr_groups
 * @bh:    receives the buffer that it lies in, without a reference; or NULL
 *
 * Context: any. The group lock protects the counts.
 * Return: the descriptor.
 */
static inline struct e2_group_desc *e2m_group_desc(struct e2m_sb *sbi, u32 group,
						   struct buffer_head **bh)
{
	struct buffer_head *desc_bh = sbi->desc_bh[group / sbi->desc_per_block];
	struct e2_group_desc *desc = (void *)desc_bh->b_data;

	if (bh)
		*bh = desc_bh;
	return desc + group % sbi->desc_per_block;
}

static inline u32 e2m_group_of_inode(const struct e2m_sb *sbi, u32 ino)
{
	return (ino - 1) / sbi->inodes_per_group;
}

/* May @block be named by a file: inside the volume and not its superblock. */
static inline bool e2m_block_inside(const struct e2m_sb *sbi, u32 block)
{
	return block > sbi->first_data_block && block < sbi->blocks_count;
}

static inline bool e2m_ino_valid(const struct e2m_sb *sbi, u32 ino)
{
	return ino == E2_ROOT_INO ||
	       (ino >= sbi->first_ino && ino <= sbi->inodes_count);
}

bool e2m_group_has_super(const struct e2m_sb *sbi, u32 group);
u32 e2m_group_head_blocks(const struct e2m_sb *sbi, u32 group);
u32 e2m_desc_block(const struct e2m_sb *sbi, u32 nr);
bool e2m_blocks_valid_by_group(struct e2m_sb *sbi, u32 block, u32 count);

/**
 * e2m_blocks_valid - may a run of blocks belong to a file
 * @sbi:   the volume
 * @block: first block of the run
 * @count: number of blocks, at least 1
 *
 * Mostly a run lies in one group, behind all that is the volume's own.
 *
 * Context: any.
 * Return: false if any of them is outside the volume or one of its own.
 */
static inline bool e2m_blocks_valid(struct e2m_sb *sbi, u32 block, u32 count)
{
	u32 group = e2m_group_of_block(sbi, block);
	u32 offset = block - e2m_group_first(sbi, group);

	if (likely(e2m_block_inside(sbi, block) &&
		   offset >= sbi->groups[group].first_data &&
		   count <= sbi->blocks_per_group - offset &&
		   count <= sbi->blocks_count - block))
		return true;
	return e2m_blocks_valid_by_group(sbi, block, count);
}

#endif /* EXT2MFR_LAYOUT_H */
