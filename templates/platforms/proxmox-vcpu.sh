    'CPU ${vcpu}/KVM') echo '${cpus}' ;;
