// SPDX-License-Identifier: GPL-2.0
/*
 * Block groups: their descriptors, which stay in memory while the volume is
 * mounted, and their bitmaps, which are read when needed and checked against
 * the group's layout whenever they come from the device.
 */
#include "layout.h"

/* The bitmap in this buffer was checked. Nothing but the allocators writes
 * bitmaps, so the mark holds as long as the buffer does.
 */
enum { BH_E2mChecked = BH_PrivateStart };
BUFFER_FNS(E2mChecked, e2m_checked)

static bool bits_are_set(const void *bitmap, u32 first, u32 count)
{
	return find_next_zero_bit_le(bitmap, first + count, first) >=
	       first + count;
}

/* A group's own blocks must be in use, or a file could be given them. */
static bool block_bitmap_sane(struct e2m_sb *sbi, u32 group, const void *bitmap)
{
	const struct e2_group_desc *desc = e2m_group_desc(sbi, group, NULL);
	u32 first = e2m_group_first(sbi, group);

	return bits_are_set(bitmap, 0, e2m_group_head_blocks(sbi, group)) &&
	       bits_are_set(bitmap, le32_to_cpu(desc->bg_block_bitmap) - first,
			    1) &&
	       bits_are_set(bitmap, le32_to_cpu(desc->bg_inode_bitmap) - first,
			    1) &&
	       bits_are_set(bitmap, le32_to_cpu(desc->bg_inode_table) - first,
			    sbi->itable_blocks);
}

/* The reserved inodes are in use; small groups leave some to the next. */
static bool inode_bitmap_sane(struct e2m_sb *sbi, u32 group, const void *bitmap)
{
	u64 before = (u64)group * sbi->inodes_per_group;

	return sbi->first_ino - 1 <= before ||
	       bits_are_set(bitmap, 0, min_t(u64, sbi->first_ino - 1 - before,
					     sbi->inodes_per_group));
}

static struct buffer_head *read_bitmap(struct super_block *sb, u32 group,
				       u32 block, int bad_bit,
				       bool (*sane)(struct e2m_sb *sbi,
						    u32 group,
						    const void *bitmap))
{
	struct e2m_sb *sbi = E2M_SB(sb);
	struct buffer_head *bh;

	if (test_bit(bad_bit, &sbi->groups[group].flags))
		return ERR_PTR(-EFSCORRUPTED);
	e2m_meta_check_written(sb);
	bh = e2m_meta_read(sb, block);
	if (IS_ERR(bh) || buffer_e2m_checked(bh))
		return bh;
	if (!sane(sbi, group, bh->b_data)) {
		brelse(bh);
		if (!test_and_set_bit(bad_bit, &sbi->groups[group].flags))
			e2m_corrupt(sb, NULL, "bitmap of group %u frees the volume's own",
				    group);
		return ERR_PTR(-EFSCORRUPTED);
	}
	set_buffer_e2m_checked(bh);
	return bh;
}

/**
 * e2m_block_bitmap - block bitmap of a group
 * @sb:    the volume
 * @group: number of the group
 *
 * Context: may sleep.
 * Return: its buffer, checked; ERR_PTR(-EIO), ERR_PTR(-EFSCORRUPTED).
 */
struct buffer_head *e2m_block_bitmap(struct super_block *sb, u32 group)
{
	struct e2_group_desc *desc = e2m_group_desc(E2M_SB(sb), group, NULL);

	return read_bitmap(sb, group, le32_to_cpu(desc->bg_block_bitmap),
			   E2M_GROUP_BAD_BLOCKS, block_bitmap_sane);
}

/**
 * e2m_inode_bitmap - inode bitmap of a group
 * @sb:    the volume
 * @group: number of the group
 *
 * Context: may sleep.
 * Return: its buffer, checked; ERR_PTR(-EIO), ERR_PTR(-EFSCORRUPTED).
 */
struct buffer_head *e2m_inode_bitmap(struct super_block *sb, u32 group)
{
	struct e2_group_desc *desc = e2m_group_desc(E2M_SB(sb), group, NULL);

	return read_bitmap(sb, group, le32_to_cpu(desc->bg_inode_bitmap),
			   E2M_GROUP_BAD_INODES, inode_bitmap_sane);
}

/**
 * e2m_count_free_blocks - free blocks by the group descriptors
 * @sb: the volume
 *
 * Context: any.
 * Return: number of blocks.
 */
u32 e2m_count_free_blocks(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 group, sum = 0;

	for (group = 0; group < sbi->nr_groups; group++)
		sum += le16_to_cpu(e2m_group_desc(sbi, group, NULL)->
				   bg_free_blocks_count);
	return sum;
}

/**
 * e2m_count_free_inodes - free inodes by the group descriptors
 * @sb: the volume
 *
 * Context: any.
 * Return: number of inodes.
 */
u32 e2m_count_free_inodes(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 group, sum = 0;

	for (group = 0; group < sbi->nr_groups; group++)
		sum += le16_to_cpu(e2m_group_desc(sbi, group, NULL)->
				   bg_free_inodes_count);
	return sum;
}

/**
 * e2m_count_dirs - directories by the group descriptors
 * @sb: the volume
 *
 * Context: any.
 * Return: number of directories.
 */
u32 e2m_count_dirs(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 group, sum = 0;

	for (group = 0; group < sbi->nr_groups; group++)
		sum += le16_to_cpu(e2m_group_desc(sbi, group, NULL)->
				   bg_used_dirs_count);
	return sum;
}
