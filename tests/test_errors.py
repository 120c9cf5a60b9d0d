import pickle

import pytest

from tfprune.errors import (
    FileError,
    InfeasibleError,
    MissingExtra,
    PruneError,
    VerificationError,
)


def test_an_error_says_what_was_asked_what_was_found_and_the_fix():
    error = PruneError("sparsity=1.5", "sparsity must be below 1", "use 0.5")
    assert str(error) == "asked: sparsity=1.5\nfound: sparsity must be below 1\nfix: use 0.5"


@pytest.mark.parametrize("kind", [FileError, InfeasibleError, MissingExtra, VerificationError])
def test_every_error_of_tfprune_is_a_prune_error_and_a_value_error(kind):
    assert issubclass(kind, PruneError) and issubclass(kind, ValueError)


def test_a_missing_package_comes_with_its_install_command():
    error = MissingExtra.named("write report.html", "jinja2", "report")
    assert error.fix == 'pip install "tfprune[report]"'


def test_an_error_survives_a_process_boundary():
    error = pickle.loads(pickle.dumps(FileError("read a", "not there", "check")))
    assert (type(error), error.fix) == (FileError, "check")
