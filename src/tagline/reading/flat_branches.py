"""How a configuration describes the branches of the reader `flat`."""

from collections.abc import Collection, Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from tagline.data.columns import Column
from tagline.settings.strict import Name, Strict


class Branch(Strict):
    """Where a column is, in which units, and what it is; a text alone names the branch."""

    branch: str = Field(description="its name; in HDF5 of an array, or `array/field`")
    scale: float = Field(1, description="multiplied by this, as 0.001 for MeV or 0.1 for mm")
    missing: tuple[float, ...] = Field((), description="values that stand for nothing, as -999")
    nan_is_missing: bool = Field(False, description="so do those that are not a number")
    instead: float = Field(0, description="what such values are taken as; the ledger counts them")
    dtype: Literal["float32", "float64", "int8", "int32", "int64"] = Field(
        "float32", description="of a column of one's own; integers cut fractions off"
    )
    unit: str = Field("", description="of a column of one's own, after scaling")
    meaning: str = Field("", description="of a column of one's own")


class Truth(Strict):
    """What jets are: what the values of a branch stand for, or which branches flag it."""

    branch: str = Field("", description="of a code")
    codes: dict[int, str] = Field(default_factory=dict, description="names of TRUTH by value")
    flags: dict[str, str] = Field(
        default_factory=dict, description="branches that are not zero, by name of TRUTH"
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if bool(self.branch) == bool(self.flags):
            raise ValueError("truth: either branch and codes, or flags")
        return self


class Lists(Strict):
    """Lists in jets: their columns, and which slots are filled where they are padded."""

    columns: dict[Name, Branch | str] = Field(description="by name; `Branch`, or its name alone")
    count: str = Field("", description="branch of how many leading slots are filled")
    valid: str = Field("", description="branch that is true where a slot is filled")


class Constituents(Lists):
    """Lists of particles: px, py, pz and energy, or pt, eta and phi with mass, energy or neither.

    Besides, there may be the other columns of constituents, and columns of one's own.
    """

    @model_validator(mode="after")
    def _have_momenta(self) -> Self:
        given = self.columns.keys()
        if not ({"px", "py", "pz", "energy"} <= given or {"pt", "eta", "phi"} <= given):
            raise ValueError(
                "constituents: px, py, pz and energy, or pt, eta and phi are needed, "
                f"found {list(given)}"
            )
        return self


def described(entry: Branch | str) -> Branch:
    """Return the description of a branch of which perhaps only the name is given."""
    return Branch(branch=entry) if isinstance(entry, str) else entry


def own_columns(columns: Mapping[str, Branch | str], known: Collection[str]) -> tuple[Column, ...]:
    """Return the columns of one's own, which are not among those known."""
    return tuple(
        Column(name, branch.dtype, branch.unit, branch.meaning, required=False)
        for name, branch in ((name, described(entry)) for name, entry in columns.items())
        if name not in known
    )
