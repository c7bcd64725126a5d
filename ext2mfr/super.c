// SPDX-License-Identifier: GPL-2.0
/*
 * Volumes: mounting, remounting, syncing, freezing, unmounting.
 *
 * While a volume is mounted read-write, its superblock on the device says that
 * it was not unmounted cleanly; unmounting, remounting read-only and freezing
 * put back what was found at mount, or the mark of an error seen since.
 */
#include <linux/fs_context.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/ratelimit.h>
#include <linux/statfs.h>
#include "layout.h"
#include "options.h"
#include "xattr.h"

/* Read the superblock and set the volume's block size by it. */
static int read_super(struct super_block *sb, struct e2m_sb *sbi, u32 where,
		      bool quiet)
{
	u64 byte = (u64)where << 10;
	u32 size;
	int err;

	size = sb_min_blocksize(sb, E2_SB_SIZE);
	if (!size) {
		e2m_msg(sb, KERN_ERR, "the device's blocks are too large");
		return -EINVAL;
	}
	for (;;) {
		if (byte >> sb->s_blocksize_bits > U32_MAX ||
		    byte + E2_SB_SIZE > bdev_nr_bytes(sb->s_bdev)) {
			e2m_msg(sb, KERN_ERR, "no superblock at %u KiB", where);
			return -EINVAL;
		}
		sbi->sb_bh = sb_bread(sb, byte >> sb->s_blocksize_bits);
		if (!sbi->sb_bh) {
			e2m_msg(sb, KERN_ERR, "cannot read the superblock");
			return -EIO;
		}
		sbi->es = (struct e2_super *)(sbi->sb_bh->b_data +
					      (byte & (sb->s_blocksize - 1)));
		err = e2m_check_super(sb, sbi->es, quiet);
		if (err)
			return err;
		size = 1024U << le32_to_cpu(sbi->es->s_log_block_size);
		if (size == sb->s_blocksize)
			return 0;
		brelse(sbi->sb_bh);
		sbi->sb_bh = NULL;
		if (!sb_set_blocksize(sb, size)) {
			e2m_msg(sb, KERN_ERR, "the device cannot do blocks of %u bytes",
				size);
			return -EINVAL;
		}
	}
}

static u32 count_overhead(const struct e2m_sb *sbi)
{
	u64 sum = sbi->first_data_block +
		  (u64)sbi->nr_groups * (2 + sbi->itable_blocks);
	u32 group;

	for (group = 0; group < sbi->nr_groups; group++) {
		sum += e2m_group_head_blocks(sbi, group);
		cond_resched();
	}
	return min_t(u64, sum, sbi->blocks_count);
}

/* Take the geometry from a superblock that was checked. */
static void set_geometry(struct e2m_sb *sbi)
{
	const struct e2_super *es = sbi->es;
	u32 size = sbi->vfs_sb->s_blocksize;
	bool old = le32_to_cpu(es->s_rev_level) == E2_REV_OLD;

	sbi->opt.mfr.volume = sbi->vfs_sb->s_blocksize_bits;
	sbi->first_data_block = le32_to_cpu(es->s_first_data_block);
	sbi->blocks_count = le32_to_cpu(es->s_blocks_count);
	sbi->inodes_count = le32_to_cpu(es->s_inodes_count);
	sbi->blocks_per_group = le32_to_cpu(es->s_blocks_per_group);
	sbi->inodes_per_group = le32_to_cpu(es->s_inodes_per_group);
	sbi->reserved_blocks = le32_to_cpu(es->s_r_blocks_count);
	sbi->inode_size = old ? E2_INODE_SIZE_REV0 :
				le16_to_cpu(es->s_inode_size);
	sbi->first_ino = old ? E2_FIRST_INO_REV0 : le32_to_cpu(es->s_first_ino);
	/* In 64 bits: there may be nearly 2^32 blocks. */
	sbi->nr_groups = DIV_ROUND_UP((u64)sbi->blocks_count -
				      sbi->first_data_block,
				      sbi->blocks_per_group);
	sbi->desc_per_block = size / sizeof(struct e2_group_desc);
	sbi->nr_desc_blocks = DIV_ROUND_UP(sbi->nr_groups, sbi->desc_per_block);
	sbi->inodes_per_block = size / sbi->inode_size;
	sbi->itable_blocks = sbi->inodes_per_group / sbi->inodes_per_block;
	sbi->ptrs_per_block = size / sizeof(__le32);
	sbi->ptr_bits = ilog2(sbi->ptrs_per_block);
	sbi->mount_state = le16_to_cpu(es->s_state);
}

static void put_descriptors(struct e2m_sb *sbi)
{
	u32 i;

	for (i = 0; sbi->desc_bh && i < sbi->nr_desc_blocks; i++)
		brelse(sbi->desc_bh[i]);
	kvfree(sbi->desc_bh);
	sbi->desc_bh = NULL;
	kvfree(sbi->groups);
	sbi->groups = NULL;
}

static int read_descriptors(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	u32 i, block;

	if (e2m_has_incompat(sbi, E2_INCOMPAT_META_BG) &&
	    le32_to_cpu(sbi->es->s_first_meta_bg) > sbi->nr_desc_blocks) {
		e2m_msg(sb, KERN_ERR, "impossible first meta group");
		return -EINVAL;
	}
	sbi->desc_bh = kvcalloc(sbi->nr_desc_blocks, sizeof(*sbi->desc_bh),
				GFP_KERNEL);
	sbi->groups = kvcalloc(sbi->nr_groups, sizeof(*sbi->groups),
			       GFP_KERNEL);
	if (!sbi->desc_bh || !sbi->groups)
		return -ENOMEM;
	for (i = 0; i < sbi->nr_desc_blocks; i++) {
		block = e2m_desc_block(sbi, i);
		sbi->desc_bh[i] = block < sbi->blocks_count ?
				  sb_bread(sb, block) : NULL;
		if (!sbi->desc_bh[i]) {
			e2m_msg(sb, KERN_ERR, "cannot read group descriptors");
			return -EIO;
		}
	}
	return e2m_check_groups(sb);
}

static void put_recycle(struct e2m_sb *sbi)
{
	if (sbi->recycle_page)
		__free_page(sbi->recycle_page);
	sbi->recycle_page = NULL;
}

static void put_counters(struct e2m_sb *sbi)
{
	percpu_counter_destroy(&sbi->free_blocks);
	percpu_counter_destroy(&sbi->free_inodes);
	percpu_counter_destroy(&sbi->dirs);
}

static int init_counters(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	int err;

	err = percpu_counter_init(&sbi->free_blocks, e2m_count_free_blocks(sb),
				  GFP_KERNEL);
	if (!err)
		err = percpu_counter_init(&sbi->free_inodes,
					  e2m_count_free_inodes(sb),
					  GFP_KERNEL);
	if (!err)
		err = percpu_counter_init(&sbi->dirs, e2m_count_dirs(sb),
					  GFP_KERNEL);
	return err;
}

static struct e2m_sb *alloc_sbi(struct super_block *sb)
{
	struct e2m_sb *sbi = kzalloc(sizeof(*sbi), GFP_KERNEL);

	if (!sbi)
		return NULL;
	sbi->group_locks = kzalloc(sizeof(*sbi->group_locks), GFP_KERNEL);
	sbi->recycle_page = alloc_page(GFP_KERNEL);
	if (!sbi->group_locks || !sbi->recycle_page || e2m_retire_init(sbi)) {
		kfree(sbi->group_locks);
		put_recycle(sbi);
		kfree(sbi);
		return NULL;
	}
	bgl_lock_init(sbi->group_locks);
	sbi->vfs_sb = sb;
	mutex_init(&sbi->es_lock);
	mutex_init(&sbi->recycle_lock);
	mutex_init(&sbi->prepare_lock);
	spin_lock_init(&sbi->errors_lock);
	spin_lock_init(&sbi->indexed_lock);
	e2m_window_init(sbi);
	INIT_LIST_HEAD(&sbi->indexed);
	atomic_set(&sbi->next_generation, get_random_u32());
	ratelimit_default_init(&sbi->report_limit);
	return sbi;
}

static void free_sbi(struct e2m_sb *sbi)
{
	e2m_share_exit(sbi);
	put_counters(sbi);
	put_descriptors(sbi);
	brelse(sbi->sb_bh);
	put_recycle(sbi);
	e2m_retire_exit(sbi);
	kfree(sbi->group_locks);
	/* The gate reads a volume's policy without a reference to it. */
	synchronize_rcu();
	kfree(sbi);
}

/* Whether the VFS leaves the umask to us and looks for lists. */
static void set_acl_flag(struct super_block *sb)
{
	if (e2m_opt(sb, E2M_OPT_ACL))
		sb->s_flags |= SB_POSIXACL;
	else
		sb->s_flags &= ~SB_POSIXACL;
}

static void set_vfs_super(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);

	sb->s_maxbytes = e2m_max_file_size(sbi);
	sb->s_max_links = E2_LINK_MAX;
	sb->s_time_min = S32_MIN;
	sb->s_time_max = S32_MAX;
	sb->s_time_gran = NSEC_PER_SEC;
	sb->s_magic = E2_MAGIC;
	sb->s_op = &ext2mfr_super_ops;
	sb->s_xattr = ext2mfr_xattr_handlers;
	sb->s_export_op = &ext2mfr_export_ops;
	set_acl_flag(sb);
	sb->s_iflags |= SB_I_CGROUPWB;
	cfs_name_super(sb, sbi->es->s_uuid);
}

static int open_root(struct super_block *sb)
{
	struct inode *root = e2m_iget(sb, E2_ROOT_INO);

	if (IS_ERR(root)) {
		e2m_msg(sb, KERN_ERR, "cannot read the root directory");
		return root == ERR_PTR(-ESTALE) ? -EFSCORRUPTED :
						  PTR_ERR(root);
	}
	if (!S_ISDIR(root->i_mode)) {
		iput(root);
		e2m_msg(sb, KERN_ERR, "the root is no directory, run e2fsck");
		return -EFSCORRUPTED;
	}
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

/* Advice that the superblock asks for; nobody is kept from mounting. */
static void warn_of_checks(struct super_block *sb)
{
	const struct e2_super *es = E2M_SB(sb)->es;
	s16 max = le16_to_cpu(es->s_max_mnt_count);
	u32 interval = le32_to_cpu(es->s_checkinterval);

	if (!(le16_to_cpu(es->s_state) & E2_STATE_CLEAN))
		e2m_msg(sb, KERN_WARNING, "was not unmounted cleanly, run e2fsck");
	else if (le16_to_cpu(es->s_state) & E2_STATE_ERRORS)
		e2m_msg(sb, KERN_WARNING, "has errors, run e2fsck");
	else if (max > 0 && le16_to_cpu(es->s_mnt_count) >= max)
		e2m_msg(sb, KERN_WARNING, "mounted often enough, run e2fsck");
	else if (interval && le32_to_cpu(es->s_lastcheck) + (u64)interval <=
			     ktime_get_real_seconds())
		e2m_msg(sb, KERN_WARNING, "checked long ago, run e2fsck");
}

static void tell_layout(struct super_block *sb)
{
	const struct e2m_sb *sbi = E2M_SB(sb);

	e2m_msg(sb, KERN_INFO, "%u blocks of %lu bytes, %u inodes of %u, in %u groups; features %#x, %#x, %#x",
		sbi->blocks_count, sb->s_blocksize, sbi->inodes_count,
		sbi->inode_size, sbi->nr_groups,
		le32_to_cpu(sbi->es->s_feature_compat),
		le32_to_cpu(sbi->es->s_feature_incompat),
		le32_to_cpu(sbi->es->s_feature_ro_compat));
}

/* Bring the counts in the superblock up to date and write it. */
static int commit_super(struct super_block *sb, bool wait)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	struct e2_super *es = sbi->es;

	mutex_lock(&sbi->es_lock);
	es->s_free_blocks_count = cpu_to_le32(e2m_count_free_blocks(sb));
	es->s_free_inodes_count = cpu_to_le32(e2m_count_free_inodes(sb));
	es->s_wtime = cpu_to_le32(ktime_get_real_seconds());
	mutex_unlock(&sbi->es_lock);
	e2m_meta_dirty(sbi->sb_bh, NULL);
	return wait ? e2m_meta_sync(sb, sbi->sb_bh) : 0;
}

/* From now on the volume counts as in use. */
static int start_writing(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	struct e2_super *es = sbi->es;

	warn_of_checks(sb);
	mutex_lock(&sbi->es_lock);
	sbi->mount_state = le16_to_cpu(es->s_state);
	es->s_state &= cpu_to_le16(~E2_STATE_CLEAN);
	le16_add_cpu(&es->s_mnt_count, 1);
	if (!es->s_max_mnt_count)
		es->s_max_mnt_count = cpu_to_le16(0xffff);
	es->s_mtime = cpu_to_le32(ktime_get_real_seconds());
	mutex_unlock(&sbi->es_lock);
	return commit_super(sb, true);
}

/* All is brought to the device: the volume counts as unmounted. */
static int stop_writing(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	int err;

	e2m_window_drop_all(sb);
	e2m_prepared_drop(sb);
	err = e2m_write_all(sb);
	/* That changes bitmaps. */
	if (!err && e2m_retire_release(sb))
		err = e2m_write_all(sb);
	if (err)
		return err;
	mutex_lock(&sbi->es_lock);
	sbi->es->s_state = cpu_to_le16(sbi->mount_state);
	mutex_unlock(&sbi->es_lock);
	return commit_super(sb, true);
}

/**
 * e2m_fill_super - mount a volume
 * @sb: to fill in
 * @fc: the mount
 *
 * Context: may sleep.
 * Return: 0 or an errno; on error nothing is left behind unless there is a
 * root already, in which case the VFS calls put_super().
 */
int e2m_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct e2m_fs_context *ctx = fc->fs_private;
	u32 where = ctx->chosen & E2M_CHOSE_SB ? ctx->opt.sb_block : 1;
	struct e2m_sb *sbi = alloc_sbi(sb);
	int err;

	if (!sbi)
		return -ENOMEM;
	sb->s_fs_info = sbi;
	/* What failed before is not this mount's. */
	errseq_check_and_advance(&cfs_bdev_mapping(sb->s_bdev)->wb_err,
				 &sbi->errors_known);
	err = read_super(sb, sbi, where, fc->sb_flags & SB_SILENT);
	if (err)
		goto failed;
	e2m_default_options(&sbi->opt, sbi->es);
	e2m_merge_options(&sbi->opt, ctx);
	set_geometry(sbi);
	err = read_descriptors(sb);
	if (err)
		goto failed;
	sbi->overhead = count_overhead(sbi);
	err = init_counters(sb);
	if (!err)
		err = e2m_share_init(sbi);
	if (err)
		goto failed;
	set_vfs_super(sb);
	err = open_root(sb);
	if (err)
		goto failed;
	if (e2m_opt(sb, E2M_OPT_DEBUG))
		tell_layout(sb);
	if (!sb_rdonly(sb))
		err = start_writing(sb);
	return err;
failed:
	sb->s_fs_info = NULL;
	free_sbi(sbi);
	return err;
}

/**
 * e2m_put_super - unmount a volume
 * @sb: the volume; its inodes are gone
 *
 * Context: may sleep.
 */
void e2m_put_super(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);

	if (!sb_rdonly(sb))
		stop_writing(sb);
	sb->s_fs_info = NULL;
	free_sbi(sbi);
}

/**
 * e2m_sync_super - write the counts
 * @sb:   the volume
 * @wait: until they are on the device
 *
 * What is set aside, and retired blocks, go first, so that the volume on the device owes
 * nobody a block.
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_sync_super(struct super_block *sb, bool wait)
{
	if (sb_rdonly(sb))
		return 0;
	e2m_window_drop_all(sb);
	e2m_prepared_drop(sb);
	if (wait)
		e2m_retire_release(sb);
	e2m_meta_check_written(sb);
	return commit_super(sb, wait);
}

/**
 * e2m_freeze - leave a volume on the device that needs no check
 * @sb: the volume; nobody writes
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_freeze(struct super_block *sb)
{
	return sb_rdonly(sb) ? 0 : stop_writing(sb);
}

/**
 * e2m_thaw - the volume is in use again
 * @sb: the volume
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_thaw(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);

	if (sb_rdonly(sb))
		return 0;
	mutex_lock(&sbi->es_lock);
	sbi->es->s_state &= cpu_to_le16(~E2_STATE_CLEAN);
	mutex_unlock(&sbi->es_lock);
	return commit_super(sb, true);
}

static int remount_rw(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);

	if (le32_to_cpu(sbi->es->s_feature_ro_compat) & ~E2_RO_COMPAT_KNOWN) {
		e2m_msg(sb, KERN_ERR, "features allow a read-only mount only");
		return -EROFS;
	}
	return start_writing(sb);
}

/**
 * e2m_reconfigure - remount a volume
 * @fc: the remount
 *
 * Context: may sleep.
 * Return: 0 or an errno; nothing changed on error.
 */
int e2m_reconfigure(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;
	struct e2m_fs_context *ctx = fc->fs_private;
	struct e2m_sb *sbi = E2M_SB(sb);
	bool ro = fc->sb_flags & SB_RDONLY;
	int err = 0;

	if ((ctx->chosen & E2M_CHOSE_SB) &&
	    ctx->opt.sb_block != sbi->opt.sb_block)
		return invalf(fc, "sb= cannot change on a remount");
	sync_filesystem(sb);
	if (ro && !sb_rdonly(sb))
		err = stop_writing(sb);
	else if (!ro && sb_rdonly(sb))
		err = remount_rw(sb);
	if (err)
		return err;
	e2m_merge_options(&sbi->opt, ctx);
	set_acl_flag(sb);
	return 0;
}

/**
 * e2m_statfs - how full a volume is
 * @sb:  the volume
 * @buf: filled in
 *
 * Context: may sleep.
 * Return: 0.
 */
int e2m_statfs(struct super_block *sb, struct kstatfs *buf)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	u64 reserved = sbi->reserved_blocks;

	buf->f_type = E2_MAGIC;
	buf->f_bsize = sb->s_blocksize;
	buf->f_blocks = sbi->blocks_count;
	if (!e2m_opt(sb, E2M_OPT_MINIXDF))
		buf->f_blocks -= sbi->overhead;
	buf->f_bfree = percpu_counter_sum_positive(&sbi->free_blocks) +
		       atomic_read(&sbi->windowed) +
		       READ_ONCE(sbi->nr_retired) + READ_ONCE(sbi->nr_prepared);
	buf->f_bavail = buf->f_bfree > reserved ? buf->f_bfree - reserved : 0;
	buf->f_files = sbi->inodes_count;
	buf->f_ffree = percpu_counter_sum_positive(&sbi->free_inodes);
	buf->f_namelen = E2_NAME_LEN;
	buf->f_fsid = uuid_to_fsid(sbi->es->s_uuid);
	return 0;
}
