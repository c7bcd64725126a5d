// SPDX-License-Identifier: GPL-2.0
/*
 * Mount options: parsing, defaults that the superblock holds, and showing
 * them.
 */
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/seq_file.h>
#include "options.h"

enum {
	OPT_SB, OPT_ERRORS, OPT_RESUID, OPT_RESGID, OPT_MINIXDF, OPT_BSDDF,
	OPT_GRPID, OPT_NOGRPID, OPT_XATTR_USER, OPT_ACL, OPT_DISCARD,
	OPT_DEBUG, OPT_UID32, OPT_CHECK, OPT_IGNORED, OPT_MFR, OPT_MFR_TIMEOUT,
};

static const struct constant_table errors_names[] = {
	{ "continue",	E2M_ERRORS_CONTINUE },
	{ "remount-ro",	E2M_ERRORS_RO },
	{ "panic",	E2M_ERRORS_PANIC },
	{ }
};

static const struct constant_table mfr_names[] = {
	{ "wait",	AMA_WAIT },
	{ "fail",	AMA_FAIL },
	{ }
};

static const struct constant_table check_names[] = {
	{ "none",	0 },
	{ }
};

const struct fs_parameter_spec ext2mfr_parameters[] = {
	fsparam_u32("sb", OPT_SB),
	fsparam_enum("errors", OPT_ERRORS, errors_names),
	fsparam_u32("resuid", OPT_RESUID),
	fsparam_u32("resgid", OPT_RESGID),
	fsparam_flag("minixdf", OPT_MINIXDF),
	fsparam_flag("bsddf", OPT_BSDDF),
	fsparam_flag("grpid", OPT_GRPID),
	fsparam_flag("bsdgroups", OPT_GRPID),
	fsparam_flag("nogrpid", OPT_NOGRPID),
	fsparam_flag("sysvgroups", OPT_NOGRPID),
	fsparam_flag_no("user_xattr", OPT_XATTR_USER),
	fsparam_flag_no("acl", OPT_ACL),
	fsparam_flag_no("discard", OPT_DISCARD),
	fsparam_flag("debug", OPT_DEBUG),
	fsparam_enum("check", OPT_CHECK, check_names),
	fsparam_flag_no("uid32", OPT_UID32),
	/* Of other implementations, where they choose what is always so here. */
	fsparam_flag("nocheck", OPT_IGNORED),
	fsparam_flag("nobh", OPT_IGNORED),
	fsparam_flag("noquota", OPT_IGNORED),
	fsparam_flag_no("reservation", OPT_IGNORED),
	fsparam_flag("orlov", OPT_IGNORED),
	fsparam_flag("oldalloc", OPT_IGNORED),
	fsparam_enum("mfr", OPT_MFR, mfr_names),
	fsparam_u32("mfr_timeout", OPT_MFR_TIMEOUT),
	{ }
};

/* The user said @flag, or its opposite. */
static void choose(struct e2m_fs_context *ctx, unsigned int flag, bool on)
{
	ctx->chosen_flags |= flag;
	if (on)
		ctx->opt.flags |= flag;
	else
		ctx->opt.flags &= ~flag;
}

static int parse_owner(struct fs_context *fc, struct e2m_fs_context *ctx,
		       int opt, u32 id)
{
	if (opt == OPT_RESUID) {
		ctx->opt.resuid = make_kuid(current_user_ns(), id);
		if (!uid_valid(ctx->opt.resuid))
			return invalf(fc, "resuid=%u is no user here", id);
	} else {
		ctx->opt.resgid = make_kgid(current_user_ns(), id);
		if (!gid_valid(ctx->opt.resgid))
			return invalf(fc, "resgid=%u is no group here", id);
	}
	ctx->chosen |= opt == OPT_RESUID ? E2M_CHOSE_RESUID : E2M_CHOSE_RESGID;
	return 0;
}

/**
 * e2m_parse_param - take one mount option
 * @fc:    the mount
 * @param: the option
 *
 * Context: may sleep.
 * Return: 0 or an errno.
 */
int e2m_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct e2m_fs_context *ctx = fc->fs_private;
	struct fs_parse_result result;
	int opt = fs_parse(fc, ext2mfr_parameters, param, &result);

	switch (opt) {
	case OPT_SB:
		ctx->opt.sb_block = result.uint_32;
		ctx->chosen |= E2M_CHOSE_SB;
		return 0;
	case OPT_ERRORS:
		ctx->opt.errors = result.uint_32;
		ctx->chosen |= E2M_CHOSE_ERRORS;
		return 0;
	case OPT_RESUID:
	case OPT_RESGID:
		return parse_owner(fc, ctx, opt, result.uint_32);
	case OPT_MINIXDF:
	case OPT_BSDDF:
		choose(ctx, E2M_OPT_MINIXDF, opt == OPT_MINIXDF);
		return 0;
	case OPT_GRPID:
	case OPT_NOGRPID:
		choose(ctx, E2M_OPT_GRPID, opt == OPT_GRPID);
		return 0;
	case OPT_XATTR_USER:
		choose(ctx, E2M_OPT_XATTR_USER, !result.negated);
		return 0;
	case OPT_ACL:
		choose(ctx, E2M_OPT_ACL, !result.negated);
		return 0;
	case OPT_DISCARD:
		choose(ctx, E2M_OPT_DISCARD, !result.negated);
		return 0;
	case OPT_DEBUG:
		choose(ctx, E2M_OPT_DEBUG, true);
		return 0;
	case OPT_UID32:
		choose(ctx, E2M_OPT_NO_UID32, result.negated);
		return 0;
	case OPT_CHECK:
	case OPT_IGNORED:
		return 0;
	case OPT_MFR:
		ctx->opt.mfr.policy = result.uint_32;
		ctx->chosen |= E2M_CHOSE_MFR;
		return 0;
	case OPT_MFR_TIMEOUT:
		ctx->opt.mfr.timeout_ms = result.uint_32;
		ctx->chosen |= E2M_CHOSE_MFR_TIMEOUT;
		return 0;
	default:
		return opt;
	}
}

static enum e2m_errors super_errors(const struct e2_super *es)
{
	switch (le16_to_cpu(es->s_errors)) {
	case E2_ERRORS_PANIC:
		return E2M_ERRORS_PANIC;
	case E2_ERRORS_CONTINUE:
		return E2M_ERRORS_CONTINUE;
	default:
		return E2M_ERRORS_RO;
	}
}

/**
 * e2m_default_options - what holds when nothing was chosen
 * @opt: receives the options
 * @es:  superblock of the volume, checked
 *
 * Context: any.
 */
void e2m_default_options(struct e2m_options *opt, const struct e2_super *es)
{
	u32 defaults = le32_to_cpu(es->s_default_mount_opts);

	*opt = (struct e2m_options){
		.flags = E2M_OPT_XATTR_USER | E2M_OPT_ACL,
		.errors = super_errors(es),
		.resuid = make_kuid(&init_user_ns,
				    le16_to_cpu(es->s_def_resuid)),
		.resgid = make_kgid(&init_user_ns,
				    le16_to_cpu(es->s_def_resgid)),
		.sb_block = 1,
		.mfr = { .policy = AMA_WAIT },
	};
	if (defaults & E2_DEFM_BSDGROUPS)
		opt->flags |= E2M_OPT_GRPID;
	if (defaults & E2_DEFM_DEBUG)
		opt->flags |= E2M_OPT_DEBUG;
	if (defaults & E2_DEFM_UID16)
		opt->flags |= E2M_OPT_NO_UID32;
}

/**
 * e2m_merge_options - let what the user chose override what holds
 * @opt: options that hold
 * @ctx: what the user chose
 *
 * Context: any.
 */
void e2m_merge_options(struct e2m_options *opt,
		       const struct e2m_fs_context *ctx)
{
	opt->flags = (opt->flags & ~ctx->chosen_flags) |
		     (ctx->opt.flags & ctx->chosen_flags);
	if (ctx->chosen & E2M_CHOSE_ERRORS)
		opt->errors = ctx->opt.errors;
	if (ctx->chosen & E2M_CHOSE_RESUID)
		opt->resuid = ctx->opt.resuid;
	if (ctx->chosen & E2M_CHOSE_RESGID)
		opt->resgid = ctx->opt.resgid;
	if (ctx->chosen & E2M_CHOSE_SB)
		opt->sb_block = ctx->opt.sb_block;
	if (ctx->chosen & E2M_CHOSE_MFR)
		opt->mfr.policy = ctx->opt.mfr.policy;
	if (ctx->chosen & E2M_CHOSE_MFR_TIMEOUT)
		opt->mfr.timeout_ms = ctx->opt.mfr.timeout_ms;
}

static const char *name_of(const struct constant_table *table, int value)
{
	while (table->name && table->value != value)
		table++;
	return table->name;
}

/**
 * e2m_show_options - the options that hold, for /proc/mounts
 * @seq: where to
 * @sb:  the volume
 *
 * Context: may sleep.
 */
void e2m_show_options(struct seq_file *seq, struct super_block *sb)
{
	const struct e2m_options *opt = &E2M_SB(sb)->opt;
	struct e2m_options def;

	e2m_default_options(&def, E2M_SB(sb)->es);
	if (opt->sb_block != def.sb_block)
		seq_printf(seq, ",sb=%u", opt->sb_block);
	if (opt->errors != def.errors)
		seq_printf(seq, ",errors=%s",
			   name_of(errors_names, opt->errors));
	if (!uid_eq(opt->resuid, def.resuid))
		seq_printf(seq, ",resuid=%u",
			   from_kuid_munged(&init_user_ns, opt->resuid));
	if (!gid_eq(opt->resgid, def.resgid))
		seq_printf(seq, ",resgid=%u",
			   from_kgid_munged(&init_user_ns, opt->resgid));
	if (opt->flags & E2M_OPT_MINIXDF)
		seq_puts(seq, ",minixdf");
	if ((opt->flags ^ def.flags) & E2M_OPT_GRPID)
		seq_puts(seq, opt->flags & E2M_OPT_GRPID ? ",grpid" :
							   ",nogrpid");
	if ((opt->flags ^ def.flags) & E2M_OPT_NO_UID32)
		seq_puts(seq, opt->flags & E2M_OPT_NO_UID32 ? ",nouid32" :
							      ",uid32");
	if (!(opt->flags & E2M_OPT_XATTR_USER))
		seq_puts(seq, ",nouser_xattr");
	if (!(opt->flags & E2M_OPT_ACL))
		seq_puts(seq, ",noacl");
	if (opt->flags & E2M_OPT_DISCARD)
		seq_puts(seq, ",discard");
	if (opt->flags & E2M_OPT_DEBUG)
		seq_puts(seq, ",debug");
	seq_printf(seq, ",mfr=%s", name_of(mfr_names, opt->mfr.policy));
	if (opt->mfr.timeout_ms)
		seq_printf(seq, ",mfr_timeout=%u", opt->mfr.timeout_ms);
}
