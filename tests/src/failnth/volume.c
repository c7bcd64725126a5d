// SPDX-License-Identifier: GPL-2.0
/*
 * The file system as a whole. A second volume is mounted on "d", by its own device.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "failnth.h"

static struct statfs status;

static void root_open(void)
{
	memset(&status, 0, sizeof(status));
	fd = open(".", O_RDONLY | O_DIRECTORY);
	must(fd != -1, "open directory");
}

static long do_statfs(void) { return statfs(".", &status); }
static long do_fstatfs(void) { return fstatfs(fd, &status); }

static bool told_volume(void)
{
	return status.f_type == EXT2_SUPER_MAGIC && status.f_bsize == 1024 &&
	       status.f_blocks > status.f_bfree && status.f_bfree > 0;
}

static void mount_with(unsigned long flags)
{
	must(!mkdir("d", 0700), "mkdir d");
	must(!mount(mount_device, "d", mount_type, flags, mount_options), "mount");
}

static void mounted(void) { mount_with(0); }
static void mounted_readonly(void) { mount_with(MS_RDONLY); }

static bool is_mounted(void)
{
	return !access("d/lost+found", F_OK);
}

static bool is_unmounted(void)
{
	return !is_mounted();
}

static bool is_readonly(void)
{
	struct statvfs now;

	return is_mounted() && !statvfs("d", &now) && now.f_flag & ST_RDONLY;
}

static bool is_writable(void)
{
	return is_mounted() && !is_readonly() && !mkdir("d/new", 0700) &&
	       !rmdir("d/new");
}

static long do_mount(void) { return mount(mount_device, "d", mount_type, 0, mount_options); }
static long do_umount(void) { return umount("d"); }

static long do_remount_ro(void)
{
	return mount(NULL, "d", NULL, MS_REMOUNT | MS_RDONLY, mount_options);
}

static long do_remount_rw(void)
{
	return mount(NULL, "d", NULL, MS_REMOUNT, mount_options);
}

static void unmount(void)
{
	umount("d");
	clean();
}

const struct kase volume_cases[] = {
	{ "statfs", root_open, do_statfs, told_volume, clean, 0 },
	{ "fstatfs", root_open, do_fstatfs, told_volume, clean, 0 },
	{ "mount", dir_d, do_mount, is_mounted, unmount, MOUNTS },
	{ "umount", mounted, do_umount, is_unmounted, unmount, MOUNTS },
	{ "remount (read-only)", mounted, do_remount_ro, is_readonly, unmount, MOUNTS },
	{ "remount (read-write)", mounted_readonly, do_remount_rw, is_writable, unmount, MOUNTS },
	{ NULL, NULL, NULL, NULL, NULL, 0 }
};
