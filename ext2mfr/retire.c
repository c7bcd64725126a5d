// SPDX-License-Identifier: GPL-2.0
/*
 * Pointer blocks, and blocks of directories, on their way to being free.
 *
 * What named a pointer block may be on the device for a while after memory knows
 * better. After a crash a repair would take what is in the block by then for
 * pointers, and clear those that cannot be: in somebody else's data. So a
 * pointer block stays in use, "retired", until all metadata was written after it had
 * been cut off. That is asked for when the list is full, when no other block is
 * left, and by those who write all metadata anyway. So does a block of a directory: its
 * last state, without a name, is written before it can become another's.
 *
 * The rule is the second of soft updates' three: never use a resource again before
 * every old pointer to it is gone (Ganger and Patt, Metadata Update Performance in
 * File Systems, OSDI 1994). Data blocks need no such care: a block that two files
 * name is copied by the repair.
 */
#include <linux/blkdev.h>
#include <linux/sort.h>
#include "layout.h"

#define MAX_RETIRED	(PAGE_SIZE / sizeof(u32))

static int by_number(const void *a, const void *b)
{
	u32 first = *(const u32 *)a, second = *(const u32 *)b;

	return first < second ? -1 : first > second;
}

static void free_all(struct super_block *sb, const u32 *blocks, unsigned int nr)
{
	unsigned int i, len;

	for (i = 0; i < nr; i++)
		e2m_meta_forget(sb, blocks[i]);
	for (i = 0; i < nr; i += len) {
		len = 1;
		while (i + len < nr && blocks[i + len] == blocks[i] + len)
			len++;
		e2m_free_blocks(sb, NULL, blocks[i], len);
		cond_resched();
	}
}

/* The volume's retire_lock is held. */
static bool release_locked(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	unsigned int nr = sbi->nr_retired;

	/* What could not be written may never be: an old pointer among it. */
	if (!nr || READ_ONCE(sbi->write_failed) || e2m_write_all(sb))
		return false;
	sort(sbi->retired, nr, sizeof(*sbi->retired), by_number, NULL);
	free_all(sb, sbi->retired, nr);
	WRITE_ONCE(sbi->nr_retired, 0);
	return true;
}

/**
 * e2m_retire_init - make room for retired blocks
 * @sbi: the volume, being mounted
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int e2m_retire_init(struct e2m_sb *sbi)
{
	mutex_init(&sbi->retire_lock);
	sbi->retired = kmalloc_array(MAX_RETIRED, sizeof(*sbi->retired),
				     GFP_KERNEL);
	return sbi->retired ? 0 : -ENOMEM;
}

/**
 * e2m_retire_exit - undo e2m_retire_init()
 * @sbi: the volume
 *
 * Context: may sleep.
 */
void e2m_retire_exit(struct e2m_sb *sbi)
{
	kfree(sbi->retired);
}

/**
 * e2m_retire - a block that e2fsck would follow was cut off
 * @sb:    the volume
 * @block: its number; the buffer of what named it says so no more
 *
 * Once a write of metadata has failed, blocks stay in use until e2fsck finds them.
 *
 * Context: may sleep; no buffer is locked.
 */
void e2m_retire(struct super_block *sb, u32 block)
{
	struct e2m_sb *sbi = E2M_SB(sb);

	mutex_lock(&sbi->retire_lock);
	if (sbi->nr_retired < MAX_RETIRED || release_locked(sb)) {
		sbi->retired[sbi->nr_retired] = block;
		WRITE_ONCE(sbi->nr_retired, sbi->nr_retired + 1);
	}
	mutex_unlock(&sbi->retire_lock);
}

/**
 * e2m_retire_release - write all metadata, then free what was retired
 * @sb: the volume
 *
 * The bitmaps are changed by that, and are not written yet.
 *
 * Context: may sleep; no buffer is locked.
 * Return: whether anything was freed, by this call or while it waited for another.
 */
bool e2m_retire_release(struct super_block *sb)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	bool freed;

	if (!READ_ONCE(sbi->nr_retired))
		return false;
	mutex_lock(&sbi->retire_lock);
	freed = !sbi->nr_retired || release_locked(sb);
	mutex_unlock(&sbi->retire_lock);
	return freed;
}
