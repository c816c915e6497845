# Runs one program and never outlives its owner.
#
# Standard input is the lifeline: a pipe that the owner holds open. When the owner dies, however it dies, the pipe closes
# and the program is stopped: SIGTERM first, SIGKILL for the whole process group after the grace time.
# Arguments: the log file, the grace time in tenths of a second, a folder to remove when the owner has died ("" for none),
# then the program and its arguments. The program's process id is the only line on standard output.
log=$1 grace=$2 leftover=$3
shift 3
exec 3<&0 </dev/null 2>/dev/null

"$@" 3<&- >>"$log" 2>&1 &
program=$!
echo "$program"
exec >/dev/null

(
    # Until the lifeline breaks, SIGTERM from the guardian (the program has ended) ends this watcher.
    if read -r _ <&3; then exit 0; fi
    trap '' TERM INT HUP
    kill -TERM "$program"
    waited=0
    while kill -0 "$program"; do
        if [ "$waited" -ge "$grace" ]; then kill -KILL "$program"; fi
        sleep 0.1
        waited=$((waited + 1))
    done
    if [ -n "$leftover" ]; then rm -rf -- "$leftover"; fi
    kill -KILL -- "-$$"
) &
watcher=$!
exec 3<&-

# A signal that reaches this shell interrupts `wait`; only the end of the program ends it.
trap : TERM INT HUP
while :; do
    wait "$program"
    code=$?
    kill -0 "$program" || break
done
kill -TERM "$watcher"
wait "$watcher"
exit "$code"
