/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Extended attributes, access control lists, flags and export handles as a
 * file system sees them, one form for every kernel.
 */
#ifndef COMPAT_ATTR_H
#define COMPAT_ATTR_H

#include <linux/fs.h>
#include <linux/exportfs.h>
#include <linux/fileattr.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <compat_fs.h>

/* The table of handlers itself is constant since 6.7. */
#if defined(HAVE_XATTR_TABLE_CONST) || defined(HAVE_XATTR_TABLE_SPLIT)
#define cfs_xattr_const const
#else
#define cfs_xattr_const
#endif

/* Lists are attributes with handlers of the VFS's until 6.2. */
#ifdef HAVE_ACL_XATTR_HANDLERS
#define CFS_ACL_HANDLERS &posix_acl_access_xattr_handler, \
			 &posix_acl_default_xattr_handler,
#else
#define CFS_ACL_HANDLERS
#endif

#ifdef HAVE_GET_INODE_ACL
#define CFS_GET_ACL(function) .get_inode_acl = (function)
#else
#define CFS_GET_ACL(function) .get_acl = (function)
#endif

/* A list is set on a dentry since 6.2, on an inode before. */
#ifdef HAVE_SET_ACL_DENTRY
#define cfs_acl_object dentry

static inline struct inode *cfs_acl_inode(struct dentry *dentry)
{
	return d_inode(dentry);
}

static inline int cfs_acl_chmod(struct cfs_idmap *idmap, struct dentry *dentry)
{
	return posix_acl_chmod(idmap, dentry, d_inode(dentry)->i_mode);
}
#else
#define cfs_acl_object inode

static inline struct inode *cfs_acl_inode(struct inode *inode)
{
	return inode;
}

static inline int cfs_acl_chmod(struct cfs_idmap *idmap, struct dentry *dentry)
{
	return posix_acl_chmod(idmap, d_inode(dentry), d_inode(dentry)->i_mode);
}
#endif

#ifdef HAVE_FILE_KATTR
#define cfs_fileattr file_kattr
#else
#define cfs_fileattr fileattr
#endif

static inline struct cfs_idmap *cfs_file_idmap(struct file *file)
{
#ifdef HAVE_FILE_MNT_IDMAP
	return file_mnt_idmap(file);
#else
	return file_mnt_user_ns(file);
#endif
}

/* The usual encoding is no default any more since 6.7. */
#ifdef HAVE_ENCODE_INO32
#define CFS_ENCODE_FH .encode_fh = generic_encode_ino32_fh,
#else
#define CFS_ENCODE_FH
#endif

#endif /* COMPAT_ATTR_H */
