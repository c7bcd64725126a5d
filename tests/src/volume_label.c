// SPDX-License-Identifier: GPL-2.0
/*
 * The label of a mounted volume, by its file system: e2label may read the device.
 *
 * usage: volume_label MOUNT_POINT
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	char label[FSLABEL_MAX] = "";
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFSLABEL, label)) {
		perror("volume_label");
		return 1;
	}
	puts(label);
	return 0;
}
