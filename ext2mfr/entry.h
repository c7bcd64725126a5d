/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every entry from the VFS is one function named ext2mfr_OPERATION: it opens
 * the scope of its operation, calls what does the work, closes the scope.
 */
#ifndef EXT2MFR_ENTRY_H
#define EXT2MFR_ENTRY_H

#include "demand.h"

static inline int e2m_enter_call(struct ama_scope *scope,
				 const struct super_block *sb, enum e2m_op op,
				 size_t bytes,
				 const struct ama_admission *admission)
{
	struct ama_call call = e2m_call(sb, bytes);

	return ama_scope_open(scope, &ext2mfr_client, op, &call, admission);
}

/* Open a scope; an error is the operation's result. */
static inline int e2m_enter(struct ama_scope *scope,
			    const struct super_block *sb, enum e2m_op op,
			    size_t bytes)
{
	return e2m_enter_call(scope, sb, op, bytes, &E2M_SB(sb)->opt.mfr);
}

/* Has the gate's scope all that the operation can need? */
static inline bool e2m_covered(const struct super_block *sb, enum e2m_op op,
			       size_t bytes)
{
	return ama_scope_covers(&ext2mfr_client, op, sb, sb->s_blocksize_bits, bytes);
}

/* Open the scope of what cannot be refused: it is others' progress, or done already. */
static inline bool e2m_enter_unrefused(struct ama_scope *scope,
				       const struct super_block *sb,
				       enum e2m_op op)
{
	return !e2m_enter_call(scope, sb, op, 0, NULL);
}

static inline void e2m_leave(struct ama_scope *scope)
{
	ama_scope_close(scope);
}

#endif /* EXT2MFR_ENTRY_H */
