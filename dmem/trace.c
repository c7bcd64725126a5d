// SPDX-License-Identifier: GPL-2.0
/* The trace points' own code. */
#define CREATE_TRACE_POINTS
#include "trace.h"
