#!/bin/bash
# A Slurm array of which each task paints one part of a batch, with all options of `impasto batch`:
#   sbatch deploy/slurm.sh --style painting.jpg --out pictures photos/*.jpg
# A task that is requeued skips what it had painted; so does the whole array when it is submitted again.
#SBATCH --job-name=impasto
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem-per-cpu=1G
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=impasto-%A_%a.log
exec impasto batch --threads "${SLURM_CPUS_PER_TASK:-1}" "$@"
