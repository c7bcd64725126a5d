/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ext2 format: what lies on the device, little-endian, and its limits.
 *
 * A volume is a row of equal block groups. Each may start with a copy of the
 * superblock and of the group descriptors, and holds a block bitmap, an inode
 * bitmap, a slice of the inode table, and data. Nothing in this header is
 * trusted: whoever reads one of these structures checks it before use.
 */
#ifndef EXT2MFR_DISK_H
#define EXT2MFR_DISK_H

#include <linux/types.h>

#define E2_MAGIC		0xEF53
#define E2_SB_OFFSET		1024	/* bytes from the start of the device */
#define E2_SB_SIZE		1024

/* Reserved inode numbers. */
#define E2_ROOT_INO		2
#define E2_FIRST_INO_REV0	11

#define E2_INODE_SIZE_REV0	128
#define E2_REV_OLD		0
#define E2_REV_DYNAMIC		1

#define E2_MIN_LOG_BLOCK_SIZE	10
#define E2_MAX_LOG_BLOCK_SIZE	16
#define E2_LINK_MAX		32000

/* s_state */
#define E2_STATE_CLEAN		0x0001
#define E2_STATE_ERRORS		0x0002

/* s_errors */
#define E2_ERRORS_CONTINUE	1
#define E2_ERRORS_RO		2
#define E2_ERRORS_PANIC		3

#define E2_COMPAT_DIR_PREALLOC	0x0001
#define E2_COMPAT_JOURNAL	0x0004
#define E2_COMPAT_EXT_ATTR	0x0008
#define E2_COMPAT_RESIZE_INODE	0x0010
#define E2_COMPAT_DIR_INDEX	0x0020
#define E2_COMPAT_SPARSE2	0x0200

#define E2_INCOMPAT_FILETYPE	0x0002
#define E2_INCOMPAT_RECOVER	0x0004
#define E2_INCOMPAT_META_BG	0x0010
#define E2_INCOMPAT_KNOWN	(E2_INCOMPAT_FILETYPE | E2_INCOMPAT_META_BG)

#define E2_RO_COMPAT_SPARSE	0x0001
#define E2_RO_COMPAT_LARGE_FILE	0x0002
#define E2_RO_COMPAT_KNOWN	(E2_RO_COMPAT_SPARSE | E2_RO_COMPAT_LARGE_FILE)

/* s_default_mount_opts */
#define E2_DEFM_DEBUG		0x0001
#define E2_DEFM_BSDGROUPS	0x0002
#define E2_DEFM_XATTR_USER	0x0004
#define E2_DEFM_ACL		0x0008
#define E2_DEFM_UID16		0x0010

struct e2_super {
	__le32 s_inodes_count;
	__le32 s_blocks_count;
	__le32 s_r_blocks_count;	/* reserved for the superuser */
	__le32 s_free_blocks_count;
	__le32 s_free_inodes_count;
	__le32 s_first_data_block;	/* 1 with 1 KiB blocks, else 0 */
	__le32 s_log_block_size;	/* block size = 1024 << this */
	__le32 s_log_frag_size;
	__le32 s_blocks_per_group;
	__le32 s_frags_per_group;
	__le32 s_inodes_per_group;
	__le32 s_mtime;
	__le32 s_wtime;
	__le16 s_mnt_count;
	__le16 s_max_mnt_count;
	__le16 s_magic;
	__le16 s_state;
	__le16 s_errors;
	__le16 s_minor_rev_level;
	__le32 s_lastcheck;
	__le32 s_checkinterval;
	__le32 s_creator_os;
	__le32 s_rev_level;
	__le16 s_def_resuid;
	__le16 s_def_resgid;
	/* From here on only in revision 1. */
	__le32 s_first_ino;
	__le16 s_inode_size;
	__le16 s_block_group_nr;
	__le32 s_feature_compat;
	__le32 s_feature_incompat;
	__le32 s_feature_ro_compat;
	__u8   s_uuid[16];
	char   s_volume_name[16];
	char   s_last_mounted[64];
	__le32 s_algorithm_usage_bitmap;
	__u8   s_prealloc_blocks;
	__u8   s_prealloc_dir_blocks;
	__le16 s_reserved_gdt_blocks;
	__u8   s_journal_uuid[16];
	__le32 s_journal_inum;
	__le32 s_journal_dev;
	__le32 s_last_orphan;
	__le32 s_hash_seed[4];
	__u8   s_def_hash_version;
	__u8   s_jnl_backup_type;
	__le16 s_desc_size;
	__le32 s_default_mount_opts;
	__le32 s_first_meta_bg;
	__le32 s_unused1[80];
	__le32 s_overhead_clusters;
	__le32 s_backup_bgs[2];
	__le32 s_unused2[107];
};

struct e2_group_desc {
	__le32 bg_block_bitmap;
	__le32 bg_inode_bitmap;
	__le32 bg_inode_table;
	__le16 bg_free_blocks_count;
	__le16 bg_free_inodes_count;
	__le16 bg_used_dirs_count;
	__le16 bg_pad;
	__le32 bg_reserved[3];
};

/* Slots of i_block: twelve data blocks, then one tree of each depth. */
#define E2_DIRECT_SLOTS		12
#define E2_IND_SLOT		12
#define E2_DIND_SLOT		13
#define E2_TIND_SLOT		14
#define E2_SLOTS		15
#define E2_FAST_SYMLINK_MAX	(E2_SLOTS * 4)

/* i_flags */
#define E2_FL_SECRM		0x00000001
#define E2_FL_UNRM		0x00000002
#define E2_FL_COMPR		0x00000004
#define E2_FL_SYNC		0x00000008
#define E2_FL_IMMUTABLE		0x00000010
#define E2_FL_APPEND		0x00000020
#define E2_FL_NODUMP		0x00000040
#define E2_FL_NOATIME		0x00000080
#define E2_FL_INDEX		0x00001000	/* hashed directory */
#define E2_FL_DIRSYNC		0x00010000
#define E2_FL_TOPDIR		0x00020000
/* What lsattr shows, what chattr may change, what a child inherits. */
#define E2_FL_USER_VISIBLE	0x0003DFFF
#define E2_FL_USER_MODIFIABLE	0x000380FF
#define E2_FL_INHERITED		(E2_FL_SECRM | E2_FL_UNRM | E2_FL_COMPR | \
				 E2_FL_SYNC | E2_FL_NODUMP | E2_FL_NOATIME | \
				 0x00008000 /* notail */ | E2_FL_DIRSYNC)
#define E2_FL_REG_MASK		(~(E2_FL_DIRSYNC | E2_FL_TOPDIR))
#define E2_FL_OTHER_MASK	(E2_FL_NODUMP | E2_FL_NOATIME)

struct e2_inode {
	__le16 i_mode;
	__le16 i_uid_low;
	__le32 i_size;
	__le32 i_atime;
	__le32 i_ctime;
	__le32 i_mtime;
	__le32 i_dtime;
	__le16 i_gid_low;
	__le16 i_links_count;
	__le32 i_blocks;		/* in units of 512 bytes */
	__le32 i_flags;
	__le32 i_translator;
	__le32 i_block[E2_SLOTS];
	__le32 i_generation;
	__le32 i_file_acl;		/* block of extended attributes */
	__le32 i_size_high;		/* of regular files */
	__le32 i_faddr;
	__u8   i_frag;
	__u8   i_fsize;
	__le16 i_pad;
	__le16 i_uid_high;
	__le16 i_gid_high;
	__le32 i_reserved;
};

#define E2_NAME_LEN		255
#define E2_DIRENT_HEAD		8
#define E2_DIRENT_ALIGN		4
#define E2_DIRENT_MIN		12	/* a name of one byte */

/* Size of an entry with a name of @len bytes. */
#define E2_DIRENT_SIZE(len) \
	(((len) + E2_DIRENT_HEAD + E2_DIRENT_ALIGN - 1) & ~(E2_DIRENT_ALIGN - 1))

struct e2_dirent {
	__le32 inode;			/* 0: the entry is free */
	__le16 rec_len;			/* distance to the next entry */
	__u8   name_len;
	__u8   file_type;		/* with the filetype feature, else 0 */
	char   name[];
};

#endif /* EXT2MFR_DISK_H */
