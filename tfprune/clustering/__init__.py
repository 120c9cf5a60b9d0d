"""Clusters: kernels that hold few different values, so that a file packs to fewer bytes."""

from tfprune.clustering.cluster import cluster_weights
from tfprune.clustering.counting import ValueCount, count_values
from tfprune.clustering.engine import ClusteredKernel, GradientAggregation
from tfprune.clustering.initialization import CentroidInitialization
from tfprune.clustering.planning import ClusterPlan, ClusterRow, plan_clusters
from tfprune.clustering.strip import strip_clustering
from tfprune.clustering.wrapper import ClusterWeights, cluster_scope

__all__ = [
    "CentroidInitialization",
    "ClusterPlan",
    "ClusterRow",
    "ClusterWeights",
    "ClusteredKernel",
    "GradientAggregation",
    "ValueCount",
    "cluster_scope",
    "cluster_weights",
    "count_values",
    "plan_clusters",
    "strip_clustering",
]
