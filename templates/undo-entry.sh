if [ -e '${path}' ]; then
${script}${stop}    back '${path}'
${command}fi
