"""The command itself, as a person types it: in a process of its own where that matters."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import NamedTuple

import pytest

from fedmerit.bundle.directory import Bundle
from fedmerit.commands import app as cli
from fedmerit.commands.terminal import TerminalProgress

#: Two people, as the shipped table of patients has them.
ROWS = """who,age,sex,cp,trestbps,chol,fbs,restecg,thalch,exang,oldpeak,slope,ca,thal
p-1,63,Male,typical angina,145,233,TRUE,lv hypertrophy,150,FALSE,2.3,downsloping,0,fixed defect
p-2,41,Female,atypical angina,130,204,FALSE,lv hypertrophy,172,FALSE,1.4,upsloping,,normal
"""


def fedmerit_(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "fedmerit.commands.app", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", **environment},
        check=False,
    )


class Shown(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """Give what runs the command in this process, which has imported everything already."""
    monkeypatch.chdir(tmp_path)
    for console in (cli.out, cli.err):
        monkeypatch.setattr(console, "width", 200)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["fedmerit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Shown(ended.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    """Give a scenario file that trains in a moment."""
    path = tmp_path_factory.mktemp("scenario") / "tiny.toml"
    path.write_text(
        'name = "tiny"\n[data]\nsource = "digits"\n'
        '[data.partition]\nrecipe = "iid"\nparticipants = 3\n'
        "[training]\nrounds = 1\nlocal_epochs = 1\n"
    )
    return path


def test_help_lists_every_command():
    done = fedmerit_("--help")

    assert done.returncode == 0
    for command in ("run", "audit", "ledger", "report", "init", "list"):
        assert f" {command} " in done.stdout


def test_importing_the_command_loads_neither_torch_nor_web3():
    script = (
        "import sys, fedmerit.commands.app; print({'torch', 'web3', 'pandas'} & set(sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout == "set()\n"


def test_a_run_prints_results_on_stdout_and_progress_on_stderr(scenario, tmp_path):
    done = fedmerit_("run", scenario, cwd=tmp_path)

    assert done.returncode == 0
    assert "member-1" in done.stdout
    assert "Training the federation: done in" in done.stderr
    assert "next: fedmerit audit bundles/tiny-1" in done.stderr
    assert (tmp_path / "bundles" / "tiny-1" / "report.html").is_file()


@pytest.mark.slow
def test_a_run_as_json_is_json_and_nothing_else(scenario, tmp_path):
    done = fedmerit_("run", scenario, "--dir", tmp_path / "b", "--output", "json", "--seed", "7")

    result = json.loads(done.stdout)
    payments = [int(member["payment"]) for member in result["members"]]
    assert sum(payments) + int(result["reserve"]) == int(result["budget"]) == 10**21


def test_an_audit_ends_with_its_verdict_and_exit_status_0(hospital_bundle, here):
    done = here("audit", hospital_bundle.path)

    assert done.returncode == 0
    *_, verdict, pays, holds, proves, data = done.stdout.splitlines()
    assert verdict.startswith("The bundle holds: ")
    assert pays.startswith("The payments follow from the evidence: yes")
    assert holds.startswith("The evidence is what the chain holds: yes")
    assert proves == "The chain proves: a rehearsal in one process: it proves no date and no signer"
    assert data == "The evidence follows from the data: not looked at"
    assert "--retrain" in done.stderr


def test_an_audit_that_finds_a_difference_names_it_and_exits_1(hospital_bundle, here, tmp_path):
    shutil.copytree(hospital_bundle.path, tmp_path / "b")
    with (tmp_path / "b" / "run.json").open("a") as file:
        file.write(" ")

    done = here("audit", tmp_path / "b", "--output", "json")

    assert done.returncode == 1
    assert "next: fedmerit audit" in done.stderr
    verdict = json.loads(done.stdout)
    assert not verdict["passed"]
    assert "run.json" in json.dumps(verdict["checks"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "hospital"], "Did you mean 'hospitals'?"),
        (["run", "absent.toml"], "cannot be read"),
        (["run", "--resume", "nowhere"], "not a bundle"),
        (["run", "--rpc", "http://127.0.0.1:9"], "no Ethereum node answers"),
        (["audit", "nowhere"], "not a bundle"),
        (["report", "nowhere"], "not a bundle"),
        (["run", "--sede", "3"], "--seed"),
        (["rnu"], "run"),
    ],
)
def test_what_can_be_put_right_is_said_in_two_lines_and_exits_2(arguments, said, here):
    done = here(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.slow
def test_an_interrupted_run_says_how_to_go_on_and_does(scenario, tmp_path):
    command = [sys.executable, "-m", "fedmerit.commands.app", "run", str(scenario)]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever starts the tests in the background has them ignore what Ctrl-C sends.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        while "Training" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()

    assert process.returncode == 130
    assert "Traceback" not in rest
    assert "next: fedmerit run --resume bundles/tiny-1" in rest
    assert fedmerit_("run", "--resume", "bundles/tiny-1", cwd=tmp_path).returncode == 0


def test_a_resumed_run_takes_no_other_settings(here, tmp_path):
    done = here("run", "digits", "--resume", tmp_path, "--seed", "3")

    assert done.returncode == 2
    assert "Leave those out" in done.stderr


def test_debug_shows_the_traceback(tmp_path):
    done = fedmerit_("audit", "nowhere", "--debug", cwd=tmp_path)

    assert "Traceback" in done.stderr


def test_init_writes_a_scenario_that_runs_and_never_overwrites_it(tmp_path):
    first = fedmerit_("init", cwd=tmp_path)
    second = fedmerit_("init", cwd=tmp_path)

    assert first.returncode == 0
    assert "next: fedmerit run my-scenario.toml" in first.stderr
    assert second.returncode == 2
    assert "exists already" in second.stderr


def test_list_names_everything_that_a_scenario_may_use(here):
    listed = json.loads(here("list", "--output", "json").stdout)

    assert {"hospitals", "digits"} <= listed["Scenarios"].keys()
    assert "heart-disease" in listed["Data sets"]
    assert "free-rider" in listed["Behaviours"]
    assert "exact" in listed["Methods"]
    assert "proportional" in listed["Mechanisms"]
    assert all(summary for kind in listed.values() for summary in kind.values())


def test_a_report_is_written_again_where_it_was(hospital_bundle, here, tmp_path):
    bundle = Bundle(shutil.copytree(hospital_bundle.path, tmp_path / "b"))
    before = bundle.read("report.html")
    (bundle.path / "report.html").unlink()

    done = here("report", bundle.path)

    assert done.stdout.strip() == str(bundle.path / "report.html")
    assert bundle.read("report.html") == before


def test_progress_is_a_bar_on_a_terminal(capsys):
    console = type(cli.err)(force_terminal=True, width=80)

    with TerminalProgress(console) as progress:
        progress.stage("train")
        progress.advance(1, 2)
        progress.stage("value")

    assert "━" in capsys.readouterr().out


def test_predict_writes_a_line_a_row_and_says_the_rest_on_standard_error(
    here, hospital_bundle, tmp_path
):
    (tmp_path / "rows.csv").write_text(ROWS)

    printed = here("predict", hospital_bundle.path, "rows.csv", "--keep", "who")
    written = here("predict", hospital_bundle.path, "rows.csv", "--output", "scores.csv")

    assert printed.returncode == written.returncode == 0
    header, *lines = printed.stdout.splitlines()
    assert header == "row,who,prediction,probability not disease,probability disease"
    assert [line.split(",")[:2] for line in lines] == [["1", "p-1"], ["2", "p-2"]]
    assert "not used: column 'who'" in printed.stderr
    kept = [",".join([row, *rest]) for row, _, *rest in (x.split(",") for x in [header, *lines])]
    assert (tmp_path / "scores.csv").read_text() == "\n".join(kept) + "\n"
    assert written.stdout == ""


def test_neither_export_nor_predict_writes_over_a_file(here, hospital_bundle, tmp_path):
    (tmp_path / "rows.csv").write_text(ROWS)

    done = [
        here("predict", hospital_bundle.path, "rows.csv", "--output", "rows.csv"),
        here("export", hospital_bundle.path, "--output", "rows.csv"),
    ]

    assert [each.returncode for each in done] == [2, 2]
    assert all("exists already" in each.stderr for each in done)
    assert (tmp_path / "rows.csv").read_text() == ROWS


def test_what_is_kept_of_a_file_does_nothing_to_a_terminal(here, hospital_bundle, tmp_path):
    (tmp_path / "rows.csv").write_text(ROWS.replace("p-1", "\x1b]0;owned\x07"))

    printed = here("predict", hospital_bundle.path, "rows.csv", "--keep", "who")

    assert printed.returncode == 0
    assert "\x1b" not in printed.stdout


def test_where_there_is_no_terminal_a_long_stage_says_how_far_it_is(capsys, monkeypatch):
    clock = iter((0.0, 4.0, 10.5, 10.5, 12.0, 12.0, 12.0))
    monkeypatch.setattr("fedmerit.commands.terminal.perf_counter", lambda: next(clock))
    console = type(cli.err)(force_terminal=False, width=80)

    with TerminalProgress(console) as progress:
        progress.stage("value")
        progress.advance(1, 64)
        progress.advance(20, 64)
        progress.advance(21, 64)

    assert capsys.readouterr().out.splitlines() == [
        "Valuing contributions: 20 of 64",
        "Valuing contributions: done in 12.0 s",
    ]


def test_one_member_is_explained_in_steps_that_add_up_to_its_payment(here, hospital_bundle):
    (found,) = json.loads(
        here("explain", hospital_bundle.path, "Free-rider", "--output", "json").stdout
    )

    assert found["payment"] == "0"
    assert found["reason"] == "zero-updates"
    assert sum(int(part["amount"]) for part in found["parts"]) == 0
    assert found["parts"][-1]["label"] == "left out: it sent only zeros, the model as it came"


def test_everybody_is_explained_if_nobody_is_named(here, hospital_bundle):
    done = here("explain", hospital_bundle.path)

    assert done.stdout.index("Hungary: paid") < done.stdout.index("Free-rider: paid nothing")
    assert "tokens in most of 1,000 draws" in done.stdout


def test_a_member_that_is_not_there_is_refused_with_the_nearest_name(here, hospital_bundle):
    done = here("explain", hospital_bundle.path, "Hungry")

    assert done.returncode == 2
    assert "nobody in" in done.stderr
    assert "Did you mean 'Hungary'?" in done.stderr


def test_a_scenario_is_found_without_its_ending_and_paths_with_spaces_can_be_copied(
    here, scenario, tmp_path
):
    folder = tmp_path / "two words"
    folder.mkdir()
    shutil.copy(scenario, folder / "mine.toml")

    done = here("run", folder / "mine", "--dir", folder / "run 1")

    assert done.returncode == 0
    assert f"next: fedmerit audit '{folder}/run 1'" in done.stderr
    again = here("run", "--resume", folder / "run 1")
    assert f"fedmerit audit '{folder}/run 1'" in again.stderr


def test_the_package_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "fedmerit", "--help"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0
    assert "Run, value, pay and audit" in done.stdout


def test_no_name_is_cut_in_a_terminal_of_eighty_columns(hospital_bundle, monkeypatch, capsys):
    monkeypatch.setattr(cli.out, "width", 80)

    cli._show_run(hospital_bundle, "table", None)

    shown = capsys.readouterr().out
    assert "…" not in shown
    for member in ("Switzerland", "VA Long Beach", "Free-rider", "Mislabelled"):
        assert member in shown
    assert max(map(len, shown.splitlines()[1:11])) <= 80
