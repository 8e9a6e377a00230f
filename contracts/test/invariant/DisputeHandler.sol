// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {Book} from "../helpers/Book.sol";
import {bound, vm} from "../helpers/Vm.sol";
import {DrawHandler} from "./DrawHandler.sol";

/// @title DisputeHandler
/// @notice A committee that reports truths and lies, and others who prove and challenge both, at any time.
contract DisputeHandler is DrawHandler {
    uint256 private constant CHALLENGER = 7;
    uint256 private constant SEATS = 3; // accounts 4 and 5

    /// @dev Now and then a report is signed and held back, for `replay` to send later.
    function post(uint256 job, uint256 seed) external {
        job = _job(job);
        _signReport(job, Lie(seed % 4));
        if (seed % 5 != 0) _send(job, _signedReports[job].length - 1, "post");
    }

    /// @dev A lie from its draw to its conviction, as far as the job lets it: chance alone gets there too seldom.
    function lieWhole(uint256 job) external {
        job = _job(job);
        if (!_seeded[job]) this.drawWhole(job - 1);
        restake(job - 1);
        _signReport(job, Lie.Marginal);
        _send(job, _signedReports[job].length - 1, "post");
        this.proveMarginal(job - 1, 0);
    }

    /// @dev Those who signed bring their stakes up again.
    function restake(uint256 job) public {
        put(job, COUNT);
        put(job, COUNT + 1);
    }

    /// @dev Sends any report that was ever signed, with the signatures of then: what was posted once is never taken
    /// again, and what was held back only until the next conviction.
    function replay(uint256 job, uint256 which) external {
        job = _job(job);
        uint256 count = _signedReports[job].length;
        if (count != 0) _send(job, count - 1 - which % count, "replay");
    }

    /// @dev Proves a lie in any report that was ever posted: nobody is convicted of one that does not wait.
    function proveOld(uint256 job, uint256 which) external {
        job = _job(job);
        uint256 count = _signedReports[job].length;
        if (count == 0) return;
        Signed memory old = _signedReports[job][which % count];
        if (!old.used || _waits(job, old.report)) return;
        Book.Pages memory book = _book(job, old.report.round, old.lie);
        bytes memory call = abi.encodeCall(
            IDisputes.proveMarginal,
            (old.report, SEATS, Book.stepAt(book, 0, 0), Book.utilityAt(book, 0), Book.utilityAt(book, 1))
        );
        _expect("proveOld", _call(_account(CHALLENGER), address(disputes), call), false);
    }

    function finalise(uint256 job) external {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        bool accepted = _call(STRANGER, address(reports), abi.encodeCall(IReports.finalise, (job)));
        bool expected = ghost.deadline != 0 && block.timestamp >= ghost.deadline && ghost.open == 0;
        _expect("finalise", accepted, expected);
        if (!accepted) return;
        ++ghost.finalRound;
        if (ghost.lie == Lie.Lowered) lowered = true;
        (ghost.deadline, _seeded[job]) = (0, false);
    }

    /// @notice Whether a report that lowered a member became final: the amounts after it are not cumulative.
    bool public lowered;

    function proveMarginal(uint256 job, uint256 step) external {
        job = _job(job);
        if (_posted[job] == 0) return;
        IReports.Report memory report = _pendingReport[job];
        Book.Pages memory book = _book(job, report.round, _ghost[job].lie);
        (uint256 p, uint256 k) = (step % 2, (step >> 1) % COUNT);
        uint256 place = p * (COUNT + 1) + k;
        bytes memory call = abi.encodeCall(
            IDisputes.proveMarginal,
            (report, SEATS, Book.stepAt(book, p, k), Book.utilityAt(book, place), Book.utilityAt(book, place + 1))
        );
        _prove(job, call, Lie.Marginal, p == 0 && k == 0, "proveMarginal");
    }

    function proveLowered(uint256 job, uint256 who) external {
        job = _job(job);
        Ghost storage ghost = _ghost[job];
        if (_posted[job] == 0 || ghost.finalRound == 0 || lowered) return;
        who = who % COUNT;
        bytes memory call = abi.encodeCall(
            IDisputes.proveLowered,
            (
                _pendingReport[job],
                SEATS,
                who,
                _leafOf(job, _amountsOf(ghost.finalRound, Lie.None), who),
                _leafOf(job, _amountsOf(ghost.finalRound + 1, ghost.lie), who)
            )
        );
        _prove(job, call, Lie.Lowered, who == 0, "proveLowered");
    }

    function challenge(uint256 job) external {
        job = _job(job);
        if (_posted[job] == 0) return;
        Ghost storage ghost = _ghost[job];
        _allowHooked(_account(CHALLENGER), BOND);
        bytes memory call = abi.encodeCall(
            IDisputes.challenge, (_pendingReport[job], SEATS, IDisputes.Fault.Utility, uint256(0), int256(1))
        );

        bool accepted = _call(_account(CHALLENGER), address(disputes), call);

        _expect("challenge", accepted, ghost.deadline != 0 && block.timestamp < ghost.deadline);
        if (!accepted) return;
        _challenges.push(Challenged(job, _posted[job], block.timestamp + RULING, true, Verdict.None));
        ++ghost.open;
        ghost.bonded += BOND;
    }

    function rule(uint256 which, uint256 ruling) external {
        if (_challenges.length == 0) return;
        Challenged storage one = _challenges[_challenges.length - 1 - which % 3 % _challenges.length];
        if (one.verdict == Verdict.None) one.verdict = Verdict(1 + ruling % 2);
    }

    function settle(uint256 which) external {
        if (_challenges.length == 0) return;
        uint256 number = _challenges.length - which % 3 % _challenges.length;
        Challenged storage one = _challenges[number - 1];
        (uint256 job, Ghost storage ghost) = (one.job, _ghost[one.job]);
        bool same = one.report == _posted[job];
        bool waits = same && ghost.deadline != 0;
        bool ruled = one.verdict != Verdict.None && block.timestamp < one.deadline;
        bool expected = same && one.open && (!waits || ruled || block.timestamp >= one.deadline);

        bytes memory call = abi.encodeCall(IDisputes.settle, (_pendingReport[job], SEATS, number));
        bool accepted = _call(STRANGER, address(disputes), call);

        _expect("settle", accepted, expected);
        if (!accepted) return;
        one.open = false;
        ghost.bonded -= BOND;
        if (waits) --ghost.open;
        if (waits && ruled && one.verdict == Verdict.Rejected) {
            ghost.owed[COUNT] += BOND / 4;
            ghost.owed[COUNT + 1] += BOND / 4;
            ghost.burned += BOND / 2;
            return;
        }
        ghost.owed[CHALLENGER] += BOND;
        if (waits && ruled) _convicted(job, CHALLENGER);
    }

    /// @dev Stops at the edges of windows as often as anywhere else, and one second before them.
    function pass(uint256 job, uint256 time) external {
        Ghost storage ghost = _ghost[_job(job)];
        uint256[4] memory edges = [ghost.commitDeadline, ghost.revealDeadline, ghost.deadline, uint256(0)];
        if (_challenges.length != 0) edges[3] = _challenges[_challenges.length - 1].deadline;
        uint256 edge = edges[time % 4];
        if (edge > block.timestamp + 1 && time % 3 != 0) vm.warp(edge - (time >> 8) % 2);
        else vm.warp(block.timestamp + bound(time, 1, 1 days));
    }

    /* INTERNAL */

    function _signReport(uint256 job, Lie lie) private {
        Ghost storage ghost = _ghost[job];
        if (lie == Lie.Lowered && ghost.finalRound == 0) lie = Lie.None;
        Signed storage signed = _signedReports[job].push();
        uint128[] memory amounts = _amountsOf(ghost.finalRound + 1, lie);
        IReports.Report memory report = _report(job, amounts);
        (bytes32 seeded, bytes32 about) = rounds.drawn(job, report.round);
        report.updatesRoot = about;
        report.evidence = keccak256(abi.encode(_signedReports[job].length));
        if (seeded != 0) {
            (report.permutations, report.tableRoot, report.stepsRoot, report.valuesRoot) =
                Book.roots(_book(job, report.round, lie));
        }
        (signed.report, signed.amounts, signed.lie, signed.valued) = (report, amounts, lie, seeded != 0);
    }

    function _send(uint256 job, uint256 place, string memory name) private {
        Ghost storage ghost = _ghost[job];
        Signed storage signed = _signedReports[job][place];
        IReports.Report memory report = signed.report;
        // Signing is deterministic, so these are the signatures of then.
        bytes memory call = abi.encodeCall(IReports.postList, (report, _members(COUNT), signed.amounts, _sign(report)));

        bool accepted = _call(STRANGER, address(reports), call);

        bool current = report.round == ghost.finalRound + 1 && report.attempt == ghost.attempt;
        bool expected = !signed.used && signed.valued && current && ghost.deadline == 0 && _active(job, COUNT)
            && _active(job, COUNT + 1);
        _expect(name, accepted, expected);
        if (!accepted) return;
        (ghost.deadline, ghost.lie, ghost.open) = (block.timestamp + WINDOW, signed.lie, 0);
        signed.used = true;
        _pendingReport[job] = report;
        ++_posted[job];
    }

    function _waits(uint256 job, IReports.Report memory report) private view returns (bool) {
        return _ghost[job].deadline != 0 && _pendingReport[job].evidence == report.evidence;
    }

    function _prove(uint256 job, bytes memory call, Lie lie, bool shown, string memory name) private {
        Ghost storage ghost = _ghost[job];
        bool accepted = _call(_account(CHALLENGER), address(disputes), call);
        bool expected = ghost.deadline != 0 && block.timestamp < ghost.deadline && ghost.lie == lie && shown;
        _expect(name, accepted, expected);
        if (accepted) _convicted(job, CHALLENGER);
    }

    function _convicted(uint256 job, uint256 winner) private {
        _ghost[job].deadline = 0;
        ++_ghost[job].attempt;
        _slash(job, COUNT, true, winner);
        _slash(job, COUNT + 1, true, winner);
    }

    /// @dev A little more each round; a lie takes everything from the first, and gives it to the last.
    function _amountsOf(uint256 round, Lie lie) private pure returns (uint128[] memory amounts) {
        amounts = new uint128[](COUNT);
        for (uint256 i; i < COUNT; ++i) {
            amounts[i] = uint128(round * 100 * (i + 1));
        }
        if (lie != Lie.Lowered) return amounts;
        amounts[COUNT - 1] += amounts[0];
        amounts[0] = 0;
    }

    function _book(uint256 job, uint256 round, Lie lie) private view returns (Book.Pages memory book) {
        (bytes32 seed,) = rounds.drawn(job, round);
        uint16[][] memory orders = new uint16[][](2);
        for (uint256 p; p < 2; ++p) {
            orders[p] = disputes.orderOf(seed, p, COUNT);
        }
        book = Book.drawn(job, round, COUNT, orders);
        if (lie == Lie.Marginal) book.marginals[0] += 1;
    }

    function _leafOf(uint256 job, uint128[] memory amounts, uint256 who)
        private
        pure
        returns (IDisputes.Amount memory)
    {
        return IDisputes.Amount(_member(who), amounts[who], _proof(job, amounts, who));
    }
}
