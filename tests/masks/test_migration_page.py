import importlib
import pathlib
import re

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "coming_from_tfmot.md"
ROWS = re.findall(r"^\| `(\w+)` \| `(tfprune[\w.]*)` \|", PAGE.read_text(encoding="utf-8"), re.M)
TFMOT = """prune_low_magnitude prune_scope strip_pruning UpdatePruningStep PruningSummaries
PruningSchedule
ConstantSparsity PolynomialDecay PrunableLayer PruningPolicy PruneForLatencyOnXNNPack
cluster_weights strip_clustering cluster_scope CentroidInitialization ClusterableLayer"""


def test_the_page_names_all_that_tfmot_offers_and_only_what_tfprune_has():
    """The names are those of tfmot 0.8.1, python/core/api/{sparsity,clustering}/keras/__init__.py;
    its ClusteringAlgorithm and ClusteringSummaries have no counterpart, as the page says."""
    assert [ours for ours, _ in ROWS] == TFMOT.split()
    for _, path in ROWS:
        room, name = path.rsplit(".", 1)
        assert getattr(importlib.import_module(room), name)
