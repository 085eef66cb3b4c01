# bash completion of podtailor: source <(podtailor completion bash)
_podtailor() {
    local line=${COMP_LINE:0:COMP_POINT} IFS=$' \t\n'
    local -a words offered=()
    # bash splits words at = and : too; the line has them whole.
    # shellcheck disable=SC2162  # a backslash keeps the space after it
    read -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    local last=${words[${#words[@]} - 1]} each directive=:4
    while IFS= read -r each; do
        if [[ $each == :* ]]; then directive=$each; else offered+=("${each%%$'\t'*}"); fi
    done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    directive=${directive#:}
    # Of the word, bash replaces only what stands after the last = or :.
    [[ $last == -*=* ]] && last=${last#*=}
    local kept=""
    [[ $COMP_WORDBREAKS == *:* && $last == *:* ]] && kept=${last%"${last##*:}"}
    COMPREPLY=()
    for each in "${offered[@]}"; do
        each=$(printf %q "${each#"$kept"}")
        COMPREPLY+=("${each//\\,/,}") # a comma needs no backslash
    done
    if ((directive & 2)); then compopt -o nospace 2>/dev/null; fi
    if ((${#offered[@]} == 0)); then
        if ((directive & 16)); then
            compopt -o dirnames 2>/dev/null
        elif ! ((directive & 4)); then
            compopt -o default 2>/dev/null
        fi
    fi
}
complete -F _podtailor podtailor
