"""An audit runs no code that a bundle brings or names, unless the auditor names it too."""

from __future__ import annotations

import subprocess
import sys

import pytest
from forging import reseal

import fedmerit
from fedmerit.auditing.code import nothing_imported_from
from fedmerit.auditing.disputing import dispute
from fedmerit.auditing.verdict import Spots
from fedmerit.bundle.directory import SCENARIO
from fedmerit.errors import AuditImpossible, BundleError
from fedmerit.stages.chains import EMBEDDED

EVIL = """
from pathlib import Path
from torch import nn
Path({mark!r}).touch()
class Net(nn.Linear):
    def __init__(self, in_features, classes):
        super().__init__(in_features, classes)
"""


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "ran"


@pytest.fixture
def evil(copy, mark, monkeypatch):
    """Give a bundle that names a module of its own, in the folder in which it is audited."""
    (copy.path / "evil.py").write_text(EVIL.format(mark=str(mark)))
    text = copy.text(SCENARIO).replace('kind = "logistic"', 'kind = "evil:Net"')
    copy.write(SCENARIO, text.encode())
    monkeypatch.chdir(copy.path)
    monkeypatch.syspath_prepend("")
    monkeypatch.syspath_prepend(str(copy.path))
    monkeypatch.delitem(sys.modules, "evil", raising=False)
    return copy


@pytest.mark.parametrize("asked", [{"retrain": True}, {"spot_checks": 1}])
@pytest.mark.parametrize("allowed", [None, "evil:Net", "logistic"])
def test_nothing_is_trained_after_the_digests_failed(evil, mark, asked, allowed):
    verdict = fedmerit.audit(evil, allow_model=allowed, **asked)

    assert not mark.exists()
    assert not verdict.passed
    [retraining] = [check for check in verdict.checks if check.name == "retraining"]
    assert retraining.status == "skipped"
    assert "nothing of them is trained" in retraining.detail


@pytest.mark.parametrize("asked", [{"retrain": True}, {"spot_checks": 1}])
@pytest.mark.parametrize("allowed", [None, "other:Net"])
def test_a_model_that_the_auditor_did_not_name_is_not_imported(evil, mark, asked, allowed):
    reseal(evil)

    with pytest.raises(AuditImpossible, match="'evil:Net'") as caught:
        fedmerit.audit(evil, allow_model=allowed, **asked)

    assert not mark.exists()
    assert "--allow-model evil:Net" in caught.value.hint


def test_a_module_in_the_bundles_folder_is_not_found_even_if_its_name_is_allowed(evil, mark):
    reseal(evil)

    verdict = fedmerit.audit(evil, retrain=True, allow_model="evil:Net")

    assert not mark.exists()
    [retraining] = [check for check in verdict.checks if check.name == "retraining"]
    assert "cannot be imported" in retraining.detail


def test_a_module_that_the_auditor_named_and_has_is_run(evil, mark, tmp_path, monkeypatch):
    (evil.path / "evil.py").rename(tmp_path / "evil.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    reseal(evil)

    fedmerit.audit(evil, retrain=True, allow_model="evil:Net")

    assert mark.exists()


@pytest.fixture
def evil_metric(copy, mark, tmp_path, monkeypatch):
    """Give a resealed bundle that names a metric of somebody's own, which is at hand."""
    there = tmp_path / "elsewhere"
    there.mkdir()
    (there / "evilmetric.py").write_text(
        f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
        "def good(labels, scores):\n    return 1.0\n"
    )
    text = copy.text(SCENARIO).replace('metric = "loss"', 'metric = "evilmetric:good"')
    copy.write(SCENARIO, text.encode())
    monkeypatch.syspath_prepend(str(there))
    monkeypatch.delitem(sys.modules, "evilmetric", raising=False)
    reseal(copy)
    return copy


@pytest.mark.parametrize("asked", [{"retrain": True}, {"spot_checks": 1}])
@pytest.mark.parametrize(
    "allowed",
    [{}, {"allow_metric": "evilmetric:other"}, {"allow_model": "evilmetric:good"}],
)
def test_a_metric_that_the_auditor_did_not_name_is_not_imported(evil_metric, mark, asked, allowed):
    with pytest.raises(AuditImpossible, match="'evilmetric:good'") as caught:
        fedmerit.audit(evil_metric, **asked, **allowed)

    assert not mark.exists()
    assert "--allow-metric evilmetric:good" in caught.value.hint


def test_an_audit_without_training_imports_no_metric(evil_metric, mark):
    fedmerit.audit(evil_metric)

    assert not mark.exists()


def test_a_metric_that_the_auditor_named_is_run(evil_metric, mark):
    fedmerit.audit(evil_metric, retrain=True, allow_metric="evilmetric:good")

    assert mark.exists()


@pytest.mark.parametrize(("sealed", "error"), [(False, BundleError), (True, AuditImpossible)])
def test_a_dispute_runs_no_more_than_an_audit(evil, mark, sealed, error):
    if sealed:
        reseal(evil)

    with pytest.raises(error):
        dispute(evil, 1, EMBEDDED, spots=Spots(1, 1))

    assert not mark.exists()


def test_an_audit_from_within_a_bundle_imports_nothing_of_it(copy, mark):
    for name in ("shap", "plotly", "numba", "evil"):
        (copy.path / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')")
    script = "import sys; from fedmerit.commands.app import app; sys.path.insert(0, ''); app()"

    done = subprocess.run(
        [sys.executable, "-P", "-c", script, "audit", "."],
        cwd=copy.path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert "evil.py" in done.stdout
    assert not mark.exists()


def test_the_path_is_as_it_was_afterwards(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), str(tmp_path / "in"), "/elsewhere"])
    monkeypatch.chdir(tmp_path)

    with nothing_imported_from(tmp_path):
        assert sys.path == ["/elsewhere"]

    assert sys.path == ["", str(tmp_path), str(tmp_path / "in"), "/elsewhere"]
