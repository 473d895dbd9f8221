system host-cpu-modify -f ${function} -c '${cpus}' "$$host"
