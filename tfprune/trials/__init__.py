"""Trials: one function for many values, in processes here or on a cluster, each done once."""

from tfprune.trials.running import TrialOutcome, run_trials

__all__ = ["TrialOutcome", "run_trials"]
