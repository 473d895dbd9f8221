if [ -e '${path}' ]; then
${script}${stop}    rm -f -- '${path}'
${command}fi
