        'CPU ${vcpu}/KVM') chrt --${scheduler} --pid ${priority} "$${task##*/}" ;;
