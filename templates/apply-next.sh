echo '${what}'
