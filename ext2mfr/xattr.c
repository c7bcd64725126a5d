// SPDX-License-Identifier: GPL-2.0
/*
 * Extended attributes of an inode: all in one block, which it may share with
 * others (see xattr_share.c). What larger inodes have room for behind their
 * fields is not of ext2 and is left alone.
 *
 * A change builds the new block in memory; only then it looks for a block to
 * share, overwrites the inode's own if nobody shares it, or takes a new one,
 * and last gives up the old one. So a change either fails before anything
 * changed, or is whole.
 *
 * Order on the device: a block that an inode begins to name is new until it was
 * written, which is before the inode's table block names it.
 * What a crash leaves is a count of references that is too high, or a block
 * without an inode, which e2fsck settles alone.
 *
 * The inode's xattr_sem protects which block it names, and the block's content
 * while nobody shares it. The count of references is protected by the lock of
 * the block's buffer.
 */
#include <linux/capability.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/writeback.h>
#include <linux/xattr.h>
#include "demand.h"
#include "layout.h"
#include "xattr.h"

static void report_block(const struct inode *inode, u32 block,
			 const char *wrong)
{
	e2m_corrupt(inode->i_sb, inode, "attribute block %u: %s", block, wrong);
}

/* The inode's block, checked; NULL if it has none. */
static struct buffer_head *own_block(struct inode *inode)
{
	u32 block = E2M_I(inode)->file_acl;
	struct buffer_head *bh;
	const char *wrong;

	if (!block)
		return NULL;
	bh = e2m_meta_read(inode->i_sb, block);
	if (IS_ERR(bh))
		return bh;
	wrong = e2m_attr_check(bh->b_data, bh->b_size);
	if (wrong) {
		brelse(bh);
		report_block(inode, block, wrong);
		return ERR_PTR(-EFSCORRUPTED);
	}
	return bh;
}

/* The block was met: others may want to share it. */
static void note_block(struct inode *inode, struct buffer_head *bh)
{
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	u32 hash = e2m_attr_hash(bh->b_data);

	if (sb_rdonly(inode->i_sb) || e2m_share_known(sbi, hash, bh->b_blocknr))
		return;
	lock_buffer(bh);
	if (!e2m_attr_check(bh->b_data, bh->b_size))
		e2m_share_note(sbi, e2m_attr_hash(bh->b_data), bh->b_blocknr);
	unlock_buffer(bh);
}

static int peek_block(struct inode *inode, struct e2m_peek *peek)
{
	struct super_block *sb = inode->i_sb;
	u32 block = E2M_I(inode)->file_acl;
	const char *wrong;
	int err;

	if (!block)
		return -ENODATA;
	err = e2m_meta_peek(sb, block, E2M_KEEP_LOOK(sb), peek);
	if (err)
		return err;
	wrong = e2m_attr_check(peek->data, sb->s_blocksize);
	if (wrong) {
		e2m_meta_unpeek(peek);
		report_block(inode, block, wrong);
		return -EFSCORRUPTED;
	}
	if (peek->bh)
		note_block(inode, peek->bh);
	return 0;
}

/**
 * e2m_xattr_view - look at an attribute where it lies
 * @inode: the inode
 * @view:  its attr says prefix and name; receives the value
 *
 * Until e2m_xattr_unview() the caller must not wait for memory that reclaim
 * would have to get from file systems.
 *
 * Context: may sleep.
 * Return: 0; or -ENODATA, -EIO, -EFSCORRUPTED and nothing to release.
 */
int e2m_xattr_view(struct inode *inode, struct e2m_attr_view *view)
{
	struct e2m_inode *ei = E2M_I(inode);
	int err;

	if (!READ_ONCE(ei->file_acl))
		return -ENODATA;
	down_read(&ei->xattr_sem);
	err = peek_block(inode, &view->peek);
	if (err)
		goto unlock;
	err = e2m_attr_find(view->peek.data, i_blocksize(inode), &view->attr);
	if (!err)
		return 0;
	e2m_meta_unpeek(&view->peek);
unlock:
	up_read(&ei->xattr_sem);
	return err;
}

/**
 * e2m_xattr_unview - the attribute is not looked at any more
 * @inode: the inode
 * @view:  from e2m_xattr_view()
 *
 * Context: may sleep.
 */
void e2m_xattr_unview(struct inode *inode, struct e2m_attr_view *view)
{
	e2m_meta_unpeek(&view->peek);
	up_read(&E2M_I(inode)->xattr_sem);
}

/* Names longer than the format's would be cut. */
static int name_attr(struct e2m_attr *attr, u8 index, const char *name)
{
	size_t len = strlen(name);

	if (len > U8_MAX)
		return -ERANGE;
	attr->index = index;
	attr->name = name;
	attr->name_len = len;
	return 0;
}

/**
 * e2m_xattr_get - value of an attribute
 * @inode:  the inode
 * @index:  E2_XATTR_*
 * @name:   the name behind the prefix
 * @buffer: receives the value; NULL to ask for its size only
 * @size:   of @buffer in bytes
 *
 * Context: may sleep.
 * Return: size of the value; -ENODATA, -ERANGE, -EIO, -EFSCORRUPTED.
 */
int e2m_xattr_get(struct inode *inode, u8 index, const char *name,
		  void *buffer, size_t size)
{
	struct e2m_attr_view view;
	int ret;

	ret = name_attr(&view.attr, index, name);
	if (!ret)
		ret = e2m_xattr_view(inode, &view);
	if (ret)
		return ret;
	ret = view.attr.size;
	if (buffer && view.attr.size > size)
		ret = -ERANGE;
	else if (buffer)
		memcpy(buffer, view.attr.value, view.attr.size);
	e2m_xattr_unview(inode, &view);
	return ret;
}

/* The volume has attributes now: old implementations want to be told. */
static void note_feature(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);

	if (e2m_has_compat(sbi, E2_COMPAT_EXT_ATTR))
		return;
	mutex_lock(&sbi->es_lock);
	e2m_need_revision(sbi, E2_REV_DYNAMIC);
	sbi->es->s_feature_compat |= cpu_to_le32(E2_COMPAT_EXT_ATTR);
	mutex_unlock(&sbi->es_lock);
	e2m_meta_dirty(sbi->sb_bh, NULL);
}

/* From now on the inode names @block, 0: none. */
static void name_block(struct inode *inode, u32 block)
{
	struct e2m_inode *ei = E2M_I(inode);

	if (block && !ei->file_acl)
		inode_add_bytes(inode, i_blocksize(inode));
	else if (!block)
		e2m_sub_blocks(inode, 1);
	spin_lock(&ei->lock);
	WRITE_ONCE(ei->file_acl, block);
	ei->attr_new = block;
	ei->attr_changes++;
	spin_unlock(&ei->lock);
}

/**
 * e2m_xattr_settle - write the block that an inode began to name
 * @inode: the inode
 *
 * Context: may sleep; no buffer is locked, since writing a page locks all that it has.
 * Return: 0 or -EIO.
 */
int e2m_xattr_settle(struct inode *inode)
{
	struct e2m_inode *ei = E2M_I(inode);
	u32 block = 0, changes;
	struct buffer_head *bh;
	int err = 0;

	spin_lock(&ei->lock);
	if (ei->attr_new)
		block = ei->file_acl;
	changes = ei->attr_changes;
	spin_unlock(&ei->lock);
	if (!block)
		return 0;
	bh = sb_find_get_block(inode->i_sb, block);
	if (bh)
		err = e2m_meta_sync(inode->i_sb, bh);
	brelse(bh);
	spin_lock(&ei->lock);
	if (ei->attr_changes == changes)
		ei->attr_new = false;
	spin_unlock(&ei->lock);
	return err;
}

/**
 * e2m_xattr_settled - may the inode table name the inode's attribute block
 * @inode: the inode
 * @block: receives the block's number, 0: none
 *
 * Context: any but interrupts.
 * Return: false if e2m_xattr_settle() comes first.
 */
bool e2m_xattr_settled(struct inode *inode, u32 *block)
{
	struct e2m_inode *ei = E2M_I(inode);
	bool settled;

	spin_lock(&ei->lock);
	*block = ei->file_acl;
	settled = !ei->attr_new;
	spin_unlock(&ei->lock);
	return settled;
}

/* Give the inode a new block that holds @image. */
static struct buffer_head *new_block(struct inode *inode, const void *image)
{
	struct super_block *sb = inode->i_sb;
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 goal = e2m_group_first(sbi, E2M_I(inode)->group), block, got;
	struct buffer_head *bh;
	int err;

	err = e2m_alloc_blocks(inode, goal, 1, &block, &got);
	if (err)
		return ERR_PTR(err);
	if (block == E2M_I(inode)->file_acl) {
		report_block(inode, block, "was marked as free");
		return ERR_PTR(-EFSCORRUPTED);
	}
	bh = e2m_meta_new(sb, block);
	if (IS_ERR(bh)) {
		e2m_free_blocks(inode->i_sb, inode, block, 1);
		return bh;
	}
	lock_buffer(bh);
	memcpy(bh->b_data, image, bh->b_size);
	e2m_share_note(sbi, e2m_attr_hash(image), block);
	unlock_buffer(bh);
	e2m_meta_dirty(bh, NULL);
	note_feature(sb);
	return bh;
}

/* Put @image into the inode's block, if nobody shares it. */
static bool overwrite(struct inode *inode, struct buffer_head *bh,
		      const void *image)
{
	struct e2_xattr_header *header = (void *)bh->b_data;
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	struct e2m_inode *ei = E2M_I(inode);
	bool sole;

	lock_buffer(bh);
	sole = header->h_refcount == cpu_to_le32(1);
	if (sole) {
		e2m_share_forget(sbi, bh->b_blocknr);
		memcpy(bh->b_data, image, bh->b_size);
		e2m_share_note(sbi, e2m_attr_hash(image), bh->b_blocknr);
	}
	unlock_buffer(bh);
	if (sole) {
		e2m_meta_dirty(bh, NULL);
		spin_lock(&ei->lock);
		ei->attr_new = true;
		ei->attr_changes++;
		spin_unlock(&ei->lock);
	}
	return sole;
}

/* Have the inode name a block that holds @image. */
static int name_image(struct inode *inode, struct buffer_head *old,
		      const void *image)
{
	struct buffer_head *bh = e2m_share_get(inode, image);

	if (!bh && old && overwrite(inode, old, image))
		return 0;
	if (!bh)
		bh = new_block(inode, image);
	if (IS_ERR(bh))
		return PTR_ERR(bh);
	name_block(inode, bh->b_blocknr);
	brelse(bh);
	if (old)
		e2m_xattr_release(inode, old->b_blocknr);
	return 0;
}

/* Does the attribute's being there or not allow the change. */
static int check_flags(const struct buffer_head *old, struct e2m_attr attr,
		       int flags)
{
	int err = old ? e2m_attr_find(old->b_data, old->b_size, &attr) :
			-ENODATA;

	if (!err)
		return flags & XATTR_CREATE ? -EEXIST : 0;
	if (err == -ENODATA && !(flags & XATTR_REPLACE))
		return 0;
	return err;
}

static int change_locked(struct inode *inode, const struct e2m_attr *attr,
			 int flags, void *image)
{
	struct buffer_head *old = own_block(inode);
	u32 size = i_blocksize(inode);
	int nr;

	if (IS_ERR(old))
		return PTR_ERR(old);
	nr = check_flags(old, *attr, flags);
	if (!nr)
		nr = e2m_attr_build(image, old ? old->b_data : NULL, size, attr,
				    attr->value);
	if (nr > 0 && old && e2m_attr_equal(old->b_data, image, size)) {
		nr = 0;
	} else if (nr > 0) {
		nr = name_image(inode, old, image);
	} else if (!nr && old) {
		name_block(inode, 0);
		e2m_xattr_release(inode, old->b_blocknr);
	}
	brelse(old);
	return nr;
}

/**
 * e2m_xattr_set - set or remove an attribute
 * @inode: the inode; its lock is held, or nobody else knows it yet
 * @index: E2_XATTR_*
 * @name:  the name behind the prefix
 * @value: the value, NULL to remove the attribute
 * @size:  of @value in bytes
 * @flags: XATTR_CREATE, XATTR_REPLACE or 0
 *
 * Context: may sleep.
 * Return: 0; -EEXIST, -ENODATA, -ERANGE, -ENOSPC, -ENOMEM, -EIO,
 * -EFSCORRUPTED.
 */
int e2m_xattr_set(struct inode *inode, u8 index, const char *name,
		  const void *value, size_t size, int flags)
{
	struct e2m_inode *ei = E2M_I(inode);
	struct e2m_attr attr = { .value = value, .size = size };
	void *image;
	int err;

	err = name_attr(&attr, index, name);
	if (err)
		return err;
	if (size > i_blocksize(inode))
		return -ENOSPC;
	image = kmalloc(i_blocksize(inode), GFP_NOFS);
	if (!image)
		return -ENOMEM;
	down_write(&ei->xattr_sem);
	err = change_locked(inode, &attr, flags, image);
	up_write(&ei->xattr_sem);
	kfree(image);
	if (err)
		return err;
	inode_set_ctime_current(inode);
	mark_inode_dirty(inode);
	return inode_needs_sync(inode) ? sync_inode_metadata(inode, 1) : 0;
}

/* Full prefix of the attribute's name, NULL if the caller may not see it. */
static const char *shown_prefix(struct inode *inode, u8 index)
{
	switch (index) {
	case E2_XATTR_USER:
		return e2m_opt(inode->i_sb, E2M_OPT_XATTR_USER) ?
		       XATTR_USER_PREFIX : NULL;
	case E2_XATTR_ACL_ACCESS:
		return IS_POSIXACL(inode) ? XATTR_NAME_POSIX_ACL_ACCESS : NULL;
	case E2_XATTR_ACL_DEFAULT:
		return IS_POSIXACL(inode) ? XATTR_NAME_POSIX_ACL_DEFAULT : NULL;
	case E2_XATTR_TRUSTED:
		return capable(CAP_SYS_ADMIN) ? XATTR_TRUSTED_PREFIX : NULL;
	case E2_XATTR_SECURITY:
		return XATTR_SECURITY_PREFIX;
	default:
		return NULL;
	}
}

static ssize_t list_block(struct inode *inode, const void *block, char *buffer,
			  size_t size)
{
	struct e2m_attr_cursor cursor;
	struct e2m_attr attr;
	const char *prefix;
	size_t done = 0, len;
	int more;

	e2m_attr_start(&cursor, block, i_blocksize(inode));
	while ((more = e2m_attr_next(&cursor, &attr)) > 0) {
		prefix = shown_prefix(inode, attr.index);
		if (!prefix)
			continue;
		len = strlen(prefix);
		if (buffer) {
			if (len + attr.name_len + 1 > size - done)
				return -ERANGE;
			memcpy(buffer + done, prefix, len);
			memcpy(buffer + done + len, attr.name, attr.name_len);
			buffer[done + len + attr.name_len] = '\0';
		}
		done += len + attr.name_len + 1;
	}
	return more < 0 ? more : done;
}

/**
 * e2m_xattr_list - names of the attributes that the caller may see
 * @dentry: names the inode
 * @buffer: receives the names, each terminated; NULL to ask for the size only
 * @size:   of @buffer in bytes
 *
 * Context: may sleep.
 * Return: size of all names; -ERANGE, -EIO, -EFSCORRUPTED.
 */
ssize_t e2m_xattr_list(struct dentry *dentry, char *buffer, size_t size)
{
	struct inode *inode = d_inode(dentry);
	struct e2m_inode *ei = E2M_I(inode);
	struct e2m_peek peek;
	ssize_t ret;

	down_read(&ei->xattr_sem);
	ret = peek_block(inode, &peek);
	if (!ret) {
		ret = list_block(inode, peek.data, buffer, size);
		e2m_meta_unpeek(&peek);
	}
	up_read(&ei->xattr_sem);
	return ret == -ENODATA ? 0 : ret;
}

/**
 * e2m_xattr_detach - an inode that goes away names its block no more
 * @inode: the inode; nobody else can reach it
 *
 * Context: any.
 * Return: the block, for e2m_xattr_release(); 0 if there was none.
 */
u32 e2m_xattr_detach(struct inode *inode)
{
	u32 block = E2M_I(inode)->file_acl;

	if (block)
		name_block(inode, 0);
	return block;
}

/**
 * e2m_xattr_release - give up a reference to a block of attributes
 * @inode: who named it and does no more
 * @block: the block
 *
 * A block that is damaged stays as it is: nobody can say whose it is.
 *
 * Context: may sleep.
 */
void e2m_xattr_release(struct inode *inode, u32 block)
{
	struct super_block *sb = inode->i_sb;
	struct buffer_head *bh = e2m_meta_read(sb, block);
	struct e2_xattr_header *header;
	const char *wrong;
	u32 refs = 0;

	if (IS_ERR(bh)) {
		report_block(inode, block, "cannot be read to be given up");
		return;
	}
	header = (void *)bh->b_data;
	lock_buffer(bh);
	wrong = e2m_attr_check(bh->b_data, bh->b_size);
	if (!wrong) {
		refs = le32_to_cpu(header->h_refcount) - 1;
		if (!refs)
			e2m_share_forget(E2M_SB(sb), block);
		header->h_refcount = cpu_to_le32(refs);
	}
	unlock_buffer(bh);
	if (refs)
		e2m_meta_dirty(bh, NULL);
	brelse(bh);
	if (wrong) {
		report_block(inode, block, wrong);
	} else if (!refs) {
		e2m_meta_forget(sb, block);
		e2m_free_blocks(inode->i_sb, inode, block, 1);
	}
}

static int init_security(struct inode *inode, const struct xattr *attrs,
			 void *unused)
{
	const struct xattr *attr;
	int err;

	for (attr = attrs; attr->name; attr++) {
		err = e2m_xattr_set(inode, E2_XATTR_SECURITY, attr->name,
				    attr->value, attr->value_len, 0);
		if (err)
			return err;
	}
	return 0;
}

/**
 * e2m_attr_init - give a new inode what its directory and the security module
 * want it to have
 * @inode: the inode; nobody else knows it yet
 * @dir:   its directory
 * @name:  its name, NULL if it gets none
 *
 * Context: may sleep.
 * Return: 0 or an errno; the inode is to be given up then.
 */
int e2m_attr_init(struct inode *inode, struct inode *dir,
		  const struct qstr *name)
{
	int err = e2m_acl_init(inode, dir);

	if (err)
		return err;
	return security_inode_init_security(inode, dir, name, init_security,
					    NULL);
}
