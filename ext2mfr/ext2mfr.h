/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ext2mfr in memory: what a mounted volume and a cached inode hold, and what
 * the files of this directory offer each other.
 *
 * Layers, upper ones use lower ones only:
 *
 *   entry_*.c    what the VFS calls: opens the AMA scope, then calls
 *   super.c namei.c file.c direct.c symlink.c ioctl.c xattr.c acl.c export.c
 *   iomap.c page_read.c page_write.c dir.c dir_index.c inode.c truncate.c
 *   block_map.c inode_alloc.c
 *   block_alloc.c, with what keeps blocks for later or from others: window.c
 *   prepare.c retire.c
 *   group.c trim.c meta_io.c report.c, layout.h
 *
 * Lock order: inode lock, invalidate lock, folio lock, map_sem, prepare_lock,
 * retire_lock, buffer lock, e2m_windows.lock, ei->lock, group lock.
 */
#ifndef EXT2MFR_H
#define EXT2MFR_H

#include <linux/blockgroup_lock.h>
#include <linux/buffer_head.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/percpu_counter.h>
#include <linux/ratelimit_types.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <surety/ama.h>
#include <compat_fs.h>
#include "ext2_disk.h"

#define E2M_NAME	"ext2mfr"

/* Corruption found on the device. */
#define EFSCORRUPTED	EUCLEAN

enum e2m_errors { E2M_ERRORS_CONTINUE, E2M_ERRORS_RO, E2M_ERRORS_PANIC };

/* Mount options that are yes or no. */
#define E2M_OPT_MINIXDF		0x0001
#define E2M_OPT_GRPID		0x0002
#define E2M_OPT_XATTR_USER	0x0004
#define E2M_OPT_ACL		0x0008
#define E2M_OPT_DISCARD		0x0010
#define E2M_OPT_DEBUG		0x0020
#define E2M_OPT_NO_UID32	0x0040

/**
 * struct e2m_options - what the mount command chose
 * @flags:    E2M_OPT_*
 * @errors:   what to do when the volume turns out to be corrupt or its device fails
 * @resuid:   user that may use the reserved blocks
 * @resgid:   group that may use the reserved blocks
 * @sb_block: where to read the superblock, in KiB
 * @mfr:      policy for requests whose memory cannot be had now
 */
struct e2m_options {
	unsigned int flags;
	enum e2m_errors errors;
	kuid_t resuid;
	kgid_t resgid;
	u32 sb_block;
	struct ama_admission mfr;
};

struct e2m_share;

/* A group whose bitmap is wrong serves no more allocations. */
#define E2M_GROUP_BAD_BLOCKS	0
#define E2M_GROUP_BAD_INODES	1

/**
 * struct e2m_group - what is remembered of a block group
 * @first_free: no block below this bit of the group is free; under its group lock
 * @first_inode: no inode below this bit of the group is free; likewise
 * @first_data: the volume's own blocks are all below this one of the group
 * @flags:      E2M_GROUP_*
 */
struct e2m_group {
	u32 first_free;
	u32 first_inode;
	u32 first_data;
	unsigned long flags;
};

/* Lists of inodes that have a window, so that writers of different files do not meet. */
#define E2M_WINDOW_LISTS	16

/**
 * struct e2m_windows - some of the inodes that have a window
 * @lock:   protects @inodes
 * @inodes: linked through win_link
 */
struct e2m_windows {
	spinlock_t lock;
	struct list_head inodes;
} ____cacheline_aligned_in_smp;

/**
 * struct e2m_sb - a mounted volume
 *
 * Geometry is fixed at mount. The group locks protect the bitmaps, the group
 * descriptors and @groups, each its share of the groups.
 */
struct e2m_sb {
	struct super_block *vfs_sb;
	struct buffer_head *sb_bh;
	struct e2_super *es;		/* inside sb_bh */
	struct mutex es_lock;		/* protects the fields of @es */
	struct e2m_options opt;

	u32 first_data_block;
	u32 blocks_count;
	u32 inodes_count;
	u32 blocks_per_group;
	u32 inodes_per_group;
	u32 nr_groups;
	u32 desc_per_block;
	u32 nr_desc_blocks;
	u32 itable_blocks;		/* inode table of one group */
	u32 inodes_per_block;
	u32 ptrs_per_block;
	u32 first_ino;
	u32 overhead;			/* blocks that hold no data, for statfs */
	u32 reserved_blocks;
	u16 inode_size;
	u8 ptr_bits;			/* log2 of ptrs_per_block */
	u16 mount_state;		/* s_state to write back at unmount */

	struct buffer_head **desc_bh;
	struct e2m_group *groups;
	struct blockgroup_lock *group_locks;

	struct percpu_counter free_blocks;
	struct percpu_counter free_inodes;
	struct percpu_counter dirs;
	atomic_t windowed;		/* blocks set aside in windows */
	atomic_t next_group;		/* where the next spread directory goes */
	atomic_t next_generation;

	struct e2m_windows windows[E2M_WINDOW_LISTS];

	struct e2m_share *share;	/* attribute blocks that can be shared */

	spinlock_t indexed_lock;	/* protects @indexed, @nr_indexed */
	struct list_head indexed;	/* directories that have an index */
	unsigned long nr_indexed;

	/* One page to read metadata through when the scope runs low. */
	struct mutex recycle_lock;	/* protects the three below */
	struct page *recycle_page;
	struct bio recycle_bio;
	struct bio_vec recycle_vec;

	/* Pointer blocks that are no file's and not free yet, see retire.c. */
	struct mutex retire_lock;	/* protects the two that follow */
	u32 *retired;
	unsigned int nr_retired;

	/* Blocks that can become pointer blocks, see prepare.c. */
	struct mutex prepare_lock;	/* protects the three that follow */
	u32 prepared_start;
	u32 nr_prepared;
	u32 last_prepared;		/* how many at once */

	unsigned long errors_seen;
	struct ratelimit_state report_limit;
	bool write_failed;		/* metadata could not be written, once */
	spinlock_t errors_lock;		/* protects errors_known */
	errseq_t errors_known;		/* of the device's mapping */
};

/**
 * struct e2m_run - a run of blocks of a file
 * @lblk:   first block of the file
 * @pblk:   where it lies, 0 for a hole
 * @len:    number of blocks
 * @fresh:  allocated by this call: the device holds somebody's old data
 */
struct e2m_run {
	u32 lblk;
	u32 pblk;
	u32 len;
	bool fresh;
};

/* Runs that an inode remembers. */
#define E2M_RUNS 4

struct e2m_dir_index;

/* ei->state bits */
#define E2M_NEW_RAW	0	/* the inode table holds a predecessor's rest */

/**
 * struct e2m_inode - a cached inode
 *
 * @map_sem protects @slots and the pointer blocks; @lock the members that are
 * listed under it.
 */
struct e2m_inode {
	__le32 slots[E2_SLOTS];
	struct rw_semaphore map_sem;
	struct rw_semaphore xattr_sem;
	spinlock_t lock;		/* see @zeroed */
	struct list_head win_link;	/* in one of e2m_sb.windows, which locks it */
	struct mutex index_lock;	/* protects the index */
	struct list_head index_link;	/* in e2m_sb.indexed, which locks it */

	/* Zeroed when the object is given to an inode. */
	struct_group(zeroed,
		unsigned long state;
		/* Entries that name it: how many came, how many of these
		 * are on the device.
		 */
		u32 entries;
		u32 entries_synced;
		u32 flags;		/* i_flags; under the inode lock */
		u32 file_acl;		/* xattr block; under xattr_sem and @lock */
		u32 dtime;
		u32 group;		/* its block group */
		u8 cold_reads;		/* in a row, a hint: see page_read.c */

		/* Under @lock. */
		struct e2m_run runs[E2M_RUNS];	/* see run_cache.c */
		u32 next_run;		/* which is replaced next */
		bool attr_new;		/* file_acl's block may not be written yet */
		u32 attr_changes;
		/* Allocated, not yet in the page cache: reads as zeroes. */
		u32 fresh_start;
		u32 fresh_end;
		u32 fresh_cookie;	/* changes when an iomap went stale */
		u32 map_seq;		/* changes when blocks are taken away */
		/* Window: set aside for the file's next blocks. */
		u32 win_start;
		u32 win_len;
		u32 last_lblk;		/* last block that was allocated */
		u32 last_pblk;

		/* Directories: under index_lock. */
		struct e2m_dir_index *index;
		u32 index_builds;
		u32 index_pause;	/* searches until the next attempt */
		/* Under the inode lock: no entry fits below this block. */
		u32 space_hint;
	);

	struct inode vfs_inode;
};

static inline struct e2m_sb *E2M_SB(const struct super_block *sb)
{
	return sb->s_fs_info;
}

static inline struct e2m_inode *E2M_I(const struct inode *inode)
{
	return container_of(inode, struct e2m_inode, vfs_inode);
}

/* Then e2m_read_page() and e2m_write_page() may be used for its single pages. */
static inline bool e2m_page_is_block(const struct inode *inode)
{
	return inode->i_blkbits == PAGE_SHIFT;
}

/* A directory names the inode anew: its fsync must sync the directory, too. */
static inline void e2m_note_entry(struct inode *inode)
{
	struct e2m_inode *ei = E2M_I(inode);

	WRITE_ONCE(ei->entries, ei->entries + 1);
}

static inline spinlock_t *e2m_group_lock(struct e2m_sb *sbi, u32 group)
{
	return bgl_lock_ptr(sbi->group_locks, group);
}

static inline bool e2m_opt(const struct super_block *sb, unsigned int flag)
{
	return E2M_SB(sb)->opt.flags & flag;
}

static inline bool e2m_has_compat(const struct e2m_sb *sbi, u32 feature)
{
	return le32_to_cpu(sbi->es->s_feature_compat) & feature;
}

static inline bool e2m_has_ro_compat(const struct e2m_sb *sbi, u32 feature)
{
	return le32_to_cpu(sbi->es->s_feature_ro_compat) & feature;
}

static inline bool e2m_has_incompat(const struct e2m_sb *sbi, u32 feature)
{
	return le32_to_cpu(sbi->es->s_feature_incompat) & feature;
}

/* report.c */
__printf(4, 5)
void e2m_report(struct super_block *sb, const struct inode *inode,
		const char *func, const char *fmt, ...);
__printf(3, 4)
void e2m_msg(struct super_block *sb, const char *level, const char *fmt, ...);
/* The volume is corrupt or its device fails: say so and follow errors=. */
#define e2m_corrupt(sb, inode, fmt, ...) \
	e2m_report(sb, inode, __func__, fmt, ##__VA_ARGS__)

/* meta_io.c */
/**
 * struct e2m_peek - a metadata block that is only read
 * @data:    its content
 * @bh:      the buffer that holds it, or NULL
 * @recycle: the volume whose recycled page holds it, if no buffer does
 */
struct e2m_peek {
	void *data;
	struct buffer_head *bh;
	struct e2m_sb *recycle;
};

struct buffer_head *e2m_meta_read(struct super_block *sb, u32 block);
struct buffer_head *e2m_meta_new(struct super_block *sb, u32 block);
int e2m_meta_peek(struct super_block *sb, u32 block, unsigned int keep,
		  struct e2m_peek *peek);
void e2m_meta_unpeek(struct e2m_peek *peek);
void e2m_meta_forget(struct super_block *sb, u32 block);
void e2m_meta_dirty(struct buffer_head *bh, struct inode *inode);
int e2m_meta_sync(struct super_block *sb, struct buffer_head *bh);
bool e2m_meta_check_written(struct super_block *sb);
int e2m_write_all(struct super_block *sb);

/* super_check.c */
int e2m_check_super(struct super_block *sb, const struct e2_super *es,
		    bool quiet);
int e2m_check_groups(struct super_block *sb);
loff_t e2m_max_file_size(const struct e2m_sb *sbi);

/* group.c */
struct buffer_head *e2m_block_bitmap(struct super_block *sb, u32 group);
struct buffer_head *e2m_inode_bitmap(struct super_block *sb, u32 group);
u32 e2m_count_free_blocks(struct super_block *sb);
u32 e2m_count_free_inodes(struct super_block *sb);
u32 e2m_count_dirs(struct super_block *sb);

/* block_alloc.c */
int e2m_alloc_blocks(struct inode *inode, u32 goal, u32 want, u32 *block,
		     u32 *got);
void e2m_free_blocks(struct super_block *sb, struct inode *inode, u32 block,
		     u32 count);

/* trim.c */
void e2m_discard_range(struct super_block *sb, u32 block, u32 count);
int e2m_trim(struct super_block *sb, struct fstrim_range *range);

/* prepare.c */
int e2m_prepared_take(struct inode *inode, u32 goal, u32 *block);
bool e2m_prepared_drop(struct super_block *sb);

/* retire.c */
int e2m_retire_init(struct e2m_sb *sbi);
void e2m_retire_exit(struct e2m_sb *sbi);
void e2m_retire(struct super_block *sb, u32 block);
bool e2m_retire_release(struct super_block *sb);

/* window.c */
u32 e2m_window_take(struct inode *inode, u32 goal, u32 want, u32 *block);
void e2m_window_set(struct inode *inode, u32 block, u32 count);
void e2m_window_drop(struct inode *inode);
bool e2m_window_drop_all(struct super_block *sb);
void e2m_window_init(struct e2m_sb *sbi);

/* inode_alloc.c */
struct inode *e2m_new_inode(struct cfs_idmap *idmap, struct inode *dir,
			    umode_t mode, const struct qstr *name);
void e2m_free_inode(struct inode *inode);

/* block_map.c */
#define E2M_MAX_DEPTH 4
unsigned int e2m_map_path(const struct e2m_sb *sbi, u32 lblk, u32 *offsets);
u64 e2m_map_limit(const struct e2m_sb *sbi);
int e2m_map_find(struct inode *inode, u32 lblk, u32 max, unsigned int keep,
		 struct e2m_run *run);
int e2m_map_alloc(struct inode *inode, u32 lblk, u32 max, bool hide,
		  struct e2m_run *run);

/* run_cache.c */
bool e2m_run_find(struct e2m_inode *ei, u32 lblk, u32 max, struct e2m_run *run);
void e2m_run_remember(struct e2m_inode *ei, u32 lblk, u32 pblk, u32 len);
void e2m_run_forget(struct e2m_inode *ei);

/* truncate.c */
void e2m_free_range(struct inode *inode, u32 first, u32 last);
void e2m_free_from(struct inode *inode, loff_t size);
int e2m_set_size(struct inode *inode, loff_t size);
bool e2m_has_map(const struct inode *inode);

/* inode.c */
struct inode *e2m_iget(struct super_block *sb, u32 ino);
int e2m_write_inode(struct inode *inode, bool sync);
int e2m_store_map(struct inode *inode);
void e2m_evict_inode(struct inode *inode);

/* Will eviction free it on the volume? */
static inline bool e2m_inode_gone(const struct inode *inode)
{
	return !inode->i_nlink && !is_bad_inode((struct inode *)inode);
}

/* An inode has fewer blocks. What the device said of it may have been too little. */
static inline void e2m_sub_blocks(struct inode *inode, u32 blocks)
{
	loff_t bytes = (loff_t)blocks << inode->i_blkbits;

	spin_lock(&inode->i_lock);
	__inode_sub_bytes(inode, min_t(loff_t, bytes, __inode_get_bytes(inode)));
	spin_unlock(&inode->i_lock);
}

void e2m_set_vfs_flags(struct inode *inode);
void e2m_set_ops(struct inode *inode, dev_t rdev);
int e2m_setattr(struct cfs_idmap *idmap, struct dentry *dentry,
		struct iattr *attr);
int e2m_getattr(struct cfs_idmap *idmap, const struct path *path,
		struct kstat *stat, u32 mask, unsigned int flags);
bool e2m_inode_unsynced(struct inode *inode);
void e2m_need_revision(struct e2m_sb *sbi, u32 revision);

/* dir.c */
/**
 * struct e2m_slot - a directory entry found, with its block held
 * @bh:    the block
 * @de:    the entry, inside @bh
 * @block: number of the block in the directory
 */
struct e2m_slot {
	struct buffer_head *bh;
	struct e2_dirent *de;
	u32 block;
};

int e2m_dir_find(struct inode *dir, const struct qstr *name,
		 struct e2m_slot *slot);
int e2m_dir_lookup(struct inode *dir, const struct qstr *name, u32 *ino);
int e2m_dir_dotdot(struct inode *dir, struct e2m_slot *slot);
int e2m_dir_add(struct inode *dir, const struct qstr *name,
		struct inode *inode);
int e2m_dir_delete(struct inode *dir, struct e2m_slot *slot);
int e2m_dir_set(struct inode *dir, struct e2m_slot *slot, struct inode *inode,
		bool touch);
int e2m_dir_make(struct inode *inode, struct inode *parent);
int e2m_dir_is_empty(struct inode *inode);
int e2m_dir_iterate(struct file *file, struct dir_context *ctx);
int e2m_dir_block_peek(struct inode *dir, u32 block, unsigned int keep,
		       struct e2m_peek *peek);
struct buffer_head *e2m_dir_block(struct inode *dir, u32 block);
void e2m_slot_put(struct e2m_slot *slot);

static inline struct e2_dirent *e2m_next_dirent(const struct e2_dirent *de)
{
	return (void *)de + le16_to_cpu(de->rec_len);
}

/* dir_index.c */
/**
 * struct e2m_index_cursor - place in a search
 * @build: which build of the index it belongs to, 0 at the start
 * @step:  slots looked at so far
 */
struct e2m_index_cursor {
	u32 build;
	u32 step;
};

bool e2m_index_wanted(struct inode *dir);
bool e2m_index_build(struct inode *dir, unsigned int keep);
int e2m_index_candidate(struct inode *dir, u32 hash,
			struct e2m_index_cursor *cursor, u32 *block);
u32 e2m_name_hash(const char *name, unsigned int len);
void e2m_index_added(struct inode *dir, u32 hash, u32 block, u32 gap);
void e2m_index_deleted(struct inode *dir, u32 hash, u32 block, u32 gap);
void e2m_index_gap(struct inode *dir, u32 block, u32 gap);
bool e2m_index_space(struct inode *dir, u32 need, u32 *block);
void e2m_index_drop(struct inode *dir);
unsigned long e2m_index_shrink(struct super_block *sb, unsigned long nr);

/* namei.c */
struct dentry *e2m_lookup(struct inode *dir, struct dentry *dentry,
			  unsigned int flags);
int e2m_create(struct cfs_idmap *idmap, struct inode *dir, struct dentry *dentry,
	       umode_t mode);
int e2m_tmpfile(struct cfs_idmap *idmap, struct inode *dir, struct file *file,
		umode_t mode);
int e2m_mknod(struct cfs_idmap *idmap, struct inode *dir, struct dentry *dentry,
	      umode_t mode, dev_t rdev);
int e2m_link(struct dentry *old, struct inode *dir, struct dentry *dentry);
int e2m_symlink(struct cfs_idmap *idmap, struct inode *dir, struct dentry *dentry,
		const char *target);
int e2m_mkdir(struct cfs_idmap *idmap, struct inode *dir, struct dentry *dentry,
	      umode_t mode);
int e2m_unlink(struct inode *dir, struct dentry *dentry);
int e2m_rmdir(struct inode *dir, struct dentry *dentry);
int e2m_rename(struct inode *old_dir, struct dentry *old_dentry,
	       struct inode *new_dir, struct dentry *new_dentry,
	       unsigned int flags);
void e2m_drop_link(struct inode *inode);

/* symlink.c */
int e2m_symlink_store(struct inode *inode, const char *target, size_t len);
const char *e2m_symlink_read(struct inode *inode, struct delayed_call *done);
bool e2m_symlink_is_fast(const struct inode *inode);

/* direct.c */
ssize_t e2m_read_direct(struct kiocb *iocb, struct iov_iter *to);
ssize_t e2m_write_direct(struct kiocb *iocb, struct iov_iter *from);

/* file.c */
int e2m_fsync(struct file *file, loff_t start, loff_t end, int datasync);
int e2m_commit_metadata(struct inode *inode);
long e2m_fallocate(struct inode *inode, int mode, loff_t offset, loff_t len);
loff_t e2m_seek_data_hole(struct file *file, loff_t offset, int whence);

/* iomap.c */
extern const struct iomap_ops e2m_iomap_ops;
extern const struct address_space_operations ext2mfr_aops;
ssize_t e2m_buffered_write(struct kiocb *iocb, struct iov_iter *from);
int e2m_writepages(struct address_space *mapping,
		   struct writeback_control *wbc);
int e2m_map_for_read(struct inode *inode, u32 lblk, u32 max,
		     struct e2m_run *run);
int e2m_zero_tail(struct inode *inode, loff_t pos);

/* page_read.c */
int e2m_read_page(struct folio *folio, blk_opf_t flags);
void e2m_readahead_pages(struct readahead_control *rac);
size_t e2m_read_in_page(struct kiocb *iocb, struct iov_iter *to);

/* page_write.c */
ssize_t e2m_write_page(const struct kiocb *iocb, struct iov_iter *from);

/* super.c */
int e2m_fill_super(struct super_block *sb, struct fs_context *fc);
int e2m_reconfigure(struct fs_context *fc);
int e2m_freeze(struct super_block *sb);
int e2m_thaw(struct super_block *sb);
int e2m_sync_super(struct super_block *sb, bool wait);
void e2m_put_super(struct super_block *sb);
int e2m_statfs(struct super_block *sb, struct kstatfs *buf);

/* entry_*.c */
extern const struct super_operations ext2mfr_super_ops;
extern const struct inode_operations ext2mfr_dir_iops;
extern const struct inode_operations ext2mfr_file_iops;
extern const struct inode_operations ext2mfr_special_iops;
extern const struct inode_operations ext2mfr_fast_symlink_iops;
extern const struct inode_operations ext2mfr_symlink_iops;
extern const struct file_operations ext2mfr_file_fops;
extern const struct file_operations ext2mfr_dir_fops;
extern struct file_system_type ext2mfr_fs_type;

#endif /* EXT2MFR_H */
