import pytest

from tagline.reading.ledger import FileLedger, add_up, read_ledger, write_ledger

FIRST = FileLedger("a.root", "0000", events=9, jets=10, kept=4, cut={"pt > 5": 5, "mass > 1": 1})
SECOND = FileLedger("b.root", "0001", events=3, jets=3, kept=1, cut={"pt > 5": 2, "mass > 1": 0})
FAILED = FileLedger("c.root", "0002", failed="no tree 'tree'")


def test_refuses_an_account_that_does_not_add_up():
    with pytest.raises(AssertionError, match="does not add up"):
        FileLedger("a.root", "0000", events=9, jets=10, kept=4, cut={"pt > 5": 5})


def test_totals_are_sums_over_files():
    assert add_up([FIRST, SECOND, FAILED]) == {
        "files": 3,
        "failed": 1,
        "events": 12,
        "jets": 13,
        "kept": 5,
        "cut": [("pt > 5", 7), ("mass > 1", 1)],
    }


def test_reads_what_it_wrote_in_order(tmp_path):
    write_ledger([FIRST, SECOND, FAILED], tmp_path / "ledger.json")
    read = read_ledger(tmp_path / "ledger.json")
    assert read == [FIRST, SECOND, FAILED]
    assert list(read[0].cut) == ["pt > 5", "mass > 1"]
