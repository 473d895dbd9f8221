        case $$name in
${vcpus}        esac
