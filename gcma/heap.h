/* SPDX-License-Identifier: GPL-2.0 */
/* DMA-BUF heaps; see heap.c and buffer.c. */
#ifndef _GCMA_HEAP_H
#define _GCMA_HEAP_H

#include <linux/types.h>

struct dma_buf;
struct gcma_area;
struct gcma_heap;
struct seq_file;

struct gcma_heap *gcma_heap_add(struct gcma_area *area);
void gcma_heap_remove(struct gcma_heap *heap);

struct dma_buf *gcma_buffer_export(struct gcma_area *area, size_t len,
				   u32 fd_flags);
void gcma_buffers_show(struct gcma_area *area, struct seq_file *seq);

#endif /* _GCMA_HEAP_H */
