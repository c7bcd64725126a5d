/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A mount under way: which options were chosen.
 */
#ifndef EXT2MFR_OPTIONS_H
#define EXT2MFR_OPTIONS_H

#include <linux/fs_parser.h>
#include "ext2mfr.h"

/* Options other than flags that the user named. */
#define E2M_CHOSE_ERRORS	0x01
#define E2M_CHOSE_RESUID	0x02
#define E2M_CHOSE_RESGID	0x04
#define E2M_CHOSE_SB		0x08
#define E2M_CHOSE_MFR		0x10
#define E2M_CHOSE_MFR_TIMEOUT	0x20

/**
 * struct e2m_fs_context - options of one mount or remount
 * @opt:          their values
 * @chosen_flags: members of opt.flags that the user named
 * @chosen:       E2M_CHOSE_*
 */
struct e2m_fs_context {
	struct e2m_options opt;
	unsigned int chosen_flags;
	unsigned int chosen;
};

extern const struct fs_parameter_spec ext2mfr_parameters[];
int e2m_parse_param(struct fs_context *fc, struct fs_parameter *param);
void e2m_default_options(struct e2m_options *opt, const struct e2_super *es);
void e2m_merge_options(struct e2m_options *opt,
		       const struct e2m_fs_context *ctx);
void e2m_show_options(struct seq_file *seq, struct super_block *sb);

#endif /* EXT2MFR_OPTIONS_H */
