    "$$@" '${command}'
