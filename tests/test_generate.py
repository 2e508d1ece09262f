"""Generation: Pythia, jets, truth, the ROOT file and the ledger."""

from pathlib import Path

import fastjet
import numpy as np
import pytest
import uproot
import yaml

from tagline import generate as generation
from tagline.artefacts.files import read_json
from tagline.data.columns import TRUTH
from tagline.generate import generate
from tagline.generate.jets import cuts, leading_jets
from tagline.generate.particles import concatenate, in_order_of_events, massless
from tagline.generate.pythia import OUTGOING, Generator, Record
from tagline.generate.truth import truth
from tagline.generate.write import write_root
from tagline.settings.recipes import JetSelection, Recipe, Trim

ROOT = Path(__file__).parent.parent
RECIPES = yaml.safe_load((ROOT / "config" / "recipes.yaml").read_text())["recipes"]
SELECTION = JetSelection(radius=0.8, pt_min=550, pt_max=650, abs_eta_max=2.0, max_constituents=200)


TRIMMED = SELECTION.model_copy(update={"trim": Trim(radius=0.2, fraction=0.05)})


def some_particles(num_events, per_event, *, seed):
    random = np.random.default_rng(seed)
    count = num_events * per_event
    return massless(
        np.repeat(np.arange(num_events), per_event),
        pt=random.exponential(40, count) + 0.5,
        eta=random.normal(0, 1, count),
        phi=random.uniform(-np.pi, np.pi, count),
        charge=random.integers(-1, 2, count).astype(np.int8),
        pdgid=np.full(count, 211, np.int32),
    )


def slow_leading_jet(p_N4, radius):
    """Cluster the particles of one event with anti-kT, by the book (arXiv:0802.1189, eq. 1)."""
    pseudojets, jets = [np.array(p) for p in p_N4], []
    while pseudojets:
        px, py, pz, energy = np.array(pseudojets).T
        closeness = 1 / np.hypot(px, py) ** 2
        rapidity, phi = np.arctanh(pz / energy), np.arctan2(py, px)
        dphi = np.abs(phi[:, None] - phi)
        dphi = np.minimum(dphi, 2 * np.pi - dphi)
        distance = np.minimum(closeness[:, None], closeness) * (
            ((rapidity[:, None] - rapidity) ** 2 + dphi**2) / radius**2
        )
        np.fill_diagonal(distance, closeness)
        i, j = sorted(np.unravel_index(np.argmin(distance), distance.shape))
        last = pseudojets.pop(j)
        if i == j:
            jets.append(last)
        else:
            pseudojets[i] = pseudojets[i] + last
    return max(jets, key=lambda p: np.hypot(p[0], p[1]))


def test_leading_jets_are_those_of_a_slow_clustering():
    particles = some_particles(20, 15, seed=1)
    jets = leading_jets(particles, num_events=20, selection=SELECTION)
    for event, row in enumerate(np.flatnonzero(np.isin(np.arange(20), jets.jets["event"]))):
        of_event = particles.take(particles.event == row)
        p_N4 = np.stack([of_event.px, of_event.py, of_event.pz, of_event.energy], -1)
        px, py, _, energy = slow_leading_jet(p_N4, 0.8)
        assert jets.jets["pt"][event] == pytest.approx(np.hypot(px, py))
        assert jets.jets["energy"][event] == pytest.approx(energy)


def test_constituents_come_hardest_first_and_add_up():
    particles = some_particles(10, 60, seed=2)
    jets = leading_jets(particles, num_events=10, selection=SELECTION)
    pt = np.hypot(jets.constituents["px"], jets.constituents["py"])
    jet = np.repeat(np.arange(len(jets)), jets.jets["num_constituents"])
    assert np.all(np.diff(pt)[np.diff(jet) == 0] <= 0)
    total = [np.bincount(jet, jets.constituents[axis]) for axis in ("px", "py")]
    assert np.hypot(*total) == pytest.approx(jets.jets["pt"])


def test_only_so_many_constituents_are_kept_but_the_momentum_is_of_all():
    particles = some_particles(5, 80, seed=3)
    few = SELECTION.model_copy(update={"max_constituents": 3})
    all_of_them = leading_jets(particles, num_events=5, selection=SELECTION)
    jets = leading_jets(particles, num_events=5, selection=few)
    assert jets.jets["num_constituents"].max() == 3
    assert jets.jets["pt"] == pytest.approx(all_of_them.jets["pt"])
    hardest = all_of_them.constituents["px"][all_of_them.offsets[:-1]]
    assert jets.constituents["px"][jets.offsets[:-1]] == pytest.approx(hardest)


def jets_of_event(particles, event, radius):
    """Return FastJet's jets of one event, the hardest first, and what keeps them alive."""
    of_event = particles.take(particles.event == event)
    columns = (of_event.px, of_event.py, of_event.pz, of_event.energy)
    pseudojets = [fastjet.PseudoJet(*map(float, row)) for row in zip(*columns, strict=True)]
    definition = fastjet.JetDefinition(fastjet.antikt_algorithm, radius)
    sequence = fastjet.ClusterSequence(pseudojets, definition)
    return fastjet.sorted_by_pt(sequence.inclusive_jets()), sequence


def test_trimmed_jets_are_those_of_fastjets_filter():
    particles = some_particles(20, 60, seed=9)
    jets = leading_jets(particles, num_events=20, selection=TRIMMED)
    subjets = fastjet.JetDefinition(fastjet.kt_algorithm, TRIMMED.trim.radius)
    trimmer = fastjet.Filter(subjets, fastjet.SelectorPtFractionMin(TRIMMED.trim.fraction))
    for event, row in enumerate(jets.jets["event"]):
        (leading, *_), _sequence = jets_of_event(particles, row, SELECTION.radius)
        trimmed = trimmer(leading)
        assert jets.jets["pt"][event] == pytest.approx(trimmed.pt())
        assert jets.jets["mass"][event] == pytest.approx(trimmed.m())
        assert jets.jets["num_constituents"][event] == len(trimmed.constituents())


def test_trimming_takes_something_away_and_never_all():
    particles = some_particles(20, 60, seed=9)
    whole = leading_jets(particles, num_events=20, selection=SELECTION)
    trimmed = leading_jets(particles, num_events=20, selection=TRIMMED)
    assert trimmed.jets["num_constituents"].sum() < whole.jets["num_constituents"].sum()
    assert trimmed.jets["num_constituents"].min() > 0
    total = np.bincount(
        np.repeat(np.arange(len(trimmed)), trimmed.jets["num_constituents"]),
        trimmed.constituents["energy"],
    )
    assert total == pytest.approx(trimmed.jets["energy"])


def test_a_jet_of_which_trimming_leaves_nothing_is_none():
    """Forty equal particles, far apart: each is a subjet of a fortieth of the pT."""
    angle = np.arange(40) * 2 * np.pi / 40
    ring = massless(
        np.zeros(40, int),
        pt=np.full(40, 10.0),
        eta=0.7 * np.cos(angle),
        phi=0.7 * np.sin(angle),
        charge=np.zeros(40, np.int8),
        pdgid=np.full(40, 211, np.int32),
    )
    wide = {"radius": 2.0, "trim": Trim(radius=0.05, fraction=0.05)}
    selection = SELECTION.model_copy(update=wide)
    assert len(leading_jets(ring, num_events=1, selection=selection)) == 0
    assert len(leading_jets(ring, num_events=1, selection=SELECTION)) == 1


def test_events_without_particles_have_no_jet():
    particles = some_particles(3, 30, seed=4).take(np.arange(90) // 30 != 1)
    jets = leading_jets(particles, num_events=4, selection=SELECTION)
    assert jets.jets["event"].tolist() == [0, 2]


def test_cuts_are_on_rapidity_where_the_recipe_says_so():
    heavy = SELECTION.model_copy(update={"rapidity": True})
    particles = some_particles(10, 40, seed=5)
    jets = leading_jets(particles, num_events=10, selection=SELECTION)
    assert list(cuts(jets, SELECTION)) == ["pt", "eta"]
    assert list(cuts(jets, heavy)) == ["pt", "rapidity"]


def record_of(entries):
    """Return a record of one event from rows (pdgid, status, mother, eta, phi)."""
    pdgid, status, mother, eta, phi = (np.array(column) for column in zip(*entries, strict=True))
    particles = massless(
        np.zeros(len(entries), int),
        pt=np.full(len(entries), 300.0),
        eta=eta.astype(float),
        phi=phi.astype(float),
        charge=np.zeros(len(entries), np.int8),
        pdgid=pdgid.astype(np.int32),
    )
    outgoing = np.flatnonzero(np.abs(status) == OUTGOING)
    final = np.flatnonzero(status > 0)
    return Record(
        num_events=1,
        particles=particles.take(final),
        vertex_P3=np.zeros((len(final), 3)),
        outgoing=particles.take(outgoing),
        mothers=particles.take(mother[outgoing]),
        mother_status=status[mother[outgoing]],
    )


def jet_at(eta, phi):
    one = massless(
        np.array([0]),
        pt=np.array([600.0]),
        eta=np.array([eta]),
        phi=np.array([phi]),
        charge=np.zeros(1, np.int8),
        pdgid=np.array([211], np.int32),
    )
    return leading_jets(one, num_events=1, selection=SELECTION)


def top_record(*, b=(0.3, 3.0), up=(-0.2, -3.0), down=(0.1, -2.8), quark=2):
    """Return a top at (0, pi) that decays to partons in these directions."""
    return record_of(
        [
            (90, -11, 0, 0, 0),
            (6, -22, 0, 0.0, 0.5),
            (6, -62, 1, 0.0, np.pi),
            (5, -23, 2, *b),
            (24, -22, 2, 0.0, np.pi),
            (quark, 23, 4, *up),
            (1 - quark, 23, 4, *down),
        ]
    )


TOP = Recipe(pythia="any.cmnd", truth="t_bqq", match="top", jets=SELECTION)


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (top_record(), "t_bqq"),
        (top_record(b=(0.9, 3.0)), "unknown"),
        (top_record(up=(-0.2, 2.0)), "unknown"),
        (top_record(quark=12), "unknown"),
    ],
    ids=["all inside", "b outside", "quark outside", "leptonic"],
)
def test_tops_are_matched_with_all_their_decay_partons(record, found):
    assert truth(jet_at(0.0, -3.1), record, TOP).tolist() == [TRUTH[found]]


def test_a_top_outside_the_jet_is_not_matched():
    assert truth(jet_at(0.0, 0.5), top_record(), TOP).tolist() == [TRUTH["unknown"]]


def w_record(*, first=(-0.2, -3.0), second=(0.1, -2.8), quark=2, charge=1):
    """Return a W at (0, pi) that decays to partons in these directions, beside a Z."""
    return record_of(
        [
            (90, -11, 0, 0, 0),
            (34, -22, 0, 0.0, 0.0),
            (charge * 24, -22, 1, 0.0, np.pi),
            (23, -22, 1, 0.0, 0.0),
            (charge * quark, 23, 2, *first),
            (charge * (1 - quark), 23, 2, *second),
            (12, 23, 3, 0.0, 0.1),
            (-12, 23, 3, 0.1, 0.0),
        ]
    )


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (w_record(), "w_qq"),
        (w_record(charge=-1), "w_qq"),
        (w_record(first=(0.9, 3.0)), "unknown"),
        (w_record(second=(0.1, -2.0)), "unknown"),
        (w_record(quark=12), "unknown"),
        (top_record(), "w_qq"),
    ],
    ids=["both inside", "negative", "first outside", "second outside", "leptonic", "of a top"],
)
def test_ws_are_matched_with_both_their_decay_partons(record, found):
    recipe = Recipe(pythia="any.cmnd", truth="w_qq", match="w", jets=SELECTION)
    assert truth(jet_at(0.0, -3.1), record, recipe).tolist() == [TRUTH[found]]


def test_parts_take_settings_in_turn():
    recipe = Recipe(**RECIPES["dijets"])
    lowest = [recipe.settings_of(part)["PhaseSpace:pTHatMin"] for part in range(8)]
    assert lowest == [300, 350, 400, 450, 500, 550, 300, 350]
    assert TOP.settings_of(5) == {}


def test_settings_in_turn_are_equally_many():
    turns = {"34:m0": [700, 800], "34:mMin": [600]}
    with pytest.raises(ValueError, match="equally many values of each setting"):
        Recipe(pythia="any.cmnd", truth="w_qq", match="w", jets=SELECTION, in_turn=turns)


def test_a_setting_in_turn_that_pythia_refuses_is_named(tmp_path):
    file = tmp_path / "good.cmnd"
    file.write_text("HardQCD:all = on\n")
    with pytest.raises(ValueError, match=r"in_turn: Pythia refuses '34:mass = 700'"):
        Generator(file, seed=1, settings={"34:mass": 700})


@pytest.mark.parametrize(
    ("wanted", "found"), [("charm", "charm"), ("gluon", "unknown"), ("light_quark", "unknown")]
)
def test_the_nearest_hard_parton_must_be_the_one_asked_for(wanted, found):
    record = record_of(
        [
            (2, -21, 0, 5.0, 0.0),
            (21, -23, 0, 0.3, 1.0),
            (-4, -23, 0, 0.1, 1.0),
            (1, -51, 1, 0.0, 1.0),
        ]
    )
    recipe = Recipe(pythia="any.cmnd", truth=wanted, match="parton", jets=SELECTION)
    assert truth(jet_at(0.0, 1.0), record, recipe).tolist() == [TRUTH[found]]


def test_partons_far_from_the_jet_do_not_count():
    record = record_of([(2, -21, 0, 5.0, 0.0), (21, -23, 0, 1.0, 1.0)])
    recipe = Recipe(pythia="any.cmnd", truth="gluon", match="parton", jets=SELECTION)
    assert truth(jet_at(0.0, 1.0), record, recipe).tolist() == [TRUTH["unknown"]]


def test_the_root_file_has_the_jets(tmp_path):
    jets = leading_jets(some_particles(8, 30, seed=6), num_events=8, selection=SELECTION)
    jets.jets["truth"] = np.full(len(jets), TRUTH["t_bqq"], np.int8)
    write_root(jets, tmp_path / "0007.root", part=7, cross_section=1.5)
    with uproot.open({tmp_path / "0007.root": "tree"}) as tree:
        assert tree.num_entries == len(jets)
        assert set(tree["run"].array()) == {7}
        assert set(tree["cross_section"].array()) == {1.5}
        assert np.asarray(tree["label_Tbqq"].array()).all()
        assert not np.asarray(tree["label_QCD"].array()).any()
        assert np.asarray(tree["jet_pt"].array()) == pytest.approx(jets.jets["pt"])
        particles = tree.arrays(filter_name="part_*")
    flat = {
        name: np.concatenate(list(map(np.asarray, particles[name]))) for name in particles.fields
    }
    assert flat["part_px"] == pytest.approx(jets.constituents["px"], rel=1e-6)
    assert np.array_equal(flat["part_charge"], jets.constituents["charge"])
    assert np.all(np.hypot(flat["part_deta"], flat["part_dphi"]) < 1.2)
    kinds = [name for name in flat if name.startswith("part_is")]
    assert np.array_equal(
        np.sum([flat[name] for name in kinds], axis=0), np.ones(len(flat["part_px"]))
    )


def test_particles_of_an_event_stay_together():
    first, second = some_particles(3, 4, seed=7), some_particles(3, 2, seed=8)
    joined = in_order_of_events([first, second])
    assert joined.event.tolist() == sorted(concatenate([first, second]).event.tolist())
    assert joined.px[:6] == pytest.approx([*first.px[:4], *second.px[:2]])


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Return a function that makes a small part and returns its columns and its ledger."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(generation, "EVENTS_PER_BATCH", 40)

    def run(name, *, part=0, num_jets=12, to="out"):
        root_file, ledger_file = tmp_path / to / "part.root", tmp_path / to / "ledger.json"
        generate(
            Recipe(**RECIPES[name]),
            dataset=name,
            part=part,
            num_jets=num_jets,
            root_file=root_file,
            ledger_file=ledger_file,
        )
        with uproot.open({root_file: "tree"}) as tree:
            columns = {key: tree[key].array().tolist() for key in tree.keys()}  # noqa: SIM118
        return columns, read_json(ledger_file)

    return run


def test_a_part_can_be_made_again_by_itself(make):
    first, _ = make("landscape_qcd", part=3)
    other, _ = make("landscape_qcd", part=4)
    again, _ = make("landscape_qcd", part=3, to="again")
    assert again == first
    assert other["jet_pt"] != first["jet_pt"]


def test_generated_tops_pass_the_selection_and_the_ledger_adds_up(make):
    columns, ledger = make("landscape_top", num_jets=15)
    assert len(columns["jet_pt"]) == 15
    assert all(550 < pt < 650 for pt in columns["jet_pt"])
    assert all(abs(eta) < 2 for eta in columns["jet_eta"])
    assert all(columns["label_Tbqq"])
    assert len(set(columns["event"])) == 15
    assert 120 < np.median(mass_of(columns)) < 220
    assert ledger["asked"] == ledger["failed"] + ledger["generated"]
    assert ledger["generated"] == sum(ledger["cut"].values()) + ledger["surplus"] + ledger["kept"]
    assert set(ledger["cut"]) == {"no_jet", "pt", "eta", "match"}
    assert ledger["cross_section_pb"] > 0


def test_generated_ws_have_the_mass_of_a_w(make):
    columns, ledger = make("w_jets", part=2, num_jets=15)
    assert all(columns["label_Wqq"])
    assert all(300 < pt < 600 for pt in columns["jet_pt"])
    assert 70 < np.median(mass_of(columns)) < 90
    assert ledger["generated"] == sum(ledger["cut"].values()) + ledger["surplus"] + ledger["kept"]


def mass_of(columns):
    px, py, pz, energy = (
        np.array([np.sum(each) for each in columns[f"part_{axis}"]])
        for axis in ("px", "py", "pz", "energy")
    )
    return np.sqrt(energy**2 - px**2 - py**2 - pz**2)


@pytest.mark.parametrize("name", list(RECIPES))
def test_pythia_accepts_the_command_files(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("pythia8mc.Pythia.init", lambda _: True)
    recipe = Recipe(**RECIPES[name])
    for part in range(recipe.num_turns):
        Generator(recipe.pythia, seed=1, settings=recipe.settings_of(part))


def test_a_missing_command_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"no Pythia command file .*absent\.cmnd"):
        Generator(tmp_path / "absent.cmnd", seed=1)


def test_a_refused_setting_is_named_with_its_line(tmp_path):
    file = tmp_path / "wrong.cmnd"
    file.write_text("Beams:eCM = 14000.\n\nHardQDC:all = on\n")
    with pytest.raises(
        ValueError, match=r"wrong\.cmnd, line 3: Pythia refuses 'HardQDC:all = on'"
    ):
        Generator(file, seed=1)


def test_settings_without_a_process_are_refused(tmp_path, capfd):
    file = tmp_path / "empty.cmnd"
    file.write_text("Beams:eCM = 14000.\n")
    with pytest.raises(ValueError, match=r"empty\.cmnd: Pythia cannot start"):
        Generator(file, seed=1)
    capfd.readouterr()
