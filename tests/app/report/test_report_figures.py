from __future__ import annotations

import plotly.graph_objects as go
import pytest

from fedmerit.bundle.schemas import (
    FEDERATION,
    OUTCOME,
    TRAINING,
    VALUATION,
    CheckpointDocument,
    FederationDocument,
    OutcomeDocument,
    TrainingDocument,
    ValuationDocument,
)
from fedmerit.report import doubts, figures, records, tables
from fedmerit.report.colours import (
    COOL,
    DARK,
    INK,
    MUTED,
    PAGE,
    PARTICIPANTS,
    SURFACE,
    WARM,
    contrast,
    dark,
    text_on,
)
from fedmerit.report.figures.comparison import beyond
from fedmerit.report.figures.contributions import evaluators_of, half_widths
from fedmerit.report.figures.waterfall import moves
from fedmerit.report.findings import read
from fedmerit.report.readings import baselines, order, pairs, steps, uncertain
from fedmerit.report.theme import label, looks, short_label


@pytest.fixture(scope="module")
def federation(hospital_bundle):
    return hospital_bundle.document(FEDERATION, FederationDocument)


@pytest.fixture(scope="module")
def training(hospital_bundle):
    return hospital_bundle.document(TRAINING, TrainingDocument)


@pytest.fixture(scope="module")
def valuation(hospital_bundle):
    return hospital_bundle.document(VALUATION, ValuationDocument)


@pytest.fixture(scope="module")
def outcome(hospital_bundle):
    return hospital_bundle.document(OUTCOME, OutcomeDocument)


@pytest.fixture(scope="module")
def sampled(valuation):
    """Give the valuation as if it had been looked at three times on the way."""
    trace = tuple(
        CheckpointDocument(
            evaluations=spent,
            values=tuple(value * spent // 64 for value in valuation.values),
            standard_errors=tuple(error * 64 // spent for error in valuation.standard_errors),
        )
        for spent in (16, 32, 64)
    )
    return valuation.model_copy(update={"trace": trace})


@pytest.fixture(scope="module")
def findings(hospital_bundle):
    return read(hospital_bundle)


@pytest.fixture(scope="module")
def everything(valuation, sampled, outcome, training, findings):
    return {
        "contributions": figures.contributions(valuation),
        "comparison": figures.comparison(valuation),
        "convergence": figures.convergence(sampled),
        "ranks": figures.ranks(valuation),
        "interactions": figures.interactions(valuation, valuation.interactions),
        "payments": figures.payments(outcome),
        "value_against_payment": figures.value_against_payment(valuation, outcome),
        "waterfall": figures.waterfall(valuation, outcome),
        "log_likelihood": figures.log_likelihood(training),
        "accuracy": figures.accuracy(training),
        "round_values": figures.round_values(valuation),
        "evaluators": figures.evaluators(valuation),
        "gas": figures.gas(findings.transactions),
    }


def colours(part, *, colour=False):
    """Every colour in a figure's JSON."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from colours(value, colour=key.endswith(("color", "colorscale")))
    elif isinstance(part, list | tuple):
        for value in part:
            yield from colours(value, colour=colour)
    elif colour and isinstance(part, str):
        yield part


# -- one look a participant


def test_the_first_twelve_participants_have_colours_of_their_own_and_plain_bars():
    given = looks([f"p{i}" for i in range(12)])

    assert len({look.colour for look in given}) == 12
    assert {look.pattern for look in given} == {""}


def test_sixty_participants_differ_in_colour_and_symbol_and_their_bars_in_colour_and_pattern():
    given = looks([f"p{i}" for i in range(60)])

    assert len({(look.colour, look.symbol) for look in given}) == 60
    assert len({(look.colour, look.pattern) for look in given}) == 60


def test_every_chart_gives_a_participant_the_same_colour_in_the_same_order(everything, valuation):
    expected = [look.colour for look in looks(valuation.participants)]

    assert list(everything["contributions"].data[0].marker.color) == expected
    assert list(everything["payments"].data[0].marker.color)[:-1] == expected
    assert [t.line.color for t in everything["round_values"].data] == expected
    assert [t.marker.color for t in everything["comparison"].data[: len(expected)]] == expected
    assert [t.line.color for t in everything["convergence"].data] == [*expected, *expected]
    points = [t for t in everything["value_against_payment"].data if t.mode == "markers"]
    assert [t.marker.color for t in points] == expected
    worth, *bars = everything["waterfall"].data[0].marker.color
    assert bars[: len(expected)] == expected
    assert worth not in expected


def test_rows_are_numbered_so_that_a_name_like_a_date_stays_a_name(valuation):
    names = ("2024-01-01", "7", "1e3", "true", "x", "y")

    figure = figures.payments(_outcome_of(names))

    assert list(figure.data[0].y) == list(range(7))
    assert figure.layout.yaxis.ticktext[:2] == ("2024-01-01", "7")
    assert valuation.participants != names


# -- the same numbers as the documents


def test_contributions_draw_the_values_and_their_intervals(everything, valuation):
    bars, halo, whiskers = everything["contributions"].data

    assert list(bars.x) == [value / 10**6 for value in valuation.values]
    assert list(halo.error_x.array) == list(whiskers.error_x.array) == half_widths(valuation)
    # Student's t with the degrees of freedom of 275 validation rows
    assert half_widths(valuation)[0] == pytest.approx(
        1.968660 * valuation.standard_errors[0] / 10**6, rel=1e-6
    )


def test_each_value_is_drawn_with_its_interval_against_every_baseline(everything, valuation):
    n = len(valuation.participants)
    values, simpler = everything["comparison"].data[:n], everything["comparison"].data[n:]

    assert [trace.x[0] for trace in values] == [value / 10**6 for value in valuation.values]
    assert [trace.error_x.array[0] for trace in values] == half_widths(valuation)
    assert {trace.name: list(trace.customdata) for trace in simpler} == {
        "leave-one-out": [each / 10**6 for each in valuation.leave_one_out],
        "alone": [each / 10**6 for each in valuation.individual],
        "by declared rows": [each / 10**6 for each in valuation.data_size],
        "equal shares": [each / 10**6 for each in valuation.equal],
        "gradient alignment": pytest.approx(
            [
                each * valuation.worth / sum(valuation.alignment) / 10**6
                for each in valuation.alignment
            ],
            abs=1e-5,
        ),
    }
    assert len({trace.marker.symbol for trace in simpler}) == 5


def test_what_is_worth_far_more_or_less_alone_lies_at_the_edge_with_its_number(
    everything, valuation
):
    drawn = everything["comparison"]
    low, high = drawn.layout.xaxis.range

    (alone,) = [trace for trace in drawn.data if trace.name == "alone"]
    assert list(alone.text) == ["", "", "", "", "", "\u2212272"]
    assert low < alone.x[5] < min(valuation.values) / 10**6
    assert list(alone.x[:5]) == list(alone.customdata[:5])
    others = [x for trace in drawn.data if trace.name != "alone" for x in trace.x]
    assert all(low < x < high for x in others)
    near = valuation.model_copy(update={"individual": valuation.values})
    assert (beyond(valuation), beyond(near)) == (True, False)


def test_alignment_that_comes_to_nothing_is_not_stretched_to_a_total(valuation):
    nothing = valuation.model_copy(update={"alignment": (1, -1, 0, 0, 0, 0)})

    assert "gradient alignment" not in baselines(nothing)
    assert len(figures.comparison(nothing).data) == len(valuation.participants) + 4


def test_values_that_are_all_nothing_can_be_drawn(valuation):
    none = dict.fromkeys(
        ("values", "half_widths", "leave_one_out", "individual", "data_size", "equal"), (0,) * 6
    )

    low, high = figures.comparison(valuation.model_copy(update=none)).layout.xaxis.range

    assert low < 0 < high


def test_the_grid_of_ranks_has_each_pair_once_and_tells_the_certain_from_the_rest(
    everything, valuation
):
    (drawn,) = everything["ranks"].data
    places = order(valuation)

    for row, i in enumerate(places[:-1]):
        for column, j in enumerate(places[1:]):
            cell, ppm = drawn.z[row][column], valuation.outranks_ppm[i][j]
            if column < row:
                assert cell is None
                assert not drawn.text[row][column]
            elif ppm >= 950_000:
                assert cell == 1
            else:
                assert cell == pytest.approx((ppm - 950_000) / 450_000)
                assert drawn.text[row][column] == f"{ppm / 10**4:.1f}%"


def test_bands_are_drawn_for_a_few_members_only(sampled):
    more = (*sampled.participants, "one more")
    trace = tuple(
        point.model_copy(
            update={"values": (*point.values, 0), "standard_errors": (*point.standard_errors, 0)}
        )
        for point in sampled.trace
    )
    drawn = figures.convergence(sampled.model_copy(update={"participants": more, "trace": trace}))

    assert len(drawn.data) == len(more)


def test_convergence_draws_each_look_in_a_band_of_one_standard_error(everything, sampled):
    n = len(sampled.participants)
    bands, lines = everything["convergence"].data[:n], everything["convergence"].data[n:]

    for place, (band, line) in enumerate(zip(bands, lines, strict=True)):
        assert list(line.x) == [16, 32, 64]
        assert list(line.y) == [point.values[place] / 10**6 for point in sampled.trace]
        upper, lower = list(band.y[:3]), list(band.y[3:])[::-1]
        widths = [2 * point.standard_errors[place] / 10**6 for point in sampled.trace]
        assert [a - b for a, b in zip(upper, lower, strict=True)] == pytest.approx(widths)


def test_interactions_are_drawn_symmetric_with_their_numbers_and_an_empty_diagonal(
    everything, valuation
):
    (drawn,) = everything["interactions"].data

    matrix = valuation.interactions.matrix
    for place, (drawn_row, row) in enumerate(zip(drawn.z, matrix, strict=True)):
        expected = [each / 10**6 for each in row]
        expected[place] = None
        assert list(drawn_row) == expected
        assert drawn.text[place][place] == ""
    assert drawn.text[0][1] == drawn.text[1][0] == f"\u2212{abs(matrix[0][1]) / 10**6:.1f}"


# -- what is read out of them


def test_the_order_goes_down_and_each_step_has_its_probability(valuation):
    places = order(valuation)

    ranked = [valuation.values[place] for place in places]
    assert ranked == sorted(valuation.values, reverse=True)
    for step, upper, lower in zip(steps(valuation), places, places[1:], strict=False):
        assert (step.upper, step.lower) == (upper, lower)
        assert step.ppm == valuation.outranks_ppm[upper][lower] >= 500_000
        assert step.certain == (step.ppm >= 950_000)
    assert {step.certain for step in steps(valuation)} == {True, False}


def test_the_table_of_ranks_flags_the_steps_that_nobody_should_act_on(valuation):
    rows = doubts.ranks(valuation).rows

    assert [row[0] for row in rows] == [valuation.participants[place] for place in order(valuation)]
    said = {True: "yes", False: "no"}
    assert [row[5] for row in rows[:-1]] == [said[step.certain] for step in steps(valuation)]


def test_every_pair_has_its_probability_in_words_and_the_two_ways_round_add_up(valuation):
    table = doubts.outranking(valuation)

    assert table.columns[1:] == tuple(row[0] for row in table.rows)
    for i, row in enumerate(table.rows):
        assert row[i + 1] == "\u2013"
        for j, cell in enumerate(row[1:]):
            if cell[0].isdigit():
                there = float(cell.rstrip("%")) + float(table.rows[j][i + 1].rstrip("%"))
                assert there == pytest.approx(100, abs=0.11)
    assert {"over 99.9%", "under 0.1%"} <= {cell for row in table.rows for cell in row}


def test_pairs_go_from_those_who_stand_in_to_those_who_complete(valuation):
    found = pairs(valuation, valuation.interactions)

    assert len(found) == 15
    assert [pair.value for pair in found] == sorted(pair.value for pair in found)
    assert found[0].names == ("Cleveland", "Hungary")
    assert found[-1].names[1] == "Mislabelled clinic"
    readings = {row[2] for row in doubts.interactions(valuation, valuation.interactions).rows}
    assert readings == {
        "stand in for each other",
        "complete each other",
        "cannot be told from nothing",
    }


def test_who_cannot_be_told_from_nothing_has_zero_in_the_interval(valuation):
    wide = valuation.model_copy(update={"half_widths": (10**9, *valuation.half_widths[1:])})

    assert uncertain(valuation) == []
    assert uncertain(wide) == [valuation.participants[0]]


def test_payments_draw_what_is_paid_and_what_is_kept(everything, outcome):
    *paid, kept = everything["payments"].data[0].x

    assert paid == [amount / 10**18 for amount in outcome.payments]
    assert kept == outcome.reserve / 10**18


def test_the_waterfall_ends_at_what_counts(valuation, outcome):
    worth, *steps = moves(valuation, outcome)

    level = 0
    for step in steps:
        assert step.start == level
        level += step.change
    assert worth.change == valuation.worth
    assert level == sum(step.counted for step in outcome.steps)


def test_the_waterfall_ends_at_what_counts_even_if_values_do_not_add_up(valuation, outcome):
    short = tuple(value - 10**6 for value in valuation.values)
    steps = tuple(
        step.model_copy(update={"value": value, "counted": max(0, value) * (not step.barred)})
        for step, value in zip(outcome.steps, short, strict=True)
    )

    *_, last = moves(
        valuation.model_copy(update={"values": short}), outcome.model_copy(update={"steps": steps})
    )

    assert last.start + last.change == sum(step.counted for step in steps)


def test_the_last_two_bars_of_the_waterfall_are_as_long_as_what_counts(everything, outcome):
    n = len(outcome.participants)
    pieces = everything["waterfall"].data[2:]
    counted, paid = pieces[:n], pieces[n:]

    whole = sum(step.counted for step in outcome.steps) / 10**6
    assert sum(piece.x[0] for piece in counted) == pytest.approx(whole)
    assert sum(piece.x[0] for piece in paid) == pytest.approx(whole, abs=1e-4)
    assert len(paid) == n + 1


def test_learning_curves_begin_at_the_untrained_model(everything, training):
    pooled, untrained, reached = everything["log_likelihood"].data

    assert reached.y[0] == untrained.y[0] == training.initial_log_likelihood_micro / 1000
    assert list(reached.y[1:]) == [each.log_likelihood_micro / 1000 for each in training.rounds]
    assert pooled.y[0] == training.pooled_log_likelihood_micro / 1000
    assert everything["accuracy"].data[2].y[-1] == training.rounds[-1].accuracy_ppm / 10**4


def test_round_values_carry_one_standard_error(everything, valuation):
    trace = everything["round_values"].data[1]

    assert list(trace.y) == [point.values[1] / 10**6 for point in valuation.curve]
    assert list(trace.error_y.array) == [p.standard_errors[1] / 10**6 for p in valuation.curve]


def test_lines_of_the_evaluators_grid_add_up_to_the_values(everything, valuation):
    for row, value in zip(everything["evaluators"].data[0].z, valuation.values, strict=True):
        assert sum(row) == pytest.approx(value / 10**6, abs=1e-4)


def test_only_members_with_validation_rows_are_evaluators(valuation, federation):
    brought = [i for i, member in enumerate(federation.members) if member.validation_rows]

    assert evaluators_of(valuation) == brought


def test_gas_is_summed_by_step(everything, findings):
    assert sum(everything["gas"].data[0].x) == sum(sent.gas for sent in findings.transactions)


# -- and as the tables


def test_tables_hold_payments_to_the_last_base_unit(valuation, outcome):
    table = tables.payments(valuation, outcome)

    units = [int(row[3].replace(",", "")) for row in table.rows]
    assert units == [*outcome.payments, outcome.reserve]
    assert sum(units) == int(table.foot[3].replace(",", "")) == outcome.budget


def test_the_payout_table_goes_from_each_value_to_its_payment(valuation, outcome):
    table = tables.payout(valuation, outcome)

    assert [row[0] for row in table.rows] == list(outcome.participants)
    told = {row[0]: row[2] for row in table.rows}
    assert told["Free-rider"] == "it sent only zeros, the model as it came"
    assert told["Mislabelled clinic"] == "the model is better without it"
    assert told["VA Long Beach"] == "paid"


def test_every_row_of_every_table_has_a_cell_for_each_column(sampled, findings):
    valuation, outcome = findings.valuation, findings.outcome
    training, federation = findings.training, findings.federation
    made = [
        doubts.ranks(valuation),
        doubts.outranking(valuation),
        doubts.convergence(sampled),
        doubts.interactions(valuation, valuation.interactions),
        tables.contributions(valuation),
        tables.payments(valuation, outcome),
        tables.payout(valuation, outcome),
        tables.round_values(valuation),
        tables.evaluators(valuation),
        records.learning(training, federation),
        records.members(federation, training),
        records.gas(findings),
        records.addresses(findings),
        records.events(findings),
        records.provenance(findings),
    ]

    for table in made:
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}
        assert len(table.foot) in (0, len(table.columns))


def test_the_ledger_names_people_instead_of_addresses(findings):
    joined = [row[4] for row in records.events(findings).rows if row[3] == "Joined"]

    assert [row.split(", ")[0] for row in joined] == [
        f"account {name}" for name in findings.federation.names
    ]


def test_members_that_were_refused_or_idle_have_a_note(federation, training):
    first, *others = training.rounds
    refusing = first.model_copy(update={"excluded": {"Hungary": "values were NaN"}})
    training = training.model_copy(update={"rounds": (refusing, *others)})

    notes = {row[0]: row[-1] for row in records.members(federation, training).rows}

    assert notes["Hungary"] == "refused in round 1: values were NaN"
    assert notes["Free-rider"] == "every update was zero"


# -- light and dark


def test_every_colour_of_every_figure_has_a_dark_one(everything):
    for figure in everything.values():
        used = set(colours(figure.to_plotly_json()))
        assert used
        assert used <= set(DARK)


def test_a_dark_figure_differs_in_its_colours_only(everything):
    light = everything["contributions"]

    other = dark(light)

    assert isinstance(other, go.Figure)
    assert other.layout.paper_bgcolor == DARK[SURFACE]
    assert list(other.data[0].x) == list(light.data[0].x)
    assert other.layout.yaxis.ticktext == light.layout.yaxis.ticktext


def test_a_participant_called_like_a_colour_keeps_its_name(outcome):
    names = (SURFACE, *outcome.participants[1:])

    figure = dark(figures.payments(_outcome_of(names)))

    assert figure.layout.yaxis.ticktext[0] == SURFACE


@pytest.mark.parametrize(("light", "night"), PARTICIPANTS)
def test_participants_are_seen_on_their_surface_and_text_is_read_on_them(light, night):
    assert contrast(light, SURFACE) >= 3
    assert contrast(night, DARK[SURFACE]) >= 3
    assert contrast(text_on(light), light) >= 4.5
    assert contrast(DARK[text_on(light)], night) >= 4.5


@pytest.mark.parametrize("ink", [INK, MUTED])
@pytest.mark.parametrize("ground", [PAGE, SURFACE])
def test_text_is_read_on_every_ground(ink, ground):
    assert contrast(ink, ground) >= 4.5
    assert contrast(DARK[ink], DARK[ground]) >= 4.5


@pytest.mark.parametrize("end", [COOL, WARM])
def test_numbers_are_read_on_the_ends_of_the_colour_scale(end):
    assert contrast(INK, end) >= 4.5
    assert contrast(DARK[INK], DARK[end]) >= 4.5


# -- names


@pytest.mark.parametrize("write", [label, short_label])
def test_a_name_with_tags_is_shown_and_not_obeyed(write):
    written = write("<b>Bold</b>")

    assert written == "&lt;b&gt;Bold&lt;/b&gt;"


def test_a_long_name_is_cut_where_it_would_push_the_chart_away():
    name = "The Royal and Ancient Hospital of Somewhere Very Far"

    assert label(name).count("<br>") == 1
    assert label(name).endswith("…")
    assert short_label(name).endswith("…")


def _outcome_of(names):
    """An outcome that pays each of six the same."""
    return OutcomeDocument(
        mechanism="equal",
        budget=60,
        participants=names,
        payments=(10,) * 6,
        slashes=(0,) * 6,
        reserve=0,
        barred=(),
        steps=(),
    )


def test_own_rows_draws_each_member_that_brought_rows_from_the_untrained_model_on(
    training, valuation
):
    brought = [name for name in valuation.participants if name != "Free-rider"]

    drawn = figures.own_rows(training, valuation.participants).data

    assert [trace.name for trace in drawn] == [short_label(name) for name in brought]
    for trace, name in zip(drawn, brought, strict=True):
        assert list(trace.y) == [each / 1000 for each in training.by_owner_micro[name]]
        assert list(trace.x) == list(range(len(training.rounds) + 1))


def test_own_rows_are_tabulated_in_the_members_order(training, valuation):
    table = records.own_rows(training, valuation.participants)

    brought = tuple(name for name in valuation.participants if name != "Free-rider")
    assert table.columns == ("Model", *brought)
    assert [row[0] for row in table.rows][:2] == ["Untrained", "Round 1"]
