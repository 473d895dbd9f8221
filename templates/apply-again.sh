    printf '%s\n' '${command}' >>"$$state/again" || exit 1
