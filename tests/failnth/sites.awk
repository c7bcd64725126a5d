# SPDX-License-Identifier: GPL-2.0
# Count by function where failures of the kernel's own injector fell, from the trace
# of their stacks. As surety_fault has it: the innermost caller that is neither in
# mm/, which lies between two known functions, nor the guard; nor kmemleak, part of
# which is linked elsewhere.
#
# usage: awk -f sites.awk /proc/kallsyms /sys/kernel/tracing/trace

FILENAME == "/proc/kallsyms" {
	if ($3 == "filemap_check_errors")
		in_mm = 1
	else if ($3 == "finish_no_open")
		in_mm = 0
	if (in_mm || $4 == "[ama_core]" || $3 ~ /^kmemleak/)
		passed[$3] = 1
	next
}

/<stack trace>/ {
	open = 1
	next
}

open && $1 == "=>" {
	# The probe itself comes first.
	if ($2 in passed || $2 ~ /^(kretprobe|rethook|arch_rethook)_/)
		next
	count[$2]++
	open = 0
}

END {
	for (name in count)
		print count[name], name
}
