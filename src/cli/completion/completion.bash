# Completion of ipvstate for bash. `ipvstate completion bash` prints it.

_ipvstate() {
  local rest=${COMP_LINE:0:COMP_POINT} words=() lines=() piece='' word at

  # Bash breaks words at `:` and `=`, which addresses contain. Pieces without a
  # space between them are put together again.
  for ((at = 0; at <= COMP_CWORD; at++)); do
    word=${rest#"${rest%%[![:space:]]*}"}
    piece=${COMP_WORDS[at]}
    [[ $word == "$piece"* ]] || piece=$word
    if [[ $at -eq 0 || $rest != "$word" ]]; then
      words+=("$piece")
    else
      words[${#words[@]} - 1]+=$piece
    fi
    rest=${word#"$piece"}
  done

  # Bash replaces the last piece only, and nothing when that is a `:` or `=`.
  # Quotes are not part of a value.
  local last=${words[${#words[@]} - 1]} quotes=[\\\\\"\']
  local head=$last
  [[ $piece != *[!:=@]* ]] || head=${last%"$piece"}
  head=${head//$quotes/}
  words=("${words[@]//$quotes/}")
  mapfile -t lines < <(
    timeout 2 "$1" complete -- "${words[@]:1}" < /dev/null 2> /dev/null
  )
  COMPREPLY=()
  if [[ ${lines[0]-} == files ]]; then
    # The name of a file can follow its option, as in --file=NAME.
    local option='' value=${last//$quotes/}
    [[ $value != --*=* ]] || option=${value%%=*}=
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -P "$option" -f -- "${value#"$option"}")
    COMPREPLY=("${COMPREPLY[@]#"$head"}")
  fi
  # The first line is the kind of the words; then each word has its description below it.
  for ((at = 1; at < ${#lines[@]}; at += 2)); do
    word=${lines[at]#"$head"}
    # Bash itself quotes file names, and what follows an open quote.
    if [[ ${lines[0]} == words && $piece != [\"\']* ]]; then
      printf -v word %q "$word"
    fi
    COMPREPLY+=("$word")
  done
}

complete -F _ipvstate ipvstate
