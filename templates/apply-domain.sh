    "$$@" '${name}' '${path}'
