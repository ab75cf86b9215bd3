#compdef ipvstate
# Completion of ipvstate for zsh. `ipvstate completion zsh` prints it.

_ipvstate() {
  local -a lines items
  local word about
  lines=("${(@f)$(
    timeout 2 ${(Q)words[1]} complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" \
      < /dev/null 2> /dev/null
  )}")
  if [[ $lines[1] == files ]]; then
    # The name of a file can follow its option, as in --file=NAME.
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    _files
  fi
  # The first line is the kind of the words; then each word has its description below it.
  # A colon separates the two for `_describe`.
  for word about in "${(@)lines[2,-1]}"; do
    items+=("${word//:/\\:}:$about")
  done
  (( $#items )) && _describe -V ipvstate items
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _ipvstate "$@"
else
  compdef _ipvstate ipvstate
fi
