"""The configuration is checked whole, and says what is wrong with the nearest valid word."""

import ast
import copy
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml

from tagline.artefacts import fingerprint
from tagline.settings import config, plugins
from tagline.settings.document import document
from tagline.settings.strict import did_you_mean

ROOT = Path(__file__).parent.parent
STAGES = {
    "generate": ["tagline.generate", "tagline.generate.validate"],
    "skim": [
        "tagline.skim",
        "tagline.cut_flow",
        "tagline.split",
        "tagline.variation",
        "tagline.prepare",
    ],
    "train": [
        "tagline.train",
        "tagline.score",
        "tagline.import_scores",
        "tagline.score_onnx",
        "tagline.combine",
        "tagline.decorrelate",
    ],
    "export": ["tagline.export"],
    "interpret": ["tagline.interpret"],
    "plot": ["tagline.evaluate", "tagline.draw", "tagline.tables"],
}
PLUGINS = {
    "generate": [],
    "skim": ["datasets", "representations"],
    "train": ["taggers", "objectives", "combinations", "decorrelation"],
    "export": ["taggers", "objectives"],
    "interpret": ["taggers", "objectives"],
    "plot": ["figures"],
}
COME_ALONG = {"cycler", "distributed", "urllib3"}  # with matplotlib, dask and requests
IMPORTED_AS = {"scikit_learn": "sklearn", "xrootd": "XRootD"}
ON_TOP_OF = {
    "training_sizes": ("top_landscape_small.yaml",),
    "decorrelation_small": ("top_landscape_small.yaml",),
    "top_landscape_scores": ("top_landscape_small.yaml",),
    "top_landscape_published": ("top_landscape.yaml",),
    "w_jets_mass_and_pt": ("w_jets_small.yaml",),
    "w_jets_in_bins": ("w_jets_small.yaml",),
    "flavours_of_physics_published": ("flavours_of_physics.yaml",),
    "robustness": ("top_landscape_small.yaml", "decorrelation_small.yaml"),
}
SNAKEFILE = (ROOT / "Snakefile").read_text()


def merged(base: dict, other: dict) -> dict:
    """Merge mappings and replace lists, as Snakemake does."""
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merged(base[key], value)
        else:
            base[key] = value
    return base


@cache
def configured(pattern: str) -> dict:
    values: dict = {}
    for file in re.findall(pattern, SNAKEFILE, flags=re.MULTILINE):
        merged(values, yaml.safe_load((ROOT / file).read_text()))
    return values


def catalogue() -> dict:
    return copy.deepcopy(configured(r'^configfile: "(.+)"'))


def quickstart() -> dict:
    return copy.deepcopy(configured(r'^ *configfile: "(.+)"'))


def with_entry(path: str, value) -> dict:
    values = quickstart()
    *parents, last = path.split("/")
    target = values
    for parent in parents:
        target = target[parent]
    target[last] = value
    return values


def test_the_quickstart_is_valid():
    assert config.parse(quickstart()).study.name == "quickstart"


@pytest.mark.parametrize(
    "study", sorted((ROOT / "config/studies").glob("*.yaml")), ids=lambda p: p.stem
)
def test_every_study_is_valid(study):
    values = catalogue()
    for file in (*ON_TOP_OF.get(study.stem, ()), study):
        merged(values, yaml.safe_load((study.parent / file).read_text()))
    assert config.parse(values)


@pytest.mark.parametrize("task", ["top_landscape", "top_landscape_to_the_letter"])
def test_the_landscape_has_600k_jets_of_each_class_to_train_on(task):
    study = yaml.safe_load((ROOT / "config/studies/top_landscape.yaml").read_text())
    values = config.parse(merged(catalogue(), study))
    for of_class in values.tasks[task].classes.values():
        made = [values.datasets[name].generate for name in of_class.datasets]
        num_jets = sum(each.parts * each.jets_per_part for each in made)
        assert num_jets * values.tasks[task].fractions.train == 600_000


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("taggers/pfn/trainnig", {}, "did you mean 'training'"),
        ("taggers/pfn/training/learning_rte", 0.1, "did you mean 'learning_rate'"),
        ("taggers/pfn/parameters", {"ph": [1]}, "did you mean 'phi'"),
        ("taggers/pfn/architecture", "pfm", "did you mean 'pfn'"),
        ("taggers/pfn/representation", "pfn_clowd", "did you mean 'pfn_cloud'"),
        ("taggers/pfn/objective_parameters", {"strength": 1}, "strength"),
        ("taggers/boosted_trees/objective", "doping", "fitted at once and has no `objective`"),
        ("study/taggers", ["pnf"], "did you mean 'pfn'"),
        ("study/decorrelations", ["discco"], "did you mean 'disco'"),
        ("study/figures", ["rocs"], "did you mean 'roc'"),
        ("study/figures", ["saliency"], "needs taggers in `interpret`"),
        ("study/export", ["pnf"], "did you mean 'pfn'"),
        ("study/tasks", ["top_taging"], "did you mean 'top_tagging'"),
        (
            "datasets/landscape_top/generate/recipe",
            "landscape_tpo",
            "did you mean 'landscape_top'",
        ),
        ("datasets/w_jets/generate/parts", 8, "8 is not a multiple of 6"),
        ("datasets/landscape_top/reader", "jetclas", "did you mean 'jetclass'"),
        ("tasks/top_tagging/classes/top/select", "truht == t_bqq", "did you mean 'truth'"),
        ("decorrelations/ddt/after", "dicso", "did you mean 'disco'"),
        ("decorrelations/ddt/after", "knn", "'knn' is not declared"),
        ("decorrelations/disco/after", "planing", "`after` is for `when: post_hoc`"),
        (
            "tasks/top_tagging/fractions",
            {"train": 0.9, "validation": 0.9, "test": 0.1},
            "must be 1",
        ),
    ],
)
def test_a_mistake_is_named_with_the_nearest_valid_word(path, value, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        config.parse(with_entry(path, value))


def test_of_thousands_of_known_words_the_first_are_named():
    words = [f"{number:04d}" for number in range(2000)]
    assert did_you_mean("lumi", words).startswith("known are: 0000, 0001, ")
    assert did_you_mean("lumi", words).endswith(", 0049 and 1950 more")
    assert did_you_mean("lumi", words[:2]) == "known are: 0000, 0001"
    assert did_you_mean("lumi", []) == "known are: none"


CMS_JETS = {"reader": "cms_hbb", "files": ["ntuple.root"]}
CMS_TASK = {
    "classes": {
        "qcd": {"datasets": ["cms_jets"], "select": "truth == qcd"},
        "hbb": {"datasets": ["cms_jets"], "select": "truth == h_bb"},
    }
}


def with_cms_jets(*, dataset: str = "", task: str = "truth == h_bb") -> dict:
    """Return the quickstart with further jets, selected for themselves and for a task's signal."""
    values = with_entry("datasets/cms_jets", CMS_JETS | {"select": dataset})
    values["tasks"]["cms"] = merged(
        copy.deepcopy(CMS_TASK), {"classes": {"hbb": {"select": task}}}
    )
    return values


def test_selections_know_the_columns_of_a_reader():
    values = with_cms_jets(
        dataset="fj_doubleb > 0.3 and num_tracks > 1", task="fj_nbHadrons > 1 and num_vertices > 0"
    )
    assert config.parse(values).tasks["cms"].classes["hbb"].select


@pytest.mark.parametrize(
    ("selections", "says"),
    [
        ({"dataset": "fj_doubelb > 0.3"}, "did you mean 'fj_doubleb'"),
        ({"task": "fj_doubelb > 0.3"}, "tasks.cms.classes.hbb: selection 'fj_doubelb > 0.3'"),
        ({"task": "fj_doubelb > 0.3"}, "did you mean 'fj_doubleb'? (dataset 'cms_jets')"),
    ],
)
def test_a_mistaken_column_of_a_reader_is_named_with_the_nearest(selections, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        config.parse(with_cms_jets(**selections))


def test_a_column_that_one_dataset_of_a_class_lacks_is_a_mistake():
    values = with_cms_jets(task="fj_doubleb > 0.3")
    values["tasks"]["cms"]["classes"]["hbb"]["datasets"] = ["cms_jets", "landscape_top"]
    with pytest.raises(ValueError, match=r"unknown name 'fj_doubleb'.*dataset 'landscape_top'"):
        config.parse(values)


def test_a_penalty_and_a_fit_are_left_out_of_a_study():
    values = quickstart()
    values["study"] |= {"taggers": ["cuts", "pfn"], "decorrelations": ["none", "disco", "ddt"]}
    parsed = config.parse(values)
    assert parsed.left_out == [("cuts", "disco")]
    assert [pair for pair in parsed.compared if "cuts" in pair] == [
        ("cuts", "none"),
        ("cuts", "ddt"),
    ]
    assert len(parsed.compared) == 5


def test_what_acts_after_a_penalty_needs_a_training_of_its_own():
    values = with_entry("decorrelations/ddt/after", "disco")
    values["study"] |= {"taggers": ["cuts", "pfn"], "decorrelations": ["none", "ddt"]}
    parsed = config.parse(values)
    assert parsed.trained_as("ddt") == "disco"
    assert parsed.left_out == [("cuts", "ddt")]


def test_a_tagger_of_which_nothing_is_left_is_a_mistake():
    values = quickstart()
    values["study"] |= {"taggers": ["pfn", "cuts"], "decorrelations": ["disco"]}
    with pytest.raises(ValueError, match="'cuts' can have none of them, but none, ddt"):
        config.parse(values)


@pytest.mark.parametrize("key", ["export", "interpret"])
def test_scores_without_a_network_cannot_be_looked_into(key):
    values = quickstart()
    values["combinations"]["pair"] = {"method": "mean", "members": ["pfn", "efn"]}
    values["study"] |= {"taggers": ["pfn", "pair"], key: ["pair"]}
    with pytest.raises(ValueError, match=f"study.{key}: 'pair' is not declared"):
        config.parse(values)


def test_all_mistakes_are_reported_at_once():
    values = with_entry("taggers/pfn/architecture", "pfm")
    values["study"]["figures"] = ["rocs"]
    with pytest.raises(ValueError, match=r"(?s)taggers\.pfn.*study.*rocs"):
        config.parse(values)


def test_the_configuration_layer_imports_nothing_heavy():
    code = (
        "import sys, tagline.artefacts.fingerprint, tagline.reading.manifest;"
        "import tagline.settings.config;"
        "heavy = {'torch', 'awkward', 'uproot', 'coffea', 'numba', 'matplotlib', 'dask', 'scipy'};"
        "sys.exit(','.join(heavy & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "kind",
    ["datasets", "representations", "taggers", "objectives", "decorrelation", "combinations"],
)
def test_config_is_read_without_importing_the_plugin(kind):
    for name in plugins.names(kind):
        imported = plugins.load(kind, name).Config
        assert plugins.config_of(kind, name).model_json_schema() == imported.model_json_schema()


def test_the_reference_of_keys_is_up_to_date():
    """A new plugin may still be missing there, so that adding one needs no other edit."""
    written, made = (
        text.split("\n#") for text in ((ROOT / "config/README.md").read_text(), document())
    )
    assert [section for section in written if section not in made] == []
    assert [section for section in made if section.startswith("# ")] == [
        section for section in written if section.startswith("# ")
    ]


@pytest.mark.parametrize("environment", STAGES)
def test_environments_are_in_step_with_pyproject(environment):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    expected = project["dependencies"] + project["optional-dependencies"][environment]
    packages = yaml.safe_load((ROOT / f"envs/{environment}.yaml").read_text())["dependencies"]
    assert sorted(packages[-1]["pip"]) == sorted(expected)


@pytest.mark.parametrize("environment", STAGES)
def test_environments_hold_what_their_stages_import(environment):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    packages = project["dependencies"] + project["optional-dependencies"][environment]
    names = [re.split(r"[\[<>=]", package)[0].replace("-", "_") for package in packages]
    held = {IMPORTED_AS.get(name, name) for name in names}
    kinds = [
        f"tagline.{kind}.{name}" for kind in PLUGINS[environment] for name in plugins.names(kind)
    ]
    imported = imported_packages([*STAGES[environment], *kinds]) - COME_ALONG
    assert imported - set(sys.stdlib_module_names) - {"tagline"} <= held


def imported_packages(modules: list[str]) -> set[str]:
    """Return the packages that modules and all they import inside the project import."""
    seen: set[str] = set()
    packages: set[str] = set()
    while modules:
        module = modules.pop()
        if module not in seen:
            seen.add(module)
            modules.extend(fingerprint.imports_of(module))
            for node in ast.walk(ast.parse(fingerprint.path_of(module).read_text())):
                if isinstance(node, ast.Import):
                    packages.update(alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    packages.add(node.module.split(".")[0])
    return packages
