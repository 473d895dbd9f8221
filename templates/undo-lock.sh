rm -f -- '${path}'
