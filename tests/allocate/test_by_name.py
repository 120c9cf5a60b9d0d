import pytest

from tfprune import PruneError
from tfprune.allocate import ratios_by_name

NAMES = [["stem", "stem_bn"], ["block_1/conv"], ["block_2/conv", "skip"], ["head"]]


def test_an_exact_name_goes_before_a_glob_and_the_first_glob_before_the_second():
    ratios = {"block_*": 0.5, "*": 0.1, "block_2/conv": 0.0}
    assert ratios_by_name(ratios, NAMES) == [0.1, 0.5, 0.0, 0.1]


def test_a_group_answers_to_the_names_of_all_its_layers():
    assert ratios_by_name({"skip": 0.3, "*_bn": 0.2}, NAMES) == [0.2, None, 0.3, None]


def test_an_unknown_name_is_refused_with_near_matches():
    with pytest.raises(PruneError, match="choose one of: stem"):
        ratios_by_name({"stm": 0.5}, NAMES)


def test_a_glob_that_matches_nothing_is_refused():
    with pytest.raises(PruneError, match=r"a ratio for 'conv\*'"):
        ratios_by_name({"conv*": 0.5}, NAMES)


def test_layers_that_go_together_cannot_have_two_ratios():
    with pytest.raises(PruneError, match="the channels of block_2/conv and skip go together"):
        ratios_by_name({"skip": 0.3, "block_2/conv": 0.2}, NAMES)
    assert ratios_by_name({"skip": 0.3, "block_2/conv": 0.3}, NAMES)[2] == 0.3


def test_a_ratio_out_of_range_is_refused_by_its_name():
    with pytest.raises(PruneError, match="the ratio of 'head': 50\n") as error:
        ratios_by_name({"head": 50}, NAMES)
    assert error.value.fix == "write 0.5"
