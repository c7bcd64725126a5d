// SPDX-License-Identifier: GPL-2.0
/*
 * Entries from the VFS on inodes: names and attributes.
 */
#include <linux/fiemap.h>
#include "entry.h"
#include "xattr.h"

static struct dentry *ext2mfr_lookup(struct inode *dir, struct dentry *dentry,
				     unsigned int flags)
{
	DEFINE_AMA_SCOPE(scope);
	struct dentry *ret;
	int err = e2m_enter(&scope, dir->i_sb, E2M_OP_LOOKUP, 0);

	if (err)
		return ERR_PTR(err);
	ret = e2m_lookup(dir, dentry, flags);
	e2m_leave(&scope);
	return ret;
}

static int ext2mfr_create(struct cfs_idmap *idmap, struct inode *dir,
			  struct dentry *dentry, umode_t mode, bool excl)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, dir->i_sb, E2M_OP_CHANGE, 0);

	if (err)
		return err;
	err = e2m_create(idmap, dir, dentry, mode);
	e2m_leave(&scope);
	return err;
}

static int ext2mfr_tmpfile(struct cfs_idmap *idmap, struct inode *dir,
			   struct file *file, umode_t mode)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, dir->i_sb, E2M_OP_CHANGE, 0);

	if (err)
		return err;
	err = e2m_tmpfile(idmap, dir, file, mode);
	e2m_leave(&scope);
	return finish_open_simple(file, err);
}

static int ext2mfr_mknod(struct cfs_idmap *idmap, struct inode *dir,
			 struct dentry *dentry, umode_t mode, dev_t rdev)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, dir->i_sb, E2M_OP_CHANGE, 0);

	if (err)
		return err;
	err = e2m_mknod(idmap, dir, dentry, mode, rdev);
	e2m_leave(&scope);
	return err;
}

static int ext2mfr_link(struct dentry *old, struct inode *dir,
			struct dentry *dentry)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, dir->i_sb, E2M_OP_CHANGE, 0);

	if (err)
		return err;
	err = e2m_link(old, dir, dentry);
	e2m_leave(&scope);
	return err;
}

static int ext2mfr_symlink(struct cfs_idmap *idmap, struct inode *dir,
			   struct dentry *dentry, const char *target)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, dir->i_sb, E2M_OP_CHANGE, 0);

	if (err)
		return err;
	err = e2m_symlink(idmap, dir, dentry, target);
	e2m_leave(&scope);
	return err;
}

static CFS_MKDIR_TYPE ext2mfr_mkdir(struct cfs_idmap *idmap, struct inode *dir,
				 struct dentry *dentry, umode_t mode)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, dir->i_sb, E2M_OP_CHANGE, 0);

	if (err)
		return cfs_mkdir_ret(err);
	err = e2m_mkdir(idmap, dir, dentry, mode);
	e2m_leave(&scope);
	return cfs_mkdir_ret(err);
}

static int ext2mfr_unlink(struct inode *dir, struct dentry *dentry)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, dir->i_sb, E2M_OP_CHANGE, 0);

	if (err)
		return err;
	err = e2m_unlink(dir, dentry);
	e2m_leave(&scope);
	return err;
}

static int ext2mfr_rmdir(struct inode *dir, struct dentry *dentry)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, dir->i_sb, E2M_OP_CHANGE, 0);

	if (err)
		return err;
	err = e2m_rmdir(dir, dentry);
	e2m_leave(&scope);
	return err;
}

static int ext2mfr_rename(struct cfs_idmap *idmap, struct inode *old_dir,
			  struct dentry *old_dentry, struct inode *new_dir,
			  struct dentry *new_dentry, unsigned int flags)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, old_dir->i_sb, E2M_OP_CHANGE, 0);

	if (err)
		return err;
	err = e2m_rename(old_dir, old_dentry, new_dir, new_dentry, flags);
	e2m_leave(&scope);
	return err;
}

static int ext2mfr_setattr(struct cfs_idmap *idmap, struct dentry *dentry,
			   struct iattr *attr)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, dentry->d_sb, E2M_OP_SETATTR, 0);

	if (err)
		return err;
	err = e2m_setattr(idmap, dentry, attr);
	e2m_leave(&scope);
	return err;
}

/* No scope: it reads memory only. */
static int ext2mfr_getattr(struct cfs_idmap *idmap, const struct path *path,
			   struct kstat *stat, u32 mask, unsigned int flags)
{
	return e2m_getattr(idmap, path, stat, mask, flags);
}

static int ext2mfr_fiemap(struct inode *inode, struct fiemap_extent_info *info,
			  u64 start, u64 len)
{
	DEFINE_AMA_SCOPE(scope);
	u64 size;
	int err;

	inode_lock_shared(inode);
	err = e2m_enter(&scope, inode->i_sb, E2M_OP_MAP, 0);
	if (!err) {
		/* A length of nothing is refused, an empty file is not. */
		size = max_t(u64, i_size_read(inode), 1);
		err = iomap_fiemap(inode, info, start, min(len, size),
				   &e2m_iomap_ops);
		e2m_leave(&scope);
	}
	inode_unlock_shared(inode);
	return err;
}

static const char *ext2mfr_get_link(struct dentry *dentry, struct inode *inode,
				    struct delayed_call *done)
{
	DEFINE_AMA_SCOPE(scope);
	const char *target;
	int err;

	/* RCU walk: the target's block may have to be read. */
	if (!dentry)
		return ERR_PTR(-ECHILD);
	err = e2m_enter(&scope, inode->i_sb, E2M_OP_READLINK, 0);
	if (err)
		return ERR_PTR(err);
	target = e2m_symlink_read(inode, done);
	e2m_leave(&scope);
	return target;
}

const struct inode_operations ext2mfr_dir_iops = {
	.lookup		= ext2mfr_lookup,
	.create		= ext2mfr_create,
	.link		= ext2mfr_link,
	.unlink		= ext2mfr_unlink,
	.symlink	= ext2mfr_symlink,
	.mkdir		= ext2mfr_mkdir,
	.rmdir		= ext2mfr_rmdir,
	.mknod		= ext2mfr_mknod,
	.rename		= ext2mfr_rename,
	.tmpfile	= ext2mfr_tmpfile,
	.setattr	= ext2mfr_setattr,
	.getattr	= ext2mfr_getattr,
	.listxattr	= ext2mfr_listxattr,
	CFS_GET_ACL(ext2mfr_get_acl),
	.set_acl	= ext2mfr_set_acl,
	.fileattr_get	= ext2mfr_fileattr_get,
	.fileattr_set	= ext2mfr_fileattr_set,
};

const struct inode_operations ext2mfr_file_iops = {
	.setattr	= ext2mfr_setattr,
	.getattr	= ext2mfr_getattr,
	.fiemap		= ext2mfr_fiemap,
	.listxattr	= ext2mfr_listxattr,
	CFS_GET_ACL(ext2mfr_get_acl),
	.set_acl	= ext2mfr_set_acl,
	.fileattr_get	= ext2mfr_fileattr_get,
	.fileattr_set	= ext2mfr_fileattr_set,
};

const struct inode_operations ext2mfr_special_iops = {
	.setattr	= ext2mfr_setattr,
	.getattr	= ext2mfr_getattr,
	.listxattr	= ext2mfr_listxattr,
	CFS_GET_ACL(ext2mfr_get_acl),
	.set_acl	= ext2mfr_set_acl,
};

const struct inode_operations ext2mfr_fast_symlink_iops = {
	.get_link	= simple_get_link,
	.setattr	= ext2mfr_setattr,
	.getattr	= ext2mfr_getattr,
	.listxattr	= ext2mfr_listxattr,
};

const struct inode_operations ext2mfr_symlink_iops = {
	.get_link	= ext2mfr_get_link,
	.setattr	= ext2mfr_setattr,
	.getattr	= ext2mfr_getattr,
	.listxattr	= ext2mfr_listxattr,
};
