import numpy as np
import pytest

from tagline.data.columns import TRUTH
from tagline.settings.selection import check, parse, passes

JETS = {
    "pt": np.array([500, 560, 600, np.nan], np.float32),
    "eta": np.array([0.1, -2.5, -1.0, 0.0], np.float32),
    "mass": np.array([80, 90, 170, 170], np.float32),
    "truth": np.array([TRUTH["qcd"], TRUTH["qcd"], TRUTH["t_bqq"], TRUTH["t_bqq"]], np.int8),
}


IDS = {
    "run": np.array([0, 1, 2, 2**32 - 1], np.uint32),
    "event": np.array([0, 1, 2**53 + 1, 2**64 - 1], np.uint64),
    "jet_index": np.array([0, 1, 2, 65535], np.uint16),
}


def select(expression):
    return passes(expression, (JETS | IDS).__getitem__, num_jets=4).tolist()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", [True, True, True, True]),
        ("pt > 550", [False, True, True, False]),
        ("pt > 550 and abs(eta) < 2", [False, False, True, False]),
        ("truth == t_bqq", [False, False, True, True]),
        ("truth == qcd or pt >= 600", [True, True, True, False]),
        ("not truth == qcd", [False, False, True, True]),
        ("85 < mass <= 170", [False, True, True, True]),
        ("mass / pt > 0.2 - 2 * 0.01", [False, False, True, False]),
        ("eta > -1.5 and eta != 0", [True, False, True, False]),
    ],
)
def test_selects_as_the_expression_says(expression, expected):
    assert select(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("run - 2 < 1", [True, True, True, False]),
        ("jet_index - 1 < 0", [True, False, False, False]),
        ("-jet_index < 0", [False, True, True, True]),
        ("abs(jet_index - 2) == 1", [False, True, False, False]),
        ("jet_index + 1 > 65535", [False, False, False, True]),
        ("truth * 20 > 100", [False, False, True, True]),
        ("event - 1 < 0", [True, False, False, False]),
        ("event - run < 1", [True, True, False, False]),
        ("event == 9007199254740993", [False, False, True, False]),
        ("event > 9007199254740992", [False, False, True, True]),
        ("event > -1", [True, True, True, True]),
        ("event != run", [False, False, True, True]),
    ],
)
def test_integers_do_not_wrap(expression, expected):
    assert select(expression) == expected


def test_splits_an_expression_into_its_terms_in_order():
    terms = parse("pt > 550 and (abs(eta) < 2 and (mass > 1 or mass < 0)) and truth == qcd")
    assert [term.text for term in terms] == [
        "pt > 550",
        "abs(eta) < 2",
        "mass > 1 or mass < 0",
        "truth == qcd",
    ]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("ptt > 550", "unknown name 'ptt'; did you mean 'pt'"),
        ("truth == t_bq", "did you mean 't_bqq'"),
        ("pt", "'pt' is not a condition"),
        ("pt > 1 and eta", "'eta' is not a condition"),
        ("pt > 'high'", "is not a number"),
        ("pt > (eta < 1)", "is not a number"),
        ("pt > True", "is not a number"),
        ("sqrt(pt) > 1", "unknown name 'sqrt'; known are: abs"),
        ("pt ** 2 > 1", "operator Pow is not allowed"),
        ("pt in (1, 2)", "operator In is not allowed"),
        ("t_bqq == 9", "reads no jet column"),
        ("pt > ", "invalid syntax"),
        ("pt > 1; eta < 2", "invalid syntax"),
        ("__import__('os') == pt", "unknown name '__import__'"),
        ("pt.__class__ == 1", "is not a number"),
    ],
)
def test_refuses_what_it_does_not_understand(expression, message):
    with pytest.raises(ValueError, match="selection") as error:
        check(expression, further=())
    assert message in str(error.value)


def test_knows_the_further_columns_of_a_reader():
    check("fj_doubleb > 0.3 and truth == h_bb", further=["fj_doubleb"])
    with pytest.raises(ValueError, match="unknown name 'fj_doubelb'; did you mean 'fj_doubleb'"):
        check("fj_doubelb > 0.3", further=["fj_doubleb"])


def test_a_column_that_is_called_as_a_truth_is_not_taken_for_it():
    check("truth == tau and pt > 1", further=["tau21"])
    with pytest.raises(ValueError, match="'tau' is a truth, and a column"):
        check("truth == tau and pt > 1", further=["tau"])
