// SPDX-License-Identifier: GPL-2.0
/*
 * Which groups carry copies of the superblock and of the descriptors, where
 * the descriptors in use lie, and whether a run of blocks may belong to a
 * file.
 */
#include "layout.h"

static bool is_power_of(u32 value, u32 base)
{
	u64 power = base;

	while (power < value)
		power *= base;
	return power == value;
}

/**
 * e2m_group_has_super - does a group start with a copy of the superblock
 * @sbi:   the volume
 * @group: number of the group
 *
 * With sparse_super only groups 0, 1 and powers of 3, 5 and 7 do; with
 * sparse_super2 group 0 and two named ones.
 *
 * Context: any.
 * Return: whether it does.
 */
bool e2m_group_has_super(const struct e2m_sb *sbi, u32 group)
{
	if (group == 0)
		return true;
	if (e2m_has_compat(sbi, E2_COMPAT_SPARSE2))
		return group == le32_to_cpu(sbi->es->s_backup_bgs[0]) ||
		       group == le32_to_cpu(sbi->es->s_backup_bgs[1]);
	if (group == 1 || !e2m_has_ro_compat(sbi, E2_RO_COMPAT_SPARSE))
		return true;
	return is_power_of(group, 3) || is_power_of(group, 5) ||
	       is_power_of(group, 7);
}

/* With meta_bg a descriptor block describes as many groups as it holds, and
 * lies in the first of them, with copies in the second and the last.
 */
static bool group_has_meta_desc(const struct e2m_sb *sbi, u32 group)
{
	u32 place = group % sbi->desc_per_block;

	return place == 0 || place == 1 || place == sbi->desc_per_block - 1;
}

/**
 * e2m_group_head_blocks - blocks that copies take at the start of a group
 * @sbi:   the volume
 * @group: number of the group
 *
 * Context: any.
 * Return: number of blocks.
 */
u32 e2m_group_head_blocks(const struct e2m_sb *sbi, u32 group)
{
	bool super = e2m_group_has_super(sbi, group);
	u32 first_meta = sbi->nr_desc_blocks;

	if (e2m_has_incompat(sbi, E2_INCOMPAT_META_BG)) {
		first_meta = le32_to_cpu(sbi->es->s_first_meta_bg);
		if (group / sbi->desc_per_block >= first_meta)
			return super + group_has_meta_desc(sbi, group);
	}
	if (!super)
		return 0;
	return 1 + first_meta + le16_to_cpu(sbi->es->s_reserved_gdt_blocks);
}

/**
 * e2m_desc_block - where a block of group descriptors lies
 * @sbi: the volume
 * @nr:  number of the descriptor block
 *
 * Context: any.
 * Return: block number; not checked against the size of the volume.
 */
u32 e2m_desc_block(const struct e2m_sb *sbi, u32 nr)
{
	u32 group;

	if (!e2m_has_incompat(sbi, E2_INCOMPAT_META_BG) ||
	    nr < le32_to_cpu(sbi->es->s_first_meta_bg))
		return sbi->sb_bh->b_blocknr + 1 + nr;
	group = nr * sbi->desc_per_block;
	return e2m_group_first(sbi, group) + e2m_group_has_super(sbi, group);
}

static bool overlaps(u32 block, u32 count, u32 other, u32 others)
{
	return block < other + others && other < block + count;
}

static bool valid_in_group(struct e2m_sb *sbi, u32 group, u32 block, u32 count)
{
	const struct e2_group_desc *desc = e2m_group_desc(sbi, group, NULL);
	u32 bitmap = le32_to_cpu(desc->bg_block_bitmap);
	u32 inodes = le32_to_cpu(desc->bg_inode_bitmap);
	u32 table = le32_to_cpu(desc->bg_inode_table);

	return !overlaps(block, count, table, sbi->itable_blocks) &&
	       !overlaps(block, count, bitmap, 1) &&
	       !overlaps(block, count, inodes, 1) &&
	       block - e2m_group_first(sbi, group) >=
	       e2m_group_head_blocks(sbi, group);
}

/**
 * e2m_blocks_valid_by_group - may a run of blocks belong to a file
 * @sbi:   the volume
 * @block: first block of the run
 * @count: number of blocks, at least 1
 *
 * For e2m_blocks_valid(): group by group.
 *
 * Context: any.
 * Return: false if any of them is outside the volume or one of its own.
 */
bool e2m_blocks_valid_by_group(struct e2m_sb *sbi, u32 block, u32 count)
{
	u32 group, len;

	if (!e2m_block_inside(sbi, block) || count > sbi->blocks_count - block)
		return false;
	while (count) {
		group = e2m_group_of_block(sbi, block);
		len = min(count, e2m_group_first(sbi, group) +
			  e2m_group_blocks(sbi, group) - block);
		if (!valid_in_group(sbi, group, block, len))
			return false;
		block += len;
		count -= len;
	}
	return true;
}
