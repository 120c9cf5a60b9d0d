"""Rewriting: a Keras model, before training, in the form that sparse kernels can run."""

from tfprune.rewriting.editing import Change
from tfprune.rewriting.sparse_ready import SparseReady, make_sparse_ready, plan_sparse_ready

__all__ = ["Change", "SparseReady", "make_sparse_ready", "plan_sparse_ready"]
