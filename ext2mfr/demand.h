/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations that ext2mfr opens scopes for, and what they can need.
 */
#ifndef EXT2MFR_DEMAND_H
#define EXT2MFR_DEMAND_H

#include "ext2mfr.h"

enum e2m_op {
	/* System calls, opened by the gate. */
	E2M_GATE_LOOKUP,
	E2M_GATE_OPEN,
	E2M_GATE_NAMESPACE,
	E2M_GATE_ATTR,
	E2M_GATE_READ,
	E2M_GATE_WRITE,
	E2M_GATE_READDIR,
	E2M_GATE_SYNC,
	E2M_GATE_FILE,
	E2M_GATE_MAP,
	E2M_GATE_MOUNT,
	/* Entries of the file system. */
	E2M_OP_LOOKUP,
	E2M_OP_CHANGE,		/* create, link, unlink, rename and the like */
	E2M_OP_READLINK,
	E2M_OP_SETATTR,
	E2M_OP_XATTR,
	E2M_OP_READDIR,
	E2M_OP_READ,
	E2M_OP_WRITE,
	E2M_OP_MAP,		/* seek, fiemap: looks at pointers only */
	E2M_OP_FALLOCATE,
	E2M_OP_FAULT,
	E2M_OP_FSYNC,
	E2M_OP_IOCTL,
	E2M_OP_EXPORT,
	E2M_OP_MOUNT,
	E2M_OP_WRITEBACK,
	E2M_OP_WRITE_INODE,
	E2M_OP_EVICT,
	E2M_OP_SYNC,
	E2M_NR_OPS
};

void e2m_demand_init(void);
void e2m_demand_note_search(unsigned int blocks);
bool e2m_demand_recycles(void);
void e2m_demand_top_up(struct super_block *sb, enum e2m_op op);

/* Pages that bringing one metadata block into the cache can take: the page,
 * two nodes of the page cache's tree, a bio, and a head for each buffer.
 */
static inline unsigned int e2m_block_pages_by(unsigned int blocksize_bits)
{
	return 4 + (PAGE_SIZE >> blocksize_bits);
}

static inline unsigned int e2m_block_pages(const struct super_block *sb)
{
	return e2m_block_pages_by(sb->s_blocksize_bits);
}

/*
 * What an operation keeps of its scope while it searches, so that it can go on
 * when it has found what it looked for: after a lookup an inode is read; after
 * the search of a change at most this many blocks are read or made:
 *   inode bitmap, inode table block, entry's block, ".." block      4
 *   path to the directory's or file's new block                     3
 *   new pointer blocks and the block itself                         4
 *   block bitmaps, home group and another                           2
 *   attribute block, old and new, and a bitmap                      3
 */
#define E2M_KEEP_LOOK_BY(block_pages)	(2 * (block_pages) + 8)
#define E2M_KEEP_CHANGE_BY(block_pages)	(16 * (block_pages) + 8)
#define E2M_KEEP_LOOK(sb)	E2M_KEEP_LOOK_BY(e2m_block_pages(sb))
#define E2M_KEEP_CHANGE(sb)	E2M_KEEP_CHANGE_BY(e2m_block_pages(sb))
/* A transfer's pages are in the cache before its blocks are looked up. */
#define E2M_KEEP_DATA		8

extern struct ama_client ext2mfr_client;

/* What bounds are worked out from, for a transfer of @bytes. */
static inline struct ama_call e2m_call(const struct super_block *sb, size_t bytes)
{
	return (struct ama_call) {
		.sb = sb,
		.bytes = bytes,
		.volume = sb->s_blocksize_bits,
	};
}

#endif /* EXT2MFR_DEMAND_H */
