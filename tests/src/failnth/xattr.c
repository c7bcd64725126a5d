// SPDX-License-Identifier: GPL-2.0
/*
 * Extended attributes: of "a", by name, by name without following, and open.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "failnth.h"

#define NAME	"user.nth"
#define VALUE	"value"

static char got[256];
static long length;

static void a_attr(void)
{
	file_a_open();
	setxattr("a", NAME, VALUE, strlen(VALUE), 0);
	memset(got, 0, sizeof(got));
	length = -1;
}

static bool has_value(void)
{
	char value[16];

	return getxattr("a", NAME, value, sizeof(value)) == (long)strlen(VALUE) &&
	       !memcmp(value, VALUE, strlen(VALUE));
}

static bool has_none(void)
{
	return getxattr("a", NAME, NULL, 0) == -1 && errno == ENODATA;
}

static bool told_value(void)
{
	return length == (long)strlen(VALUE) && !memcmp(got, VALUE, length);
}

/* The list ends with a zero. */
static bool told_name(void)
{
	return length == (long)sizeof(NAME) && !memcmp(got, NAME, length);
}

static long keep(long result)
{
	return length = result;
}

static long do_setxattr(void) { return setxattr("a", NAME, VALUE, strlen(VALUE), 0); }
static long do_lsetxattr(void) { return lsetxattr("a", NAME, VALUE, strlen(VALUE), 0); }
static long do_fsetxattr(void) { return fsetxattr(fd, NAME, VALUE, strlen(VALUE), 0); }
static long do_getxattr(void) { return keep(getxattr("a", NAME, got, sizeof(got))); }
static long do_lgetxattr(void) { return keep(lgetxattr("a", NAME, got, sizeof(got))); }
static long do_fgetxattr(void) { return keep(fgetxattr(fd, NAME, got, sizeof(got))); }
static long do_listxattr(void) { return keep(listxattr("a", got, sizeof(got))); }
static long do_llistxattr(void) { return keep(llistxattr("a", got, sizeof(got))); }
static long do_flistxattr(void) { return keep(flistxattr(fd, got, sizeof(got))); }
static long do_removexattr(void) { return removexattr("a", NAME); }
static long do_lremovexattr(void) { return lremovexattr("a", NAME); }
static long do_fremovexattr(void) { return fremovexattr(fd, NAME); }

const struct kase xattr_cases[] = {
	{ "setxattr", file_a_open, do_setxattr, has_value, clean, 0 },
	{ "lsetxattr", file_a_open, do_lsetxattr, has_value, clean, 0 },
	{ "fsetxattr", file_a_open, do_fsetxattr, has_value, clean, 0 },
	{ "getxattr", a_attr, do_getxattr, told_value, clean, 0 },
	{ "lgetxattr", a_attr, do_lgetxattr, told_value, clean, 0 },
	{ "fgetxattr", a_attr, do_fgetxattr, told_value, clean, 0 },
	{ "listxattr", a_attr, do_listxattr, told_name, clean, 0 },
	{ "llistxattr", a_attr, do_llistxattr, told_name, clean, 0 },
	{ "flistxattr", a_attr, do_flistxattr, told_name, clean, 0 },
	{ "removexattr", a_attr, do_removexattr, has_none, clean, 0 },
	{ "lremovexattr", a_attr, do_lremovexattr, has_none, clean, 0 },
	{ "fremovexattr", a_attr, do_fremovexattr, has_none, clean, 0 },
	{ NULL, NULL, NULL, NULL, NULL, 0 }
};
