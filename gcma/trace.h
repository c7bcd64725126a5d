/* SPDX-License-Identifier: GPL-2.0 */
/* Trace points of gcma: an allocation's start and finish, a release. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM gcma

#if !defined(_GCMA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _GCMA_TRACE_H

#include <linux/tracepoint.h>

#include "gcma.h"

TRACE_EVENT(gcma_alloc_start,
	TP_PROTO(const struct gcma_area *area, unsigned long nr_pages,
		 unsigned int align),
	TP_ARGS(area, nr_pages, align),
	TP_STRUCT__entry(
		__array(char, area, GCMA_NAME_LEN)
		__field(unsigned long, nr_pages)
		__field(unsigned int, align)
	),
	TP_fast_assign(
		memcpy(__entry->area, area->name, GCMA_NAME_LEN);
		__entry->nr_pages = nr_pages;
		__entry->align = align;
	),
	TP_printk("area=%s nr_pages=%lu align=%u", __entry->area,
		  __entry->nr_pages, __entry->align)
);

TRACE_EVENT(gcma_alloc_finish,
	TP_PROTO(const struct gcma_area *area, unsigned long pfn,
		 unsigned long nr_pages, unsigned int align,
		 unsigned long prezeroed, u64 ns, int error),
	TP_ARGS(area, pfn, nr_pages, align, prezeroed, ns, error),
	TP_STRUCT__entry(
		__array(char, area, GCMA_NAME_LEN)
		__field(unsigned long, pfn)
		__field(unsigned long, nr_pages)
		__field(unsigned int, align)
		__field(unsigned long, prezeroed)
		__field(u64, ns)
		__field(int, error)
	),
	TP_fast_assign(
		memcpy(__entry->area, area->name, GCMA_NAME_LEN);
		__entry->pfn = pfn;
		__entry->nr_pages = nr_pages;
		__entry->align = align;
		__entry->prezeroed = prezeroed;
		__entry->ns = ns;
		__entry->error = error;
	),
	TP_printk("area=%s pfn=0x%lx nr_pages=%lu align=%u prezeroed=%lu ns=%llu error=%d",
		  __entry->area, __entry->pfn, __entry->nr_pages,
		  __entry->align, __entry->prezeroed, __entry->ns,
		  __entry->error)
);

TRACE_EVENT(gcma_release,
	TP_PROTO(const struct gcma_area *area, unsigned long pfn,
		 unsigned long nr_pages, int error),
	TP_ARGS(area, pfn, nr_pages, error),
	TP_STRUCT__entry(
		__array(char, area, GCMA_NAME_LEN)
		__field(unsigned long, pfn)
		__field(unsigned long, nr_pages)
		__field(int, error)
	),
	TP_fast_assign(
		memcpy(__entry->area, area->name, GCMA_NAME_LEN);
		__entry->pfn = pfn;
		__entry->nr_pages = nr_pages;
		__entry->error = error;
	),
	TP_printk("area=%s pfn=0x%lx nr_pages=%lu error=%d", __entry->area,
		  __entry->pfn, __entry->nr_pages, __entry->error)
);

#endif /* _GCMA_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
