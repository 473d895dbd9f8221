    called '${node}'
