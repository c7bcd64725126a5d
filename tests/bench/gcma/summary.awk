# SPDX-License-Identifier: GPL-2.0
# In: ALLOCATOR STATE LOAD BYTES FAILED NS, sorted. Out: one line of CSV a group.
# Failures come last in their group and count only as such, and so do not hide
# behind fast refusals; what they took is not in the averages. Integers are
# printed as %.0f, since mawk's %d ends at 2^31. Variables: kernel; zeroed, a file
# of ALLOCATOR STATE LOAD BYTES PREZEROED ON-DEMAND in pages.
BEGIN {
	while ((getline line <zeroed) > 0) {
		split(line, f, " ")
		key = f[1] " " f[2] " " f[3] " " f[4]
		before[key] += f[5]
		now[key] += f[6]
	}
}
function close_group() {
	if (group == "")
		return
	split(group, f, " ")
	printf "%s,%s,%s,%s,%d,%d,", f[1], f[2], f[3], f[4], n + failures, failures
	if (n)
		printf "%.0f,%.0f,%.0f,%.0f", sum / n, ns[int((n + 1) / 2)], ns[int((n * 99 + 99) / 100)], ns[n]
	else
		printf ",,,"
	printf ",%s,%s,%s,%s\n", kernel, f[3] == "none" || f[3] ~ /^counted-/ ? "instructions" : "wall", before[group], now[group]
}
$1 " " $2 " " $3 " " $4 != group {
	close_group()
	group = $1 " " $2 " " $3 " " $4
	n = failures = sum = 0
}
$5 { failures++; next }
{ ns[++n] = $6; sum += $6 }
END { close_group() }
