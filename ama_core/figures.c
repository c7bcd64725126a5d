// SPDX-License-Identifier: GPL-2.0
/*
 * What operations really needed, beside what they were promised: the figures by
 * which a demand table is judged.
 */
#include <linux/percpu.h>

#include "ama_core.h"

/* Raise a high-water mark; the common case only reads it. */
static void raise_mark(atomic_t *mark, unsigned int value)
{
	int old = atomic_read(mark);

	while (old < (int)value && !atomic_try_cmpxchg(mark, &old, value))
		;
}

/**
 * ama_client_raise_marks - note what a scope really needed, if it is the most so far
 * @scope: that is being closed
 */
void ama_client_raise_marks(const struct ama_scope *scope)
{
	struct ama_op_figures *figures = &scope->client->state->figures[scope->op];

	/* It took no grant, so there is nothing to compare with. */
	if (scope->on_demand)
		return;
	raise_mark(&figures->bound, scope->bound);
	raise_mark(&figures->allocated, scope->allocated);
	raise_mark(&figures->substituted, scope->substituted);
}

/**
 * ama_client_count_underrun - note that a scope's demand was too small
 * @scope: innermost scope of the task
 */
void ama_client_count_underrun(const struct ama_scope *scope)
{
	atomic_inc(&scope->client->state->figures[scope->op].underruns);
}
