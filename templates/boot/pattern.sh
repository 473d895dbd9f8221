            '${word}') mine=yes ;;
