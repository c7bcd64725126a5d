// SPDX-License-Identifier: GPL-2.0
/*
 * Entries from the VFS on volumes, and the module itself.
 */
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/writeback.h>
#include "entry.h"
#include "options.h"

static struct kmem_cache *inode_cache;

static struct inode *ext2mfr_alloc_inode(struct super_block *sb)
{
	struct e2m_inode *ei = alloc_inode_sb(sb, inode_cache, GFP_KERNEL);

	if (!ei)
		return NULL;
	memset(ei->slots, 0, sizeof(ei->slots));
	memset(&ei->zeroed, 0, sizeof(ei->zeroed));
	return &ei->vfs_inode;
}

static void ext2mfr_free_inode(struct inode *inode)
{
	kmem_cache_free(inode_cache, E2M_I(inode));
}

static void init_once(void *object)
{
	struct e2m_inode *ei = object;

	init_rwsem(&ei->map_sem);
	init_rwsem(&ei->xattr_sem);
	spin_lock_init(&ei->lock);
	mutex_init(&ei->index_lock);
	INIT_LIST_HEAD(&ei->win_link);
	INIT_LIST_HEAD(&ei->index_link);
	inode_init_once(&ei->vfs_inode);
}

static int ext2mfr_write_inode(struct inode *inode,
			       struct writeback_control *wbc)
{
	DEFINE_AMA_SCOPE(scope);
	int err;

	if (!e2m_enter_unrefused(&scope, inode->i_sb, E2M_OP_WRITE_INODE))
		return -ENOMEM;
	err = e2m_write_inode(inode, wbc->sync_mode == WB_SYNC_ALL);
	e2m_leave(&scope);
	return err;
}

static void ext2mfr_evict_inode(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	bool gone = e2m_inode_gone(inode), scoped;
	DEFINE_AMA_SCOPE(scope);

	/* Before the scope: thawing a volume needs what others would hold here. */
	if (gone)
		sb_start_intwrite(sb);
	scoped = e2m_enter_unrefused(&scope, sb, E2M_OP_EVICT);
	e2m_evict_inode(inode);
	if (scoped)
		e2m_leave(&scope);
	if (gone)
		sb_end_intwrite(sb);
}

static void ext2mfr_put_super(struct super_block *sb)
{
	DEFINE_AMA_SCOPE(scope);
	bool scoped = e2m_enter_unrefused(&scope, sb, E2M_OP_SYNC);

	e2m_put_super(sb);
	if (scoped)
		e2m_leave(&scope);
	ama_client_deactivate(&ext2mfr_client);
}

static int ext2mfr_sync_fs(struct super_block *sb, int wait)
{
	DEFINE_AMA_SCOPE(scope);
	int err;

	if (!e2m_enter_unrefused(&scope, sb, E2M_OP_SYNC))
		return -ENOMEM;
	err = e2m_sync_super(sb, wait);
	e2m_leave(&scope);
	return err;
}

static int ext2mfr_freeze_fs(struct super_block *sb)
{
	DEFINE_AMA_SCOPE(scope);
	int err;

	if (!e2m_enter_unrefused(&scope, sb, E2M_OP_SYNC))
		return -ENOMEM;
	err = e2m_freeze(sb);
	e2m_leave(&scope);
	if (!err)
		ama_client_frozen(&ext2mfr_client, true);
	return err;
}

static int ext2mfr_unfreeze_fs(struct super_block *sb)
{
	DEFINE_AMA_SCOPE(scope);
	int err;

	if (!e2m_enter_unrefused(&scope, sb, E2M_OP_SYNC))
		return -ENOMEM;
	err = e2m_thaw(sb);
	e2m_leave(&scope);
	if (!err)
		ama_client_frozen(&ext2mfr_client, false);
	return err;
}

/* No scope: it reads memory only. */
static int ext2mfr_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	return e2m_statfs(dentry->d_sb, buf);
}

static int ext2mfr_show_options(struct seq_file *seq, struct dentry *root)
{
	e2m_show_options(seq, root->d_sb);
	return 0;
}

/* What reclaim may ask back: indices of directories. */
static long ext2mfr_nr_cached(struct super_block *sb, struct shrink_control *sc)
{
	return READ_ONCE(E2M_SB(sb)->nr_indexed);
}

static long ext2mfr_free_cached(struct super_block *sb,
				struct shrink_control *sc)
{
	return e2m_index_shrink(sb, sc->nr_to_scan);
}

const struct super_operations ext2mfr_super_ops = {
	.alloc_inode		= ext2mfr_alloc_inode,
	.free_inode		= ext2mfr_free_inode,
	.write_inode		= ext2mfr_write_inode,
	.evict_inode		= ext2mfr_evict_inode,
	.put_super		= ext2mfr_put_super,
	.sync_fs		= ext2mfr_sync_fs,
	.freeze_fs		= ext2mfr_freeze_fs,
	.unfreeze_fs		= ext2mfr_unfreeze_fs,
	.statfs			= ext2mfr_statfs,
	.show_options		= ext2mfr_show_options,
	.nr_cached_objects	= ext2mfr_nr_cached,
	.free_cached_objects	= ext2mfr_free_cached,
};

/* Mounting may fail, so it needs no scope; but the inodes that it reads have
 * operations that open scopes, so the client is active before.
 */
static int ext2mfr_fill_super(struct super_block *sb, struct fs_context *fc)
{
	int err = ama_client_activate(&ext2mfr_client);

	if (err) {
		e2m_msg(sb, KERN_ERR, "memory guard not available (%d)", err);
		return err;
	}
	err = e2m_fill_super(sb, fc);
	if (err && !sb->s_root)
		ama_client_deactivate(&ext2mfr_client);
	return err;
}

static int ext2mfr_get_tree(struct fs_context *fc)
{
	return get_tree_bdev(fc, ext2mfr_fill_super);
}

static int ext2mfr_reconfigure(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;
	DEFINE_AMA_SCOPE(scope);
	int err = e2m_enter(&scope, sb, E2M_OP_MOUNT, 0);

	if (err)
		return err;
	err = e2m_reconfigure(fc);
	ama_client_remounted(&ext2mfr_client);
	e2m_leave(&scope);
	return err;
}

static void ext2mfr_free_fc(struct fs_context *fc)
{
	kfree(fc->fs_private);
}

static const struct fs_context_operations context_ops = {
	.parse_param	= e2m_parse_param,
	.get_tree	= ext2mfr_get_tree,
	.reconfigure	= ext2mfr_reconfigure,
	.free		= ext2mfr_free_fc,
};

static int ext2mfr_init_fs_context(struct fs_context *fc)
{
	fc->fs_private = kzalloc(sizeof(struct e2m_fs_context), GFP_KERNEL);
	if (!fc->fs_private)
		return -ENOMEM;
	fc->ops = &context_ops;
	return 0;
}

struct file_system_type ext2mfr_fs_type = {
	.owner			= THIS_MODULE,
	.name			= E2M_NAME,
	.fs_flags		= FS_REQUIRES_DEV | FS_ALLOW_IDMAP,
	.init_fs_context	= ext2mfr_init_fs_context,
	.parameters		= ext2mfr_parameters,
	.kill_sb		= kill_block_super,
};
MODULE_ALIAS_FS(E2M_NAME);

static int __init ext2mfr_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct e2_super) != E2_SB_SIZE);
	BUILD_BUG_ON(sizeof(struct e2_group_desc) != 32);
	BUILD_BUG_ON(sizeof(struct e2_inode) != E2_INODE_SIZE_REV0);
	/* The target of a short symbolic link is copied to the caller from there. */
	inode_cache = kmem_cache_create_usercopy("ext2mfr_inode",
			sizeof(struct e2m_inode), 0,
			SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT,
			offsetof(struct e2m_inode, slots),
			sizeof_field(struct e2m_inode, slots),
			init_once);
	if (!inode_cache)
		return -ENOMEM;
	e2m_demand_init();
	err = ama_client_register(&ext2mfr_client);
	if (err)
		goto free_cache;
	err = register_filesystem(&ext2mfr_fs_type);
	if (err)
		goto unregister_client;
	return 0;

unregister_client:
	ama_client_unregister(&ext2mfr_client);
free_cache:
	kmem_cache_destroy(inode_cache);
	return err;
}

static void __exit ext2mfr_exit(void)
{
	unregister_filesystem(&ext2mfr_fs_type);
	ama_client_unregister(&ext2mfr_client);
	/* Inodes are freed after a grace period. */
	rcu_barrier();
	kmem_cache_destroy(inode_cache);
}

module_init(ext2mfr_init);
module_exit(ext2mfr_exit);
MODULE_DESCRIPTION("ext2 that no failing allocation can harm");
MODULE_LICENSE("GPL");
