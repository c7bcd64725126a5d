/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes of inodes: what xattr*.c, acl.c, ioctl.c and export.c offer to
 * each other and to the rest.
 *
 *   xattr_block.c  what is in a block of attributes; no I/O, no locks
 *   xattr_share.c  which blocks there are that another inode could share
 *   xattr.c        an inode's attributes
 *   acl.c          lists among them
 */
#ifndef EXT2MFR_XATTR_H
#define EXT2MFR_XATTR_H

#include <compat_attr.h>
#include "ext2mfr.h"
#include "xattr_disk.h"

/* xattr_block.c */
/**
 * struct e2m_attr - an attribute
 * @index:    E2_XATTR_*, stands for the name's prefix
 * @name_len: length of @name
 * @name:     the rest of the name, not terminated
 * @value:    the value
 * @size:     length of @value in bytes
 */
struct e2m_attr {
	u8 index;
	u8 name_len;
	const char *name;
	const void *value;
	u32 size;
};

/**
 * struct e2m_attr_cursor - a place in a block of attributes
 * @block: the block
 * @size:  its size in bytes
 * @at:    offset of the next entry
 */
struct e2m_attr_cursor {
	const void *block;
	u32 size;
	u32 at;
};

void e2m_attr_start(struct e2m_attr_cursor *cursor, const void *block,
		    u32 size);
int e2m_attr_next(struct e2m_attr_cursor *cursor, struct e2m_attr *attr);
const char *e2m_attr_check(const void *block, u32 size);
int e2m_attr_find(const void *block, u32 size, struct e2m_attr *attr);
int e2m_attr_build(void *image, const void *old, u32 size,
		   const struct e2m_attr *change, bool add);
bool e2m_attr_equal(const void *a, const void *b, u32 size);

static inline u32 e2m_attr_hash(const void *block)
{
	return le32_to_cpu(((const struct e2_xattr_header *)block)->h_hash);
}

/* xattr_share.c */
int e2m_share_init(struct e2m_sb *sbi);
void e2m_share_exit(struct e2m_sb *sbi);
bool e2m_share_known(struct e2m_sb *sbi, u32 hash, u32 block);
void e2m_share_note(struct e2m_sb *sbi, u32 hash, u32 block);
void e2m_share_forget(struct e2m_sb *sbi, u32 block);
struct buffer_head *e2m_share_get(struct inode *inode, const void *image);

/* xattr.c */
/**
 * struct e2m_attr_view - an attribute that is looked at where it lies
 * @attr: the attribute
 * @peek: the block
 */
struct e2m_attr_view {
	struct e2m_attr attr;
	struct e2m_peek peek;
};

int e2m_xattr_view(struct inode *inode, struct e2m_attr_view *view);
void e2m_xattr_unview(struct inode *inode, struct e2m_attr_view *view);
int e2m_xattr_get(struct inode *inode, u8 index, const char *name,
		  void *buffer, size_t size);
int e2m_xattr_set(struct inode *inode, u8 index, const char *name,
		  const void *value, size_t size, int flags);
ssize_t e2m_xattr_list(struct dentry *dentry, char *buffer, size_t size);
int e2m_xattr_settle(struct inode *inode);
bool e2m_xattr_settled(struct inode *inode, u32 *block);
u32 e2m_xattr_detach(struct inode *inode);
void e2m_xattr_release(struct inode *inode, u32 block);
int e2m_attr_init(struct inode *inode, struct inode *dir,
		  const struct qstr *name);

/* acl.c */
struct posix_acl *e2m_get_acl(struct inode *inode, int type);
int e2m_set_acl(struct cfs_idmap *idmap, struct inode *inode,
		struct posix_acl *acl, int type);
int e2m_acl_init(struct inode *inode, struct inode *dir);

/* ioctl.c */
long e2m_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
int e2m_fileattr_get(struct inode *inode, struct cfs_fileattr *attr);
int e2m_fileattr_set(struct inode *inode, const struct cfs_fileattr *attr);

/* export.c */
struct dentry *e2m_fh_to_dentry(struct super_block *sb, struct fid *fid,
				int len, int type);
struct dentry *e2m_fh_to_parent(struct super_block *sb, struct fid *fid,
				int len, int type);
struct dentry *e2m_get_parent(struct dentry *child);

/* entry_attr.c, entry_ioctl.c, entry_export.c */
extern const struct xattr_handler *cfs_xattr_const ext2mfr_xattr_handlers[];
extern const struct export_operations ext2mfr_export_ops;
ssize_t ext2mfr_listxattr(struct dentry *dentry, char *buffer, size_t size);
struct posix_acl *ext2mfr_get_acl(struct inode *inode, int type, bool rcu);
int ext2mfr_set_acl(struct cfs_idmap *idmap, struct cfs_acl_object *object,
		    struct posix_acl *acl, int type);
int ext2mfr_fileattr_get(struct dentry *dentry, struct cfs_fileattr *attr);
int ext2mfr_fileattr_set(struct cfs_idmap *idmap, struct dentry *dentry,
			 struct cfs_fileattr *attr);
long ext2mfr_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
long ext2mfr_compat_ioctl(struct file *file, unsigned int cmd,
			  unsigned long arg);

#endif /* EXT2MFR_XATTR_H */
