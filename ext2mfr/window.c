// SPDX-License-Identifier: GPL-2.0
/*
 * Windows: blocks set aside behind the end of a file that grows, so that
 * files that grow side by side stay contiguous, and so that most of their
 * allocations need no search.
 *
 * Blocks of a window are marked as used in the bitmap. They go back when the
 * file's last writer closes it, when the inode is evicted, when the volume is
 * synced or frozen, and all at once when a request finds no free block. After
 * a crash e2fsck finds them marked but unowned, and frees them.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include "layout.h"

/**
 * e2m_window_take - take blocks out of a file's window
 * @inode: the file
 * @goal:  block that the run must start with
 * @want:  how many blocks can be used
 * @block: receives the first block
 *
 * Context: any.
 * Return: number of blocks, 0 if the window does not start at @goal.
 */
u32 e2m_window_take(struct inode *inode, u32 goal, u32 want, u32 *block)
{
	struct e2m_inode *ei = E2M_I(inode);
	u32 len = 0;

	spin_lock(&ei->lock);
	if (ei->win_len && ei->win_start == goal) {
		len = min(want, ei->win_len);
		*block = goal;
		ei->win_start += len;
		ei->win_len -= len;
	}
	spin_unlock(&ei->lock);
	if (len)
		atomic_sub(len, &E2M_SB(inode->i_sb)->windowed);
	return len;
}

/* The first inodes of the groups, which writers begin with, are alike in their low bits. */
static struct e2m_windows *windows_of(struct inode *inode)
{
	u32 list = hash_32(inode->i_ino, ilog2(E2M_WINDOW_LISTS));

	return &E2M_SB(inode->i_sb)->windows[list];
}

/* Empty the window; returns its length. Under its list's lock. */
static u32 detach_window(struct e2m_inode *ei, u32 *block)
{
	u32 len;

	spin_lock(&ei->lock);
	len = ei->win_len;
	*block = ei->win_start;
	ei->win_len = 0;
	spin_unlock(&ei->lock);
	list_del_init(&ei->win_link);
	return len;
}

/**
 * e2m_window_set - give a file a new window
 * @inode: the file
 * @block: first block, marked as used
 * @count: number of blocks
 *
 * Context: may sleep; the old window's blocks are freed.
 */
void e2m_window_set(struct inode *inode, u32 block, u32 count)
{
	struct e2m_windows *windows = windows_of(inode);
	struct e2m_inode *ei = E2M_I(inode);

	e2m_window_drop(inode);
	atomic_add(count, &E2M_SB(inode->i_sb)->windowed);
	spin_lock(&windows->lock);
	spin_lock(&ei->lock);
	ei->win_start = block;
	ei->win_len = count;
	spin_unlock(&ei->lock);
	if (list_empty(&ei->win_link))
		list_add_tail(&ei->win_link, &windows->inodes);
	spin_unlock(&windows->lock);
}

/**
 * e2m_window_drop - a file needs its window no more
 * @inode: the file
 *
 * Context: may sleep.
 */
void e2m_window_drop(struct inode *inode)
{
	struct e2m_windows *windows = windows_of(inode);
	struct e2m_inode *ei = E2M_I(inode);
	u32 block, len;

	if (list_empty_careful(&ei->win_link))
		return;
	spin_lock(&windows->lock);
	len = detach_window(ei, &block);
	spin_unlock(&windows->lock);
	if (!len)
		return;
	atomic_sub(len, &E2M_SB(inode->i_sb)->windowed);
	e2m_free_blocks(inode->i_sb, inode, block, len);
}

static bool drop_windows(struct super_block *sb, struct e2m_windows *windows)
{
	struct e2m_inode *ei;
	bool freed = false;
	u32 block, len;

	spin_lock(&windows->lock);
	while (!list_empty(&windows->inodes)) {
		ei = list_first_entry(&windows->inodes, struct e2m_inode,
				      win_link);
		len = detach_window(ei, &block);
		spin_unlock(&windows->lock);
		/* The inode may go away now. */
		if (len) {
			atomic_sub(len, &E2M_SB(sb)->windowed);
			e2m_free_blocks(sb, NULL, block, len);
			freed = true;
		}
		spin_lock(&windows->lock);
	}
	spin_unlock(&windows->lock);
	return freed;
}

/**
 * e2m_window_drop_all - free the blocks of every window
 * @sb: the volume
 *
 * Context: may sleep.
 * Return: whether a block became free.
 */
bool e2m_window_drop_all(struct super_block *sb)
{
	bool freed = false;
	unsigned int i;

	for (i = 0; i < E2M_WINDOW_LISTS; i++)
		freed |= drop_windows(sb, &E2M_SB(sb)->windows[i]);
	return freed;
}

/**
 * e2m_window_init - no file has a window
 * @sbi: a volume that is being mounted
 */
void e2m_window_init(struct e2m_sb *sbi)
{
	unsigned int i;

	for (i = 0; i < E2M_WINDOW_LISTS; i++) {
		spin_lock_init(&sbi->windows[i].lock);
		INIT_LIST_HEAD(&sbi->windows[i].inodes);
	}
}
