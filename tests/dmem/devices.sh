#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The target as a device: table lines, stacking, odd sizes, failing writes, live
# insertion and removal, and whose pages must never be cached.
# usage: devices.sh   (disk: /dev/vda)
# shellcheck source=tests/dmem/lib.sh
. "${0%/*}/lib.sh"
disk=/dev/vda
size=$(sectors $disk)

make() {
	dmsetup create "$1" --table "$2"
}

table_lines() {
	check_not "no offset" make bad "0 $size dmem $disk"
	check_not "an offset that is no number" make bad "0 $size dmem $disk 1x"
	check_not "a device that does not exist" make bad "0 $size dmem /dev/none 0"
	check_not "an unknown option" make bad "0 $size dmem $disk 0 1 sweep"
	check_not "fewer options than announced" make bad "0 $size dmem $disk 0 2 swap"
	check_not "more options than announced" make bad "0 $size dmem $disk 0 1 swap stacked"
	check_not "past the end of the device" make bad "0 $((size + 8)) dmem $disk 0"
	make_target d $disk swap inclusive stacked off
	same "the table line is given back" "$(dmsetup table d | cut -d' ' -f5-)" \
		"0 4 swap inclusive stacked off"
	check "message mode on" dmsetup message d 0 mode on
	same "mode" "$(status d mode)" on
	check_not "message mode maybe" dmsetup message d 0 mode maybe
	check_not "an unknown message" dmsetup message d 0 purge
	check "message drop" dmsetup message d 0 drop
	check "message reset_stats" dmsetup message d 0 reset_stats
	same "reads after reset_stats" "$(status d reads)" 0
	dmsetup remove d
	check_not "own=0" load_again own=0
	check_not "own=9999G" load_again own=9999G
	check_not "own=4Q" load_again own=4Q
	check_not "policy=best" load_again policy=best
	load_dmem own=16M
}

load_again() {
	rmmod dmem 2>/dev/null
	insmod /modules/dmem.ko "$@"
}

# keep_file DEVICE WHAT: a file system, of whose new file all is kept by the target d.
keep_file() {
	mkfs.ext4 -q -F -b 4096 "$1"
	mount "$1" /mnt
	fill_cache /mnt/f 4
	above "$2: pages kept" "$(status d fills)" 1000
}

# read_from_cache WHAT: likewise on the target, and read from there; /tmp/f is what was read.
read_from_cache() {
	keep_file /dev/mapper/d "$1"
	before=$(status d hit_blocks)
	cp /mnt/f /tmp/f
	same "$1: blocks from the cache" "$(($(status d hit_blocks) - before))" 1024
}

# The top of a stack decides what is in a page; see the option "stacked".
stacking() {
	make low "0 $((size - 2048)) linear $disk 2048"
	make_target d /dev/mapper/low
	read_from_cache "above a linear device"
	dd if=/mnt/f of=/tmp/direct bs=1M iflag=direct 2>/dev/null
	check "above a linear device: same contents" cmp /tmp/f /tmp/direct
	drop_caches
	umount /mnt
	compare "above a linear device" d /dev/mapper/low 100
	dmsetup remove d
	dmsetup remove low

	make_target d $disk stacked
	make top "0 $((size - 2048)) linear /dev/mapper/d 2048"
	keep_file /dev/mapper/top "below a linear device, stacked"
	umount /mnt
	compare "below a linear device" d $disk 100
	dmsetup remove top
	dmsetup remove d
}

# dm-crypt decrypts in the page: what the page cache holds is not what the disk
# holds, and only the rule about who sits on the target keeps it out.
encryption() {
	make_target d $disk
	if make top "0 $size crypt aes-xts-plain64 $(printf %064d 7) 0 /dev/mapper/d 0"; then
		mkfs.ext4 -q -F -b 4096 /dev/mapper/top
		mount /dev/mapper/top /mnt
		fill_cache /mnt/f 4
		same "below dm-crypt: pages kept" "$(status d fills)" 0
		umount /mnt
		compare "below dm-crypt" d $disk 0
		dmsetup remove top
	else
		skip "below dm-crypt" "no dm-crypt"
	fi
	mkfs.ext4 -q -F -b 4096 -O encrypt /dev/mapper/d
	mount /dev/mapper/d /mnt
	mkdir /mnt/secret
	if dmem_fscrypt /mnt/secret; then
		dmsetup message d 0 reset_stats
		fill_cache /mnt/secret/f 4
		cat /mnt/secret/f >/dev/null
		drop_caches
		same "encrypted files: pages kept" "$(status d fills)" 0
	else
		skip "encrypted files" "the kernel has no fscrypt"
	fi
	umount /mnt
	compare "with encrypted files" d $disk 0
	dmsetup remove d
}

# Blocks smaller than a page, and transfers that are no whole blocks.
small_blocks() {
	make_target d $disk
	mkfs.ext4 -q -F -b 1024 /dev/mapper/d
	mount /dev/mapper/d /mnt
	check "1 KiB blocks: every read equals the model" \
		dmem_stress /mnt/f 2 3 11
	fill_cache /mnt/g 2
	same "1 KiB blocks: pages kept" "$(status d fills)" 0
	umount /mnt
	compare "1 KiB blocks" d $disk 0
	mkfs.ext4 -q -F -b 4096 /dev/mapper/d
	mount /dev/mapper/d /mnt
	fill_cache /mnt/f 4
	umount /mnt
	before=$(status d hit_blocks)
	dd if=/dev/mapper/d of=/tmp/a bs=1536 count=8000 iflag=direct 2>/dev/null
	dd if=$disk of=/tmp/b bs=1536 count=8000 iflag=direct 2>/dev/null
	check "reads of 1536 bytes" cmp /tmp/a /tmp/b
	above "reads of 1536 bytes: from the cache" \
		"$(($(status d hit_blocks) - before))" 1000
	# A write of one sector must drop the block around it.
	dd if=/dev/urandom of=/dev/mapper/d bs=512 count=1 seek=16391 \
		oflag=direct 2>/dev/null
	compare "after a write of one sector" d $disk 100
	dmsetup remove d
}

# A device that fails writes for seconds on end.
failing_writes() {
	make low "0 $size linear $disk 0"
	make_target d /dev/mapper/low
	mkfs.ext4 -q -F -b 4096 /dev/mapper/d
	mount -o errors=continue /dev/mapper/d /mnt
	fill_cache /mnt/f 4
	sync
	dmsetup suspend low
	dmsetup load low --table "0 $size flakey $disk 0 0 600 1 error_writes"
	dmsetup resume low
	check_not "a write error reaches the writer" \
		dd if=/dev/urandom of=/mnt/f bs=64k count=40 conv=notrunc,fsync
	check_not "a write error reaches the writer of a block" \
		dd if=/dev/urandom of=/dev/mapper/d bs=4k count=1 seek=8191 oflag=direct
	drop_caches 3
	umount /mnt
	dmsetup suspend --noflush low
	dmsetup load low --table "0 $size linear $disk 0"
	dmsetup resume low
	compare "after failed writes" d $disk 100
	dmsetup remove d
	dmsetup remove low
}

# LVM without udev, looking at nothing but DEVICES.
set_up_lvm() {
	export LVM_SYSTEM_DIR=/tmp/lvm LVM_SUPPRESS_FD_WARNINGS=1
	mkdir -p $LVM_SYSTEM_DIR
	cat >$LVM_SYSTEM_DIR/lvm.conf <<-END
		devices { use_devicesfile=0 obtain_device_list_from_udev=0 scan_lvs=1 filter=[ $1 "r|.*|" ] }
		activation { udev_sync=0 udev_rules=0 verify_udev_operations=0 monitoring=0 }
		global { use_lvmpolld=0 }
		log { silent=1 }
	END
}

# What is below is made larger, and moved to another disk, while it is in use.
above_a_volume() {
	half=$((size / 2))
	set_up_lvm '"a|^/dev/mapper/disk[12]$|",'
	modprobe dm-mirror
	make disk1 "0 $half linear $disk 0"
	make disk2 "0 $half linear $disk $half"
	vgcreate -s 1m vg /dev/mapper/disk1 /dev/mapper/disk2 &&
		lvcreate -y -n low -l 10 vg /dev/mapper/disk1 || { report 1 "a logical volume"; return; }
	make_target d /dev/mapper/vg-low
	read_from_cache "above a logical volume"
	check "the volume is made larger" lvextend -l 13 vg/low
	dmsetup load d --table "0 $(sectors /dev/mapper/vg-low) dmem /dev/mapper/vg-low 0"
	dmsetup suspend d && dmsetup resume d
	check "so is the file system" resize2fs /dev/mapper/d
	dmem_stress /mnt/g 2 600 31 >/tmp/stress.log 2>&1 &
	stress=$!
	check "the load has begun" within 30 test -s /mnt/g
	check "the volume is moved under load" pvmove -i 1 -n low /dev/mapper/disk1 /dev/mapper/disk2
	check "it is on the other disk" [ "$(lvs --noheadings -o devices vg/low | tr -d ' ')" = "/dev/mapper/disk2(0)" ]
	drop_caches
	pkill dmem_stress
	wait $stress
	report $? "moved under load: $(cat /tmp/stress.log)"
	fill_cache /mnt/h 2
	check "above a logical volume: same contents" cmp /tmp/f /mnt/f
	umount /mnt
	compare "above a logical volume" d /dev/mapper/vg-low 100
	dmsetup remove d
	vgremove -y vg && pvremove -y /dev/mapper/disk1 /dev/mapper/disk2
	dmsetup remove disk1
	dmsetup remove disk2
}

below_a_volume() {
	set_up_lvm '"a|^/dev/mapper/d$|",'
	make_target d $disk stacked
	vgcreate -s 1m vg /dev/mapper/d && lvcreate -y -n top -l 24 vg ||
		{ report 1 "a logical volume above the target"; return; }
	keep_file /dev/mapper/vg-top "below a logical volume"
	umount /mnt
	vgchange -an vg
	compare "below a logical volume" d $disk 100
	vgremove -y vg && pvremove -y /dev/mapper/d
	dmsetup remove d
}

logical_volumes() {
	above_a_volume
	below_a_volume
}

# However slow the machine is; a minute at most.
kept_under_stress() {
	for _ in $(seq 300); do
		drop_caches
		[ "$(status d fills)" = 0 ] || return 0
		sleep 0.2
	done
	return 1
}

# Insert the target below a mounted file system, use it, and take it out.
live_insertion() {
	make d "0 $size linear $disk 0"
	mkfs.ext4 -q -F -b 4096 /dev/mapper/d
	mount /dev/mapper/d /mnt
	dmem_stress /mnt/f 4 600 21 >/tmp/stress.log 2>&1 &
	stress=$!
	for round in 1 2 3; do
		dmsetup load d --table "0 $size dmem $disk 0"
		dmsetup suspend d && dmsetup resume d
		check "inserted, round $round: pages kept meanwhile" kept_under_stress
		dmsetup suspend d && dmsetup resume d
		[ $round = 3 ] && break
		dmsetup load d --table "0 $size linear $disk 0"
		dmsetup suspend d && dmsetup resume d
	done
	check_not "removal while mounted" dmsetup remove --retry d
	check "the file system is still under stress" pgrep dmem_stress
	pkill dmem_stress
	wait $stress
	report $? "inserted and removed under load: $(cat /tmp/stress.log)"
	before=$(status d fills)
	fill_cache /mnt/g 1
	above "after live insertion: pages kept" "$(($(status d fills) - before))" 200
	umount /mnt
	compare "after live insertion" d $disk 100
	check_not "the module goes while there is a target" rmmod dmem
	dmsetup remove d
}

# f2fs reads compressed clusters into pages that look like the file's own, and
# the file's pages hold something else than any block.
compressed() {
	make_target d $disk
	mkfs.f2fs -q -f -O extra_attr,compression /dev/mapper/d >/dev/null
	if ! mount -t f2fs -o 'compress_algorithm=lz4,compress_extension=*,compress_chksum' \
		/dev/mapper/d /mnt; then
		skip "compressed files" "this kernel's f2fs has none"
		dmsetup remove d
		return
	fi
	seq 1 500000 >/mnt/f
	sum=$(cksum </mnt/f)
	fill_cache /mnt/g 4
	above "compressed: blocks saved" "$(cat /sys/fs/f2fs/*/compr_saved_block)" 100
	for round in 1 2 3 4; do
		drop_caches 3
		check_is "compressed: read $round" "$sum" "$(cksum </mnt/f)"
	done
	cat /mnt/g >/dev/null
	above "compressed: blocks of other files from the cache" "$(status d hit_blocks)" 100
	drop_caches
	umount /mnt
	compare "compressed" d $disk 100
	dmsetup remove d
}

# What a file system does to its pages that nobody has looked at is not known.
unknown_fs() {
	make_target d $disk
	mkfs.jfs -q /dev/mapper/d >/dev/null
	mount -t jfs /dev/mapper/d /mnt
	fill_cache /mnt/f 4
	check "jfs: read again" cmp /mnt/f /mnt/f
	same "jfs: pages recorded" "$(status d recorded)" 0
	umount /mnt
	compare "jfs" d $disk 0
	dmsetup remove d
}

modprobe -a dm-flakey dm-crypt f2fs jfs 2>/dev/null
load_dmem own=16M
[ $# -gt 0 ] || set -- table_lines stacking logical_volumes encryption small_blocks failing_writes live_insertion
for part; do
	echo "# $part"
	$part
done
check "dmem unloads" rmmod dmem
finish
