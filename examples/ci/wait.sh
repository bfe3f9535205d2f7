#!/bin/sh
# Any CI system, any POSIX shell: starts an operation, waits for its job, and says what each ending means for a deployment.
# Its exit status is that of dcs-wait. start-operation.sh, of your own, prints the answer of the call that starts the
# operation, or nothing if there was nothing to do.
set -eu

answer=$(./start-operation.sh)

status=0
printf '%s\n' "$answer" | dcs-wait --timeout "${DCS_WAIT_TIMEOUT:-15m}" --allow-empty - || status=$?

case $status in
    0) echo "over: the deployment goes on" ;;
    1) echo "failed: the operation has to be started anew, after its reason is seen to" >&2 ;;
    2 | 3 | 4) echo "not asked properly: key, permission, region, project or id are wrong" >&2 ;;
    5 | 124) echo "not known to be over: the job goes on by itself, wait for it again later" >&2 ;;
    *) echo "interrupted: the job goes on by itself" >&2 ;;
esac
exit "$status"
