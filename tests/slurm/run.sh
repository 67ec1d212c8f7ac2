#!/usr/bin/env bash
# Runs the job array of benchmarks/slurm on a Slurm of its own on 127.0.0.1, ends one task in the middle,
# and compares the merged tables with those of one machine. It takes some minutes, as Slurm waits before it
# starts a task again, and root. Debian: apt install slurmctld slurmd slurm-client munge
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
mkdir "$work"/{spool,state,log}
node=$(hostname -s)
cat >"$work/slurm.conf" <<CONF
ClusterName=flowbench
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/log/slurmctld
SlurmdLogFile=$work/log/slurmd
MpiDefault=none
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$work/slurm.conf" FLOWBENCH_OUT="$work/out"

if ! munge -n >/dev/null 2>&1; then
  mkdir -p /run/munge
  chown munge /run/munge
  su -s /bin/sh munge -c munged
fi
slurmctld
slurmd
stop() { kill "$(cat "$work/slurmd.pid")" "$(cat "$work/slurmctld.pid")"; }
trap stop EXIT

args=(--profile smoke --suite toy,energy --backend wasm)
array=$(sbatch --parsable --cpus-per-task=1 --array=1-2 --output="$work/log/bench-%a.txt" \
  benchmarks/slurm/bench.sbatch "${args[@]}" --checkpoint-seconds 0.1)
merge=$(sbatch --parsable --dependency="afterany:$array" --output="$work/log/merge.txt" \
  benchmarks/slurm/merge.sbatch)

until grep -q '\[1/' "$work/log/bench-2.txt" 2>/dev/null; do sleep 0.1; done
sleep 0.3
scancel --signal=TERM --batch "${array}_2"
echo "Task 2 was told to end; Slurm starts it again in a minute or two"
while squeue --noheader --jobs "$array,$merge" 2>/dev/null | grep -q .; do sleep 2; done

deno task bench "${args[@]}" --threads 1 --out "$work/single" >/dev/null 2>&1
grep -v '^[│┌├└ ]' "$work/log/bench-2.txt" "$work/log/merge.txt"
deno run --allow-read tests/slurm/compare.ts "$work/out/merged" "$work/single"
