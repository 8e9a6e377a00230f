from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.report.units import (
    TOKEN_DECIMALS,
    adding_up,
    chance,
    decimals_for,
    duration,
    enough,
    exact_tokens,
    listed,
    number,
    percent,
    quantile,
    short_tokens,
    with_error,
)

amounts = st.integers(0, 2**256 - 1)


@given(amounts)
def test_an_exact_amount_of_tokens_gives_back_every_base_unit(amount):
    text = exact_tokens(amount).replace(",", "")

    whole, _, decimals = text.partition(".")
    assert int(whole) * 10**TOKEN_DECIMALS + int(decimals.ljust(TOKEN_DECIMALS, "0")) == amount


@given(amounts)
def test_a_short_amount_of_tokens_never_promises_more_than_there_is(amount):
    text = short_tokens(amount)

    shown = Decimal(0) if text == "under 0.01" else Decimal(text.replace(",", ""))
    assert shown * 10**TOKEN_DECIMALS <= amount
    assert (text == "0") == (amount == 0)


@given(st.floats(1e-3, 1e6))
def test_the_largest_number_of_a_column_is_shown_with_four_digits_or_all_of_its_own(largest):
    shown = number(largest, decimals_for([largest, largest / 7]))

    digits = shown.replace(",", "").replace(".", "").lstrip("0")
    assert len(digits) >= 4


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [(0.0, 2, "0.00"), (-0.0001, 2, "0.00"), (-3.14159, 2, "\u22123.14"), (1234.5, 1, "1,234.5")],
)
def test_a_number_has_a_real_minus_sign_and_zero_has_none(value, decimals, written):
    assert number(value, decimals) == written


def test_a_gain_is_marked_as_one_where_asked():
    assert number(2.5, 1, sign=True) == "+2.5"
    assert number(0.0, 1, sign=True) == "0.0"


def test_an_interval_is_written_with_its_half_width():
    assert with_error(12.34, 0.81, 1) == "12.3 ± 0.8"


def test_shares_are_written_per_cent():
    assert percent(148_653, 2) == "14.87%"


@pytest.mark.parametrize(
    ("ppm", "written"), [(500_000, "50.0%"), (999_000, "99.9%"), (999_999, "over 99.9%")]
)
def test_a_probability_is_never_written_as_certainty(ppm, written):
    assert chance(ppm) == written


def test_the_usual_interval_reaches_1_96_standard_errors():
    assert quantile(950_000) == pytest.approx(1.95996, abs=1e-5)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(86_400, "1 day"), (7_200, "2 hours"), (60, "1 minute"), (61, "61 seconds")],
)
def test_a_time_is_written_in_the_largest_unit_that_divides_it(seconds, written):
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (["A", "B", "C"], "A, B and C"),
        (["A", "B", "C", "D"], "A, B and 2 others"),
    ],
)
def test_a_list_ends_in_and_and_a_long_one_in_a_count(names, written):
    assert listed(names, most=2) == written


@given(st.lists(st.text(max_size=3), min_size=1, max_size=9), st.integers(1, 5))
def test_a_shortened_list_is_never_longer_and_never_hides_a_single_name(names, most):
    shown = enough(names, most)

    assert len(shown) <= min(len(names), most + 1)
    assert not shown[-1].startswith("1 other") or "1 other" in names[-1]


@given(st.lists(st.integers(0, 10**24), min_size=1, max_size=12))
def test_amounts_that_are_shown_together_add_up_to_their_sum_cut_to_cents(amounts):
    shown = [Decimal(0) if "under" in text else cents(text) for text in adding_up(amounts)]

    assert sum(shown) == sum(amounts) // 10**16
    for text, amount in zip(shown, amounts, strict=True):
        assert amount // 10**16 <= text <= amount // 10**16 + 1


def cents(text):
    return Decimal(text.replace(",", "")) * 100
