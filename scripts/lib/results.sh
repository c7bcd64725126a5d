# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Figures for programs: build/results/NAME.json is {"rows": [{...}, ...]}, one
# object for each row of the table that people see.

results_file=
results_rows=()

results_begin() {
	results_file=$BUILD/results/$1.json
	results_rows=()
	# Nobody takes an earlier run's figures for those of one that failed.
	rm -f "$results_file"
}

# results_row FIELD=VALUE...: numbers stay numbers, all else becomes a string.
results_row() {
	local pair value row=
	for pair; do
		value=${pair#*=}
		if ! [[ $value =~ ^-?(0|[1-9][0-9]*)(\.[0-9]+)?$ ]]; then
			value=${value//\\/\\\\}
			value=\"${value//\"/\\\"}\"
		fi
		row+="${row:+, }\"${pair%%=*}\": $value"
	done
	results_rows+=("{$row}")
}

# Complete or not at all.
results_end() {
	mkdir -p "$(dirname "$results_file")"
	{
		printf '{"rows": [\n'
		local n
		for ((n = 0; n < ${#results_rows[@]}; n++)); do
			printf '  %s%s\n' "${results_rows[n]}" \
				"$([ $((n + 1)) = ${#results_rows[@]} ] || echo ,)"
		done
		printf ']}\n'
	} >"$results_file.new"
	mv "$results_file.new" "$results_file"
}
