"""Keys stay the text of their file, and each party is told what its own look like."""

from __future__ import annotations

import pandas as pd
import pytest

from fedmerit.federation.data.dialects import Dialect
from fedmerit.federation.data.files import read_sheet
from fedmerit.federation.vertical.keys import look, unmet
from fedmerit.federation.vertical.tables import holding


def test_keys_of_a_file_stay_its_text_and_only_missing_words_are_missing(tmp_path):
    path = tmp_path / "bank.csv"
    path.write_text("id,x\n007,1.5\n07,2.5\nNA,3.5\n None ,4.5\n,5.5\n")

    keys = holding(read_sheet(path), party="bank", key=["id"]).keys

    assert keys == ("007", "07", "NA", "None", None)
    words = Dialect(missing_words=("", "NA"))
    assert holding(read_sheet(path), party="bank", key=["id"], dialect=words).keys[2] is None


def test_fractions_beside_an_empty_key_of_a_file_are_whole_numbers(tmp_path):
    path = tmp_path / "bank.csv"
    path.write_text("id,x\n20.0,1.5\n,2.5\n7.0,3.5\n")

    assert holding(read_sheet(path), party="bank", key=["id"]).keys == (20, None, 7)


def test_keys_are_shown_by_their_forms_and_never_by_themselves():
    zeros = [f"{k:05d}" for k in range(500)]

    assert look([*zeros, *map(str, range(10_000, 10_040))]) == "'09999' (500), '99999' (40)"
    assert look([f"P-{k:03d}" for k in range(100, 150)]) == "'a-999' (50)"
    assert look([(f"{k:04d}", "x") for k in range(50)]) == "'0999 + a' (50)"


def test_a_form_that_few_keys_have_is_counted_and_not_shown():
    shown = look([*(str(k) for k in range(100, 150)), "Ada Lovelace 1815"])

    assert shown == "'999' (50), 1 of other forms"
    assert "a" not in look(["Ada", "Bob"]).replace("forms of their own", "")


@pytest.mark.parametrize(("common", "told"), [(49, True), (50, False)])
def test_a_party_is_told_of_its_own_keys_where_few_are_known_to_all(common, told):
    shop, bank = [f"{k:04d}" for k in range(100)], [str(k) for k in range(1000, 1040)]

    notes = unmet({"shop": shop, "bank": bank}, common)

    assert bool(notes) == told
    if told:
        [note] = notes
        assert note.startswith("shop: 49 of its 100 keys")
        assert "'0999' (100)" in note
        assert "9999'" not in note


def test_a_holding_of_a_file_leaves_out_what_names_rows_and_says_so_in_its_owners_name(tmp_path):
    from fedmerit.federation.data.columns import Choice  # noqa: PLC0415 - for this alone

    pd.DataFrame(
        {"id": [f"k{k}" for k in range(30)], "row": range(30), "x": [k % 7 / 2 for k in range(30)]}
    ).to_csv(tmp_path / "bank.csv", index=False)

    held = holding(read_sheet(tmp_path / "bank.csv"), party="bank", key=["id"], choice=Choice())

    assert list(held.features) == ["x"]
    assert held.notes[0].startswith("bank: left out: column 'row' (counts the rows)")
