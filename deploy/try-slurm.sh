#!/bin/bash
# Tries slurm.sh on a Slurm of its own on this machine: an array of 8 tasks, of which one is killed in mid-run and queued
# again, must make the very bits of one batch without Slurm. Needs root, and `apt-get install slurm-wlm munge`.
#   deploy/try-slurm.sh IMPASTO PAINTING PHOTOGRAPH
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
impasto=$(realpath "$1") painting=$(realpath "$2") photograph=$(realpath "$3")
room=$(mktemp -d)
chmod 755 "$room"
cd "$room"

end() {
    [ -z "${slurmd:-}" ] || kill "$slurmd" || true
    [ -z "${slurmctld:-}" ] || kill "$slurmctld" || true
    [ -z "${munged:-}" ] || kill "$munged" || true
    wait || true
    rm -rf "$room"
}
trap end EXIT

mkdir -p bin photos state spool munge
ln -s "$impasto" bin/impasto
export PATH="$room/bin:$PATH" SLURM_CONF="$room/slurm.conf"
for number in $(seq 16); do
    cp "$photograph" "photos/$number.${photograph##*.}"
done
options=(--style "$painting" --size 96 --iterations 60 photos/*)
impasto batch --quiet --out alone "${options[@]}"

host=$(hostname -s)
cat >slurm.conf <<END
ClusterName=try
SlurmctldHost=$host(127.0.0.1)
AuthInfo=socket=$room/munge/socket
SlurmUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation=$room/state
SlurmdSpoolDir=$room/spool
SlurmctldPidFile=$room/slurmctld.pid
SlurmdPidFile=$room/slurmd.pid
SlurmctldLogFile=$room/slurmctld.log
SlurmdLogFile=$room/slurmd.log
MpiDefault=none
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=1000
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
head -c 1024 /dev/urandom >munge/key
chmod 400 munge/key
chown -R munge munge
runuser -u munge -- munged --foreground --key-file="$room/munge/key" --socket="$room/munge/socket" \
    --pid-file="$room/munge/pid" --log-file="$room/munge/log" --seed-file="$room/munge/seed" 2>/dev/null &
munged=$!
sleep 2
slurmctld -D 2>/dev/null & slurmctld=$!
slurmd -D -N "$host" 2>/dev/null & slurmd=$!
until sinfo --noheader --format=%T | grep -q idle; do sleep 1; done

job=$(sbatch --parsable --cpus-per-task=1 --mem-per-cpu=0 "$here/slurm.sh" --out array "${options[@]}")
# One task is killed in its second picture.
until grep -q '^1/2' "impasto-${job}_2.log" 2>/dev/null; do sleep 0.05; done
scancel --batch --signal=KILL "${job}_2"
until scontrol show job "${job}_2" | grep -q JobState=FAILED; do sleep 0.2; done
cp "impasto-${job}_2.log" killed.log
scontrol requeue "${job}_2"
# Slurm waits for two minutes before it starts one again.
scontrol update "JobId=${job}_2" StartTime=now
while squeue --noheader --job="$job" | grep -q .; do sleep 0.5; done

if grep -q '^2/2' killed.log; then
    echo "the task was done before it could be killed: try again" >&2
    exit 1
fi
diff -r alone array
grep -q 'there already' "impasto-${job}_2.log"
echo "$(find array -name '*.png' | wc -l) pictures of 8 tasks, one of them killed and queued again, are those of one batch"
