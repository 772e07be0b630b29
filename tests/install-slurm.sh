#!/bin/sh
# tests/test_slurm.py runs a batch job under a Slurm of its own; install it where we may.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
missing=0
for name in munged slurmctld slurmd sbatch srun; do
    command -v "$name" >/dev/null 2>&1 || missing=1
done
if [ "$missing" = 0 ]; then exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        munge slurmctld slurmd slurm-client >/dev/null; then exit 0; fi
    if [ "${CI:-}" = true ]; then exit 1; fi
fi
echo "Slurm is not installed (Debian: sudo apt-get install munge slurmctld slurmd slurm-client), so its test will be skipped." >&2
