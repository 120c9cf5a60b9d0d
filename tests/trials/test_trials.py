"""Each trial is done once, whatever becomes of the worker that does it."""

import os
import signal
from functools import partial
from pathlib import Path

import joblib
import pytest

from tfprune.errors import PruneError
from tfprune.trials import run_trials


def square(x):
    return {"is": x * x}


def counted(x, folder):
    """Leaves a sign of each time that it ran."""
    (folder / f"{len(list(folder.iterdir()))}.ran").touch()
    return {"is": x * x}


def killed_once(x, folder):
    sign = folder / "begun"
    if x == 1 and not sign.exists():
        sign.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"is": x * x}


def always_killed(x):
    if x == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"is": x * x}


def raises_once(x, folder):
    sign = folder / "begun"
    if not sign.exists():
        sign.touch()
        raise OSError("the disk was away")
    return {"is": x}


def refuses(x):
    if x == 1:
        raise PruneError("prune", "no kernel", "add one")
    return {"is": x}


def over(*values):
    return [{"x": value} for value in values]


def test_outcomes_come_in_the_order_of_the_trials(tmp_path):
    found = run_trials(square, over(3, 1, 2), out=tmp_path)
    assert [(one.values, one.record) for one in found] == [
        ({"x": 3}, {"is": 9}),
        ({"x": 1}, {"is": 1}),
        ({"x": 2}, {"is": 4}),
    ]


def test_a_trial_that_is_there_is_not_repeated(tmp_path):
    for values in (over(1), over(1, 2)):
        found = run_trials(counted, values, out=tmp_path)
    ran = [len(list(Path(one.folder, "files").iterdir())) for one in found]
    assert ran == [1, 1]


def test_another_function_or_key_is_another_trial(tmp_path):
    one = run_trials(square, over(1), out=tmp_path)
    other = run_trials(refuses, over(1), out=tmp_path)
    again = run_trials(square, over(1), out=tmp_path, key="other data")
    assert len({found[0].folder for found in (one, other, again)}) == 3


def test_what_a_function_is_given_beforehand_tells_it_from_another(tmp_path):
    outcomes = [run_trials(partial(pow, exp=exp), [{"base": 2}], out=tmp_path) for exp in (2, 3)]
    assert len({found[0].folder for found in outcomes}) == 2


def test_what_is_refused_fails_alone_and_at_once(tmp_path):
    first, second = run_trials(refuses, over(1, 2), out=tmp_path)
    assert (first.record, first.failure) == (None, "no kernel; add one")
    assert (second.record, second.failure) == ({"is": 2}, "")


def test_what_raised_is_tried_again(tmp_path):
    [found] = run_trials(raises_once, over(1), out=tmp_path)
    assert (found.record, found.failure) == ({"is": 1}, "")
    [found] = run_trials(raises_once, over(2), out=tmp_path, tries=1)
    assert found.failure == "OSError: the disk was away"


def test_a_killed_worker_costs_its_trial_alone(tmp_path):
    """Two real processes; the trial that takes its worker down twice takes no other with it."""
    found = run_trials(killed_once, over(0, 1, 2), out=tmp_path / "once", jobs=2)
    assert [one.record for one in found] == [{"is": 0}, {"is": 1}, {"is": 4}]
    found = run_trials(always_killed, over(0, 1, 2), out=tmp_path / "always", jobs=2, tries=2)
    assert [one.record for one in found] == [{"is": 0}, None, {"is": 4}]
    assert found[1].failure.startswith("its worker was lost")


@pytest.mark.parametrize("backend", ["threading", "multiprocessing"])
def test_workers_that_share_this_process_are_refused(tmp_path, backend):
    with (
        joblib.parallel_config(backend=backend, n_jobs=2),
        pytest.raises(PruneError, match='use backend="loky"'),
    ):
        run_trials(square, over(1, 2), out=tmp_path)


@pytest.mark.parametrize(
    ("values", "settings", "said"),
    [
        ([{"x": object()}], {}, "no lasting word for a object"),
        ([{"x": 1}, {"x": 1}], {}, "two are alike"),
        ([{"x": 1}], {"jobs": 0}, "nobody would work"),
        ([{"x": 1}], {"tries": 0}, "each trial is begun once"),
    ],
)
def test_what_is_wrong_is_told_before_anything_begins(tmp_path, values, settings, said):
    with pytest.raises(PruneError, match=said):
        run_trials(square, values, out=tmp_path, **settings)
    assert not (tmp_path / "trials").exists()
