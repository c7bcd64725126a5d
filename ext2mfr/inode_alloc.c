// SPDX-License-Identifier: GPL-2.0
/*
 * Inode allocation. A file's inode goes to the group of its directory. A
 * directory below the root goes to a group that is not crowded, a different one
 * each time; deeper ones stay with their parent while its group is not crowded.
 */
#include <linux/random.h>
#include "layout.h"
#include "xattr.h"

static u32 group_free_inodes(struct e2m_sb *sbi, u32 group)
{
	return le16_to_cpu(e2m_group_desc(sbi, group, NULL)->
			   bg_free_inodes_count);
}

static u32 group_free_blocks(struct e2m_sb *sbi, u32 group)
{
	return le16_to_cpu(e2m_group_desc(sbi, group, NULL)->
			   bg_free_blocks_count);
}

/* Crowded is a group that has less than the average's @share-th part free. Asking
 * for the average itself would leave the groups that hold copies of the superblock
 * empty, and fill the others.
 */
static bool has_room(struct e2m_sb *sbi, u32 group, unsigned int share)
{
	u32 inodes = percpu_counter_read_positive(&sbi->free_inodes);
	u32 blocks = percpu_counter_read_positive(&sbi->free_blocks);

	return group_free_inodes(sbi, group) >=
		max(1U, inodes / sbi->nr_groups / share) &&
	       group_free_blocks(sbi, group) >=
		blocks / sbi->nr_groups / share;
}

static u32 choose_dir_group(struct inode *parent)
{
	struct e2m_sb *sbi = E2M_SB(parent->i_sb);
	u32 home = E2M_I(parent)->group, start, i, group;
	bool spread = parent->i_ino == E2_ROOT_INO ||
		      (E2M_I(parent)->flags & E2_FL_TOPDIR);

	if (!spread && has_room(sbi, home, 4))
		return home;
	start = spread ? (u32)atomic_inc_return(&sbi->next_group) : home;
	for (i = 0; i < sbi->nr_groups; i++) {
		group = (start % sbi->nr_groups + i) % sbi->nr_groups;
		if (has_room(sbi, group, spread ? 2 : 4))
			return group;
	}
	return home;
}

static u32 choose_file_group(struct inode *parent)
{
	struct e2m_sb *sbi = E2M_SB(parent->i_sb);
	u32 home = E2M_I(parent)->group, group = home, step;

	if (group_free_inodes(sbi, home) && group_free_blocks(sbi, home))
		return home;
	/* Files of one full directory should meet again in one group. */
	group = (home + parent->i_ino) % sbi->nr_groups;
	for (step = 1; step < sbi->nr_groups; step <<= 1) {
		group = (group + step) % sbi->nr_groups;
		if (group_free_inodes(sbi, group) &&
		    group_free_blocks(sbi, group))
			return group;
	}
	return home;
}

/* Returns the bit taken, or inodes_per_group. */
static u32 take_bit(struct e2m_sb *sbi, u32 group, void *map, bool dir)
{
	struct e2_group_desc *desc = e2m_group_desc(sbi, group, NULL);
	struct e2m_group *info = &sbi->groups[group];
	u32 end = sbi->inodes_per_group, bit, left;

	spin_lock(e2m_group_lock(sbi, group));
	bit = find_next_zero_bit_le(map, end, info->first_inode);
	info->first_inode = bit;
	if (bit < end) {
		__set_bit_le(bit, map);
		info->first_inode = bit + 1;
		left = le16_to_cpu(desc->bg_free_inodes_count);
		desc->bg_free_inodes_count = cpu_to_le16(left - !!left);
		if (dir)
			le16_add_cpu(&desc->bg_used_dirs_count, 1);
	}
	spin_unlock(e2m_group_lock(sbi, group));
	return bit;
}

static int take_in_group(struct super_block *sb, u32 group, bool dir, u32 *ino)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	struct buffer_head *bh, *desc_bh;
	u32 bit;

	bh = e2m_inode_bitmap(sb, group);
	if (IS_ERR(bh))
		return PTR_ERR(bh);
	e2m_group_desc(sbi, group, &desc_bh);
	bit = take_bit(sbi, group, bh->b_data, dir);
	if (bit < sbi->inodes_per_group) {
		e2m_meta_dirty(bh, NULL);
		e2m_meta_dirty(desc_bh, NULL);
	}
	brelse(bh);
	if (bit >= sbi->inodes_per_group)
		return -ENOSPC;
	*ino = group * sbi->inodes_per_group + bit + 1;
	percpu_counter_dec(&sbi->free_inodes);
	if (dir)
		percpu_counter_inc(&sbi->dirs);
	return 0;
}

static int take_inode(struct inode *parent, bool dir, u32 *ino)
{
	struct super_block *sb = parent->i_sb;
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 home, group, i;
	int err = -ENOSPC, first_err = 0;

	home = dir ? choose_dir_group(parent) : choose_file_group(parent);
	for (i = 0; i < sbi->nr_groups && err; i++) {
		group = (home + i) % sbi->nr_groups;
		if (i && !group_free_inodes(sbi, group))
			continue;
		err = take_in_group(sb, group, dir, ino);
		if (err && err != -ENOSPC && !first_err)
			first_err = err;
	}
	if (err == -ENOSPC && first_err)
		err = first_err;
	return err;
}

static void give_back(struct super_block *sb, u32 ino, bool dir)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 group = e2m_group_of_inode(sbi, ino), used;
	u32 bit = (ino - 1) % sbi->inodes_per_group;
	struct buffer_head *bh, *desc_bh;
	struct e2_group_desc *desc;
	bool was_set;

	bh = e2m_inode_bitmap(sb, group);
	if (IS_ERR(bh))
		return;
	desc = e2m_group_desc(sbi, group, &desc_bh);
	spin_lock(e2m_group_lock(sbi, group));
	was_set = __test_and_clear_bit_le(bit, bh->b_data);
	if (was_set) {
		le16_add_cpu(&desc->bg_free_inodes_count, 1);
		used = le16_to_cpu(desc->bg_used_dirs_count);
		if (dir)
			desc->bg_used_dirs_count = cpu_to_le16(used - !!used);
		sbi->groups[group].first_inode =
			min(sbi->groups[group].first_inode, bit);
	}
	spin_unlock(e2m_group_lock(sbi, group));
	e2m_meta_dirty(bh, NULL);
	e2m_meta_dirty(desc_bh, NULL);
	brelse(bh);
	if (!was_set) {
		e2m_corrupt(sb, NULL, "inode %u was free already", ino);
		return;
	}
	percpu_counter_inc(&sbi->free_inodes);
	if (dir)
		percpu_counter_dec(&sbi->dirs);
}

/**
 * e2m_free_inode - give an inode number back
 * @inode: the inode, which nothing names any more
 *
 * Context: may sleep.
 */
void e2m_free_inode(struct inode *inode)
{
	give_back(inode->i_sb, inode->i_ino, S_ISDIR(inode->i_mode));
}

static u32 inherited_flags(const struct inode *dir, umode_t mode)
{
	u32 flags = E2M_I(dir)->flags & E2_FL_INHERITED;

	if (S_ISDIR(mode))
		return flags;
	return flags & (S_ISREG(mode) ? E2_FL_REG_MASK : E2_FL_OTHER_MASK);
}

static void init_inode(struct inode *inode, struct inode *dir, umode_t mode,
		       struct cfs_idmap *idmap)
{
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	struct e2m_inode *ei = E2M_I(inode);

	if (e2m_opt(inode->i_sb, E2M_OPT_GRPID)) {
		inode->i_mode = mode;
		inode_fsuid_set(inode, idmap);
		inode->i_gid = dir->i_gid;
	} else {
		inode_init_owner(idmap, inode, dir, mode);
	}
	cfs_touch(inode);
	cfs_set_atime(inode, inode_get_ctime(inode));
	ei->group = e2m_group_of_inode(sbi, inode->i_ino);
	ei->flags = inherited_flags(dir, mode);
	e2m_note_entry(inode);
	set_bit(E2M_NEW_RAW, &ei->state);
	e2m_set_vfs_flags(inode);
	inode->i_generation = atomic_inc_return(&sbi->next_generation);
}

/**
 * e2m_new_inode - allocate an inode
 * @idmap: of the mount that the request came through
 * @dir:   directory that the inode will be named in
 * @mode:  type and permissions
 * @name:  name that it will get, NULL for none
 *
 * Context: may sleep.
 * Return: the inode, locked as new, with one link, inherited attributes and no
 * operations; or an errno: -ENOSPC, -ENOMEM, -EIO, -EFSCORRUPTED.
 */
struct inode *e2m_new_inode(struct cfs_idmap *idmap, struct inode *dir,
			    umode_t mode, const struct qstr *name)
{
	struct super_block *sb = dir->i_sb;
	struct inode *inode;
	u32 ino;
	int err;

	inode = new_inode(sb);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	err = take_inode(dir, S_ISDIR(mode), &ino);
	if (err)
		goto bad;
	inode->i_ino = ino;
	err = -EFSCORRUPTED;
	if (!e2m_ino_valid(E2M_SB(sb), ino) || ino == E2_ROOT_INO ||
	    insert_inode_locked(inode) < 0) {
		e2m_corrupt(sb, inode, "bitmap offers an inode in use");
		goto bad;
	}
	init_inode(inode, dir, mode, idmap);
	mark_inode_dirty(inode);
	err = e2m_attr_init(inode, dir, name);
	if (err) {
		clear_nlink(inode);
		discard_new_inode(inode);
		return ERR_PTR(err);
	}
	return inode;
bad:
	make_bad_inode(inode);
	iput(inode);
	return ERR_PTR(err);
}
