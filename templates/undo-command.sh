    run ${command}
