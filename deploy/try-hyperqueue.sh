#!/bin/bash
# Tries hyperqueue.sh on a HyperQueue of its own on this machine: an array of 8 tasks, whose worker is killed in mid-run and
# replaced, must make the very bits of one batch without HyperQueue. Needs `hq` on the path.
#   deploy/try-hyperqueue.sh IMPASTO PAINTING PHOTOGRAPH
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
impasto=$(realpath "$1") painting=$(realpath "$2") photograph=$(realpath "$3")
room=$(mktemp -d)
cd "$room"
mkdir bin photos
ln -s "$impasto" bin/impasto
export PATH="$room/bin:$PATH" HQ_SERVER_DIR="$room/server" PARTS=8 CPUS=1

end() {
    hq server stop >/dev/null 2>&1 || true
    wait || true
    rm -rf "$room"
}
trap end EXIT

for number in $(seq 16); do
    cp "$photograph" "photos/$number.${photograph##*.}"
done
options=(--style "$painting" --size 96 --iterations 60 photos/*)
impasto batch --quiet --out alone "${options[@]}"

hq server start >server.log 2>&1 &
until hq server info >/dev/null 2>&1; do sleep 0.2; done
hq worker start --cpus "$(nproc)" >worker.log 2>&1 & worker=$!
"$here/hyperqueue.sh" --quiet --out shared "${options[@]}"
until [ "$(find shared -name '*.png' 2>/dev/null | wc -l)" -ge 3 ]; do sleep 0.1; done
kill -KILL "$worker"
pkill -KILL -f "impasto batch --shards 8 .*$room" 2>/dev/null || true
echo "worker killed with $(find shared -name '*.png' | wc -l) of 16 pictures there"
hq worker start --cpus "$(nproc)" >>worker.log 2>&1 &
timeout 300 hq job wait last
hq job list --all
diff -r alone shared
echo "the 16 pictures of the array have the bits of those of one batch"
