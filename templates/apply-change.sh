    for path in ${paths}; do
        "$$@" "$$path"
    done
