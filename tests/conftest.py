"""What several test files begin with."""

import os
import sys
import time

import pytest

# The processes of a test run share the cores; threads that wait for each other would spin on them.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


LONGEST_FIRST = (
    "test_disturbed",
    "test_workflow",
    "test_limits",
    "test_beyond",
    "test_sharing",
    "test_production",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes, so that no process ends long after the others."""
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let each test begin with the same weights, in any order; pytest-randomly knows no torch."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(1)


@pytest.fixture(scope="session")
def observables(tmp_path_factory):
    """A prepared task of 70 jets for networks that train in a moment."""
    from tests.tasks import prepared_task, representations  # torch, which not all tests need

    folder = tmp_path_factory.mktemp("task")
    return prepared_task(folder, representations()["nsubjettiness_6"], num_jets=70)


@pytest.fixture
def new_run(observables, tmp_path_factory):
    """Return a function that makes folders for trainings on them."""
    from tests.trainings import Run

    return lambda: Run(observables, tmp_path_factory.mktemp("run"))


@pytest.fixture
def pauses(monkeypatch):
    """Wait for nothing, and say for how long it would have been."""
    waited = []
    monkeypatch.setattr("tagline.reading.patience.JITTER", 0.0)
    monkeypatch.setattr(time, "sleep", lambda seconds: seconds and waited.append(seconds))
    return waited
