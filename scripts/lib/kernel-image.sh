# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The kernel proper, out of its self-extracting image. QEMU can start it at its
# PVH entry, which spares an emulated machine up to five seconds of unpacking.

# image_field FILE OFFSET BYTES: a number of the x86 boot protocol's header.
image_field() {
	od -An "-tu$3" -j"$2" -N"$3" "$1" | tr -d ' '
}

# image_unpack VMLINUZ VMLINUX: the header says where the payload is. Its last
# four bytes are the unpacked size; only gzip's own format ends with that, too.
image_unpack() {
	local image=$1 sectors start length payload=$2.payload
	sectors=$(image_field "$image" 497 1)
	start=$(((sectors + 1) * 512 + $(image_field "$image" 584 4)))
	length=$(image_field "$image" 588 4)
	tail -c "+$((start + 1))" "$image" | head -c "$length" >"$payload"
	case $(od -An -tx1 -N2 "$payload" | tr -d ' ') in
	fd37) head -c -4 "$payload" | xz -dc ;;
	28b5) head -c -4 "$payload" | zstd -dcq ;;
	1f8b) gzip -dc <"$payload" ;;
	*) false ;;
	esac >"$2" || rm -f "$2"
	rm -f "$payload"
	[ -s "$2" ]
}

# Leave ENTRY/vmlinux where the kernel has that entry.
image_prepare() {
	grep -q '^CONFIG_PVH=y' "$1/config" || return 0
	image_unpack "$1/vmlinuz" "$1/vmlinux" || say "note: $1/vmlinuz could not be unpacked, it boots slower"
}

# What to hand to QEMU for the kernel of ENTRY.
image_bootable() {
	if [ -f "$1/vmlinux" ]; then
		echo "$1/vmlinux"
	else
		echo "$1/vmlinuz"
	fi
}
