#!/bin/sh
${head}#
# Usage: this script HOST, with the credentials of the cloud's administrator
set -eu

host=$$1

system host-lock "$$host"
system host-cpu-modify -f platform -c '${host}' "$$host"
${vswitch}${isolated}system host-label-assign "$$host" kube-cpu-mgr-policy=static kube-topology-mgr-policy=${policy}
system host-unlock "$$host"
