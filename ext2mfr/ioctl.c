// SPDX-License-Identifier: GPL-2.0
/*
 * Requests on an open file that concern its flags and generation, or the
 * volume: its label, and telling the device what is free.
 */
#include <linux/blkdev.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/uaccess.h>
#include <linux/writeback.h>
#include "xattr.h"

/**
 * e2m_fileattr_get - an inode's flags
 * @inode: the inode
 * @attr:  receives them
 *
 * Context: any.
 * Return: 0.
 */
int e2m_fileattr_get(struct inode *inode, struct cfs_fileattr *attr)
{
	fileattr_fill_flags(attr, E2M_I(inode)->flags & E2_FL_USER_VISIBLE);
	return 0;
}

/**
 * e2m_fileattr_set - change an inode's flags
 * @inode: the inode; its lock is held
 * @attr:  the flags that it shall have
 *
 * Context: may sleep.
 * Return: 0; -EOPNOTSUPP for what ext2 has no flag for; -EIO.
 */
int e2m_fileattr_set(struct inode *inode, const struct cfs_fileattr *attr)
{
	struct e2m_inode *ei = E2M_I(inode);
	u32 flags = attr->flags;

	if (fileattr_has_fsx(attr) || (flags & ~E2_FL_USER_VISIBLE))
		return -EOPNOTSUPP;
	flags &= E2_FL_USER_MODIFIABLE;
	if (!S_ISDIR(inode->i_mode))
		flags &= E2_FL_REG_MASK;
	ei->flags = (ei->flags & ~E2_FL_USER_MODIFIABLE) | flags;
	e2m_set_vfs_flags(inode);
	inode_set_ctime_current(inode);
	mark_inode_dirty(inode);
	return inode_needs_sync(inode) ? sync_inode_metadata(inode, 1) : 0;
}

static long set_version(struct file *file, const int __user *arg)
{
	struct inode *inode = file_inode(file);
	int generation;

	if (!inode_owner_or_capable(cfs_file_idmap(file), inode))
		return -EPERM;
	if (get_user(generation, arg))
		return -EFAULT;
	inode_set_ctime_current(inode);
	inode->i_generation = generation;
	mark_inode_dirty(inode);
	return 0;
}

static long get_label(struct super_block *sb, char __user *arg)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	char label[sizeof(sbi->es->s_volume_name) + 1] = "";

	BUILD_BUG_ON(sizeof(label) > FSLABEL_MAX);
	mutex_lock(&sbi->es_lock);
	memcpy(label, sbi->es->s_volume_name, sizeof(label) - 1);
	mutex_unlock(&sbi->es_lock);
	return copy_to_user(arg, label, sizeof(label)) ? -EFAULT : 0;
}

static long set_label(struct file *file, const char __user *arg)
{
	struct e2m_sb *sbi = E2M_SB(file_inode(file)->i_sb);
	char label[sizeof(sbi->es->s_volume_name) + 1];
	size_t len;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(label, arg, sizeof(label)))
		return -EFAULT;
	len = strnlen(label, sizeof(label));
	if (len == sizeof(label))
		return -EINVAL;
	memset(label + len, 0, sizeof(label) - len);
	mutex_lock(&sbi->es_lock);
	memcpy(sbi->es->s_volume_name, label, sizeof(label) - 1);
	mutex_unlock(&sbi->es_lock);
	e2m_meta_dirty(sbi->sb_bh, NULL);
	return e2m_meta_sync(sbi->vfs_sb, sbi->sb_bh);
}

static long trim(struct super_block *sb, struct fstrim_range __user *arg)
{
	struct fstrim_range range;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (sb_rdonly(sb))
		return -EROFS;
	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	range.minlen = max_t(u64, range.minlen,
			     bdev_discard_granularity(sb->s_bdev));
	err = e2m_trim(sb, &range);
	if (err)
		return err;
	return copy_to_user(arg, &range, sizeof(range)) ? -EFAULT : 0;
}

/**
 * e2m_ioctl - serve a request
 * @file: the open file
 * @cmd:  FS_IOC_GETVERSION, FS_IOC_SETVERSION, FS_IOC_GETFSLABEL,
 *        FS_IOC_SETFSLABEL, FITRIM
 * @arg:  of the request
 *
 * Context: may sleep. For what changes something, the mount is held writable and
 * the inode locked.
 * Return: 0 or an errno, -ENOTTY for what is not known.
 */
long e2m_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct super_block *sb = file_inode(file)->i_sb;
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case FS_IOC_GETVERSION:
		return put_user(file_inode(file)->i_generation,
				(int __user *)user);
	case FS_IOC_SETVERSION:
		return set_version(file, user);
	case FS_IOC_GETFSLABEL:
		return get_label(sb, user);
	case FS_IOC_SETFSLABEL:
		return set_label(file, user);
	case FITRIM:
		return trim(sb, user);
	default:
		return -ENOTTY;
	}
}
