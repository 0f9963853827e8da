# SPDX-License-Identifier: MIT
# What bash completes behind hvxl, from hvxl's own table of subcommands
# (hvxl help --table). To be found it is installed as
# /usr/share/bash-completion/completions/hvxl.

# Where the subcommand is in COMP_WORDS, or nothing.
_hvxl_subcommand()
{
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) echo $i; return ;;
		esac
	done
}

# How many arguments that are no options stand between word $1 and the cursor.
_hvxl_arguments()
{
	local i n=0
	for ((i = $1 + 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*) n=$((n + 1)) ;;
		esac
	done
	echo $n
}

_hvxl_domains()
{
	"$1" list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# The whole name of a subcommand that may be shortened.
_hvxl_whole()
{
	awk -v c="$1" '
		$1 == "command" && $2 == c { exact = c }
		$1 == "command" && index($2, c) == 1 { n++; found = $2 }
		END { print exact != "" ? exact : n == 1 ? found : "" }'
}

_hvxl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} at table command kind words
	COMPREPLY=()
	table=$("$1" help --table 2>/dev/null) || return
	at=$(_hvxl_subcommand)
	if [ -z "$at" ]; then
		words=$(awk '$1 == "command" && $3 != "absent" { print $2 }' \
			<<<"$table")
		[[ $cur != -* ]] || words="-v -vvv -f -N -t -T --json --help"
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
		return
	fi
	command=$(_hvxl_whole "${COMP_WORDS[at]}" <<<"$table")
	if [[ $cur == -* ]]; then
		words=$(awk -v c="$command" '$1 == "option" && $2 == c {
			if ($3 != "-") print "-" $3
			if ($4 != "-") print "--" $4 }' <<<"$table")
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
		return
	fi
	kind=$(awk -v c="$command" \
		'$1 == "command" && $2 == c { print $3 }' <<<"$table")
	case $kind,$(_hvxl_arguments "$at") in
	domains,* | domain,0)
		COMPREPLY=($(compgen -W "$(_hvxl_domains "$1")" -- "$cur")) ;;
	file,0)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
	if [ "$command,$(_hvxl_arguments "$at")" = config-update,1 ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
	if [ "$command" = help ]; then
		words=$(awk '$1 == "command" && $3 != "absent" { print $2 }' \
			<<<"$table")
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
	fi
}

complete -F _hvxl hvxl xl
