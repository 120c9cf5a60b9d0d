"""Networks in people's own idioms lose channels, and compute rightly afterwards."""

import numpy as np
import pytest

import tfprune
from proofs.coverage_measure import _run, difference
from proofs.coverage_models import inputs_for
from proofs.strangers import NETWORKS
from proofs.strangers_counts import channels_of

QUICK = ("plain_relu", "cbam", "pointnet", "cross_network", "ft_transformer", "detector", "vae")
QUICK += ("cct", "coordinate_attention", "experts", "bifpn", "anchor_free", "linear_attention")
REACHABLE = {
    # Tokens and steps of a fixed number are added to.
    **dict.fromkeys(("mlp_mixer", "n_beats", "gated_mlp"), 0.7),
    "focal_modulation": 0.97,  # gates of one channel within a wider kernel
    "pointnet": 0.5,  # a regularizer that fits one width alone
}
"""What is less than 99 %, and why."""

CASES = [pytest.param(name, marks=() if name in QUICK else pytest.mark.proof) for name in NETWORKS]


@pytest.mark.parametrize("name", CASES)
def test_a_strangers_network_loses_channels(name):
    model = NETWORKS[name]()
    plan = tfprune.plan_structured(model, 0.5, tfprune.criteria.Random(seed=0))
    channels, prunable, outputs, _ = channels_of(model)
    assert prunable / (channels - outputs) > REACHABLE.get(name, 0.99)
    x = inputs_for(model, np.random.default_rng(0))
    assert difference(_run(plan.apply(), x), _run(plan.masked(), x)) < 1e-4
