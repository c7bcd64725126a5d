/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ama

#if !defined(_AMA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _AMA_TRACE_H

#include <linux/tracepoint.h>

#include "compat_trace.h"

TRACE_EVENT(ama_scope_open,
	TP_PROTO(const char *client, const char *op, unsigned int bound,
		 bool inside, int err),
	TP_ARGS(client, op, bound, inside, err),
	TP_STRUCT__entry(
		__string(client, client)
		__string(op, op)
		__field(unsigned int, bound)
		__field(bool, inside)
		__field(int, err)
	),
	TP_fast_assign(
		compat_assign_str(client, client);
		compat_assign_str(op, op);
		__entry->bound = bound;
		__entry->inside = inside;
		__entry->err = err;
	),
	TP_printk("client=%s op=%s bound=%u inside=%d errno=%d",
		  __get_str(client), __get_str(op), __entry->bound,
		  __entry->inside, __entry->err)
);

TRACE_EVENT(ama_scope_close,
	TP_PROTO(const char *client, const char *op, unsigned int bound,
		 unsigned int allocated, unsigned int substituted),
	TP_ARGS(client, op, bound, allocated, substituted),
	TP_STRUCT__entry(
		__string(client, client)
		__string(op, op)
		__field(unsigned int, bound)
		__field(unsigned int, allocated)
		__field(unsigned int, substituted)
	),
	TP_fast_assign(
		compat_assign_str(client, client);
		compat_assign_str(op, op);
		__entry->bound = bound;
		__entry->allocated = allocated;
		__entry->substituted = substituted;
	),
	TP_printk("client=%s op=%s bound=%u allocated=%u substituted=%u",
		  __get_str(client), __get_str(op), __entry->bound,
		  __entry->allocated, __entry->substituted)
);

TRACE_EVENT(ama_wait_start,
	TP_PROTO(const char *pool, unsigned int pages),
	TP_ARGS(pool, pages),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(unsigned int, pages)
	),
	TP_fast_assign(
		compat_assign_str(pool, pool);
		__entry->pages = pages;
	),
	TP_printk("pool=%s pages=%u", __get_str(pool), __entry->pages)
);

TRACE_EVENT(ama_wait_finish,
	TP_PROTO(const char *pool, int err),
	TP_ARGS(pool, err),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(int, err)
	),
	TP_fast_assign(
		compat_assign_str(pool, pool);
		__entry->err = err;
	),
	TP_printk("pool=%s errno=%d", __get_str(pool), __entry->err)
);

TRACE_EVENT(ama_substitute,
	TP_PROTO(const char *client, const char *op, unsigned int order, gfp_t gfp),
	TP_ARGS(client, op, order, gfp),
	TP_STRUCT__entry(
		__string(client, client)
		__string(op, op)
		__field(unsigned int, order)
		__field(unsigned long, gfp)
	),
	TP_fast_assign(
		compat_assign_str(client, client);
		compat_assign_str(op, op);
		__entry->order = order;
		__entry->gfp = (__force unsigned long)gfp;
	),
	TP_printk("client=%s op=%s order=%u gfp=%#lx", __get_str(client),
		  __get_str(op), __entry->order, __entry->gfp)
);

TRACE_EVENT(ama_underrun,
	TP_PROTO(const char *client, const char *op, unsigned int order),
	TP_ARGS(client, op, order),
	TP_STRUCT__entry(
		__string(client, client)
		__string(op, op)
		__field(unsigned int, order)
	),
	TP_fast_assign(
		compat_assign_str(client, client);
		compat_assign_str(op, op);
		__entry->order = order;
	),
	TP_printk("client=%s op=%s order=%u", __get_str(client), __get_str(op),
		  __entry->order)
);

#endif /* _AMA_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
