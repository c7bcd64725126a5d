#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A file system on the target under stress, while owners revoke and memory is
# short; afterwards the whole device is compared with what the cache serves.
# usage: files.sh FILESYSTEM SECONDS   (disk: /dev/vda)
# shellcheck source=tests/dmem/lib.sh
. "${0%/*}/lib.sh"
fs=$1 seconds=$2 stacked=
[ "$fs" != btrfs ] || stacked=1

make_fs() {
	case $fs in
	ext4) mkfs.ext4 -q -F -b 4096 "$1" ;;
	xfs) mkfs.xfs -q -f --unsupported "$1" ;;
	btrfs) mkfs.btrfs -q -f "$1" ;;
	ext2mfr) mkfs.ext2 -q -F -b 4096 "$1" ;;
	esac
}

# Read twice with the pages dropped between: the second time they are kept.
read_again() {
	for _ in 1 2; do
		cat /mnt/f1 >/dev/null || return 1
		drop_caches
	done
	cat /mnt/f1 >/dev/null
}

if [ "$fs" = ext2mfr ]; then
	insmod /modules/ama_core.ko
	insmod /modules/ext2mfr.ko
fi
load_dmem own=8M
insmod /modules/test/dmem_owner.ko period_us=2000 order=9
# btrfs does not say on which device it is.
make_target d /dev/vda ${stacked:+stacked}
make_fs /dev/mapper/d
if ! mount -t "$fs" /dev/mapper/d /mnt; then
	not_ok "$fs mounts on the target"
	exit 1
fi
check "$fs: every read equals the model, $seconds s" stress
sed 's/^/# /' /tmp/stress.[123]
sync
drop_caches
echo "# $(status d hit_blocks) blocks from the cache under stress"
check "$fs: a file is read again" read_again
above "$fs: blocks served from the cache" "$(status d hit_blocks)" 0
above "$fs: pages kept at eviction" "$(status d fills)" 0
umount /mnt
compare "$fs" d /dev/vda
above "$fs: rounds of the revoking owner" "$(cat /sys/kernel/debug/dmem_owner/rounds)" 10
same "$fs: revoked pages that changed" "$(cat /sys/kernel/debug/dmem_owner/violations)" 0
awk 'NR == 1 || $1 != ""' $debug/stores | sed 's/^/# /'
dmsetup status d | sed 's/^/# /'
check "$fs: the owner goes while the target stays" rmmod dmem_owner
dmsetup remove d
check "dmem unloads" rmmod dmem
finish
