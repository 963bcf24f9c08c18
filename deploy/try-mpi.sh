#!/bin/bash
# Tries one run that several processes share, on this machine: one to four must make the same bits, also with a Ctrl-C and a
# killed process on the way. Needs an MPI library (`apt-get install openmpi-bin`), and impasto built with it:
#   cargo build --release -p impasto-cli --features mpi
#   deploy/try-mpi.sh target/release/impasto PAINTING PHOTOGRAPH
set -euo pipefail
impasto=$(realpath "$1") painting=$(realpath "$2") photograph=$(realpath "$3")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
# Containers often have but one user.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

paint() {
    local processes=$1
    shift
    mpirun -n "$processes" "$impasto" transfer "$photograph" "$painting" --quiet --threads 1 --size 300 --scales 3 "$@"
}
same() {
    # The record names the same run, so that the files are the same, byte for byte.
    cmp picture-1.png "$1"
    echo "$2: the same bits"
}
# The process of a rank of a run that writes to a picture of this name.
process() {
    for id in $(pgrep -f "transfer .*$2"); do
        if tr '\0' '\n' <"/proc/$id/environ" 2>/dev/null | grep -qx "OMPI_COMM_WORLD_RANK=$1"; then
            echo "$id"
        fi
    done
}

for processes in 1 2 3 4; do
    paint "$processes" --output "picture-$processes.png"
    same "picture-$processes.png" "$processes processes"
done

paint 3 --output stopped.png --checkpoint kept --checkpoint-every 0.2 2>error &
until [ -f kept.previous ]; do sleep 0.1; done
kill -TERM "$(process 0 stopped.png)"
wait $! && exit 1
[ -f stopped.png ] && ! cmp -s picture-1.png stopped.png
paint 2 --output again.png --resume kept
same again.png "ended by a signal, then gone on with by 2 processes"

rm kept kept.previous
paint 4 --output killed.png --checkpoint kept --checkpoint-every 0.2 2>error &
until [ -f kept.previous ]; do sleep 0.1; done
kill -KILL "$(process 2 killed.png)"
wait $! && exit 1
cat error
[ ! -f killed.png ]
paint 3 --output again.png --resume kept
same again.png "one process killed, then gone on with by 3 processes"
