    [ ! -e '${path}' ] || "$$@" '${path}' '${text}'
