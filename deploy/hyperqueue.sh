#!/bin/bash
# A HyperQueue array of which each task paints one part of a batch, with all options of `impasto batch`:
#   deploy/hyperqueue.sh --style painting.jpg --out pictures photos/*.jpg
# A task whose worker is lost is started again, and skips what it had painted; so does the whole array when it is submitted
# again.
parts=${PARTS:-8} cpus=${CPUS:-2}
log=impasto-%{JOB_ID}_%{TASK_ID}.log
exec hq submit --name impasto --array "0-$((parts - 1))" --cpus "$cpus" --stdout "$log" --stderr "$log" \
    -- impasto batch --shards "$parts" --threads "$cpus" "$@"
