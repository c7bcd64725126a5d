// SPDX-License-Identifier: GPL-2.0
/*
 * Inodes between the inode table and memory: reading with every value
 * checked, writing back, attributes, and the end of an inode's life.
 */
#include "demand.h"
#include "layout.h"
#include "xattr.h"

/* Block of the inode table that holds @ino, and where in the block. */
static u32 table_block(struct super_block *sb, u32 ino, u32 *offset)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 group = e2m_group_of_inode(sbi, ino);
	u32 index = (ino - 1) % sbi->inodes_per_group;

	*offset = index % sbi->inodes_per_block * sbi->inode_size;
	return le32_to_cpu(e2m_group_desc(sbi, group, NULL)->bg_inode_table) +
	       index / sbi->inodes_per_block;
}

static struct buffer_head *read_raw(struct super_block *sb, u32 ino,
				    struct e2_inode **raw)
{
	u32 offset, block = table_block(sb, ino, &offset);
	struct buffer_head *bh = e2m_meta_read(sb, block);

	if (!IS_ERR(bh))
		*raw = (struct e2_inode *)(bh->b_data + offset);
	return bh;
}

/**
 * e2m_set_vfs_flags - tell the VFS what the inode's flags ask of it
 * @inode: the inode
 *
 * Context: any.
 */
void e2m_set_vfs_flags(struct inode *inode)
{
	u32 flags = E2M_I(inode)->flags;
	unsigned int vfs = 0;

	if (flags & E2_FL_SYNC)
		vfs |= S_SYNC;
	if (flags & E2_FL_APPEND)
		vfs |= S_APPEND;
	if (flags & E2_FL_IMMUTABLE)
		vfs |= S_IMMUTABLE;
	if (flags & E2_FL_NOATIME)
		vfs |= S_NOATIME;
	if (flags & E2_FL_DIRSYNC)
		vfs |= S_DIRSYNC;
	inode_set_flags(inode, vfs, S_SYNC | S_APPEND | S_IMMUTABLE |
				    S_NOATIME | S_DIRSYNC);
}

/**
 * e2m_set_ops - give an inode the operations of its type
 * @inode: the inode
 * @rdev:  of a device node, else 0
 *
 * Context: any.
 */
void e2m_set_ops(struct inode *inode, dev_t rdev)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		inode->i_op = &ext2mfr_file_iops;
		inode->i_fop = &ext2mfr_file_fops;
		inode->i_mapping->a_ops = &ext2mfr_aops;
		mapping_set_large_folios(inode->i_mapping);
		break;
	case S_IFDIR:
		inode->i_op = &ext2mfr_dir_iops;
		inode->i_fop = &ext2mfr_dir_fops;
		break;
	case S_IFLNK:
		if (e2m_symlink_is_fast(inode)) {
			inode->i_op = &ext2mfr_fast_symlink_iops;
			inode->i_link = (char *)E2M_I(inode)->slots;
		} else {
			inode->i_op = &ext2mfr_symlink_iops;
		}
		break;
	default:
		inode->i_op = &ext2mfr_special_iops;
		init_special_inode(inode, inode->i_mode, rdev);
	}
}

/* A small number lies in the first slot, a large one in the second. */
static dev_t decode_rdev(const __le32 *slots)
{
	if (slots[0])
		return old_decode_dev(le32_to_cpu(slots[0]));
	return new_decode_dev(le32_to_cpu(slots[1]));
}

static void encode_rdev(__le32 *slots, dev_t rdev)
{
	slots[0] = 0;
	slots[1] = 0;
	slots[2] = 0;
	if (old_valid_dev(rdev))
		slots[0] = cpu_to_le32(old_encode_dev(rdev));
	else
		slots[1] = cpu_to_le32(new_encode_dev(rdev));
}

static void read_owner(struct inode *inode, const struct e2_inode *raw)
{
	u32 uid = le16_to_cpu(raw->i_uid_low), gid = le16_to_cpu(raw->i_gid_low);

	if (!e2m_opt(inode->i_sb, E2M_OPT_NO_UID32)) {
		uid |= le16_to_cpu(raw->i_uid_high) << 16;
		gid |= le16_to_cpu(raw->i_gid_high) << 16;
	}
	i_uid_write(inode, uid);
	i_gid_write(inode, gid);
}

static void read_times(struct inode *inode, const struct e2_inode *raw)
{
	struct timespec64 ts = { };

	ts.tv_sec = (s32)le32_to_cpu(raw->i_atime);
	cfs_set_atime(inode, ts);
	ts.tv_sec = (s32)le32_to_cpu(raw->i_mtime);
	cfs_set_mtime(inode, ts);
	inode_set_ctime(inode, (s32)le32_to_cpu(raw->i_ctime), 0);
}

static u64 raw_size(const struct e2_inode *raw, umode_t mode)
{
	u64 size = le32_to_cpu(raw->i_size);

	if (S_ISREG(mode))
		size |= (u64)le32_to_cpu(raw->i_size_high) << 32;
	return size;
}

static bool size_sane(const struct inode *inode, u64 size)
{
	struct super_block *sb = inode->i_sb;

	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		return size <= (u64)MAX_LFS_FILESIZE;
	case S_IFDIR:
		/* It has no holes; or else searching one could take hours. */
		return size && !(size & (sb->s_blocksize - 1)) &&
		       size >> SECTOR_SHIFT <= inode->i_blocks &&
		       size >> sb->s_blocksize_bits <= E2M_SB(sb)->blocks_count;
	case S_IFLNK:
		return size && size < sb->s_blocksize;
	default:
		return true;
	}
}

static bool mode_known(umode_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) ||
	       S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) ||
	       S_ISSOCK(mode);
}

/* Take over the raw inode; says what is wrong with it, or NULL. */
static const char *load_inode(struct inode *inode, const struct e2_inode *raw)
{
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	struct e2m_inode *ei = E2M_I(inode);
	u64 size;

	inode->i_mode = le16_to_cpu(raw->i_mode);
	set_nlink(inode, le16_to_cpu(raw->i_links_count));
	read_owner(inode, raw);
	read_times(inode, raw);
	inode->i_generation = le32_to_cpu(raw->i_generation);
	inode->i_blocks = le32_to_cpu(raw->i_blocks);
	ei->flags = le32_to_cpu(raw->i_flags);
	ei->dtime = 0;
	ei->file_acl = le32_to_cpu(raw->i_file_acl);
	ei->group = e2m_group_of_inode(sbi, inode->i_ino);
	memcpy(ei->slots, raw->i_block, sizeof(ei->slots));
	if (!mode_known(inode->i_mode))
		return "unknown type";
	size = raw_size(raw, inode->i_mode);
	if (!size_sane(inode, size))
		return "impossible size";
	if (S_ISDIR(inode->i_mode))
		e2m_demand_note_search(size >> inode->i_blkbits);
	if (ei->file_acl && !e2m_blocks_valid(sbi, ei->file_acl, 1))
		return "impossible attribute block";
	i_size_write(inode, size);
	if (S_ISLNK(inode->i_mode) && e2m_symlink_is_fast(inode) &&
	    (size >= E2_FAST_SYMLINK_MAX ||
	     strnlen((char *)ei->slots, E2_FAST_SYMLINK_MAX) != size))
		return "impossible symbolic link";
	return NULL;
}

/**
 * e2m_iget - get an inode by its number
 * @sb:  the volume
 * @ino: the number, whatever its source
 *
 * Context: may sleep.
 * Return: the inode with a reference; -ESTALE if it is free, -EFSCORRUPTED,
 * -EIO, -ENOMEM.
 */
struct inode *e2m_iget(struct super_block *sb, u32 ino)
{
	struct buffer_head *bh;
	struct e2_inode *raw;
	struct inode *inode;
	const char *wrong;
	int err;

	if (!e2m_ino_valid(E2M_SB(sb), ino)) {
		e2m_corrupt(sb, NULL, "impossible inode number %u", ino);
		return ERR_PTR(-EFSCORRUPTED);
	}
	inode = iget_locked(sb, ino);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!(cfs_inode_state(inode) & I_NEW))
		return inode;
	bh = read_raw(sb, ino, &raw);
	err = PTR_ERR(bh);
	if (IS_ERR(bh))
		goto failed;
	err = -ESTALE;
	if (!raw->i_links_count && (!raw->i_mode || raw->i_dtime))
		goto failed_bh;
	err = -EFSCORRUPTED;
	wrong = load_inode(inode, raw);
	if (!wrong && !inode->i_nlink)
		wrong = "in use without a link";
	if (wrong) {
		e2m_corrupt(sb, inode, "%s", wrong);
		goto failed_bh;
	}
	brelse(bh);
	e2m_set_vfs_flags(inode);
	e2m_set_ops(inode, decode_rdev(E2M_I(inode)->slots));
	unlock_new_inode(inode);
	return inode;

failed_bh:
	brelse(bh);
failed:
	iget_failed(inode);
	return ERR_PTR(err);
}

/**
 * e2m_need_revision - features need a revision of the format that has them
 * @sbi:      the volume, whose es_lock is held
 * @revision: E2_REV_DYNAMIC
 *
 * What older revisions imply becomes explicit.
 *
 * Context: process context; the caller marks the superblock's buffer dirty.
 */
void e2m_need_revision(struct e2m_sb *sbi, u32 revision)
{
	lockdep_assert_held(&sbi->es_lock);
	if (le32_to_cpu(sbi->es->s_rev_level) >= revision)
		return;
	sbi->es->s_rev_level = cpu_to_le32(revision);
	sbi->es->s_first_ino = cpu_to_le32(E2_FIRST_INO_REV0);
	sbi->es->s_inode_size = cpu_to_le16(E2_INODE_SIZE_REV0);
}

/* Larger files need a feature that old implementations know to refuse. */
static void note_large_file(struct super_block *sb, loff_t size)
{
	struct e2m_sb *sbi = E2M_SB(sb);

	if (size <= 0x7fffffff ||
	    e2m_has_ro_compat(sbi, E2_RO_COMPAT_LARGE_FILE))
		return;
	mutex_lock(&sbi->es_lock);
	e2m_need_revision(sbi, E2_REV_DYNAMIC);
	sbi->es->s_feature_ro_compat |= cpu_to_le32(E2_RO_COMPAT_LARGE_FILE);
	mutex_unlock(&sbi->es_lock);
	e2m_meta_dirty(sbi->sb_bh, NULL);
}

static void store_owner(const struct inode *inode, struct e2_inode *raw)
{
	u32 uid = i_uid_read(inode), gid = i_gid_read(inode);

	if (e2m_opt(inode->i_sb, E2M_OPT_NO_UID32)) {
		uid = fs_high2lowuid(uid);
		gid = fs_high2lowgid(gid);
	}
	raw->i_uid_low = cpu_to_le16(uid);
	raw->i_gid_low = cpu_to_le16(gid);
	/* Deleted inodes are left as old tools like them. */
	raw->i_uid_high = cpu_to_le16(E2M_I(inode)->dtime ? 0 : uid >> 16);
	raw->i_gid_high = cpu_to_le16(E2M_I(inode)->dtime ? 0 : gid >> 16);
}

static void store_inode(struct inode *inode, struct e2_inode *raw, u32 file_acl)
{
	struct e2m_inode *ei = E2M_I(inode);

	raw->i_mode = cpu_to_le16(inode->i_mode);
	store_owner(inode, raw);
	raw->i_links_count = cpu_to_le16(inode->i_nlink);
	raw->i_size = cpu_to_le32(i_size_read(inode));
	if (S_ISREG(inode->i_mode))
		raw->i_size_high = cpu_to_le32(i_size_read(inode) >> 32);
	raw->i_atime = cpu_to_le32(cfs_atime_sec(inode));
	raw->i_ctime = cpu_to_le32(cfs_ctime_sec(inode));
	raw->i_mtime = cpu_to_le32(cfs_mtime_sec(inode));
	raw->i_dtime = cpu_to_le32(ei->dtime);
	raw->i_blocks = cpu_to_le32(inode->i_blocks);
	raw->i_flags = cpu_to_le32(ei->flags);
	raw->i_file_acl = cpu_to_le32(file_acl);
	raw->i_generation = cpu_to_le32(inode->i_generation);
	if (S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode))
		encode_rdev(ei->slots, inode->i_rdev);
	memcpy(raw->i_block, ei->slots, sizeof(raw->i_block));
}

/* Lock an inode's block of the table when the attributes that it is about to name
 * have been written.
 */
static int lock_settled(struct inode *inode, struct buffer_head *bh,
			u32 *file_acl)
{
	int err = 0, err2;

	for (;;) {
		err2 = e2m_xattr_settle(inode);
		err = err ? err : err2;
		lock_buffer(bh);
		if (e2m_xattr_settled(inode, file_acl))
			return err;
		unlock_buffer(bh);
	}
}

/**
 * e2m_write_inode - copy an inode into its block of the inode table
 * @inode: the inode
 * @sync:  write the block to the device, too, and wait
 *
 * Context: may sleep.
 * Return: 0 or -EIO.
 */
int e2m_write_inode(struct inode *inode, bool sync)
{
	struct super_block *sb = inode->i_sb;
	struct buffer_head *bh;
	struct e2_inode *raw;
	int err, err2;
	u32 file_acl;

	if (is_bad_inode(inode))
		return 0;
	if (S_ISREG(inode->i_mode))
		note_large_file(sb, i_size_read(inode));
	bh = read_raw(sb, inode->i_ino, &raw);
	if (IS_ERR(bh))
		return PTR_ERR(bh);
	/* What a write under way carries must not change half-way. */
	err = lock_settled(inode, bh, &file_acl);
	if (test_and_clear_bit(E2M_NEW_RAW, &E2M_I(inode)->state))
		memset(raw, 0, E2M_SB(sb)->inode_size);
	store_inode(inode, raw, file_acl);
	unlock_buffer(bh);
	e2m_meta_dirty(bh, NULL);
	if (sync) {
		err2 = e2m_meta_sync(sb, bh);
		err = err ? err : err2;
	}
	brelse(bh);
	return err;
}

/**
 * e2m_store_map - copy what an inode's slots name into its block of the inode table
 * @inode: the inode; map_sem is held
 *
 * Context: may sleep.
 * Return: 0 or -EIO.
 */
int e2m_store_map(struct inode *inode)
{
	struct e2m_inode *ei = E2M_I(inode);
	struct buffer_head *bh;
	struct e2_inode *raw;

	bh = read_raw(inode->i_sb, inode->i_ino, &raw);
	if (IS_ERR(bh))
		return PTR_ERR(bh);
	lock_buffer(bh);
	/* Else the table has nothing of this inode yet. */
	if (!test_bit(E2M_NEW_RAW, &ei->state))
		memcpy(raw->i_block, ei->slots, sizeof(raw->i_block));
	unlock_buffer(bh);
	e2m_meta_dirty(bh, NULL);
	brelse(bh);
	return 0;
}

/**
 * e2m_inode_unsynced - is what a background write has copied not on the device
 * @inode: the inode, clean in memory
 *
 * Writeback of the inode only puts it into its block of the inode table, which
 * the device's own writeback writes later.
 *
 * Context: may sleep.
 * Return: whether that block is to be written, is being written, or could not be.
 */
bool e2m_inode_unsynced(struct inode *inode)
{
	u32 offset, block = table_block(inode->i_sb, inode->i_ino, &offset);
	struct buffer_head *bh = sb_find_get_block(inode->i_sb, block);
	bool unsynced = bh && (buffer_dirty(bh) || buffer_locked(bh) ||
			       buffer_write_io_error(bh));

	brelse(bh);
	return unsynced;
}

/* The last link is gone: give everything back. */
static void delete_inode(struct inode *inode)
{
	struct e2m_inode *ei = E2M_I(inode);
	u32 attributes;

	ei->dtime = ktime_get_real_seconds();
	if (e2m_has_map(inode)) {
		i_size_write(inode, 0);
		if (inode->i_blocks)
			e2m_free_from(inode, 0);
	}
	attributes = e2m_xattr_detach(inode);
	e2m_write_inode(inode, inode_needs_sync(inode));
	if (attributes)
		e2m_xattr_release(inode, attributes);
}

/**
 * e2m_evict_inode - an inode leaves memory
 * @inode: the inode; nobody else can reach it
 *
 * Context: may sleep; if the inode is gone, writes to the volume are admitted.
 */
void e2m_evict_inode(struct inode *inode)
{
	bool gone = e2m_inode_gone(inode);

	truncate_inode_pages_final(&inode->i_data);
	if (gone)
		delete_inode(inode);
	invalidate_inode_buffers(inode);
	clear_inode(inode);
	e2m_window_drop(inode);
	if (S_ISDIR(inode->i_mode))
		e2m_index_drop(inode);
	if (gone)
		e2m_free_inode(inode);
}

/**
 * e2m_setattr - change attributes
 * @idmap:  of the mount
 * @dentry: names the inode, whose lock is held
 * @attr:   what to change
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_setattr(struct cfs_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int err;

	err = setattr_prepare(idmap, dentry, attr);
	if (err)
		return err;
	if ((attr->ia_valid & ATTR_SIZE) &&
	    attr->ia_size != i_size_read(inode)) {
		err = e2m_set_size(inode, attr->ia_size);
		if (err)
			return err;
	}
	setattr_copy(idmap, inode, attr);
	mark_inode_dirty(inode);
	if ((attr->ia_valid & ATTR_MODE) && !S_ISLNK(inode->i_mode)) {
		err = cfs_acl_chmod(idmap, dentry);
		if (err)
			return err;
	}
	return inode_needs_sync(inode) ? sync_inode_metadata(inode, 1) : 0;
}

/**
 * e2m_getattr - report attributes
 * @idmap: of the mount
 * @path:  names the inode
 * @stat:  filled in
 * @mask:  what is asked for
 * @flags: AT_*
 *
 * Context: any.
 * Return: 0.
 */
int e2m_getattr(struct cfs_idmap *idmap, const struct path *path,
		struct kstat *stat, u32 mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	u32 own = E2M_I(inode)->flags;

	if (own & E2_FL_APPEND)
		stat->attributes |= STATX_ATTR_APPEND;
	if (own & E2_FL_IMMUTABLE)
		stat->attributes |= STATX_ATTR_IMMUTABLE;
	if (own & E2_FL_NODUMP)
		stat->attributes |= STATX_ATTR_NODUMP;
	stat->attributes_mask |= STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE |
				 STATX_ATTR_NODUMP;
	cfs_fillattr(idmap, mask, inode, stat);
	return 0;
}
