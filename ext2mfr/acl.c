// SPDX-License-Identifier: GPL-2.0
/*
 * POSIX access control lists: between memory and the attributes that hold
 * them, and the lists that a new inode inherits.
 */
#include <linux/fs.h>
#include <linux/posix_acl.h>
#include <linux/slab.h>
#include <linux/writeback.h>
#include "xattr.h"

/* As many as a page holds: more do not fit into a block either. */
#define ACL_ENTRIES_MAX ((PAGE_SIZE - sizeof(struct posix_acl)) / \
			 sizeof(struct posix_acl_entry))

static bool is_long(u16 tag)
{
	return tag == ACL_USER || tag == ACL_GROUP;
}

/* Bytes that the entry at @entry takes, 0 if they are not there. */
static u32 entry_size(const struct e2_acl_entry *entry, u32 left)
{
	u32 size = E2_ACL_SHORT;

	if (left >= size && is_long(le16_to_cpu(entry->e_tag)))
		size = E2_ACL_LONG;
	return size <= left ? size : 0;
}

/* Number of entries, or -1. */
static int count_entries(const void *value, u32 size)
{
	const struct e2_acl_header *header = value;
	u32 at = sizeof(*header), len;
	int nr = 0;

	if (size < sizeof(*header) ||
	    header->a_version != cpu_to_le32(E2_ACL_VERSION))
		return -1;
	for (; at < size; at += len, nr++) {
		len = entry_size(value + at, size - at);
		if (!len)
			return -1;
	}
	return nr;
}

static void decode_entry(struct user_namespace *ns,
			 struct posix_acl_entry *to,
			 const struct e2_acl_entry *from)
{
	to->e_tag = le16_to_cpu(from->e_tag);
	to->e_perm = le16_to_cpu(from->e_perm);
	if (to->e_tag == ACL_USER)
		to->e_uid = make_kuid(ns, le32_to_cpu(from->e_id));
	else if (to->e_tag == ACL_GROUP)
		to->e_gid = make_kgid(ns, le32_to_cpu(from->e_id));
}

static struct posix_acl *decode(struct inode *inode, const void *value,
				u32 size)
{
	u32 at = sizeof(struct e2_acl_header);
	int nr = count_entries(value, size), i;
	struct posix_acl *acl;

	if (!nr)
		return NULL;
	if (nr < 0 || nr > ACL_ENTRIES_MAX)
		return ERR_PTR(-EFSCORRUPTED);
	acl = posix_acl_alloc(nr, GFP_NOFS);
	if (!acl)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++) {
		decode_entry(i_user_ns(inode), &acl->a_entries[i], value + at);
		at += entry_size(value + at, size - at);
	}
	if (posix_acl_valid(i_user_ns(inode), acl)) {
		posix_acl_release(acl);
		return ERR_PTR(-EFSCORRUPTED);
	}
	return acl;
}

static void *encode(struct inode *inode, const struct posix_acl *acl,
		    size_t *size)
{
	const struct posix_acl_entry *from, *end;
	struct e2_acl_header *header;
	struct e2_acl_entry *to;

	header = kmalloc(sizeof(*header) + acl->a_count * E2_ACL_LONG,
			 GFP_NOFS);
	if (!header)
		return NULL;
	header->a_version = cpu_to_le32(E2_ACL_VERSION);
	to = (void *)(header + 1);
	FOREACH_ACL_ENTRY(from, acl, end) {
		to->e_tag = cpu_to_le16(from->e_tag);
		to->e_perm = cpu_to_le16(from->e_perm);
		if (from->e_tag == ACL_USER)
			to->e_id = cpu_to_le32(from_kuid(i_user_ns(inode),
							 from->e_uid));
		else if (from->e_tag == ACL_GROUP)
			to->e_id = cpu_to_le32(from_kgid(i_user_ns(inode),
							 from->e_gid));
		to = (void *)to + (is_long(from->e_tag) ? E2_ACL_LONG :
							  E2_ACL_SHORT);
	}
	*size = (void *)to - (void *)header;
	return header;
}

static u8 index_of(int type)
{
	return type == ACL_TYPE_ACCESS ? E2_XATTR_ACL_ACCESS :
					 E2_XATTR_ACL_DEFAULT;
}

/**
 * e2m_get_acl - an inode's access control list
 * @inode: the inode
 * @type:  ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 *
 * Context: may sleep.
 * Return: the list; NULL if there is none; -ENOMEM, -EIO, -EFSCORRUPTED.
 */
struct posix_acl *e2m_get_acl(struct inode *inode, int type)
{
	struct e2m_attr_view view = {
		.attr = { .index = index_of(type), .name = "" },
	};
	struct posix_acl *acl;
	int err;

	err = e2m_xattr_view(inode, &view);
	if (err)
		return err == -ENODATA ? NULL : ERR_PTR(err);
	acl = decode(inode, view.attr.value, view.attr.size);
	e2m_xattr_unview(inode, &view);
	if (acl == ERR_PTR(-EFSCORRUPTED))
		e2m_corrupt(inode->i_sb, inode, "impossible access control list");
	return acl;
}

static int store(struct inode *inode, struct posix_acl *acl, int type)
{
	void *value = NULL;
	size_t size = 0;
	int err;

	if (acl) {
		value = encode(inode, acl, &size);
		if (!value)
			return -ENOMEM;
	}
	err = e2m_xattr_set(inode, index_of(type), "", value, size, 0);
	kfree(value);
	if (!err)
		set_cached_acl(inode, type, acl);
	return err;
}

/**
 * e2m_set_acl - set or remove an inode's access control list
 * @idmap: of the mount
 * @inode: the inode; its lock is held
 * @acl:   the list, NULL to remove it
 * @type:  ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 *
 * A list that says no more than the permissions becomes the permissions.
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_set_acl(struct cfs_idmap *idmap, struct inode *inode, struct posix_acl *acl,
		int type)
{
	umode_t mode = inode->i_mode;
	int err;

	if (type == ACL_TYPE_DEFAULT && !S_ISDIR(mode))
		return acl ? -EACCES : 0;
	if (type == ACL_TYPE_ACCESS && acl) {
		err = posix_acl_update_mode(idmap, inode, &mode, &acl);
		if (err)
			return err;
	}
	err = store(inode, acl, type);
	if (err || mode == inode->i_mode)
		return err;
	inode->i_mode = mode;
	inode_set_ctime_current(inode);
	mark_inode_dirty(inode);
	return inode_needs_sync(inode) ? sync_inode_metadata(inode, 1) : 0;
}

/**
 * e2m_acl_init - give a new inode the lists that it inherits
 * @inode: the inode; nobody else knows it yet
 * @dir:   its directory
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_acl_init(struct inode *inode, struct inode *dir)
{
	struct posix_acl *defaults, *access;
	int err;

	err = posix_acl_create(dir, &inode->i_mode, &defaults, &access);
	if (err)
		return err;
	if (!defaults)
		inode->i_default_acl = NULL;
	else
		err = store(inode, defaults, ACL_TYPE_DEFAULT);
	if (!access)
		inode->i_acl = NULL;
	else if (!err)
		err = store(inode, access, ACL_TYPE_ACCESS);
	posix_acl_release(defaults);
	posix_acl_release(access);
	return err;
}
