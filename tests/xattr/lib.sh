# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034
# Helpers of the guest scripts of this group. The disk is /dev/vda, the volume
# is mounted on /mnt.
# shellcheck source-path=SCRIPTDIR/..
. "${0%/*}/../lib.sh"
disk=/dev/vda
PATH=$PATH:/surety-bin
debug=/sys/kernel/debug

# make BLOCK_SIZE [SIZE]: an empty volume whose inodes are small, so that ext4.ko
# keeps attributes where ext2 does.
make() {
	block=$1
	mke2fs -q -F -t ext2 -b "$block" -I 128 -N 4000 "$disk" ${2:+"$2"} 2>/dev/null || exit 3
}

attach() {
	mount -t "${1:-ext2mfr}" ${2:+-o "$2"} "$disk" /mnt || exit 3
}

# Unmounted, is the volume sound?
sound() {
	umount /mnt || exit 3
	check "$1: e2fsck finds nothing" e2fsck -fn "$disk"
}

# The number of the block that holds the attributes of /mnt/$1.
block_of() {
	debugfs -R "stat $1" "$disk" 2>/dev/null | sed -n 's/.*File ACL: \([0-9]*\).*/\1/p'
}

# refs BLOCK: its count of references, on the disk.
refs() {
	od -An -tu4 -j $(($1 * block + 4)) -N 4 "$disk" | tr -d ' '
}

# A value of $1 bytes, the same for the same $2.
value() {
	yes "value-$2-" | tr -d '\n' | head -c "$1"
}

free_blocks() {
	sync
	stat -f -c %f /mnt
}

underruns() {
	cat $debug/ama/underruns
}

# load GUARD: the modules, with what is to be guarded.
load() {
	insmod /modules/ama_core.ko guard="$1" && insmod /modules/ext2mfr.ko || exit 3
}
