"""Sentences on a vertical run: whose columns, what was said, what it cost, and other opinions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from fedmerit.bundle.vertical_schemas import SAFE_BITS
from fedmerit.kinds.vertical.protocols import sentences_of
from fedmerit.report.sentences.wording import strong
from fedmerit.report.units import count, listed, number, percent
from fedmerit.units import MICRO

if TYPE_CHECKING:
    from fedmerit.bundle.vertical_schemas import OpinionDocument, OpinionsDocument, VerticalDocument
    from fedmerit.report.findings import Findings
    from fedmerit.scenario.columns import Vertical

_MOST: Final = 8


def holding(findings: Findings, said: VerticalDocument, asked: Vertical) -> list[Markup]:
    """Say who came together with which columns, and whom they have in common."""
    rows, quantity = findings.federation.members[0].rows, findings.federation.quantity
    if asked.join == "left":
        whose = Markup(
            "All <strong>{} people</strong> of {} take part; by private set intersection it found "
            "whom of them each other owner knows, and that owner which of its own people are among "
            "them."
        ).format(f"{said.common:,}", strong([said.label_holder]))
    else:
        whose = Markup(
            "By private set intersection they found that <strong>{} people</strong> are known to "
            "all, without telling each other who the rest are."
        ).format(f"{said.common:,}")
    return [
        Markup(
            "{} know different things about the same people, and each of them knows other people "
            "too. {} {} of them are to train on and {} to measure on. {} knows the answer, "
            "{}: it is the label holder. The committee that signs is {}; {} of its "
            "signatures are needed."
        ).format(
            count(len(said.owners), "owner"),
            whose,
            f"{rows:,}",
            f"{said.common - rows:,}",
            strong([said.label_holder]),
            Markup("the quantity <em>{}</em>").format(quantity.name)
            if quantity
            else Markup("whether a person is <em>{}</em> or <em>{}</em>").format(
                *findings.federation.classes[::-1]
            ),
            listed(findings.federation.committee, _MOST),
            findings.federation.threshold,
        )
    ]


def protecting(said: VerticalDocument, asked: Vertical) -> list[Markup]:
    """Say by which protocol they trained, and what it shows whom."""
    text = [sentences_of(asked).training(said, asked), _traffic(said), _telling(said)]
    epsilons = [
        (_epsilon(epsilon), what)
        for epsilon, what in (
            (said.label_epsilon_micro, "label"),
            (said.feature_epsilon_micro, "features"),
        )
        if epsilon is not None
    ]
    if epsilons:
        text.append(
            Markup(
                "Noise protects what no encryption does. {} The noise comes from the operating "
                "system and from nobody's seed: this run cannot be repeated number by number."
            ).format(
                Markup(" ").join(
                    Markup(
                        "Whoever sees all messages can tell another {} of one row apart with "
                        "<strong>epsilon {}</strong> at a delta of {} in a million, over {} and "
                        "all groups that were trained again."
                    ).format(what, epsilon, said.delta_ppm, count(said.epochs, "epoch"))
                    for epsilon, what in epsilons
                )
            )
        )
    return text


def warnings(said: VerticalDocument, asked: Vertical) -> list[Markup]:
    """Say what of this run would not do among strangers."""
    found: list[Markup] = []
    if 0 < said.key_bits < SAFE_BITS:
        found.append(
            Markup(
                "The keys of this run have {} bits, which <strong>hides nothing</strong> from "
                "anyone who tries: it is a rehearsal. Use {} or more among real parties."
            ).format(said.key_bits, f"{SAFE_BITS:,}")
        )
    found += sentences_of(asked).warnings(said, asked)
    return found


def _telling(said: VerticalDocument) -> Markup:
    """Say how many bits the messages tell of the labels, and who must not collude."""
    counted = [seen for seen in said.exposures if not seen.agreed and not seen.colluding]
    labels = counted[0]
    text = Markup(
        "What is opened to them was counted before the training, over this run and all groups that "
        "were trained again: {} are told <strong>{} of {} bits</strong> in the labels at most, if "
        "they put together all that they see; above a tenth nothing would have been trained."
    ).format(strong([labels.party]), f"{labels.bits:,}", f"{labels.of:,}")
    if colluding := sorted({seen.party for seen in said.exposures if seen.colluding}):
        text += Markup(
            " That holds while nobody opens what was not meant for it: each of these pairs can "
            "open secrets of others, and <strong>this run withstands no such pair</strong>: {}."
        ).format("; ".join(colluding))
    return text


def _traffic(said: VerticalDocument) -> Markup:
    total = sum(said.bytes_sent.values())
    return Markup(
        "In all, {} kB went over in {}. Each is listed by its digest, and one root over all "
        "digests was committed on the chain."
    ).format(
        f"{total // 1000:,}",
        count(sum(each.messages for each in said.protocols), "message"),
    )


def comparing(findings: Findings, said: VerticalDocument, asked: Vertical) -> list[Markup]:
    """Say how good the model is beside the joined table's."""
    if said.area_ppm is None or said.joined_area_ppm is None:
        _, reached, pooled = findings.training.quality
        return [
            Markup(
                "The yardstick is {} the joined table, which nobody has. The federated model "
                "predicts <strong>{}</strong> of the label's variance (R²) and the joined one {}."
            ).format(sentences_of(asked).yardstick(asked), percent(reached), percent(pooled))
        ]
    return [
        Markup(
            "The yardstick is {} the joined table, which nobody has. The area under the ROC curve "
            "is the probability that a person of the one class is ranked above one of the other: "
            "<strong>{}</strong> for the federated model and {} for the joined one. {}{}"
        ).format(
            sentences_of(asked).yardstick(asked),
            area(said.area_ppm),
            area(said.joined_area_ppm),
            _delta(said),
            _logistic(said),
        )
    ]


def worse(findings: Findings, asked: Vertical) -> list[Markup]:
    """Say that a training went wrong, and what to try; nothing if it did not."""
    if not findings.training.is_worse_than_untrained:
        return []
    return [
        Markup(
            "<strong>The trained model fits worse than the labels alone.</strong> Either noise "
            "drowned what there was to learn, or the steps were too large: the learning rate "
            "was {}."
        ).format(f"{asked.learning_rate:g}")
    ]


def _logistic(said: VerticalDocument) -> Markup:
    """Say what whoever had the joined table would have trained, where that is another model."""
    if said.logistic_area_ppm is None:
        return Markup()
    return Markup(
        " Whoever had the joined table would have fitted ordinary logistic regression, whose area "
        "is <strong>{}</strong>: what the expansion costs is in neither of the other two."
    ).format(area(said.logistic_area_ppm))


def ordinary(said: VerticalDocument) -> str:
    """Say the same in short, behind the area of the joined table."""
    if said.logistic_area_ppm is None:
        return ""
    return f" and the same Taylor loss; {area(said.logistic_area_ppm)} by ordinary regression"


def _delta(said: VerticalDocument) -> Markup:
    delta = said.delta_area_ppm
    if not delta:
        return Markup("Not joining the tables costs nothing.")
    if delta < 0:
        return Markup("The federated model is better by {}.").format(area(-delta))
    return Markup("Not joining the tables costs {}.").format(area(delta))


def opining(findings: Findings, said: OpinionsDocument) -> list[Markup]:
    """Say what the games ask, and what the label holder's two readings are."""
    asked = findings.scenario.valuation
    games = {each.game for each in said.games}
    text = [
        Markup(
            "Without labels nobody learns anything, so what they are worth is a decision and not "
            "arithmetic. With the labels <em>given</em>, their holder plays for its columns alone. "
            "As a <em>mandatory</em> member no group without it is worth anything, and it takes a "
            "large share of what the labels make possible. The payments are by the game of "
            "<em>{}</em> with the labels <em>{}</em>."
        ).format(asked.game, asked.label_policy)
    ]
    text.append(
        Markup(
            "The game of retraining trains every group's own model. The game of embeddings asks "
            "nobody: the label holder fits a model on what it saw of a group's members after the "
            "one training that took place."
        )
        if "embeddings" in games
        else Markup(
            "The game of retraining trains every group's own model. There is no game of "
            "embeddings: all that the label holder saw of the others were sums."
        )
    )
    text.append(_agreement(said.games, said.participants))
    return text


def _agreement(games: tuple[OpinionDocument, ...], names: tuple[str, ...]) -> Markup:
    """Say whose interval includes zero in which games."""
    unsure = [
        name
        for place, name in enumerate(names)
        if all(abs(each.values[place]) <= each.half_widths[place] for each in games)
    ]
    if not unsure:
        return Markup("Every owner's value is clear of zero by one of these games at least.")
    return Markup("By none of these games can the value of {} be told from nothing.").format(
        strong(unsure)
    )


def using(said: OpinionsDocument) -> list[Markup]:
    """Say what shap's attributions are, and what they are not."""
    total = sum(said.by_owner_nano) or 1
    shares = [
        f"{name} {percent(round(own * MICRO / total), 0)}"
        for name, own in zip(said.participants, said.by_owner_nano, strict=True)
    ]
    return [
        Markup(
            "A second opinion asks the finished model instead of training others: how far does "
            "each column move the score of a person (Lundberg and Lee, 2017)? On {}, the owners' "
            "columns together move it in these proportions: {}. A column that copies another's is "
            "used, and adds nothing; noise that was learned by chance is used, and does harm. "
            "Nobody is paid by this. The pictures are shap's own."
        ).format(count(said.explained_rows, "validation row"), listed(shares, _MOST))
    ]


def checking(said: VerticalDocument) -> list[Markup]:
    """Say what an audit of a vertical run does."""
    return [
        Markup(
            "Anyone with this directory can run <code>fedmerit audit &lt;directory&gt;</code>. It "
            "trusts nothing in it: it compares every file with its digest, plays the chain's "
            "transactions again or reads the live chain, checks the committee's signatures, hashes "
            "the {} to the root that the chain holds, computes every epsilon, the values of all "
            "games, their intervals and ranks again from the means of all coalitions and their "
            "spread, and the payments from the values, and draws this report again. The directory "
            "holds sums over all validation rows and nothing of any single one."
        ).format(count(sum(each.messages for each in said.protocols), "message digest")),
        Markup(
            "The metric is the gain in mean log-likelihood per validation row over a model of the "
            "labels alone. Values are kept in billionths of a nat, payments in base units, "
            "10<sup>18</sup> to the token; both are integers, so that everyone computes the same "
            "payments. Keys and masks are new in every run, so the messages differ from run to "
            "run; what they decrypt to does not."
        ),
    ]


def area(ppm: int) -> str:
    """Write an area under a curve, or a difference of two."""
    return number(ppm / MICRO, 4)


def _epsilon(micro: int) -> str:
    return number(micro / MICRO, 2)
