    "$$@" '${path}' ${mode}
