"""The declared columns of the flat tables: name, type, unit, meaning.

`jets` has one row a jet, `constituents` one row a particle, in jet order. Energies are in GeV,
lengths in cm, angles in radians. A reader may declare further columns and further tables, which
are called and scaled as its files have them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    dtype: str
    unit: str
    meaning: str
    required: bool = True


@dataclass(frozen=True)
class Table:
    """Lists of something else in jets, such as tracks, beside their constituents.

    It has its rows in jet order, and `num_<name>` of a jet says how many are its own.
    """

    name: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Further:
    """What a reader declares beyond the columns below."""

    jets: tuple[Column, ...] = ()
    constituents: tuple[Column, ...] = ()
    tables: tuple[Table, ...] = ()


JET_COLUMNS = (
    Column("run", "uint32", "", "run number; the part of a generated dataset"),
    Column("luminosity_block", "uint32", "", "luminosity block, 1 where there is none"),
    Column("event", "uint64", "", "event number within the run"),
    Column("jet_index", "uint16", "", "position of the jet in its event"),
    Column("pt", "float32", "GeV", "transverse momentum"),
    Column("eta", "float32", "", "pseudorapidity"),
    Column("phi", "float32", "rad", "azimuth in [-pi, pi)"),
    Column(
        "mass",
        "float32",
        "GeV",
        "mass of all constituents, or of the file if it has none",
    ),
    Column("truth", "int8", "", "what the jet is, a code of TRUTH"),
    Column("weight", "float32", "", "generator or event weight; may be negative"),
    Column("num_constituents", "int32", "", "number of rows in the constituents table"),
    Column(
        "softdrop_mass", "float32", "GeV", "groomed mass as given by the input", required=False
    ),
    Column("pile_up", "float32", "", "collisions laid over the generated event", required=False),
)

CONSTITUENT_COLUMNS = (
    Column("px", "float32", "GeV", "momentum along x"),
    Column("py", "float32", "GeV", "momentum along y"),
    Column("pz", "float32", "GeV", "momentum along the beam"),
    Column("energy", "float32", "GeV", "energy"),
    Column("charge", "int8", "e", "electric charge", required=False),
    Column("pdgid", "int32", "", "particle id of the PDG scheme", required=False),
    Column("d0", "float32", "cm", "transverse impact parameter", required=False),
    Column("d0_error", "float32", "cm", "its uncertainty", required=False),
    Column("dz", "float32", "cm", "longitudinal impact parameter", required=False),
    Column("dz_error", "float32", "cm", "its uncertainty", required=False),
)

EVENT_COLUMNS = ("run", "luminosity_block", "event")

TRUTH = {
    "unknown": 0,
    "qcd": 1,
    "h_bb": 2,
    "h_cc": 3,
    "h_gg": 4,
    "h_4q": 5,
    "h_qql": 6,
    "z_qq": 7,
    "w_qq": 8,
    "t_bqq": 9,
    "t_bl": 10,
    "light_quark": 11,
    "gluon": 12,
    "charm": 13,
    "bottom": 14,
    "tau": 15,
    "pileup": 16,
}
