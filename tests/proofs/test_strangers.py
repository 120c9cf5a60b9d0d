"""Networks in people's own idioms lose channels, and compute rightly afterwards."""

import numpy as np
import pytest

import tfprune
from proofs.coverage_measure import _run, count_channels, difference
from proofs.coverage_models import inputs_for
from proofs.strangers import NETWORKS

QUICK = ("plain_relu", "cbam", "repeated_gate", "pointnet", "cross_network", "ft_transformer")
QUICK += ("detector", "hgnet", "cct", "coordinate_attention")
REACHABLE = {
    **dict.fromkeys(("mlp_mixer", "n_beats"), 0.7),  # tokens and steps, whose number stays
    **dict.fromkeys(("cct", "forecaster", "cbam", "repeated_gate"), 0.9),  # a gate of one channel
    **dict.fromkeys(("hgnet", "cross_network"), 0.8),  # learned numbers, and a column of one
    **dict.fromkeys(("eca", "linear_attention"), 0.5),  # channels in a row, or in one softmax
    **dict.fromkeys(("gated_mlp", "focal_modulation"), 0.7),  # tokens, and gates of one channel
    "pointnet": 0.5,  # a regularizer that fits one width alone
}
"""What is less than 99 %, and why."""

CASES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.proof) for name in NETWORKS]


@pytest.mark.parametrize("name", CASES)
def test_a_strangers_network_loses_channels(name):
    model = NETWORKS[name]()
    plan = tfprune.plan_structured(model, 0.5, tfprune.criteria.Random(seed=0))
    structure = plan.structure
    channels, prunable, outputs = count_channels(structure.model, structure.groups)
    assert prunable / (channels - outputs) > REACHABLE.get(name, 0.99)
    x = inputs_for(model, np.random.default_rng(0))
    assert difference(_run(plan.apply(), x), _run(plan.masked(), x)) < 1e-4
