/* SPDX-License-Identifier: GPL-2.0 */
/* Free pages that hold zeros; see zero.c. */
#ifndef _GCMA_ZERO_H
#define _GCMA_ZERO_H

#include "gcma.h"

int gcma_zero_init(struct gcma_area *area);
void gcma_zero_destroy(struct gcma_area *area);
int gcma_zero_start(struct gcma_area *area);
void gcma_zero_stop(struct gcma_area *area);

unsigned int gcma_zero_default(void);
int gcma_zero_set_percent(struct gcma_area *area, unsigned int percent);
void gcma_zero_kick(struct gcma_area *area);

u32 gcma_zero_weight(const struct gcma_area *area, u32 start, u32 nr);
u32 gcma_zero_take(struct gcma_area *area, u32 start, u32 nr);
void gcma_zero_forget(struct gcma_area *area, u32 start, u32 nr);
void gcma_zero_rest(struct gcma_area *area, u32 start, u32 nr, bool may_sleep);
void gcma_zero_lend_rest(struct gcma_area *area, u32 start, u32 nr);

#endif /* _GCMA_ZERO_H */
