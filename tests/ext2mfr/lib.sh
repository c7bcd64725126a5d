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

# The volume on a device that can be switched under it.
dm=/dev/mapper/e2m

# mount_switchable [OPTIONS]
mount_switchable() {
	dmsetup create e2m --table "0 $(blockdev --getsz "$disk") linear $disk 0" &&
		dmsetup mknodes && mount -t ext2mfr -o "${1:-rw}" "$dm" "$at"
}

# switch_device: to the table that is read, at once.
switch_device() {
	dmsetup load e2m && dmsetup suspend --noflush --nolockfs e2m && dmsetup resume e2m
}

# device KIND ARGUMENTS...: all of it.
device() {
	device_kind=$1
	shift
	echo "0 $(blockdev --getsz "$disk") $device_kind $*" | switch_device
}

# fail_block SIZE NUMBER: that block can be neither read nor written, all others can.
fail_block() {
	sectors=$(($1 / 512))
	first=$(($2 * sectors))
	next=$((first + sectors))
	switch_device <<-EOF
		0 $first linear $disk 0
		$first $sectors error
		$next $(($(blockdev --getsz "$disk") - next)) linear $disk $next
	EOF
}

# Nothing gets to the disk any more.
freeze_device() {
	device flakey "$disk 0 0 3600 1 drop_writes"
}

# fails_with MESSAGE COMMAND...: it fails, and says so.
fails_with() {
	expected=$1
	shift
	if "$@" >/dev/null 2>/tmp/said; then
		echo "did not fail: $*"
		return 1
	fi
	grep -q "$expected" /tmp/said || { cat /tmp/said; return 1; }
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

# ext4.ko keeps fractions of seconds in large inodes, where ext2 knows of none.
whole_seconds() {
	sed 's/\.[0-9]\{10\}//g' | sort
}

# Names, types, modes, owners, links, times, blocks, sizes, devices and contents of a
# tree.
describe() {
	(
		cd "$1" || exit 1
		find . -not -path './lost+found*' \
			-printf '%p %y %m %U %G %n %T@ %C@ %b %l' \
			\( -type f -printf ' %s' -o -true \) -printf '\n' |
			whole_seconds
		find . \( -type b -o -type c \) -exec stat -c '%n %t:%T' {} + | sort
		find . -type f -print0 | sort -z | xargs -0 -r md5sum
	)
}
