// SPDX-License-Identifier: GPL-2.0
/*
 * What is said about a volume, and what is done when it proves corrupt or its
 * device fails: carry on, become read-only or stop the machine, as errors= chose.
 *
 * Nothing here allocates or sleeps: a report is made where things went wrong.
 */
#include <linux/ratelimit.h>
#include "ext2mfr.h"

/**
 * e2m_msg - say something about a volume
 * @sb:    the volume
 * @level: KERN_CRIT, KERN_ERR or KERN_WARNING
 * @fmt:   what to say, without a newline
 *
 * Context: any.
 */
void e2m_msg(struct super_block *sb, const char *level, const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	switch (printk_get_level(level)) {
	case '2':
		pr_crit(E2M_NAME " (%s): %pV\n", sb->s_id, &vaf);
		break;
	case '3':
		pr_err(E2M_NAME " (%s): %pV\n", sb->s_id, &vaf);
		break;
	default:
		pr_warn(E2M_NAME " (%s): %pV\n", sb->s_id, &vaf);
	}
	va_end(args);
}

/* The superblock is marked in memory and goes out with the next writeback:
 * whoever reports may hold any lock.
 */
static void mark_errors(struct e2m_sb *sbi)
{
	sbi->errors_seen++;
	sbi->mount_state |= E2_STATE_ERRORS;
	if (sb_rdonly(sbi->vfs_sb))
		return;
	sbi->es->s_state |= cpu_to_le16(E2_STATE_ERRORS);
	e2m_meta_dirty(sbi->sb_bh, NULL);
}

/**
 * e2m_report - the volume is corrupt, or its device fails
 * @sb:    the volume
 * @inode: the inode concerned, or NULL
 * @func:  function that found it
 * @fmt:   what was found, without a newline
 *
 * Context: any but interrupts.
 */
void e2m_report(struct super_block *sb, const struct inode *inode,
		const char *func, const char *fmt, ...)
{
	struct e2m_sb *sbi = E2M_SB(sb);
	struct va_format vaf;
	va_list args;

	mark_errors(sbi);
	if (sbi->opt.errors == E2M_ERRORS_PANIC || __ratelimit(&sbi->report_limit)) {
		va_start(args, fmt);
		vaf.fmt = fmt;
		vaf.va = &args;
		pr_err(E2M_NAME " (%s): %s: inode %lu: %pV\n", sb->s_id, func,
		       inode ? inode->i_ino : 0, &vaf);
		va_end(args);
	}
	if (sbi->opt.errors == E2M_ERRORS_PANIC)
		panic(E2M_NAME " (%s): an error, mounted with errors=panic\n",
		      sb->s_id);
	if (sbi->opt.errors == E2M_ERRORS_RO && !sb_rdonly(sb)) {
		e2m_msg(sb, KERN_CRIT, "read-only from now, as errors= wants");
		sb->s_flags |= SB_RDONLY;
	}
}
