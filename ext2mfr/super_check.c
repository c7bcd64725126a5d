// SPDX-License-Identifier: GPL-2.0
/*
 * What a superblock and the group descriptors must say before the volume is
 * believed. Everything that later code computes with is bounded here once.
 */
#include <linux/log2.h>
#include "layout.h"

#define refuse(sb, quiet, fmt, ...) ({					\
	if (!(quiet))							\
		e2m_msg(sb, KERN_ERR, fmt, ##__VA_ARGS__);		\
	-EINVAL;							\
})

static int check_features(struct super_block *sb, const struct e2_super *es,
			  bool quiet)
{
	u32 incompat = le32_to_cpu(es->s_feature_incompat);
	u32 ro_compat = le32_to_cpu(es->s_feature_ro_compat);

	if (le32_to_cpu(es->s_rev_level) > E2_REV_DYNAMIC)
		return refuse(sb, quiet, "unknown revision %u",
			      le32_to_cpu(es->s_rev_level));
	if (le32_to_cpu(es->s_rev_level) == E2_REV_OLD &&
	    (incompat || ro_compat || es->s_feature_compat)) {
		if (!quiet)
			e2m_msg(sb, KERN_WARNING,
				"features on a revision 0 volume, run e2fsck");
	}
	if (incompat & ~E2_INCOMPAT_KNOWN)
		return refuse(sb, quiet, "unknown incompatible features %#x",
			      incompat & ~E2_INCOMPAT_KNOWN);
	if ((ro_compat & ~E2_RO_COMPAT_KNOWN) && !sb_rdonly(sb))
		return refuse(sb, quiet,
			      "features %#x allow a read-only mount only",
			      ro_compat & ~E2_RO_COMPAT_KNOWN);
	return 0;
}

static bool has_inode_size(const struct e2_super *es)
{
	u32 size = le16_to_cpu(es->s_inode_size);

	return le32_to_cpu(es->s_rev_level) == E2_REV_OLD ||
	       (is_power_of_2(size) && size >= E2_INODE_SIZE_REV0 &&
		size <= 1024U << le32_to_cpu(es->s_log_block_size));
}

/* Sizes of groups: each bitmap is one block. */
static int check_groups_size(struct super_block *sb, const struct e2_super *es,
			     bool quiet)
{
	u32 block_size = 1024U << le32_to_cpu(es->s_log_block_size);
	u32 blocks = le32_to_cpu(es->s_blocks_per_group);
	u32 inodes = le32_to_cpu(es->s_inodes_per_group);
	u32 inode_size = le32_to_cpu(es->s_rev_level) == E2_REV_OLD ?
			 E2_INODE_SIZE_REV0 : le16_to_cpu(es->s_inode_size);

	if (!blocks || blocks > block_size * 8 || blocks % 8)
		return refuse(sb, quiet, "impossible %u blocks in a group",
			      blocks);
	if (!inodes || inodes > block_size * 8 ||
	    inodes % (block_size / inode_size) ||
	    inodes / (block_size / inode_size) >= blocks)
		return refuse(sb, quiet, "impossible %u inodes in a group",
			      inodes);
	if (le32_to_cpu(es->s_frags_per_group) != blocks ||
	    es->s_log_frag_size != es->s_log_block_size)
		return refuse(sb, quiet, "fragments are not supported");
	return 0;
}

static int check_counts(struct super_block *sb, const struct e2_super *es,
			bool quiet)
{
	u32 first = le32_to_cpu(es->s_first_data_block);
	u32 blocks = le32_to_cpu(es->s_blocks_count);
	u32 per_group = le32_to_cpu(es->s_blocks_per_group);
	u64 groups, size = bdev_nr_bytes(sb->s_bdev) >>
			   (E2_MIN_LOG_BLOCK_SIZE +
			    le32_to_cpu(es->s_log_block_size));

	if (first != (es->s_log_block_size ? 0 : 1))
		return refuse(sb, quiet, "impossible first block %u", first);
	if (blocks <= first + 1 || blocks > size)
		return refuse(sb, quiet, "%u blocks on a device of %llu",
			      blocks, size);
	if (le32_to_cpu(es->s_r_blocks_count) > blocks)
		return refuse(sb, quiet, "more blocks reserved than there are");
	groups = DIV_ROUND_UP((u64)blocks - first, per_group);
	if (groups * le32_to_cpu(es->s_inodes_per_group) !=
	    le32_to_cpu(es->s_inodes_count))
		return refuse(sb, quiet, "%u inodes in %llu groups of %u",
			      le32_to_cpu(es->s_inodes_count), groups,
			      le32_to_cpu(es->s_inodes_per_group));
	return 0;
}

static int check_rest(struct super_block *sb, const struct e2_super *es,
		      bool quiet)
{
	u32 block_size = 1024U << le32_to_cpu(es->s_log_block_size);
	u32 first_ino = le32_to_cpu(es->s_first_ino);

	if (le32_to_cpu(es->s_rev_level) != E2_REV_OLD &&
	    (first_ino < E2_FIRST_INO_REV0 ||
	     first_ino > le32_to_cpu(es->s_inodes_count)))
		return refuse(sb, quiet, "impossible first inode %u",
			      first_ino);
	if (le16_to_cpu(es->s_reserved_gdt_blocks) > block_size / 4)
		return refuse(sb, quiet, "impossible %u descriptor blocks in reserve",
			      le16_to_cpu(es->s_reserved_gdt_blocks));
	return 0;
}

/**
 * e2m_check_super - is a superblock one that can be mounted
 * @sb:    the volume; its block size is not set yet
 * @es:    the superblock
 * @quiet: say nothing, somebody else may know the format
 *
 * Context: may sleep.
 * Return: 0 or -EINVAL.
 */
int e2m_check_super(struct super_block *sb, const struct e2_super *es,
		    bool quiet)
{
	int err;

	if (le16_to_cpu(es->s_magic) != E2_MAGIC)
		return refuse(sb, quiet, "no ext2 volume found");
	if (le32_to_cpu(es->s_log_block_size) >
	    PAGE_SHIFT - E2_MIN_LOG_BLOCK_SIZE)
		return refuse(sb, quiet, "block size 2^%llu is not supported",
			      (u64)le32_to_cpu(es->s_log_block_size) +
			      E2_MIN_LOG_BLOCK_SIZE);
	if (!has_inode_size(es))
		return refuse(sb, quiet, "inode size %u is not supported",
			      le16_to_cpu(es->s_inode_size));
	err = check_features(sb, es, quiet);
	if (!err)
		err = check_groups_size(sb, es, quiet);
	if (!err)
		err = check_counts(sb, es, quiet);
	if (!err)
		err = check_rest(sb, es, quiet);
	return err;
}

static bool inside(u32 block, u32 count, u32 first, u32 end)
{
	return block >= first && block < end && count <= end - block;
}

static bool apart(u32 a, u32 a_len, u32 b, u32 b_len)
{
	return a + a_len <= b || b + b_len <= a;
}

static int check_group(struct super_block *sb, u32 group)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	const struct e2_group_desc *desc = e2m_group_desc(sbi, group, NULL);
	u32 start = e2m_group_first(sbi, group);
	u32 end = start + e2m_group_blocks(sbi, group);
	u32 blocks = le32_to_cpu(desc->bg_block_bitmap);
	u32 inodes = le32_to_cpu(desc->bg_inode_bitmap);
	u32 table = le32_to_cpu(desc->bg_inode_table);
	u32 first = start + e2m_group_head_blocks(sbi, group);

	if (!inside(blocks, 1, first, end) || !inside(inodes, 1, first, end) ||
	    !inside(table, sbi->itable_blocks, first, end) ||
	    blocks == inodes || !apart(blocks, 1, table, sbi->itable_blocks) ||
	    !apart(inodes, 1, table, sbi->itable_blocks)) {
		e2m_msg(sb, KERN_ERR, "descriptor of group %u is impossible",
			group);
		return -EFSCORRUPTED;
	}
	if (le16_to_cpu(desc->bg_free_blocks_count) > end - start ||
	    le16_to_cpu(desc->bg_free_inodes_count) > sbi->inodes_per_group ||
	    le16_to_cpu(desc->bg_used_dirs_count) > sbi->inodes_per_group) {
		e2m_msg(sb, KERN_ERR, "counts of group %u are impossible",
			group);
		return -EFSCORRUPTED;
	}
	sbi->groups[group].first_data =
		max3(table + sbi->itable_blocks, blocks + 1, inodes + 1) - start;
	return 0;
}

/**
 * e2m_check_groups - are the group descriptors possible
 * @sb: the volume, its descriptors in memory
 *
 * Notes where in each group the volume's own blocks end.
 *
 * Context: may sleep.
 * Return: 0 or -EFSCORRUPTED.
 */
int e2m_check_groups(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 group;
	int err = 0;

	for (group = 0; group < sbi->nr_groups && !err; group++) {
		err = check_group(sb, group);
		cond_resched();
	}
	return err;
}

/* Pointer blocks that a dense file of @blocks blocks needs. */
static u64 pointer_blocks(u64 blocks, unsigned int bits)
{
	u64 ptrs = 1ULL << bits, sum = 0, rest;
	unsigned int depth, i;

	if (blocks <= E2_DIRECT_SLOTS)
		return 0;
	rest = blocks - E2_DIRECT_SLOTS;
	for (depth = 1; depth < E2M_MAX_DEPTH && rest; depth++) {
		u64 here = min(rest, 1ULL << (bits * depth));

		for (i = 1; i <= depth; i++)
			sum += (here + (ptrs << (bits * (i - 1))) - 1) >>
			       (bits * i);
		rest -= here;
	}
	return sum;
}

/**
 * e2m_max_file_size - size that a file can have
 * @sbi: the volume
 *
 * The trees name only so many blocks, and i_blocks counts all blocks of the
 * file, pointer blocks included, in 32 bits of 512 bytes.
 *
 * Context: any.
 * Return: in bytes.
 */
loff_t e2m_max_file_size(const struct e2m_sb *sbi)
{
	unsigned int bits = sbi->vfs_sb->s_blocksize_bits;
	u64 total = U32_MAX >> (bits - SECTOR_SHIFT);
	u64 low = 0, high = min(total, e2m_map_limit(sbi)), mid;

	while (low < high) {
		mid = (low + high + 1) / 2;
		if (mid + pointer_blocks(mid, sbi->ptr_bits) <= total)
			low = mid;
		else
			high = mid - 1;
	}
	return min_t(u64, low << bits, MAX_LFS_FILESIZE);
}
