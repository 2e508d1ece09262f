"""The line-up of a study: what has scores, with which decorrelations, seeds and members.

A combination of subsets takes its seeds to be the places of the subsets in the lexicographic order
of all choices, counted from 0: everything behind the scores treats them as seeds.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from tagline.settings.catalogue import Decorrelation, Tagger
from tagline.settings.contenders import Combination, Onnx, Outside

ONLY_SEED = 1  # of what has one training, whatever the seeds of the study

Varied = Literal["seed", "subset"]


class Member(NamedTuple):
    """One training whose scores a combination reads."""

    tagger: str
    seed: int


@dataclass(frozen=True)
class Lineup:
    """Everything that can be named as a tagger.

    Args:
        taggers: trained here, by name.
        combinations: of others, by name.
        outside: made elsewhere, by name.
        decorrelations: by name.
        seeds: of the study.
    """

    taggers: Mapping[str, Tagger]
    combinations: Mapping[str, Combination]
    outside: Mapping[str, Outside]
    decorrelations: Mapping[str, Decorrelation]
    seeds: tuple[int, ...]

    @property
    def entries(self) -> dict[str, Tagger | Combination | Outside]:
        """All entries by name."""
        return {**self.taggers, **self.combinations, **self.outside}

    @property
    def imported(self) -> list[str]:
        """What was made elsewhere and comes as scores."""
        return [name for name, outside in self.outside.items() if outside.scores]

    @property
    def onnx(self) -> list[str]:
        """What was made elsewhere and comes as a network."""
        return [name for name, outside in self.outside.items() if outside.onnx]

    def seeds_of(self, name: str) -> tuple[int, ...]:
        """Return the seeds of the scores of a tagger, none if the study has too few for it."""
        if name in self.outside:
            return self.seeds if self.outside[name].has_seeds else (ONLY_SEED,)
        if name not in self.combinations:
            return self.seeds
        combination = self.combinations[name]
        if combination.subset:
            return tuple(self._subsets(combination))
        several = any(len(self.seeds_of(member)) > 1 for member in combination.members)
        return self.seeds if several else self.seeds_of(combination.members[0])

    def representation_of(self, name: str) -> str:
        """Return the representation that a tagger reads, empty if none."""
        match self.entries[name]:
            case Tagger(representation=representation):
                return representation
            case Outside(onnx=Onnx(representation=representation)):
                return representation
            case _:
                return ""

    def varied(self, name: str) -> Varied:
        """Say what the seeds of a tagger count."""
        is_of_subsets = name in self.combinations and self.combinations[name].subset
        return "subset" if is_of_subsets else "seed"

    def decorrelations_of(self, name: str) -> list[str]:
        """List the decorrelations that a tagger can have, in the order of the catalogue."""
        if name in self.combinations:
            shared = [self.decorrelations_of(one) for one in self.combinations[name].members]
            return [one for one in shared[0] if all(one in others for others in shared)]
        return [
            one
            for one, entry in self.decorrelations.items()
            if self._suits(entry, name)
            and (not entry.after or self._suits(self.decorrelations[entry.after], name))
        ]

    def members_of(self, name: str, seed: int) -> list[Member]:
        """List the trainings behind one score of a combination."""
        combination = self.combinations[name]
        seeds = self._subsets(combination)[seed] if combination.subset else (seed,)
        return [
            Member(member, one)
            for member in combination.members
            for one in (seeds if self._has_seeds(member) else (ONLY_SEED,))
        ]

    def behind(self, names: Iterable[str]) -> list[str]:
        """List these taggers and the members of those that are combinations, each once."""
        found = dict.fromkeys(names)
        for name in list(found):
            if name in self.combinations:
                found |= dict.fromkeys(self.combinations[name].members)
        return list(found)

    def _suits(self, decorrelation: Decorrelation, name: str) -> bool:
        if name in self.taggers:
            return decorrelation.suits(self.taggers[name])
        possible = {"never", "post_hoc"} if self.outside[name].has_validation else {"never"}
        return decorrelation.when in possible

    def _has_seeds(self, name: str) -> bool:
        return name not in self.outside or self.outside[name].has_seeds

    def _subsets(self, combination: Combination) -> dict[int, tuple[int, ...]]:
        return subsets(self.seeds, combination.subset, limit=combination.max_subsets)


@cache
def subsets(seeds: tuple[int, ...], size: int, *, limit: int) -> dict[int, tuple[int, ...]]:
    """Return choices of so many seeds by their place in the lexicographic order.

    Args:
        seeds: to choose from.
        size: of a choice.
        limit: at most so many choices, evenly spaced; 0 is no limit.
    """
    every = list(itertools.combinations(seeds, size))
    number = min(limit or len(every), len(every))
    places = [position * len(every) // number for position in range(number)]
    return {place: every[place] for place in places}
