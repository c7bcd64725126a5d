# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The machine: QEMU's command line, its start and its certain end. Uses what
# scripts/vm worked out (vm_*). The accelerator is always TCG, so results do not
# depend on what the host offers.

qemu_kernel_line() {
	local line='console=ttyS0 panic=-1 nokaslr mitigations=off random.trust_cpu=on'
	# Time limits of the kernel's watchdogs, for guests that are 20 times slower.
	line+=' watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=120 workqueue.watchdog_thresh=120'
	# A host that is busy for the ten ticks that the kernel waits for its timer
	# would make it panic ("IO-APIC + timer doesn't work").
	line+=' no_timer_check'
	line+=' loglevel=8 net.ifnames=0'
	[ -n "$vm_tolerate" ] || line+=' oops=panic'
	case $vm_icount:$vm_kernel in
	# The interpreter of ACPI tables takes 7 s under KASAN; nothing here needs it.
	*:debug-*) line+=' acpi=off' ;;
	# Its timer calibration depends on the host's time otherwise.
	1:lean-*) line+=' noapictimer' ;;
	esac
	echo "$line$vm_append"
}

# Directories that the guest mounts over 9p: TAG DIRECTORY MODE.
qemu_share() {
	local protect=
	[ "$3" = rw ] || protect=,readonly=on
	# shellcheck disable=SC2054 # commas belong to the words
	qemu_words+=(-fsdev "local,id=$1,path=${2//,/,,},security_model=none,multidevs=remap$protect"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}

qemu_port() {
	# shellcheck disable=SC2054 # commas belong to the words
	qemu_words+=(-chardev "file,id=$1,path=${2//,/,,}"
		-device "virtserialport,chardev=$1,name=surety.$1")
}

# Without ioeventfd a device works in the processor's own thread, so that what an
# instruction-counting guest writes takes the same guest time in every run.
qemu_build() {
	local disk n=0 accel=tcg,thread=single cpu=qemu64,+rdrand
	[ "$vm_smp" = 1 ] || accel=tcg,thread=multi
	# Its random numbers come from the host and would make runs differ.
	[ -z "$vm_icount" ] || cpu=qemu64
	# shellcheck disable=SC2054 # commas belong to the words
	qemu_words=(-M q35 -accel "$accel" -cpu "$cpu" -m "$vm_mem" -smp "$vm_smp,sockets=$vm_smp"
		-nodefaults -no-user-config -display none -no-reboot
		-kernel "$(image_bootable "$(kernel_path "$vm_kernel")")"
		-initrd "$vm_run/initramfs.cpio" -append "$(qemu_kernel_line)"
		-device isa-debug-exit,iobase=0x501,iosize=1
		-serial "file:${vm_run//,/,,}/console.log"
		-device "virtio-serial-pci,ioeventfd=off")
	qemu_port result "$vm_run/result"
	qemu_port log "$vm_run/dmesg.log"
	qemu_port stdout "$vm_run/stdout"
	qemu_port stderr "$vm_run/stderr"
	if [ -n "$vm_icount" ]; then
		# shellcheck disable=SC2054 # commas belong to the words
		qemu_words+=(-icount shift=0,sleep=off -rtc base=2020-01-01,clock=vm -seed 1)
	else
		qemu_share root "$(tree_path "$DEFAULT_SUITE")" ro
		qemu_share kernel "$(kernel_path "$vm_kernel")/root" ro
		qemu_share surety "$REPO" ro
		qemu_share modules "$BUILD/modules/$vm_kernel/ko" ro
		qemu_share bin "$BUILD/bin" ro
		[ -z "$vm_share" ] || qemu_share share "$(realpath "$vm_share")" rw
	fi
	for disk in "${vm_disks[@]}"; do
		disk=$(realpath "$disk")
		qemu_words+=(-drive "file=${disk//,/,,},format=raw,if=none,id=disk$n,cache=unsafe,discard=unmap"
			-device "virtio-blk-pci,drive=disk$n,serial=disk$n")
		n=$((n + 1))
	done
	[ -z "${SURETY_PROFILE:-}" ] || qemu_profile "$SURETY_PROFILE"
	[ ${#vm_command[@]} -gt 0 ] || qemu_words+=(-serial mon:stdio)
}

# For `scripts/bench profile`: a serial line to the guest, and the monitor that is
# told what to note, as pipes in the directory.
qemu_profile() {
	# shellcheck disable=SC2054 # commas belong to the words
	qemu_words+=(-chardev "pipe,id=marks,path=${1//,/,,}/marks" -serial chardev:marks
		-chardev "pipe,id=monitor,path=${1//,/,,}/monitor"
		-mon chardev=monitor,mode=control
		# The kernel's addresses; what a program executes is its own affair.
		-D "$1/trace" -dfilter 0xffffffff80000000+0x7fffffff)
}

qemu_pid=
qemu_cats=()

qemu_stop() {
	trap - EXIT INT TERM HUP
	[ -z "$qemu_pid" ] || kill -TERM "$qemu_pid" 2>/dev/null || true
	[ ${#qemu_cats[@]} = 0 ] || kill "${qemu_cats[@]}" 2>/dev/null || true
	rm -f "$vm_run/initramfs.cpio" "$vm_run/stdout" "$vm_run/stderr"
}

qemu_traps() {
	trap qemu_stop EXIT
	# By the signal, so that a script that called this ends as well.
	trap 'qemu_stop; trap - INT; kill -INT $$' INT
	trap 'qemu_stop; exit 143' TERM HUP
}

# The machine dies with this script, however the script dies. To be called in a
# subshell, whose place it takes: the signal comes when the parent dies.
qemu_start() {
	exec setpriv --pdeathsig TERM timeout --foreground -k 10 "$vm_timeout" \
		setpriv --pdeathsig KILL qemu-system-x86_64 "${qemu_words[@]}" 2>"$vm_run/qemu.log"
}

# Run the machine to its end. Status: 124 or 137 when the time was up.
qemu_run() {
	local status=0
	qemu_build
	mkfifo "$vm_run/stdout" "$vm_run/stderr"
	cat <"$vm_run/stdout" &
	qemu_cats=($!)
	cat <"$vm_run/stderr" >&2 &
	qemu_cats+=($!)
	if [ ${#vm_command[@]} = 0 ]; then
		(qemu_start) || status=$?
	else
		qemu_start </dev/null >/dev/null &
		qemu_pid=$!
		wait "$qemu_pid" || status=$?
		qemu_pid=
	fi
	wait "${qemu_cats[@]}" || true
	qemu_cats=()
	rm -f "$vm_run/stdout" "$vm_run/stderr"
	return "$status"
}
