# SPDX-License-Identifier: EUPL-1.2
# bash completion for keten. The commands come from the program itself.

_keten_commands() {
	keten help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  *[^ ].*/\1/p'
}

_keten_options() {
	keten "$1" --help 2>/dev/null | grep -o -e '--[a-z][a-z-]*' | sort -u
}

_keten() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]:-}

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_keten_commands) help" -- "$cur")
		return
	fi
	case $prev in
	--case | --out | --trust)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--mandate | --operator | --from | --statement)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--form)
		mapfile -t COMPREPLY < <(compgen -W 'phone backup image carrier file' -- "$cur")
		return
		;;
	--progress)
		COMPREPLY=(json)
		return
		;;
	esac
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W "$(_keten_options "$command") --json --progress=json --help" -- "$cur") ;;
	*)
		case $command in
		mandate) [ "$COMP_CWORD" -gt 2 ] || mapfile -t COMPREPLY < <(compgen -W 'template check' -- "$cur") ;;
		verify | show) mapfile -t COMPREPLY < <(compgen -f -X '!*.asice' -- "$cur") ;;
		esac
		;;
	esac
	[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

complete -o filenames -F _keten keten
