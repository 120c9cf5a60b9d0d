"""Whole networks that no library brings lose half of their units, and say which stay."""

import pytest

from tests.channels import architectures
from tests.channels.checks import check, kept, notes


@pytest.mark.parametrize(
    "name, stays",
    [
        ("unet", {}),
        ("shufflenet", {}),
        ("ghostnet", {}),
        ("yolo", {}),
        ("vision_transformer", {}),
        ("mixer", {"places": "goes together with a fixed width in add"}),
        ("conformer", {}),
        ("wavenet", {}),
        ("decoder", {}),
        ("super_resolution", {}),
        ("recommender", {"top": "joined with an input of fixed width by concatenate"}),
        ("translator", {}),
    ],
)
def test_networks_as_people_write_them(name, stays):
    model = getattr(architectures, name)()
    assert {group: reason.rstrip("_0123456789") for group, reason in kept(model).items()} == stays
    assert not notes(model)
    assert check(model).count_params() < 0.6 * model.count_params()
