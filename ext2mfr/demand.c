// SPDX-License-Identifier: GPL-2.0
/*
 * Demand: for each operation an upper bound of the pages that it can need.
 *
 * A bound counts objects. Each object of a slab cache may be the one that
 * needs a fresh slab, so it counts as a page; caches fall back to slabs of one
 * page when larger ones cannot be had, so all is of order 0, but for objects as
 * long as a page where a debugging allocator adds to them. An object that is
 * accounted to a control group may need a page more, for the vector of owners
 * of its slab.
 *
 * Blocks of metadata dominate, and there the number is constant: what a long
 * search or a large file would add is read through the recycled page (see
 * meta_io.c). In bounds: B is block_pages(), an inode is I pages (object,
 * owners, security blob), a directory entry D pages (object, owners, long
 * name).
 */
#include <linux/moduleparam.h>
#include "demand.h"

#define INODE_PAGES	3
#define DENTRY_PAGES	3
#define ACL_PAGES	1	/* a directory's list, on the way */

/* Where the VFS keeps the value of an attribute, 64 KiB at most. */
#define VALUE_PAGES	20

/* Blocks that a search may bring into the cache before it recycles. */
#define SEARCH_BLOCKS	3

/* What reading from the cache can need: nothing but to note the access. */
#define CACHED_READ	8

/* Pages of one pass through the page cache: folio, tree node, its iomap state
 * and a bio for every page; nodes are shared by 64 pages at least.
 */
#define CACHE_PAGES(bytes) \
	(2 * ((bytes) / PAGE_SIZE + 2) + ((bytes) / PAGE_SIZE) / 64 + 4)

/* Objects as long as a page: two names, a value, one of another file system
 * that is on the path.
 */
#define LONG_OBJECTS	4

static unsigned int long_object_order;

static bool recycle = true;
module_param(recycle, bool, 0444);
MODULE_PARM_DESC(recycle, "read long directories through one page (default Y; N is for measuring what it saves)");

/* Blocks of the longest directory seen; grows only. */
static atomic_t longest_search = ATOMIC_INIT(SEARCH_BLOCKS);

/**
 * e2m_demand_note_search - a directory has this many blocks
 * @blocks: all of them may have to be looked at
 *
 * Context: any.
 */
void e2m_demand_note_search(unsigned int blocks)
{
	int old = atomic_read(&longest_search);

	while (old < (int)blocks &&
	       !atomic_try_cmpxchg(&longest_search, &old, blocks))
		;
}

/**
 * e2m_demand_recycles - may a block be read through the recycled page?
 */
bool e2m_demand_recycles(void)
{
	return recycle;
}

/**
 * e2m_demand_top_up - before one more step of an operation without a bound
 * @sb: the volume
 * @op: whose bound the step has
 *
 * For what goes through any number of groups or pointer blocks in one piece: a
 * large file that is freed, or given blocks. Its first steps are covered by its
 * scope; the later ones by what the reserve can add without waiting.
 *
 * Context: in a scope; does not sleep.
 */
void e2m_demand_top_up(struct super_block *sb, enum e2m_op op)
{
	struct ama_call call = e2m_call(sb, 0);

	if (ama_scope_left() < 4 * e2m_block_pages(sb))
		ama_scope_extend(op, &call);
}

/* @volume is the logarithm of the block size; small blocks need most. */
static unsigned int block_pages(const struct ama_call *call)
{
	return e2m_block_pages_by(call->volume ?: E2_MIN_LOG_BLOCK_SIZE);
}

static unsigned int search_pages(const struct ama_call *call)
{
	unsigned int blocks = recycle ? SEARCH_BLOCKS : atomic_read(&longest_search);

	return blocks * block_pages(call);
}

static struct ama_demand pages(unsigned int nr)
{
	struct ama_demand demand = {
		.pages = { min_t(unsigned int, nr, U16_MAX) },
	};

	if (unlikely(long_object_order > 0 && long_object_order < AMA_ORDERS))
		demand.pages[long_object_order] = LONG_OBJECTS;
	return demand;
}

static unsigned int one_lookup(const struct ama_call *call)
{
	return DENTRY_PAGES + INODE_PAGES + E2M_KEEP_LOOK_BY(block_pages(call)) +
	       search_pages(call);
}

/* What a new inode inherits, beside the blocks in E2M_KEEP_CHANGE: the
 * directory's attribute block, a block for each of three attributes that come
 * one after the other, and a bitmap; their images, values and lists.
 */
static unsigned int inherited(const struct ama_call *call)
{
	return 5 * block_pages(call) + 16;
}

/* A change of attributes: blocks that could be shared are looked at, too. */
static unsigned int one_xattr(const struct ama_call *call)
{
	return E2M_KEEP_CHANGE_BY(block_pages(call)) + 4 * block_pages(call) + 24;
}

static unsigned int one_change(const struct ama_call *call)
{
	return DENTRY_PAGES + INODE_PAGES + E2M_KEEP_CHANGE_BY(block_pages(call)) +
	       search_pages(call) + inherited(call);
}

/* Path components that are not cached; each but the last is kept small by the
 * recycled page.
 */
static unsigned int one_walk(const struct ama_call *call)
{
	return one_lookup(call) +
	       call->names * (DENTRY_PAGES + INODE_PAGES + ACL_PAGES +
			      block_pages(call));
}

static size_t piece(const struct ama_call *call)
{
	return min_t(size_t, call->bytes, AMA_PIECE);
}

static unsigned int path_to_data(const struct ama_call *call)
{
	return 3 * block_pages(call) + E2M_KEEP_DATA;
}

static struct ama_demand bound_lookup(const struct ama_call *call)
{
	return pages(one_lookup(call));
}

static struct ama_demand bound_walk(const struct ama_call *call)
{
	return pages(one_walk(call) + 2);
}

static struct ama_demand bound_change(const struct ama_call *call)
{
	return pages(one_change(call));
}

static struct ama_demand bound_walk_and_change(const struct ama_call *call)
{
	/* file object, its security blob, the file table, the name's buffer */
	return pages(one_walk(call) + one_change(call) + 6);
}

static struct ama_demand bound_few_blocks(const struct ama_call *call)
{
	return pages(4 * block_pages(call) + 8);
}

static struct ama_demand bound_walk_and_attr(const struct ama_call *call)
{
	return pages(one_walk(call) + one_xattr(call) + VALUE_PAGES);
}

static struct ama_demand bound_xattr(const struct ama_call *call)
{
	return pages(one_xattr(call));
}

static struct ama_demand bound_blocks(const struct ama_call *call)
{
	return pages(E2M_KEEP_CHANGE_BY(block_pages(call)) + 16);
}

static struct ama_demand bound_read(const struct ama_call *call)
{
	return pages(CACHE_PAGES(piece(call)) + path_to_data(call) + 8);
}

static struct ama_demand bound_cached_read(const struct ama_call *call)
{
	return pages(CACHED_READ);
}

static struct ama_demand bound_write(const struct ama_call *call)
{
	/* Pages may also be faulted in from the source: twice the pages. */
	return pages(CACHE_PAGES(piece(call)) + E2M_KEEP_CHANGE_BY(block_pages(call)) +
		     E2M_KEEP_DATA + 16);
}

static struct ama_demand bound_readdir(const struct ama_call *call)
{
	return pages(E2M_KEEP_LOOK_BY(block_pages(call)) + search_pages(call) + 8);
}

static struct ama_demand bound_fault(const struct ama_call *call)
{
	/* A fault reads around, or allocates blocks for one folio. */
	return pages(CACHE_PAGES(64 * 1024) + E2M_KEEP_CHANGE_BY(block_pages(call)) + 8);
}

static struct ama_demand bound_map_file(const struct ama_call *call)
{
	struct ama_demand demand = bound_fault(call);

	demand.pages[0] += 16;
	return demand;
}

static struct ama_demand bound_writeback(const struct ama_call *call)
{
	/* bios come from a mempool; its element counts when it is taken */
	return pages(path_to_data(call) + 32);
}

static struct ama_demand bound_mount(const struct ama_call *call)
{
	return pages(64);
}

#define OP_OF(kind, label, expression, reason, ...)			\
	{ .name = label, .bound = expression, .why = reason,		\
	  .flags = AMA_OP_FIXED | (kind), ##__VA_ARGS__ }
#define OP(...)		OP_OF(0, __VA_ARGS__)
#define PROGRESS(...)	OP_OF(AMA_OP_PROGRESS, __VA_ARGS__)
#define CACHED		.cached = bound_cached_read

static struct ama_op ops[E2M_NR_OPS] = {
	[E2M_GATE_LOOKUP] = OP("gate_lookup", bound_walk,
		"each name: D + I + B; the last one: a whole lookup"),
	[E2M_GATE_OPEN] = OP("gate_open", bound_walk_and_change,
		"walk, then a create; file object and its table"),
	[E2M_GATE_NAMESPACE] = OP("gate_namespace", bound_walk_and_change,
		"walk, then a change of one or two directories"),
	[E2M_GATE_ATTR] = OP("gate_attr", bound_walk_and_attr,
		"walk, then inode, attribute block or truncation; the value"),
	[E2M_GATE_READ] = OP("gate_read", bound_read,
		"pages of one piece, path of pointers to it", CACHED),
	[E2M_GATE_WRITE] = OP("gate_write", bound_write,
		"pages of one piece, blocks for it with pointers and bitmaps"),
	[E2M_GATE_READDIR] = OP("gate_readdir", bound_readdir,
		"blocks until the scope is low, then the recycled page"),
	[E2M_GATE_SYNC] = OP("gate_sync", bound_blocks,
		"bios; inode and bitmaps that are not cached"),
	[E2M_GATE_FILE] = OP("gate_file", bound_few_blocks,
		"lock objects, attributes; no metadata to speak of"),
	[E2M_GATE_MAP] = OP("gate_map", bound_map_file,
		"vm area and its tree; a fault, for pages wanted at once"),
	[E2M_GATE_MOUNT] = OP("gate_mount", bound_mount,
		"context, names, mount objects; fill_super may fail by itself"),
	[E2M_OP_LOOKUP] = OP("lookup", bound_lookup,
		"search, then I and the inode's block; alias D"),
	[E2M_OP_CHANGE] = OP("change", bound_change,
		"search, then I, bitmaps, pointers, entry, attributes"),
	[E2M_OP_READLINK] = OP("readlink", bound_few_blocks,
		"the target's block by its direct pointer"),
	[E2M_OP_SETATTR] = OP("setattr", bound_blocks,
		"inode's block; truncation: one partial path, one page"),
	[E2M_OP_XATTR] = OP("xattr", bound_xattr,
		"attribute block old, new and to share, bitmap, inode's block"),
	[E2M_OP_READDIR] = OP("readdir", bound_readdir,
		"blocks until the scope is low, then the recycled page"),
	[E2M_OP_READ] = OP("read", bound_read,
		"folio, node, bio, state a page; path of pointers", CACHED),
	[E2M_OP_WRITE] = OP("write", bound_write,
		"folio, node, state a page; run of blocks, pointers, bitmaps"),
	[E2M_OP_MAP] = OP("map", bound_few_blocks,
		"a path of pointers, then the recycled page"),
	[E2M_OP_FALLOCATE] = OP("fallocate", bound_blocks,
		"pointers and bitmaps of one run, bios of zeroes, edge pages"),
	[E2M_OP_FAULT] = OP("fault", bound_fault,
		"pages read around, or blocks for one folio"),
	[E2M_OP_FSYNC] = OP("fsync", bound_blocks,
		"bios; inode's block and the parents' blocks"),
	[E2M_OP_IOCTL] = OP("ioctl", bound_blocks,
		"a bitmap or the inode's block at a time"),
	[E2M_OP_EXPORT] = OP("export", bound_lookup,
		"as lookup, by number or by \"..\""),
	[E2M_OP_MOUNT] = OP("mount", bound_mount,
		"remount: superblock and bios"),
	[E2M_OP_WRITEBACK] = PROGRESS("writeback", bound_writeback,
		"path of pointers, bios; state of the folio"),
	[E2M_OP_WRITE_INODE] = PROGRESS("write_inode", bound_few_blocks,
		"the inode's block"),
	[E2M_OP_EVICT] = PROGRESS("evict", bound_blocks,
		"pointer blocks above the lowest, bitmaps, inode's block"),
	[E2M_OP_SYNC] = PROGRESS("sync", bound_few_blocks,
		"superblock; bitmaps of windows and of retired blocks, topped up"),
};

/**
 * e2m_demand_init - find out what depends on the running kernel
 *
 * Context: before a demand is worked out.
 */
void e2m_demand_init(void)
{
	unsigned int op;

	/* Then searches grow with the directories. */
	for (op = 0; !recycle && op < E2M_NR_OPS; op++)
		ops[op].flags &= ~AMA_OP_FIXED;
	long_object_order = ama_object_order(PAGE_SIZE);
}

static const u8 gate_ops[AMA_GATES] = {
	[AMA_GATE_LOOKUP]	= E2M_GATE_LOOKUP,
	[AMA_GATE_OPEN]		= E2M_GATE_OPEN,
	[AMA_GATE_NAMESPACE]	= E2M_GATE_NAMESPACE,
	[AMA_GATE_ATTR]		= E2M_GATE_ATTR,
	[AMA_GATE_READ]		= E2M_GATE_READ,
	[AMA_GATE_WRITE]	= E2M_GATE_WRITE,
	[AMA_GATE_READDIR]	= E2M_GATE_READDIR,
	[AMA_GATE_SYNC]		= E2M_GATE_SYNC,
	[AMA_GATE_FILE]		= E2M_GATE_FILE,
	[AMA_GATE_MAP]		= E2M_GATE_MAP,
	[AMA_GATE_MOUNT]	= E2M_GATE_MOUNT,
};

/* A path that leads nowhere yet is waited for: that harms nobody. */
static const struct ama_admission *admission(const struct super_block *sb)
{
	static const struct ama_admission unknown = { .policy = AMA_WAIT };

	/* The gate asks under RCU, perhaps in the middle of an unmount. */
	struct e2m_sb *sbi = sb ? READ_ONCE(sb->s_fs_info) : NULL;

	return sbi ? &sbi->opt.mfr : &unknown;
}

struct ama_client ext2mfr_client = {
	.name		= E2M_NAME,
	.owner		= THIS_MODULE,
	.ops		= ops,
	.nr_ops		= E2M_NR_OPS,
	.fs_type	= &ext2mfr_fs_type,
	.gate_op	= gate_ops,
	.admission	= admission,
};
