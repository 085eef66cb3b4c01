#compdef podtailor
# zsh completion of podtailor: source <(podtailor completion zsh)
_podtailor() {
    local -a lines described nospace
    local line value text
    lines=("${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
    local -i directive=${${lines[-1]#:}:-4}
    for line in "${(@)lines[1,-2]}"; do
        value=${line%%$'\t'*} text=
        [[ $line == *$'\t'* ]] && text=${line#*$'\t'}
        described+=("${value//:/\\:}${text:+:$text}")
    done
    [[ $PREFIX == -*=* ]] && compset -P '*='
    ((directive & 2)) && nospace=(-S '')
    if ((${#described})); then
        _describe -t values value described "${nospace[@]}"
    elif ((directive & 16)); then
        _files -/
    elif ! ((directive & 4)); then
        _files
    fi
}
if [[ ${funcstack[1]-} == _podtailor ]]; then
    _podtailor "$@"
else
    compdef _podtailor podtailor
fi
