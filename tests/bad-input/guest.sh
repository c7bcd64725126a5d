#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In the guest: what cannot be mounted or loaded is refused with an errno and one
# line in the log, and nothing stays behind.
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh

mkdir -p /tmp/images /tmp/here
cd /tmp/images || exit 1

# said: what the kernel said since the last forget.
forget() {
	dmesg -C
}

said() {
	dmesg | sed 's/^\[[^]]*\] //'
}

# mount_refused DESCRIPTION MESSAGE IMAGE [OPTIONS]: one line, by ext2mfr or by
# the VFS on its behalf, says why.
mount_refused() {
	what=$1 message=$2 image=$3 options=$4
	device=$(losetup -f --show "$image") || { not_ok "$what: no device"; return; }
	forget
	if mount -t ext2mfr ${options:+-o "$options"} "$device" /tmp/here 2>/tmp/mount.log; then
		not_ok "$what: mounted"
		umount /tmp/here
	else
		ok "$what: refused"
	fi
	lines=$(said | grep -E '^ext2mfr|surety|:ext2mfr')
	check_has "$what: the log says why" "$message" "$lines"
	check_is "$what: in one line" 1 "$(printf '%s\n' "$lines" | grep -c .)"
	losetup -d "$device"
}

good_image() {
	truncate -s 8M "$1"
	mke2fs -q -F -t ext2 -b 1024 "$1"
}

images() {
	truncate -s 1M zeroes
	mount_refused "a file of zeroes" 'no ext2 volume' zeroes
	seq 1 200000 | head -c 1M >text
	mount_refused "a text" 'no ext2 volume' text
	truncate -s 512 tiny
	mount_refused "half a kilobyte" 'no superblock at 1 KiB' tiny
	truncate -s 320M xfs && mkfs.xfs -q xfs
	mount_refused "an XFS image" 'no ext2 volume' xfs
	truncate -s 8M ext4 && mke2fs -q -F -t ext4 ext4
	mount_refused "an ext4 image" 'unknown incompatible features' ext4
	good_image cut && truncate -s 5M cut
	mount_refused "a truncated image" 'blocks on a device of' cut
	truncate -s 1536 cut
	mount_refused "an image cut in its superblock" 'no superblock at 1 KiB' cut
}

options() {
	good_image good
	before=$(cksum <good)
	mount_refused "an unknown option" "Unknown parameter 'frobnicate'" good frobnicate
	mount_refused "an unknown word for errors=" "Bad value for 'errors'" good errors=maybe
	mount_refused "an unknown policy" "Bad value for 'mfr'" good mfr=perhaps
	mount_refused "a number that is none" "Bad value for 'resuid'" good resuid=12x
	mount_refused "a superblock past the end" 'no superblock at' good sb=100000
	check_is "the image is as it was" "$before" "$(cksum <good)"
	device=$(losetup -f --show good)
	check "it is still good to mount" mount -t ext2mfr "$device" /tmp/here
	check_not "remounting with an unknown option" mount -o remount,frobnicate /tmp/here
	check "leaves it usable" touch /tmp/here/file
	check "and it unmounts" umount /tmp/here
	losetup -d "$device"
	check "e2fsck agrees" e2fsck -fn good
}

# The kernel loads a module in spite of a parameter that it does not know.
parameters() {
	for module in ext2mfr gcma dmem ama_core; do
		[ -e "/modules/$module.ko" ] || continue
		check "$module unloads after all this" rmmod "$module"
	done
	for module in ama_core ext2mfr dmem gcma; do
		[ -e "/modules/$module.ko" ] || continue
		forget
		insmod "/modules/$module.ko" frobnicate=1
		check_is "$module: a parameter that it does not have is named in one line" \
			"$module: unknown parameter 'frobnicate' ignored" "$(said | grep frobnicate)"
	done
	rmmod gcma dmem ext2mfr ama_core 2>/dev/null
	for bad in 'ama_core guard=maybe' 'ama_core reserve_pages=many' 'dmem own=lots' 'gcma areas=nonsense'; do
		module=${bad%% *}
		[ -e "/modules/$module.ko" ] || continue
		[ "$module" != gcma ] || insmod /modules/dmem.ko
		forget
		check_not "$bad does not load" insmod "/modules/$module.ko" "${bad#* }"
		check_has "$bad: the log names the value" "$module: .*${bad#*=}" "$(said)"
		# The kernel's own line about a value is not ours to leave out.
		check "$bad: in one line" test "$(said | grep "$module" | grep -vc 'invalid for parameter')" -le 1
		check_not "$bad: nothing is left" grep -q "^$module " /proc/modules
	done
}

modprobe loop || exit 1
images
options
parameters
finish
