// SPDX-License-Identifier: GPL-2.0
/*
 * Handles that outlive a mount, for NFS and open_by_handle_at(): an inode's
 * number and generation, and perhaps those of its directory. A handle comes
 * from outside, so a wrong one is no sign of a damaged volume.
 */
#include <linux/exportfs.h>
#include "layout.h"
#include "xattr.h"

static struct inode *inode_of(struct super_block *sb, u64 ino, u32 generation)
{
	struct inode *inode;

	if (ino > U32_MAX || !e2m_ino_valid(E2M_SB(sb), ino))
		return ERR_PTR(-ESTALE);
	inode = e2m_iget(sb, ino);
	if (IS_ERR(inode))
		return inode;
	/* The number was given to another file since. */
	if (inode->i_generation != generation) {
		iput(inode);
		return ERR_PTR(-ESTALE);
	}
	return inode;
}

/**
 * e2m_fh_to_dentry - the file that a handle stands for
 * @sb:   the volume
 * @fid:  the handle
 * @len:  its length in words of 32 bits
 * @type: FILEID_*
 *
 * Context: may sleep.
 * Return: as export_operations.fh_to_dentry().
 */
struct dentry *e2m_fh_to_dentry(struct super_block *sb, struct fid *fid,
				int len, int type)
{
	return generic_fh_to_dentry(sb, fid, len, type, inode_of);
}

/**
 * e2m_fh_to_parent - the directory that a handle names beside the file
 * @sb:   the volume
 * @fid:  the handle
 * @len:  its length in words of 32 bits
 * @type: FILEID_*
 *
 * Context: may sleep.
 * Return: as export_operations.fh_to_parent().
 */
struct dentry *e2m_fh_to_parent(struct super_block *sb, struct fid *fid,
				int len, int type)
{
	return generic_fh_to_parent(sb, fid, len, type, inode_of);
}

/**
 * e2m_get_parent - the directory that a directory is in
 * @child: the directory
 *
 * Context: may sleep.
 * Return: the parent, or an errno.
 */
struct dentry *e2m_get_parent(struct dentry *child)
{
	static const struct qstr dotdot = QSTR_INIT("..", 2);
	u32 ino;
	int err;

	err = e2m_dir_lookup(d_inode(child), &dotdot, &ino);
	if (err)
		return ERR_PTR(err);
	return d_obtain_alias(e2m_iget(child->d_sb, ino));
}
