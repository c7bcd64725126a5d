// SPDX-License-Identifier: GPL-2.0
/*
 * Sharing blocks of attributes. Files of one directory tend to have the same
 * list and label; one block then serves up to 1024 of them.
 *
 * A table of fixed size remembers blocks by their hash. It needs no memory
 * after the mount and it is only a hint: an entry that was pushed out costs a
 * block that could have been shared. What a hint says is believed only while
 * the block's buffer is locked. That suffices, because:
 *
 *   - a hint is made with the buffer locked and the count of references valid;
 *   - a block that is freed or changed loses its hint with the buffer locked,
 *     before its content changes or its count becomes 0.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include "demand.h"
#include "xattr.h"

#define WAYS		4
#define SET_BITS	8
#define HINTS		(WAYS << SET_BITS)

/**
 * struct e2m_share - hints of a volume
 * @lock:  protects the rest
 * @next:  which way of a set is given up next
 * @block: block, 0: no hint
 * @hash:  hash of the block's attributes
 */
struct e2m_share {
	spinlock_t lock;
	unsigned int next;
	u32 block[HINTS];
	u32 hash[HINTS];
};

/**
 * e2m_share_init - make the table
 * @sbi: the volume
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int e2m_share_init(struct e2m_sb *sbi)
{
	sbi->share = kvzalloc(sizeof(*sbi->share), GFP_KERNEL);
	if (!sbi->share)
		return -ENOMEM;
	spin_lock_init(&sbi->share->lock);
	return 0;
}

/**
 * e2m_share_exit - free the table
 * @sbi: the volume
 *
 * Context: may sleep.
 */
void e2m_share_exit(struct e2m_sb *sbi)
{
	kvfree(sbi->share);
	sbi->share = NULL;
}

static unsigned int first_way(u32 hash)
{
	return hash_32(hash, SET_BITS) * WAYS;
}

/**
 * e2m_share_note - a block could be shared
 * @sbi:   the volume
 * @hash:  hash of its attributes, 0: not to be shared
 * @block: the block; its buffer is locked
 *
 * Context: does not sleep.
 */
void e2m_share_note(struct e2m_sb *sbi, u32 hash, u32 block)
{
	struct e2m_share *share = sbi->share;
	unsigned int first = first_way(hash), i, victim;

	if (!hash)
		return;
	spin_lock(&share->lock);
	victim = first + share->next++ % WAYS;
	for (i = first; i < first + WAYS; i++) {
		if (share->block[i] == block && share->hash[i] == hash)
			goto known;
		if (!share->block[i])
			victim = i;
	}
	share->block[victim] = block;
	share->hash[victim] = hash;
known:
	spin_unlock(&share->lock);
}

/**
 * e2m_share_forget - a block is about to change or to be freed
 * @sbi:   the volume
 * @block: the block; its buffer is locked
 *
 * All hints are looked at, since what a damaged block says of its own hash
 * need not be what was noted.
 *
 * Context: does not sleep.
 */
void e2m_share_forget(struct e2m_sb *sbi, u32 block)
{
	struct e2m_share *share = sbi->share;
	unsigned int i;

	spin_lock(&share->lock);
	for (i = 0; i < HINTS; i++)
		if (share->block[i] == block)
			share->block[i] = 0;
	spin_unlock(&share->lock);
}

/**
 * e2m_share_known - is there a hint for a block
 * @sbi:   the volume
 * @hash:  hash of its attributes
 * @block: the block
 *
 * Context: does not sleep. Of use only while the block's buffer is locked, or
 * where a wrong answer does no harm.
 * Return: whether there is.
 */
bool e2m_share_known(struct e2m_sb *sbi, u32 hash, u32 block)
{
	struct e2m_share *share = sbi->share;
	unsigned int first = first_way(hash), i;
	bool found = false;

	spin_lock(&share->lock);
	for (i = first; i < first + WAYS; i++)
		if (share->block[i] == block && share->hash[i] == hash)
			found = true;
	spin_unlock(&share->lock);
	return found;
}

/* Blocks with that hash; returns their number. */
static unsigned int candidates(struct e2m_share *share, u32 hash, u32 *blocks)
{
	unsigned int first = first_way(hash), i, nr = 0;

	spin_lock(&share->lock);
	for (i = first; i < first + WAYS; i++)
		if (share->block[i] && share->hash[i] == hash)
			blocks[nr++] = share->block[i];
	spin_unlock(&share->lock);
	return nr;
}

/* A block that is not cached is read only if the scope can bear it. */
static struct buffer_head *look_at(struct super_block *sb, u32 block)
{
	struct buffer_head *bh = sb_find_get_block(sb, block);

	if (bh && buffer_uptodate(bh))
		return bh;
	brelse(bh);
	if (ama_scope_left() < E2M_KEEP_CHANGE(sb) + e2m_block_pages(sb))
		return NULL;
	bh = e2m_meta_read(sb, block);
	return IS_ERR(bh) ? NULL : bh;
}

/* Take a reference to the block, if it is still what the hint says. */
static bool try_share(struct e2m_sb *sbi, struct buffer_head *bh,
		      const void *image)
{
	struct e2_xattr_header *header = (void *)bh->b_data;
	bool good = false;
	u32 refs;

	lock_buffer(bh);
	if (e2m_share_known(sbi, e2m_attr_hash(image), bh->b_blocknr) &&
	    !e2m_attr_check(bh->b_data, bh->b_size) &&
	    e2m_attr_equal(bh->b_data, image, bh->b_size)) {
		refs = le32_to_cpu(header->h_refcount);
		good = refs < E2_XATTR_REFS_MAX;
		if (good)
			header->h_refcount = cpu_to_le32(refs + 1);
	}
	unlock_buffer(bh);
	if (good)
		e2m_meta_dirty(bh, NULL);
	return good;
}

/**
 * e2m_share_get - find a block to share, and take a reference to it
 * @inode: for whom
 * @image: what the block must hold
 *
 * Context: may sleep.
 * Return: the block's buffer, dirty; NULL if there is none.
 */
struct buffer_head *e2m_share_get(struct inode *inode, const void *image)
{
	struct e2m_sb *sbi = E2M_SB(inode->i_sb);
	struct buffer_head *bh;
	u32 blocks[WAYS];
	unsigned int nr, i;

	if (!e2m_attr_hash(image))
		return NULL;
	nr = candidates(sbi->share, e2m_attr_hash(image), blocks);
	for (i = 0; i < nr; i++) {
		bh = look_at(inode->i_sb, blocks[i]);
		if (!bh)
			continue;
		if (try_share(sbi, bh, image))
			return bh;
		brelse(bh);
	}
	return NULL;
}
