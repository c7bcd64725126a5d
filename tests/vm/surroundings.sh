#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Runs in a guest of the vm group: what a command finds around itself.
# shellcheck source=tests/lib.sh
. /surety/tests/lib.sh

check_is "the first disk has its size" 16777216 "$(($(cat /sys/block/vda/size) * 512))"
check_is "the second disk has its size" 8388608 "$(($(cat /sys/block/vdb/size) * 512))"
check "tools of the system are there" sh -c 'command -v mke2fs e2fsck fio stress-ng dbench dmsetup'
check_is "the repository is there" /surety "$PWD"
check_not "and cannot be written" touch /surety/tests/vm/written
check "the test modules are there" test -e /modules/test/surety_trouble.ko
check_has "modules of the kernel load" '^ext4 ' "$(modprobe ext4 && lsmod)"
check "debugfs and cgroups are mounted" test -d /sys/kernel/debug/block -a -e /sys/fs/cgroup/cgroup.procs
check_is "the share is readable" "from the host" "$(cat /share/in)"
check "and writable" sh -c 'echo from the guest >/share/out'
check "the root is writable for the guest" touch /usr/bin/new
printf 'mark of the guest' >/dev/vda
finish
