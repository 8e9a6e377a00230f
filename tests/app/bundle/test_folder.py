"""One process works on a run's directory at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from fedmerit import pipeline
from fedmerit.bundle.directory import PROGRESS, STAGES, Bundle, Progress
from fedmerit.bundle.folder import alone_in
from fedmerit.errors import BundleError
from fedmerit.scenario.reading import parse

SCENARIO = parse({"name": "small", "data": {"source": "digits"}}, origin="test")
HOLDS = """
import sys
from pathlib import Path
from fedmerit.bundle.folder import alone_in
with alone_in(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def held(tmp_path):
    """Give a bundle that another process works on, and what ends that."""
    bundle = Bundle.create(tmp_path / "b", SCENARIO)
    command = [sys.executable, "-c", HOLDS, str(bundle.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout.readline() == "held\n"
        yield bundle, process
        process.kill()


def test_a_run_that_another_process_works_on_is_not_resumed(held):
    bundle, _ = held
    before = {name: bundle.read(name) for name in bundle.names()}

    with pytest.raises(BundleError, match="another process works on"):
        pipeline.resume(bundle.path)

    assert {name: bundle.read(name) for name in bundle.names()} == before


def test_a_process_that_was_killed_holds_nothing(held):
    bundle, process = held
    process.kill()
    process.wait()

    with alone_in(bundle.path):
        pass


def test_of_two_resumes_side_by_side_one_works(tmp_path, monkeypatch):
    bundle = Bundle.create(tmp_path / "b", SCENARIO)
    refused = []

    def again(*_):
        with pytest.raises(BundleError, match="another process works on") as caught:
            pipeline.resume(bundle.path)
        refused.append(caught.value.hint)
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "_do", again)

    with pytest.raises(KeyboardInterrupt):
        pipeline.resume(bundle.path)

    assert len(refused) == 1
    assert bundle.progress.failed.startswith("train: KeyboardInterrupt")


def test_two_runs_do_not_begin_in_one_directory(tmp_path):
    Bundle.create(tmp_path / "b", SCENARIO)

    with pytest.raises(BundleError, match="exists already"):
        Bundle.create(tmp_path / "b", SCENARIO)


def test_a_run_writes_nothing_before_the_directory_is_its_own(tmp_path, monkeypatch):
    there = []

    @contextmanager
    def watched(folder):
        there.append(sorted(folder.iterdir()))
        with alone_in(folder):
            with pytest.raises(BundleError, match="is not a bundle"):
                pipeline.resume(folder)
            yield

    monkeypatch.setattr(pipeline, "alone_in", watched)
    monkeypatch.setattr(pipeline, "check", lambda *_, **__: None)
    monkeypatch.setattr(pipeline, "_to_the_end", lambda bundle, *_: bundle)

    begun = pipeline.run(SCENARIO, tmp_path / "b")

    assert there == [[]]
    assert begun.names() == ["progress.json", "scenario.toml", "timings.json"]


def test_a_file_whose_name_is_no_text_ends_in_our_error_before_anything_is_written(tmp_path):
    bundle = Bundle.create(tmp_path / "b", SCENARIO)
    bundle.write_document(PROGRESS, Progress(done=STAGES))
    before = {name: bundle.read(name) for name in bundle.names()}
    (bundle.path / os.fsdecode(b"bad\xff\x1b")).write_text("psst")

    for attempt in (pipeline.write_report, pipeline.resume):
        with pytest.raises(BundleError, match="not UTF-8") as caught:
            attempt(bundle.path)
        assert "move it elsewhere" in caught.value.hint
    for attempt in (bundle.write_manifest, bundle.write_seal):
        with pytest.raises(BundleError, match="not UTF-8"):
            attempt()

    assert {name: bundle.read(name) for name in before} == before


def test_an_error_that_quotes_a_name_that_is_no_text_is_noted(tmp_path):
    bundle = Bundle.create(tmp_path / "b", SCENARIO)

    bundle.fail("train", f"lost {os.fsdecode(b'bad' + bytes([255]))}")

    assert bundle.progress.failed == r"train: lost bad\udcff"


def test_nothing_is_left_in_the_directory(tmp_path):
    with alone_in(tmp_path):
        pass

    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_half_written_is_tidied_before_the_seal(tmp_path):
    bundle = Bundle.create(tmp_path / "b", SCENARIO)
    (bundle.path / ".run.json.part").write_text("{")
    (bundle.path / "notes.part").write_text("whole")

    bundle.tidy()

    assert not (bundle.path / ".run.json.part").exists()
    assert "notes.part" in bundle.names()
