// SPDX-License-Identifier: GPL-2.0
/*
 * Entries from the VFS on extended attributes, access control lists and flags,
 * and requests on open files.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/xattr.h>
#include "entry.h"
#include "xattr.h"

static bool refused(const struct inode *inode, u8 index)
{
	return index == E2_XATTR_USER &&
	       !e2m_opt(inode->i_sb, E2M_OPT_XATTR_USER);
}

static int ext2mfr_xattr_get(const struct xattr_handler *handler,
			     struct dentry *dentry, struct inode *inode,
			     const char *name, void *buffer, size_t size)
{
	DEFINE_AMA_SCOPE(scope);
	int ret;

	if (refused(inode, handler->flags))
		return -EOPNOTSUPP;
	/* Asked before every write, for most files in vain. */
	if (!READ_ONCE(E2M_I(inode)->file_acl))
		return -ENODATA;
	ret = e2m_enter(&scope, inode->i_sb, E2M_OP_XATTR, 0);
	if (ret)
		return ret;
	ret = e2m_xattr_get(inode, handler->flags, name, buffer, size);
	e2m_leave(&scope);
	return ret;
}

static int ext2mfr_xattr_set(const struct xattr_handler *handler,
			     struct cfs_idmap *idmap, struct dentry *dentry,
			     struct inode *inode, const char *name,
			     const void *value, size_t size, int flags)
{
	DEFINE_AMA_SCOPE(scope);
	int err;

	if (refused(inode, handler->flags))
		return -EOPNOTSUPP;
	err = e2m_enter(&scope, inode->i_sb, E2M_OP_XATTR, 0);
	if (err)
		return err;
	err = e2m_xattr_set(inode, handler->flags, name, value, size, flags);
	e2m_leave(&scope);
	return err;
}

#define HANDLER(suffix, start, number)			\
	static const struct xattr_handler suffix##_handler = {	\
		.prefix	= start,				\
		.flags	= number,				\
		.get	= ext2mfr_xattr_get,			\
		.set	= ext2mfr_xattr_set,			\
	}

HANDLER(user, XATTR_USER_PREFIX, E2_XATTR_USER);
HANDLER(trusted, XATTR_TRUSTED_PREFIX, E2_XATTR_TRUSTED);
HANDLER(security, XATTR_SECURITY_PREFIX, E2_XATTR_SECURITY);

const struct xattr_handler *cfs_xattr_const ext2mfr_xattr_handlers[] = {
	&user_handler,
	&trusted_handler,
	&security_handler,
	CFS_ACL_HANDLERS
	NULL
};

ssize_t ext2mfr_listxattr(struct dentry *dentry, char *buffer, size_t size)
{
	DEFINE_AMA_SCOPE(scope);
	ssize_t ret = e2m_enter(&scope, dentry->d_sb, E2M_OP_XATTR, 0);

	if (ret)
		return ret;
	ret = e2m_xattr_list(dentry, buffer, size);
	e2m_leave(&scope);
	return ret;
}

struct posix_acl *ext2mfr_get_acl(struct inode *inode, int type, bool rcu)
{
	DEFINE_AMA_SCOPE(scope);
	struct posix_acl *acl;
	int err;

	if (rcu)
		return ERR_PTR(-ECHILD);
	if (!READ_ONCE(E2M_I(inode)->file_acl))
		return NULL;
	err = e2m_enter(&scope, inode->i_sb, E2M_OP_XATTR, 0);
	if (err)
		return ERR_PTR(err);
	acl = e2m_get_acl(inode, type);
	e2m_leave(&scope);
	return acl;
}

int ext2mfr_set_acl(struct cfs_idmap *idmap, struct cfs_acl_object *object,
		    struct posix_acl *acl, int type)
{
	struct inode *inode = cfs_acl_inode(object);
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, inode->i_sb, E2M_OP_XATTR, 0);

	if (err)
		return err;
	err = e2m_set_acl(idmap, inode, acl, type);
	e2m_leave(&scope);
	return err;
}

/* No scope: it reads memory only. */
int ext2mfr_fileattr_get(struct dentry *dentry, struct cfs_fileattr *attr)
{
	return e2m_fileattr_get(d_inode(dentry), attr);
}

int ext2mfr_fileattr_set(struct cfs_idmap *idmap, struct dentry *dentry,
			 struct cfs_fileattr *attr)
{
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, dentry->d_sb, E2M_OP_IOCTL, 0);

	if (err)
		return err;
	err = e2m_fileattr_set(d_inode(dentry), attr);
	e2m_leave(&scope);
	return err;
}

static long do_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	DEFINE_AMA_SCOPE(scope);
	long ret = e2m_enter(&scope, file_inode(file)->i_sb, E2M_OP_IOCTL, 0);

	if (ret)
		return ret;
	ret = e2m_ioctl(file, cmd, arg);
	e2m_leave(&scope);
	return ret;
}

/* Nothing is held while a frozen volume, or another task's lock, is waited for. */
long ext2mfr_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	bool writes = cmd == FS_IOC_SETVERSION || cmd == FS_IOC_SETFSLABEL;
	long ret;

	if (!writes)
		return do_ioctl(file, cmd, arg);
	ret = mnt_want_write_file(file);
	if (ret)
		return ret;
	inode_lock(file_inode(file));
	ret = do_ioctl(file, cmd, arg);
	inode_unlock(file_inode(file));
	mnt_drop_write_file(file);
	return ret;
}

#ifdef CONFIG_COMPAT
/* The generation's numbers name a long, but an int is passed. */
long ext2mfr_compat_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg)
{
	if (cmd == FS_IOC32_GETVERSION)
		cmd = FS_IOC_GETVERSION;
	else if (cmd == FS_IOC32_SETVERSION)
		cmd = FS_IOC_SETVERSION;
	return ext2mfr_ioctl(file, cmd, (unsigned long)compat_ptr(arg));
}
#endif
