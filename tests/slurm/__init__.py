"""Tests on a real Slurm, started on this machine."""
