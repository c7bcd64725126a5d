/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VFS and iomap as a file system sees them, one form for every kernel.
 * Names that start with cfs_ exist here only.
 */
#ifndef COMPAT_FS_H
#define COMPAT_FS_H

#include <linux/fs.h>
#include <linux/iomap.h>
#include <linux/mnt_idmapping.h>
#include <linux/pagemap.h>
#include <linux/writeback.h>
#include <features.h>

/* Idmapped mounts: a user namespace of the mount until 6.2. */
#ifdef HAVE_MNT_IDMAP
#define cfs_idmap mnt_idmap
#define cfs_nop_idmap (&nop_mnt_idmap)
#else
#define cfs_idmap user_namespace
#define cfs_nop_idmap (&init_user_ns)
#endif

/* mkdir() returns a dentry since 6.15, which is NULL for the one given. */
#ifdef HAVE_MKDIR_DENTRY
#define CFS_MKDIR_TYPE struct dentry *
#define cfs_mkdir_ret(err) ERR_PTR(err)
#else
#define CFS_MKDIR_TYPE int
#define cfs_mkdir_ret(err) (err)
#endif

/* Time stamps: plain members of the inode until 6.6 and 6.7. */
#ifndef HAVE_INODE_CTIME
static inline struct timespec64 inode_get_ctime(const struct inode *inode)
{
	return inode->i_ctime;
}

static inline struct timespec64 inode_set_ctime(struct inode *inode,
						time64_t sec, long nsec)
{
	inode->i_ctime = (struct timespec64){ .tv_sec = sec, .tv_nsec = nsec };
	return inode->i_ctime;
}

static inline struct timespec64 inode_set_ctime_current(struct inode *inode)
{
	return inode->i_ctime = current_time(inode);
}
#endif

#ifdef HAVE_INODE_TIMES
static inline time64_t cfs_atime_sec(const struct inode *inode)
{
	return inode_get_atime_sec(inode);
}

static inline time64_t cfs_mtime_sec(const struct inode *inode)
{
	return inode_get_mtime_sec(inode);
}

static inline void cfs_set_atime(struct inode *inode, struct timespec64 ts)
{
	inode_set_atime_to_ts(inode, ts);
}

static inline void cfs_set_mtime(struct inode *inode, struct timespec64 ts)
{
	inode_set_mtime_to_ts(inode, ts);
}
#else
static inline time64_t cfs_atime_sec(const struct inode *inode)
{
	return inode->i_atime.tv_sec;
}

static inline time64_t cfs_mtime_sec(const struct inode *inode)
{
	return inode->i_mtime.tv_sec;
}

static inline void cfs_set_atime(struct inode *inode, struct timespec64 ts)
{
	inode->i_atime = ts;
}

static inline void cfs_set_mtime(struct inode *inode, struct timespec64 ts)
{
	inode->i_mtime = ts;
}
#endif

static inline time64_t cfs_ctime_sec(const struct inode *inode)
{
	return inode_get_ctime(inode).tv_sec;
}

/* Content of @inode changed now: mtime and ctime. */
static inline void cfs_touch(struct inode *inode)
{
	cfs_set_mtime(inode, inode_set_ctime_current(inode));
}

static inline void cfs_fillattr(struct cfs_idmap *idmap, u32 mask,
				struct inode *inode, struct kstat *stat)
{
#ifdef HAVE_FILLATTR_MASK
	generic_fillattr(idmap, mask, inode, stat);
#else
	generic_fillattr(idmap, inode, stat);
#endif
}

static inline unsigned int cfs_inode_state(struct inode *inode)
{
#ifdef HAVE_INODE_STATE_READ
	return inode_state_read_once(inode);
#else
	return READ_ONCE(inode->i_state);
#endif
}

/* What programs can ask a mounted volume for: newer kernels want to be told more. */
static inline void cfs_name_super(struct super_block *sb, const u8 uuid[16])
{
#ifdef HAVE_SUPER_SET_UUID
	super_set_uuid(sb, uuid, 16);
	super_set_sysfs_name_bdev(sb);
#else
	memcpy(&sb->s_uuid, uuid, sizeof(sb->s_uuid));
#endif
}

#ifndef HAVE_FILEMAP_SPLICE_READ
#define filemap_splice_read generic_file_splice_read
#endif

/* The folio of the page cache at @index, or NULL; kernels differ in what says
 * that there is none.
 */
static inline struct folio *cfs_get_cached(struct address_space *mapping,
					   pgoff_t index)
{
	struct folio *folio = filemap_get_folio(mapping, index);

	return IS_ERR_OR_NULL(folio) ? NULL : folio;
}

/* Likewise, locked. */
static inline struct folio *cfs_lock_cached(struct address_space *mapping,
					    pgoff_t index)
{
	struct folio *folio = filemap_lock_folio(mapping, index);

	return IS_ERR_OR_NULL(folio) ? NULL : folio;
}

/* Likewise, made if there is none; no writeback that needs it unchanged is under way. */
static inline struct folio *cfs_lock_to_write(struct address_space *mapping,
					      pgoff_t index)
{
	struct folio *folio = __filemap_get_folio(mapping, index,
						  FGP_LOCK | FGP_CREAT | FGP_WRITE |
						  FGP_NOFS | FGP_STABLE,
						  mapping_gfp_mask(mapping));

	return IS_ERR_OR_NULL(folio) ? NULL : folio;
}

/* The folio at @index, locked; a page that is not up to date if there was none. */
static inline struct folio *cfs_lock_or_create(struct address_space *mapping,
					       pgoff_t index)
{
	struct folio *folio = __filemap_get_folio(mapping, index, FGP_LOCK | FGP_CREAT,
						  mapping_gfp_constraint(mapping, GFP_KERNEL));

	return IS_ERR_OR_NULL(folio) ? NULL : folio;
}

/* Copy from memory that may be paged out, of which no more is copied then. */
static inline size_t cfs_copy_to_folio(struct folio *folio, size_t offset,
				       size_t len, struct iov_iter *from)
{
#ifdef HAVE_COPY_FOLIO_FROM_ITER
	return copy_folio_from_iter_atomic(folio, offset, len, from);
#else
	return copy_page_from_iter_atomic(folio_page(folio, 0), offset, len,
					  from);
#endif
}

/* A read into a locked folio has ended. */
static inline void cfs_folio_end_read(struct folio *folio, bool success)
{
#ifdef HAVE_FOLIO_END_READ
	folio_end_read(folio, success);
#else
	if (success)
		folio_mark_uptodate(folio);
	else
		folio_set_error(folio);
	folio_unlock(folio);
#endif
}

/* Head of iomap_writeback_ops.map_blocks(): the length was added in 6.12. */
#ifdef HAVE_IOMAP_MAP_BLOCKS_LEN
#define CFS_MAP_DIRTY(name, ctx, inode, offset) \
	int name(struct iomap_writepage_ctx *ctx, struct inode *inode, \
		 loff_t offset, unsigned int len)
#else
#define CFS_MAP_DIRTY(name, ctx, inode, offset) \
	int name(struct iomap_writepage_ctx *ctx, struct inode *inode, \
		 loff_t offset)
#endif

/* iomap tracks dirty blocks inside a folio since 6.6. */
#ifdef HAVE_IOMAP_DIRTY_FOLIO
#define cfs_dirty_folio iomap_dirty_folio
#else
#define cfs_dirty_folio filemap_dirty_folio
#endif

static inline struct address_space *cfs_bdev_mapping(struct block_device *bdev)
{
#ifdef HAVE_BDEV_MAPPING
	return bdev->bd_mapping;
#else
	return bdev->bd_inode->i_mapping;
#endif
}

#ifdef HAVE_ERROR_REMOVE_FOLIO
#define CFS_ERROR_REMOVE .error_remove_folio = generic_error_remove_folio
#else
#define CFS_ERROR_REMOVE .error_remove_page = generic_error_remove_page
#endif

/*
 * Hooks of a buffered write. valid() runs with the folio locked and says
 * whether the iomap still describes the file; copied() runs while the folio
 * is held, after bytes were copied into it.
 */
bool cfs_write_valid(struct inode *inode, const struct iomap *iomap);
void cfs_write_copied(struct inode *inode, loff_t pos, unsigned int copied);

#if defined(HAVE_IOMAP_WRITE_OPS) || defined(HAVE_IOMAP_FOLIO_OPS)
static inline void cfs_put_folio(struct inode *inode, loff_t pos,
				 unsigned int copied, struct folio *folio)
{
	cfs_write_copied(inode, pos, copied);
	folio_unlock(folio);
	folio_put(folio);
}
#else
static inline void cfs_page_done(struct inode *inode, loff_t pos,
				 unsigned int copied, struct page *page)
{
	cfs_write_copied(inode, pos, copied);
}
#endif

#if defined(HAVE_IOMAP_WRITE_OPS)
#define CFS_DEFINE_WRITE_HOOKS(name) \
	static const struct iomap_write_ops name = { \
		.put_folio	= cfs_put_folio, \
		.iomap_valid	= cfs_write_valid, \
	}
#define cfs_iomap_hook(iomap, hooks) do { } while (0)
#define cfs_iomap_write(iocb, from, ops, hooks) \
	iomap_file_buffered_write(iocb, from, ops, hooks, NULL)
#define cfs_zero_range(inode, pos, len, ops, hooks) \
	iomap_zero_range(inode, pos, len, NULL, ops, hooks, NULL)
#define cfs_truncate_page(inode, pos, ops, hooks) \
	iomap_truncate_page(inode, pos, NULL, ops, hooks, NULL)
#define cfs_page_mkwrite(vmf, ops) iomap_page_mkwrite(vmf, ops, NULL)
#else
#if defined(HAVE_IOMAP_FOLIO_OPS)
#define CFS_DEFINE_WRITE_HOOKS(name) \
	static const struct iomap_folio_ops name = { \
		.put_folio	= cfs_put_folio, \
		.iomap_valid	= cfs_write_valid, \
	}
#define cfs_iomap_hook(iomap, hooks) ((iomap)->folio_ops = (hooks))
#else
#define CFS_DEFINE_WRITE_HOOKS(name) \
	static const struct iomap_page_ops name = { \
		.page_done	= cfs_page_done, \
		.iomap_valid	= cfs_write_valid, \
	}
#define cfs_iomap_hook(iomap, hooks) ((iomap)->page_ops = (hooks))
#endif
#ifdef HAVE_IOMAP_WRITE_PRIVATE
#define cfs_iomap_write(iocb, from, ops, hooks) \
	iomap_file_buffered_write(iocb, from, ops, NULL)
#else
#define cfs_iomap_write(iocb, from, ops, hooks) \
	iomap_file_buffered_write(iocb, from, ops)
#endif
#define cfs_zero_range(inode, pos, len, ops, hooks) \
	iomap_zero_range(inode, pos, len, NULL, ops)
#define cfs_truncate_page(inode, pos, ops, hooks) \
	iomap_truncate_page(inode, pos, NULL, ops)
#define cfs_page_mkwrite(vmf, ops) iomap_page_mkwrite(vmf, ops)
#endif

#ifdef HAVE_IOMAP_BIO_READ
static inline int cfs_read_folio(struct folio *folio,
				 const struct iomap_ops *ops)
{
	iomap_bio_read_folio(folio, ops);
	return 0;
}
#define cfs_readahead(rac, ops) iomap_bio_readahead(rac, ops)
#else
#define cfs_read_folio(folio, ops) iomap_read_folio(folio, ops)
#define cfs_readahead(rac, ops) iomap_readahead(rac, ops)
#endif

#endif /* COMPAT_FS_H */
