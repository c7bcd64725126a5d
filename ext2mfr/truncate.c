// SPDX-License-Identifier: GPL-2.0
/*
 * Taking blocks away from files: truncation, holes, deletion.
 *
 * One routine walks the slots that cover a range. A pointer is cleared before
 * the block it named is freed. A pointer block goes with its last pointer; one
 * that lies wholly in the range is only looked at, not changed, so that
 * freeing a large file fills no cache.
 *
 * Before a block is freed, the buffer that named it, a pointer block's or the
 * inode table's, is changed: so nothing names a free block once all buffers are
 * written. Pointer blocks, and those of directories, are not free before that (retire.c).
 */
#include "demand.h"
#include "layout.h"

/**
 * struct freeing - a range of blocks on its way out of a file
 * @inode: the file
 * @first: first block of the file to free
 * @last:  last one
 * @start: run of adjacent blocks found so far
 * @len:   its length
 * @named: the inode table could not be changed: what it names stays in use
 */
struct freeing {
	struct inode *inode;
	u64 first;
	u64 last;
	u32 start;
	u32 len;
	bool named;
};

/**
 * struct slot_array - pointers that lie beside each other
 * @slots: the pointers
 * @nr:    their number
 * @bh:    the pointer block that they lie in; NULL for the inode itself
 * @gone:  that block is being freed as a whole
 */
struct slot_array {
	__le32 *slots;
	u32 nr;
	struct buffer_head *bh;
	bool gone;
};

/*
 * The data of directories and of long symbolic links are in the device's buffer
 * cache, like other metadata, and must not be written after they were freed.
 * Directories are empty by then, and retired, so that their old names cannot come
 * back as those of a new directory whose block was not written before a crash.
 */
static void give_run_back(const struct freeing *f)
{
	struct super_block *sb = f->inode->i_sb;
	u32 i;

	if (S_ISDIR(f->inode->i_mode)) {
		for (i = 0; i < f->len; i++)
			e2m_retire(sb, f->start + i);
		return;
	}
	if (S_ISLNK(f->inode->i_mode))
		e2m_meta_forget(sb, f->start);
	e2m_free_blocks(sb, f->inode, f->start, f->len);
}

/* A pointer was cleared: so it is in a buffer, too. */
static void cut_off(struct freeing *f, const struct slot_array *array)
{
	if (array->gone)
		return;
	if (array->bh)
		e2m_meta_dirty(array->bh, f->inode);
	else if (e2m_store_map(f->inode))
		f->named = true;
}

static void flush_run(struct freeing *f, const struct slot_array *array)
{
	if (!f->len)
		return;
	cut_off(f, array);
	e2m_sub_blocks(f->inode, f->len);
	if (!f->named)
		give_run_back(f);
	f->len = 0;
}

static void free_one(struct freeing *f, const struct slot_array *array, u32 block)
{
	if (unlikely(!e2m_blocks_valid(E2M_SB(f->inode->i_sb), block, 1))) {
		e2m_corrupt(f->inode->i_sb, f->inode,
			    "block %u cannot be the file's", block);
		return;
	}
	if (f->len && f->start + f->len == block) {
		f->len++;
		return;
	}
	flush_run(f, array);
	f->start = block;
	f->len = 1;
}

static void free_pointer_block(struct freeing *f, u32 block)
{
	struct super_block *sb = f->inode->i_sb;

	if (!e2m_blocks_valid(E2M_SB(sb), block, 1))
		return;
	e2m_meta_forget(sb, block);
	e2m_sub_blocks(f->inode, 1);
	if (!f->named)
		e2m_retire(sb, block);
}

/* All blocks of a pointer block of the lowest level. */
static void free_leaf(struct freeing *f, u32 block)
{
	static const struct slot_array gone = { .gone = true };
	struct super_block *sb = f->inode->i_sb;
	struct e2m_peek peek;
	const __le32 *slots;
	u32 i;

	if (!e2m_meta_peek(sb, block, E2M_KEEP_CHANGE(sb), &peek)) {
		slots = peek.data;
		for (i = 0; i < E2M_SB(sb)->ptrs_per_block; i++)
			if (slots[i])
				free_one(f, &gone, le32_to_cpu(slots[i]));
		/* The bitmap may have to be read, by the same page. */
		e2m_meta_unpeek(&peek);
	} else {
		e2m_corrupt(sb, f->inode, "cannot read pointer block %u", block);
	}
	flush_run(f, &gone);
}

static bool free_slots(struct freeing *f, const struct slot_array *array,
		       unsigned int level, u64 base);

/* What lies below a pointer block; returns whether nothing is left of it. */
static bool free_below(struct freeing *f, u32 block, unsigned int level,
		       u64 base, bool whole)
{
	struct super_block *sb = f->inode->i_sb;
	struct slot_array below = { .nr = E2M_SB(sb)->ptrs_per_block,
				    .gone = whole };
	bool empty;

	if (!e2m_blocks_valid(E2M_SB(sb), block, 1)) {
		e2m_corrupt(sb, f->inode, "pointer block %u cannot be the file's",
			    block);
		return true;
	}
	if (whole && level == 1) {
		free_leaf(f, block);
		return true;
	}
	below.bh = e2m_meta_read(sb, block);
	if (IS_ERR(below.bh))
		return whole;
	below.slots = (__le32 *)below.bh->b_data;
	empty = free_slots(f, &below, level - 1, base);
	if (!whole && !empty)
		e2m_meta_dirty(below.bh, f->inode);
	brelse(below.bh);
	return whole || empty;
}

/* The pointer block that a slot names, or a part of it, and what lies below. */
static void free_tree(struct freeing *f, const struct slot_array *array, u32 i,
		      unsigned int level, u64 start, bool whole)
{
	u32 block = le32_to_cpu(array->slots[i]);

	if (whole) {
		array->slots[i] = 0;
		cut_off(f, array);
		free_below(f, block, level, start, true);
	} else if (free_below(f, block, level, start, false)) {
		array->slots[i] = 0;
		cut_off(f, array);
	} else {
		return;
	}
	free_pointer_block(f, block);
}

/*
 * Free what the slots of @array name inside the range. A slot of @level covers
 * ptrs_per_block to the power of @level blocks; the first starts at @base.
 * Returns whether all slots are empty afterwards.
 */
static bool free_slots(struct freeing *f, const struct slot_array *array,
		       unsigned int level, u64 base)
{
	unsigned int shift = E2M_SB(f->inode->i_sb)->ptr_bits * level;
	u64 span = 1ULL << shift, start;
	u32 i, block;

	i = f->first > base ? min_t(u64, array->nr, (f->first - base) >> shift) : 0;
	for (; i < array->nr; i++) {
		start = base + ((u64)i << shift);
		if (start > f->last)
			break;
		block = le32_to_cpu(array->slots[i]);
		if (!block)
			continue;
		if (level == 0) {
			array->slots[i] = 0;
			free_one(f, array, block);
		} else {
			free_tree(f, array, i, level, start,
				  start >= f->first &&
				  start + span - 1 <= f->last);
		}
		cond_resched();
	}
	flush_run(f, array);
	return !memchr_inv(array->slots, 0, array->nr * sizeof(*array->slots));
}

/**
 * e2m_free_range - take a range of blocks away from a file
 * @inode: the file
 * @first: first block of the file
 * @last:  last block, U32_MAX for all that follow
 *
 * Pages of the range are out of the page cache already.
 *
 * Context: may sleep; takes map_sem.
 */
void e2m_free_range(struct inode *inode, u32 first, u32 last)
{
	struct freeing f = { .inode = inode, .first = first,
			     .last = last == U32_MAX ? U64_MAX : last };
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	struct e2m_inode *ei = E2M_I(inode);
	struct slot_array array = { .slots = ei->slots, .nr = E2_DIRECT_SLOTS };
	u64 base = E2_DIRECT_SLOTS;
	unsigned int level;

	down_write(&ei->map_sem);
	e2m_run_forget(ei);
	free_slots(&f, &array, 0, 0);
	array.nr = 1;
	for (level = 1; level < E2M_MAX_DEPTH && base <= f.last; level++) {
		array.slots = ei->slots + E2_DIRECT_SLOTS + level - 1;
		if (f.first < base + (1ULL << (sbi->ptr_bits * level)))
			free_slots(&f, &array, level, base);
		base += 1ULL << (sbi->ptr_bits * level);
	}
	up_write(&ei->map_sem);
	mark_inode_dirty(inode);
}

/**
 * e2m_free_from - take every block behind a size away from a file
 * @inode: the file
 * @size:  in bytes
 *
 * Context: may sleep; takes map_sem.
 */
void e2m_free_from(struct inode *inode, loff_t size)
{
	u64 first = ((u64)size + i_blocksize(inode) - 1) >> inode->i_blkbits;

	e2m_window_drop(inode);
	/* A damaged inode may have a size that no map can reach. */
	if (first < e2m_map_limit(E2M_SB(inode->i_sb)))
		e2m_free_range(inode, first, U32_MAX);
}

/**
 * e2m_has_map - do the inode's slots name blocks
 * @inode: the inode
 *
 * They hold a device number or the target of a short symbolic link otherwise.
 *
 * Context: any.
 * Return: whether they do.
 */
bool e2m_has_map(const struct inode *inode)
{
	return S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode) ||
	       (S_ISLNK(inode->i_mode) && !e2m_symlink_is_fast(inode));
}

/**
 * e2m_set_size - make a regular file longer or shorter
 * @inode: the file; its lock is held
 * @size:  in bytes
 *
 * Context: may sleep; takes the invalidate lock and map_sem.
 * Return: 0 or an errno; nothing changed on error.
 */
int e2m_set_size(struct inode *inode, loff_t size)
{
	loff_t old = i_size_read(inode);
	int err;

	inode_dio_wait(inode);
	/* What follows the end in its block becomes visible, or will when the
	 * file grows again: it must be zeroes.
	 */
	err = e2m_zero_tail(inode, min(old, size));
	if (err)
		return err;
	if (size > old) {
		truncate_setsize(inode, size);
		pagecache_isize_extended(inode, old, size);
	} else {
		filemap_invalidate_lock(inode->i_mapping);
		truncate_setsize(inode, size);
		e2m_free_from(inode, size);
		filemap_invalidate_unlock(inode->i_mapping);
	}
	cfs_touch(inode);
	mark_inode_dirty(inode);
	return 0;
}
