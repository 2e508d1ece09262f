"""The cache of compiled functions."""

import os
import subprocess
import sys
from pathlib import Path

import tagline.machine.compiled

CALLED = """
from tagline.machine.compiled import inlined

@inlined
def factor():
    return {factor}
"""
CALLER = """
from tagline.called import factor
from tagline.machine.compiled import compiled

@compiled
def times(number):
    return factor() * number
"""
PROGRAM = """
from tagline.caller import times

print(times(7))
"""


def run(folder):
    """Return the result of the compiled function in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, check=True, capture_output=True
    )
    return int(done.stdout)


def test_a_function_is_compiled_anew_when_one_that_it_calls_has_changed(tmp_path):
    package = tmp_path / "tagline"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "machine").mkdir()
    source = Path(tagline.machine.compiled.__file__)
    (package / "machine/compiled.py").write_text(source.read_text())
    (package / "caller.py").write_text(CALLER)
    (package / "called.py").write_text(CALLED.format(factor=2))
    assert run(tmp_path) == 14
    (package / "called.py").write_text(CALLED.format(factor=3))
    assert run(tmp_path) == 21
