"""Reading a remote file ahead against branch by branch, at two distances, by both protocols."""

import time
from functools import partial

import numpy as np
import uproot

from benchmarks.racing import race, verdict
from tagline.data.jets import Jets, concatenate
from tagline.reading.cuts import Cuts
from tagline.reading.trees import Tree
from tagline.settings import plugins
from tests import nginx_server, xrootd_server
from tests.long_line import long_line
from tests.readers import assert_same
from tests.toys import add_tree, jetclass_branches, toy_jets

NUM_JETS, NUM_CLUSTERS = 40_000, 10
ROUND_TRIPS = (0.02, 0.1)  # seconds, as across a continent and an ocean
GOAL = 3.0


class BranchByBranch(Tree):
    """A tree that asks for nothing before it is needed."""

    ahead = property(lambda _: None, lambda *_: None)  # type: ignore[assignment]


def read(url: str, *, ahead: bool) -> Jets:
    """Read all jets of a file, cluster by cluster."""
    plugin = plugins.load("datasets", "jetclass")
    reader = plugin.Reader(plugin.Config(entries=NUM_JETS // NUM_CLUSTERS))
    cuts = Cuts("pt > 0")
    jets = []
    for chunk in reader.read(url):
        if not ahead:
            chunk.span.tree.__class__ = BranchByBranch
        jets += cuts.kept(chunk)
    return concatenate(jets)


def main() -> None:
    """Race both ways at each distance."""
    jets, size = toy_jets(NUM_JETS, seed=1), NUM_JETS // NUM_CLUSTERS
    clusters = [jets.take(np.arange(n, n + size)) for n in range(0, NUM_JETS, size)]
    for kind in (xrootd_server, nginx_server):
        with kind.serving() as server:
            with uproot.recreate(server.folder / "toy.root") as file:
                add_tree(file, "tree", *map(jetclass_branches, clusters))
            for round_trip in ROUND_TRIPS:
                with long_line(server.port, round_trip=round_trip) as line:
                    url = server.url("toy.root", port=line.port)
                    assert_same(read(url, ahead=True), read(url, ahead=False))
                    contenders = {
                        "ahead": partial(read, url, ahead=True),
                        "branch by branch": partial(read, url, ahead=False),
                    }
                    seconds = race(contenders, rounds=2, clock=time.perf_counter)
                title = f"{server.program}, round trips of {1000 * round_trip:g} ms"
                print(verdict(title, seconds, ours="ahead", rival="branch by branch", goal=GOAL))
                print(f"  {seconds}")


if __name__ == "__main__":
    main()
