from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedmerit.bundle.directory import MANIFEST, SEAL, Bundle, Progress, next_free
from fedmerit.canonical import canonical, digest
from fedmerit.errors import AuditImpossible, BundleError
from fedmerit.scenario.reading import parse

SCENARIO = parse({"name": "small", "data": {"source": "digits"}}, origin="test")

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture
def bundle(tmp_path):
    return Bundle.create(tmp_path / "b", SCENARIO)


def test_a_directory_that_exists_is_never_written_into(tmp_path):
    with pytest.raises(BundleError, match="exists already") as caught:
        Bundle.create(tmp_path, SCENARIO)

    assert caught.value.hint == "Choose another --dir."


def test_a_run_that_was_begun_there_is_said_to_be_resumable(bundle):
    with pytest.raises(BundleError, match="exists already") as caught:
        Bundle.create(bundle.path, SCENARIO)

    assert "--resume" in caught.value.hint


def test_a_directory_that_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(BundleError, match="not a bundle"):
        Bundle.open(tmp_path)


def test_a_bundle_gives_back_the_scenario_it_was_made_with(bundle):
    assert Bundle.open(bundle.path).scenario == SCENARIO


def test_tensors_come_back_as_they_went_in(bundle):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([True, False])}

    bundle.write_tensors("t.safetensors", arrays)

    back = bundle.tensors("t.safetensors")
    assert all(np.array_equal(back[name], arrays[name]) for name in arrays)


def test_a_file_that_holds_no_tensors_is_refused_by_name(bundle):
    bundle.write("t.safetensors", b"\x80\x04pickle")

    with pytest.raises(BundleError, match=r"t\.safetensors"):
        bundle.tensors("t.safetensors")


def test_a_document_of_another_form_is_refused_by_name(bundle):
    bundle.write("progress.json", b'{"done": ["dance"]}')

    with pytest.raises(BundleError, match=r"progress\.json"):
        _ = bundle.progress


def test_a_run_that_died_says_where_and_why(bundle):
    bundle.finish("train")
    bundle.fail("value", "the light went out")

    assert bundle.progress == Progress(done=("train",), failed="value: the light went out")


def test_the_manifest_binds_every_file_that_was_there(bundle):
    bundle.write("a/b.json", b"{}\n")

    bundle.write_manifest()

    assert bundle.listed(MANIFEST)["a/b.json"] == digest(b"{}\n")


def test_a_manifest_with_one_byte_more_is_refused(bundle):
    bundle.write_manifest()
    bundle.write(MANIFEST, bundle.read(MANIFEST) + b" ")

    with pytest.raises(AuditImpossible, match=r"manifest\.json is damaged"):
        bundle.listed(MANIFEST)


def test_a_full_disk_leaves_the_file_that_was_there_and_says_what_to_do(tmp_path):
    # A limit on file size is the same refusal by the kernel, without filling a disk.
    script = f"""
import resource
from pathlib import Path
from fedmerit.bundle.directory import Bundle
from fedmerit.errors import BundleError
bundle = Bundle(Path({str(tmp_path)!r}))
bundle.write("file", b"before")
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
try:
    bundle.write("file", bytes(4096))
except BundleError as error:
    print(error, error.hint)
print(bundle.read("file"), bundle.path.joinpath(".file.part").exists())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "cannot be written: File too large (4,096 bytes)" in done.stdout
    assert "--resume" in done.stdout
    assert "b'before' False" in done.stdout


def test_what_a_killed_process_left_half_written_is_no_evidence(bundle):
    for name in (".manifest.json.part", "training/.round-1.json.part"):
        bundle.path.joinpath(name).parent.mkdir(exist_ok=True)
        bundle.path.joinpath(name).write_bytes(b'{"half')
    bundle.write("notes.part", b"whole")

    bundle.write_manifest()
    bundle.write_seal()

    assert set(bundle.listed(MANIFEST)) == {"notes.part", "scenario.toml"}
    assert not [name for name in bundle.listed(SEAL) if name.startswith(".")]


@given(value=plain)
def test_the_canonical_form_of_a_value_is_read_back_as_that_value(value):
    assert json.loads(canonical(value)) == value


@given(value=plain, float_=st.floats())
def test_a_float_never_enters_a_hash(value, float_):
    with pytest.raises(TypeError, match="floats never enter a hash"):
        canonical({"deep": [value, {"inside": float_}]})


def test_the_digest_is_keccak_not_sha3():
    assert digest(b"") == "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_bundles_are_numbered_on(tmp_path):
    (tmp_path / "small-1").mkdir()

    assert next_free(tmp_path, "small") == tmp_path / "small-2"
    assert next_free(tmp_path / "absent", "small") == tmp_path / "absent" / "small-1"


@pytest.mark.parametrize("name", ["report.html", "seal.json"])
def test_nothing_is_written_through_a_link_that_a_stranger_left(tmp_path, name):
    bundle = Bundle.create(tmp_path / "b", SCENARIO)
    (tmp_path / "mine.txt").write_text("precious")
    (bundle.path / f".{name}.part").symlink_to(tmp_path / "mine.txt")

    bundle.write(name, b"new")

    assert (tmp_path / "mine.txt").read_text() == "precious"
    assert (bundle.path / name).read_bytes() == b"new"
    assert not (bundle.path / name).is_symlink()
