rm -f -- '${folder}'/.*${aside}*
