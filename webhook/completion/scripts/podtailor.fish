# fish completion of podtailor: podtailor completion fish | source
function __podtailor_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    set -l directive 4
    set -l option (string match -r -- '^-[^=]*=' "$current")
    set -l offered
    for line in $lines
        if string match -q ':*' -- $line
            set directive (string sub -s 2 -- $line)
        else
            set -a offered "$option$line"
        end
    end
    if set -q offered[1]
        printf '%s\n' $offered
    else if test (math "bitand($directive, 16)") -ne 0
        __fish_complete_directories "$current"
    else if test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path "$current"
    end
end
complete --command podtailor --no-files --arguments '(__podtailor_complete)'
