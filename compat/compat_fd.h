/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct fd hides its file behind fd_file() since 6.12.
 */
#ifndef _COMPAT_FD_H
#define _COMPAT_FD_H

#include <linux/file.h>

#include "features.h"

#ifdef HAVE_FD_FILE
#define compat_fd_file(fd)	fd_file(fd)
#else
#define compat_fd_file(fd)	((fd).file)
#endif

#endif /* _COMPAT_FD_H */
