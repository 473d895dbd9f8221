    '${path}' undo
