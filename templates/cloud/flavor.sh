flavor '${name}' '${vcpus}' '${memory}' \
    ${pages}${properties}
