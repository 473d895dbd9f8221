    "$$@" '${path}' '${text}'
