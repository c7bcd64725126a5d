/* SPDX-License-Identifier: GPL-2.0 */
/*
 * __assign_str() lost its second argument in 6.10.
 */
#ifndef _COMPAT_TRACE_H
#define _COMPAT_TRACE_H

#include "features.h"

#ifdef HAVE_ASSIGN_STR_ONE_ARG
#define compat_assign_str(field, value)	__assign_str(field)
#else
#define compat_assign_str(field, value)	__assign_str(field, value)
#endif

#endif /* _COMPAT_TRACE_H */
