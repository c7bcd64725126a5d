# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Helpers of ext2mfr's tests in the guest. Disk /dev/vda is scratch.
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh

disk=/dev/vda
at=/tmp/mnt
mkdir -p "$at"

# make_volume SIZE MKE2FS-OPTIONS...
make_volume() {
	volume_size=$1
	shift
	umount "$at" 2>/dev/null
	mke2fs -q -F "$@" "$disk" "$volume_size" 2>&1
}

# mount_as TYPE [OPTIONS]
mount_as() {
	mount -t "$1" -o "${2:-rw}" "$disk" "$at"
}

consistent() {
	e2fsck -fn "$disk"
}

# An inode's block pointer leads into the inode table.
damaged() {
	make_volume 8M -t ext2 -b 1024 && mount_as ext2mfr && mkdir "$at/dir" &&
		echo some >"$at/dir/file" && umount "$at" &&
		debugfs -w -R 'set_inode_field /dir block[0] 3' "$disk" 2>/dev/null
}

# Names, types, modes, owners, sizes, links, times and contents of a tree. ext4.ko
# keeps fractions of seconds in large inodes, where ext2 knows of none.
describe() {
	(
		cd "$1" || exit 1
		find . -not -path './lost+found*' \
			-printf '%p %y %m %U %G %n %T@ %l' \
			\( -type f -printf ' %s' -o -true \) -printf '\n' |
			sed 's/\.[0-9]\{10\}//' | sort
		find . -type f -print0 | sort -z | xargs -0 -r md5sum
	)
}
