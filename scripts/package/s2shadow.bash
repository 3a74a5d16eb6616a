# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# s2shadow.bash - completion for bash: commands and options as the command's own --help has them, files otherwise.

_s2shadow()
{
	local word=${COMP_WORDS[COMP_CWORD]} words

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		words=$("${COMP_WORDS[0]}" --help 2>/dev/null | sed -n 's/^  \([a-z-][a-z-]*\) .*/\1/p')
	elif [[ $word == -* ]]; then
		words=$("${COMP_WORDS[0]}" "${COMP_WORDS[1]}" --help 2>/dev/null |
			sed -n '/^ *--/{ s/  .*//2; p; }' | grep -o -- '--[a-z0-9-]*' | sort -u)
	else
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o default -F _s2shadow s2shadow
