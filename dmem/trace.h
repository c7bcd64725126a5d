/* SPDX-License-Identifier: GPL-2.0 */
/* Trace points of dmem. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dmem

#if !defined(_DMEM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DMEM_TRACE_H

#include <linux/tracepoint.h>

#include "dmem.h"

/* A key was looked for (load) or offered (store). */
DECLARE_EVENT_CLASS(dmem_page,
	TP_PROTO(const struct dmem_key *key, bool done),
	TP_ARGS(key, done),
	TP_STRUCT__entry(
		__field(u32, cookie)
		__field(u64, object)
		__field(u64, block)
		__field(bool, done)
	),
	TP_fast_assign(
		__entry->cookie = key->cookie;
		__entry->object = key->object;
		__entry->block = key->block;
		__entry->done = done;
	),
	TP_printk("cookie=%u object=%llu block=%llu done=%d",
		  __entry->cookie, __entry->object, __entry->block,
		  __entry->done)
);

DEFINE_EVENT(dmem_page, dmem_load,
	TP_PROTO(const struct dmem_key *key, bool done),
	TP_ARGS(key, done)
);

DEFINE_EVENT(dmem_page, dmem_store,
	TP_PROTO(const struct dmem_key *key, bool done),
	TP_ARGS(key, done)
);

TRACE_EVENT(dmem_lend,
	TP_PROTO(const char *store, unsigned long first, unsigned long nr,
		 unsigned long lent),
	TP_ARGS(store, first, nr, lent),
	TP_STRUCT__entry(
		__array(char, store, DMEM_NAME_LEN)
		__field(unsigned long, first)
		__field(unsigned long, nr)
		__field(unsigned long, lent)
	),
	TP_fast_assign(
		strscpy(__entry->store, store, DMEM_NAME_LEN);
		__entry->first = first;
		__entry->nr = nr;
		__entry->lent = lent;
	),
	TP_printk("store=%s first=%lu nr=%lu lent=%lu", __entry->store,
		  __entry->first, __entry->nr, __entry->lent)
);

TRACE_EVENT(dmem_revoke_start,
	TP_PROTO(const char *store, unsigned long first, unsigned long nr),
	TP_ARGS(store, first, nr),
	TP_STRUCT__entry(
		__array(char, store, DMEM_NAME_LEN)
		__field(unsigned long, first)
		__field(unsigned long, nr)
	),
	TP_fast_assign(
		strscpy(__entry->store, store, DMEM_NAME_LEN);
		__entry->first = first;
		__entry->nr = nr;
	),
	TP_printk("store=%s first=%lu nr=%lu", __entry->store, __entry->first,
		  __entry->nr)
);

TRACE_EVENT(dmem_revoke_finish,
	TP_PROTO(const char *store, unsigned long first, unsigned long nr,
		 unsigned long discarded, bool waited),
	TP_ARGS(store, first, nr, discarded, waited),
	TP_STRUCT__entry(
		__array(char, store, DMEM_NAME_LEN)
		__field(unsigned long, first)
		__field(unsigned long, nr)
		__field(unsigned long, discarded)
		__field(bool, waited)
	),
	TP_fast_assign(
		strscpy(__entry->store, store, DMEM_NAME_LEN);
		__entry->first = first;
		__entry->nr = nr;
		__entry->discarded = discarded;
		__entry->waited = waited;
	),
	TP_printk("store=%s first=%lu nr=%lu discarded=%lu waited=%d",
		  __entry->store, __entry->first, __entry->nr,
		  __entry->discarded, __entry->waited)
);

#endif /* _DMEM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
