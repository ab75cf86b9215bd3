# Completion of ipvstate for fish. `ipvstate completion fish` prints it.

function __ipvstate_complete
    set -l words (commandline -opc)
    # An open quote, and escapes, are not part of a value.
    set -l last (commandline -ct | string replace -ra '["\'\\\\]' '')
    set -l lines (timeout 2 $words[1] complete -- $words[2..-1] "$last" </dev/null 2>/dev/null)
    if test "$lines[1]" = files
        # The name of a file can follow its option, as in --file=NAME.
        set -l option (string match -r '^--[^=]*=' -- "$last")
        set -l value (string replace -r '^--[^=]*=' '' -- "$last")
        for file in (__fish_complete_path "$value")
            printf '%s\n' "$option$file"
        end
    end
    # The first line is the kind of the words; then each word has its description below it.
    if test (count $lines) -gt 1
        printf '%s\t%s\n' $lines[2..-1]
    end
end

complete -c ipvstate -f -a '(__ipvstate_complete)'
