#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# In a guest that counts instructions: what the target costs beside dm-linear,
# and what revoking costs. One file system stays mounted while the table below
# it is exchanged; linear and dmem take turns, DMEM_BENCH_ROUNDS times, since the
# layout of memory alone makes runs differ by a percent or two.
# Lines: "IO operation bytes setting nanoseconds", "REVOKE pages cached ns ns".
export DM_DISABLE_UDEV=1
disk=/dev/nullb1
size=131072
file=/mnt/file
rounds=${DMEM_BENCH_ROUNDS:-3}
PATH=$PATH:/surety-bin

table() {
	dmsetup load d --table "0 $size $*"
	dmsetup suspend d
	dmsetup resume d
}

drop_caches() {
	sync
	echo 1 >/proc/sys/vm/drop_caches
}

# Pages of a file that were written and evicted: cached.
fill() {
	dd if=/dev/zero bs=1M count="$2" 2>/dev/null | tr '\0' x >"$1"
	sync
	drop_caches
}

# Before each measurement the page cache is empty, since direct transfers pay for
# what they find there, and a small store is full of another file's blocks.
prepare() {
	drop_caches
	[ "$1" = dmem-hit ] || fill /mnt/other 8
}

# measure SETTING OPERATION MODE BYTES COUNT
measure() {
	prepare "$1"
	echo "IO $2-$3 $4 $1 $(dmem_io $file "$2" "$3" "$4" "$5")"
}

reads() {
	# Once unmeasured for warmth.
	dmem_io $file read direct 4096 100 >/dev/null
	measure "$1" read direct 4096 2000
	measure "$1" read direct 131072 200
	measure "$1" read buffered 4096 2000
	measure "$1" read buffered 131072 200
}

writes() {
	measure "$1" write direct 4096 2000
	measure "$1" write direct 131072 200
	measure "$1" write buffered 131072 200
}

# revoke PAGES: full of cached pages, then measured.
revoke() {
	fill /mnt/other 8
	echo "$1" >/sys/kernel/debug/dmem_owner/measure
	echo "REVOKE $(cat /sys/kernel/debug/dmem_owner/measured)"
}

# A disk in memory that costs as little as a driver can; only the layers above
# it are compared.
# For the buffer of direct transfers.
echo 1 >/proc/sys/vm/nr_hugepages
mount -t configfs configfs /sys/kernel/config 2>/dev/null
mem=/sys/kernel/config/nullb/nullb1
mkdir $mem
echo $((size / 2048)) >$mem/size
echo 4096 >$mem/blocksize
echo 1 >$mem/memory_backed
echo 1 >$mem/power

insmod /modules/dmem.ko
dmsetup create d --table "0 $size linear $disk 0"
mkfs.ext4 -q -F -b 4096 -O ^has_journal /dev/mapper/d
mkdir -p /mnt
mount -t ext4 -o noatime /dev/mapper/d /mnt || exit 1
fill $file 28
fill /mnt/other 8

table dmem $disk 0
reads dmem-no-store
writes dmem-no-store

insmod /modules/test/dmem_owner.ko order=10
for _ in $(seq "$rounds"); do
	table linear $disk 0
	reads linear
	writes linear
	table dmem $disk 0
	reads dmem-miss
	writes dmem-miss
done
for pages in 1 16 64 255 256 1024; do
	revoke $pages
done
rmmod dmem_owner
umount /mnt
dmsetup remove d
rmmod dmem

# A store that holds the whole file.
insmod /modules/dmem.ko own=40M
dmsetup create d --table "0 $size dmem $disk 0"
mount -t ext4 -o noatime /dev/mapper/d /mnt
fill $file 28
reads dmem-hit
cat /sys/kernel/debug/dmem/stores | sed 's/^/# /'
dmsetup status d | sed 's/^/# /'
