// SPDX-License-Identifier: GPL-2.0
/*
 * Entries from NFS and open_by_handle_at(). The gate sees the latter only when
 * it has a file descriptor of this file system, and the former never, so each
 * opens a scope.
 */
#include <linux/exportfs.h>
#include "entry.h"
#include "xattr.h"

static struct dentry *
find_by_handle(struct super_block *sb, struct fid *fid, int len, int type,
	       struct dentry *(*find)(struct super_block *, struct fid *, int, int))
{
	DEFINE_AMA_SCOPE(scope);
	struct dentry *ret;
	int err = e2m_enter(&scope, sb, E2M_OP_EXPORT, 0);

	if (err)
		return ERR_PTR(err);
	ret = find(sb, fid, len, type);
	e2m_leave(&scope);
	return ret;
}

static struct dentry *ext2mfr_fh_to_dentry(struct super_block *sb,
					   struct fid *fid, int len, int type)
{
	return find_by_handle(sb, fid, len, type, e2m_fh_to_dentry);
}

static struct dentry *ext2mfr_fh_to_parent(struct super_block *sb,
					   struct fid *fid, int len, int type)
{
	return find_by_handle(sb, fid, len, type, e2m_fh_to_parent);
}

static struct dentry *ext2mfr_get_parent(struct dentry *child)
{
	DEFINE_AMA_SCOPE(scope);
	struct dentry *ret;
	int err = e2m_enter(&scope, child->d_sb, E2M_OP_EXPORT, 0);

	if (err)
		return ERR_PTR(err);
	ret = e2m_get_parent(child);
	e2m_leave(&scope);
	return ret;
}

static int ext2mfr_commit_metadata(struct inode *inode)
{
	DEFINE_AMA_SCOPE(scope);
	/* The change is made: it may be confirmed late, but not be refused now. */
	bool scoped = e2m_enter_unrefused(&scope, inode->i_sb, E2M_OP_FSYNC);
	int err = e2m_commit_metadata(inode);

	if (scoped)
		e2m_leave(&scope);
	return err;
}

const struct export_operations ext2mfr_export_ops = {
	CFS_ENCODE_FH
	.fh_to_dentry	= ext2mfr_fh_to_dentry,
	.fh_to_parent	= ext2mfr_fh_to_parent,
	.get_parent	= ext2mfr_get_parent,
	.commit_metadata = ext2mfr_commit_metadata,
};
