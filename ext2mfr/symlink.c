// SPDX-License-Identifier: GPL-2.0
/*
 * Symbolic links. A short target lies in the inode's slots, a longer one in a
 * block of its own, zero-terminated.
 */
#include "layout.h"

/**
 * e2m_symlink_is_fast - does the target lie in the inode
 * @inode: a symbolic link
 *
 * Context: any.
 * Return: whether the link owns no block but one for attributes.
 */
bool e2m_symlink_is_fast(const struct inode *inode)
{
	u32 attr = E2M_I(inode)->file_acl ? i_blocksize(inode) >> SECTOR_SHIFT :
					    0;

	return inode->i_blocks <= attr;
}

static int store_block(struct inode *inode, const char *target, size_t len)
{
	struct buffer_head *bh;
	struct e2m_run run;
	int err;

	err = e2m_map_alloc(inode, 0, 1, false, &run);
	if (err)
		return err;
	bh = e2m_meta_new(inode->i_sb, run.pblk);
	if (IS_ERR(bh))
		return PTR_ERR(bh);
	memcpy(bh->b_data, target, len);
	e2m_meta_dirty(bh, inode);
	brelse(bh);
	return 0;
}

/**
 * e2m_symlink_store - set the target of a new symbolic link
 * @inode:  the link
 * @target: the path
 * @len:    its length in bytes, without the terminator
 *
 * Context: may sleep.
 * Return: 0, -ENAMETOOLONG, -ENOSPC, -EIO, -EFSCORRUPTED.
 */
int e2m_symlink_store(struct inode *inode, const char *target, size_t len)
{
	int err;

	if (len >= i_blocksize(inode))
		return -ENAMETOOLONG;
	if (len >= E2_FAST_SYMLINK_MAX) {
		err = store_block(inode, target, len);
		if (err)
			return err;
	} else {
		memcpy(E2M_I(inode)->slots, target, len);
	}
	i_size_write(inode, len);
	e2m_set_ops(inode, 0);
	mark_inode_dirty(inode);
	return 0;
}

static void release_target(void *bh)
{
	brelse(bh);
}

/**
 * e2m_symlink_read - target of a symbolic link that has a block
 * @inode: the link
 * @done:  receives what to call when the target is used no more
 *
 * Context: may sleep.
 * Return: the target; -EIO, -EFSCORRUPTED.
 */
const char *e2m_symlink_read(struct inode *inode, struct delayed_call *done)
{
	struct super_block *sb = inode->i_sb;
	struct buffer_head *bh;
	struct e2m_run run;
	int err;

	err = e2m_map_find(inode, 0, 1, 0, &run);
	if (err)
		return ERR_PTR(err);
	if (!run.pblk) {
		e2m_corrupt(sb, inode, "symbolic link without a block");
		return ERR_PTR(-EFSCORRUPTED);
	}
	bh = e2m_meta_read(sb, run.pblk);
	if (IS_ERR(bh))
		return ERR_CAST(bh);
	if (strnlen(bh->b_data, bh->b_size) != i_size_read(inode)) {
		brelse(bh);
		e2m_corrupt(sb, inode, "symbolic link of a wrong length");
		return ERR_PTR(-EFSCORRUPTED);
	}
	set_delayed_call(done, release_target, bh);
	return bh->b_data;
}
