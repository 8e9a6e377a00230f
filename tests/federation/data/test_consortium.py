"""Members are made of a table's rows, each row once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fedmerit.errors import DataError
from fedmerit.federation import (
    Faulty,
    FreeRider,
    LabelFlip,
    Partition,
    Role,
    Table,
    federate,
    load_builtin,
)

RIDER = Role(name="rider", behaviour=FreeRider())
FLIPPER = Role(name="flipper", behaviour=LabelFlip(1.0), rows_from="a", row_count=10)


def numbered(sizes=(40, 20), classes=("no", "yes")):
    """A table whose one feature is the row's number."""
    owners = np.repeat(np.arange(len(sizes)), sizes)
    return Table(
        name="numbered",
        features=pd.DataFrame({"row": np.arange(len(owners), dtype=np.float64)}),
        labels=np.arange(len(owners)) % 2,
        classes=classes,
        participants=tuple("abcdef"[: len(sizes)]),
        owners=owners,
        standardise=False,
    )


def refusal(table=None, **options):
    with pytest.raises(DataError) as caught:
        federate(table or numbered(), **{"seed": 0, **options})
    assert caught.value.hint or "validation row" in str(caught.value)
    return f"{caught.value} | {caught.value.hint}"


def test_every_row_is_trained_on_or_measured_with_once():
    made = federate(numbered(), seed=0, roles=[RIDER, FLIPPER])

    trained = np.concatenate([member.features[:, 0] for member in made.members])
    measured = made.validation_features[:, 0]
    assert sorted([*trained, *measured]) == list(range(60))
    assert made.participants == ("a", "b", "rider", "flipper")


def test_validation_is_the_stated_share_of_each_label_of_each_member():
    made = federate(numbered(), seed=0, validation_share=0.25)

    counts = {
        (owner, label): int(
            ((made.validation_owners == owner) & (made.validation_labels == label)).sum()
        )
        for owner in range(2)
        for label in range(2)
    }
    assert counts == {(0, 0): 5, (0, 1): 5, (1, 0): 2, (1, 1): 2}


def test_a_slice_is_taken_out_of_its_source_and_hands_in_what_it_has():
    made = federate(numbered(), seed=0, roles=[FLIPPER])

    source, _, flipper = made.members
    mine = made.validation_features[made.validation_owners == 2, 0]
    wrong = made.validation_labels[made.validation_owners == 2]
    assert len(flipper.labels) + len(mine) == 10
    assert max(flipper.features.max(), mine.max()) < 40
    assert not np.isin(flipper.features, source.features).any()
    assert (flipper.labels == 1 - flipper.features[:, 0] % 2).all()
    assert (wrong == 1 - mine % 2).all()


def test_a_free_rider_brings_no_rows_and_declares_the_others_mean():
    made = federate(numbered(), seed=0, roles=[RIDER])

    rider = made.members[2]
    assert len(rider.labels) == 0
    assert 2 not in made.validation_owners
    assert rider.declared_rows == round(
        (len(made.members[0].labels) + len(made.members[1].labels)) / 2
    )


def test_a_participant_of_the_table_can_be_given_a_role():
    made = federate(
        numbered(), seed=0, roles=[Role(name="b", behaviour=Faulty(), declared_rows=99)]
    )

    assert made.participants == ("a", "b")
    assert made.members[1].declared_rows == 99
    assert isinstance(made.members[1].behaviour, Faulty)


def test_members_declare_their_training_rows_unless_told_otherwise():
    for member in federate(numbered(), seed=0).members:
        assert member.declared_rows == len(member.labels)


def test_adding_a_member_without_rows_changes_no_other():
    alone = federate(numbered(), seed=5)
    joined = federate(numbered(), seed=5, roles=[RIDER])

    for first, second in zip(alone.members, joined.members, strict=False):
        assert (first.features == second.features).all()
    assert (alone.validation_features == joined.validation_features).all()


def test_a_recipe_names_its_members():
    digits = load_builtin("digits")

    made = federate(digits, seed=0, partition=Partition(participants=10, prefix="school"))

    assert made.participants == tuple(f"school-{k}" for k in range(1, 11))
    assert min(len(member.labels) for member in made.members) >= 1
    assert len(made.classes) == 10


def test_no_owner_and_no_recipe_is_refused():
    assert "partition recipe" in refusal(load_builtin("digits"))


def test_an_owner_and_a_recipe_are_refused():
    assert "too" in refusal(partition=Partition(participants=2))


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_a_validation_share_that_is_no_share_is_refused(share):
    assert "validation_share" in refusal(validation_share=share)


def test_a_member_without_rows_is_refused_with_the_nearest_name():
    table = load_builtin("heart-disease")

    assert "Did you mean 'Hungary'" in refusal(table, roles=[Role(name="Hungry")])


def test_a_slice_of_nobody_is_refused_with_the_nearest_name():
    table = load_builtin("heart-disease")
    role = Role(name="new", rows_from="Clevland", row_count=9)

    assert "Did you mean 'Cleveland'" in refusal(table, roles=[role])


@pytest.mark.parametrize("rows", [0, 1, 39, 40, 500])
def test_a_slice_that_leaves_too_little_is_refused_with_the_limits(rows):
    role = Role(name="new", rows_from="a", row_count=rows)

    assert "between 2 and 38" in refusal(roles=[role])


def test_a_slice_for_someone_with_rows_is_refused():
    assert "rows of its own" in refusal(roles=[Role(name="b", rows_from="a", row_count=5)])


def test_two_roles_of_one_name_are_refused():
    assert "two members are called 'rider'" in refusal(roles=[RIDER, RIDER])


def test_declaring_no_rows_is_refused():
    assert "declares 0 rows" in refusal(roles=[Role(name="a", declared_rows=0)])


def test_a_class_that_nobody_trains_on_is_named():
    assert "'maybe'" in refusal(numbered(classes=("no", "yes", "maybe")))


def test_no_validation_rows_at_all_is_refused():
    roles = [Role(name=name, behaviour=FreeRider()) for name in "ab"]

    assert "nobody has a training row of class 'no', 'yes'" in refusal(roles=roles)
