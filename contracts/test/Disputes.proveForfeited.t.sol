// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {Disputed} from "./helpers/Disputed.sol";
import {vm} from "./helpers/Vm.sol";

/// @dev Whoever keeps its secret from a period's draw earns nothing in it.
contract DisputesProveForfeitedTest is Disputed {
    uint256 private constant WITHHOLDER = 1;

    function test_PayForAWithheldPeriodIsProven() external {
        uint256 job = _redrawn(_guardedJob(3));
        IReports.Report memory report = _posted(job, _amounts(5, 7, 9));

        _convicts(report, IDisputes.Fault.Forfeited, _call(report, _amounts(5, 7, 9), _amounts(0, 0, 0), WITHHOLDER));
    }

    function test_RevertWhen_TheWithholderIsPaidNothing() external {
        uint256 job = _redrawn(_guardedJob(3));
        IReports.Report memory report = _posted(job, _amounts(5, 0, 9));

        _refusesFaultless(_call(report, _amounts(5, 0, 9), _amounts(0, 0, 0), WITHHOLDER));
    }

    function test_RevertWhen_TheMemberRevealed() external {
        uint256 job = _redrawn(_guardedJob(3));
        IReports.Report memory report = _posted(job, _amounts(5, 7, 9));

        _refusesFaultless(_call(report, _amounts(5, 7, 9), _amounts(0, 0, 0), 0));
        _refusesFaultless(_call(report, _amounts(5, 7, 9), _amounts(0, 0, 0), 2));
    }

    /// @dev What it had earned before is its own, and nothing is added to it.
    function test_WhatWasEarnedBeforeIsKeptAndAnyMoreIsProven() external {
        uint256 job = _guardedJob(3);
        _drawSeed(job, 3);
        _final(job, _amounts(5, 7, 9));
        _redrawn(job);
        uint256 state = vm.snapshotState();
        IReports.Report memory report = _posted(job, _amounts(6, 7, 10));
        _refusesFaultless(_call(report, _amounts(6, 7, 10), _amounts(5, 7, 9), WITHHOLDER));
        vm.revertToState(state);
        report = _posted(job, _amounts(6, 8, 10));

        _convicts(report, IDisputes.Fault.Forfeited, _call(report, _amounts(6, 8, 10), _amounts(5, 7, 9), WITHHOLDER));
    }

    /// @dev In the next period it may earn again, having put its stake down again.
    function test_RevertWhen_ItWithheldInAnEarlierPeriod() external {
        uint256 job = _redrawn(_guardedJob(3));
        _final(job, _amounts(5, 0, 9));
        _allowStake(_member(WITHHOLDER), SLASH);
        vm.prank(_member(WITHHOLDER));
        stakes.put(job);
        _drawSeed(job, 3);
        IReports.Report memory report = _posted(job, _amounts(6, 4, 10));

        _refusesFaultless(_call(report, _amounts(6, 4, 10), _amounts(5, 0, 9), WITHHOLDER));
    }

    function test_RevertWhen_TheAmountIsNotInTheReport() external {
        uint256 job = _redrawn(_guardedJob(3));
        IReports.Report memory report = _posted(job, _amounts(5, 0, 9));

        _refusesLeaf(
            _call(report, _amounts(5, 7, 9), _amounts(0, 0, 0), WITHHOLDER), IDisputes.Fault.Amount, WITHHOLDER
        );
    }

    function test_RevertWhen_TheAmountBeforeIsNotInTheLastFinalReport() external {
        uint256 job = _guardedJob(3);
        _drawSeed(job, 3);
        _final(job, _amounts(5, 7, 9));
        _redrawn(job);
        IReports.Report memory report = _posted(job, _amounts(6, 7, 10));

        _refuses(
            _call(report, _amounts(6, 7, 10), _amounts(5, 6, 9), WITHHOLDER),
            abi.encodeWithSelector(IDisputes.NotFinal.selector, job, WITHHOLDER)
        );
    }

    function test_RevertWhen_TheDeadlineForAForfeitIsReached() external {
        uint256 job = _redrawn(_guardedJob(3));
        IReports.Report memory report = _posted(job, _amounts(5, 7, 9));
        vm.warp(block.timestamp + WINDOW);

        _refuses(
            _call(report, _amounts(5, 7, 9), _amounts(0, 0, 0), WITHHOLDER),
            abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, block.timestamp)
        );
    }

    /* HELPERS */

    /// @dev One of three withholds, is expelled, and the others draw.
    function _redrawn(uint256 job) private returns (uint256) {
        _begin(job);
        for (uint256 i; i < 3; ++i) {
            _commit(job, i);
        }
        vm.warp(rounds.drawOf(job).commitDeadline);
        _revealAll(job);
        vm.warp(rounds.drawOf(job).revealDeadline);
        address[] memory withheld = new address[](1);
        withheld[0] = _member(WITHHOLDER);
        rounds.expel(job, withheld);
        rounds.draw(job);
        _commit(job, 0);
        _commit(job, 2);
        vm.warp(rounds.drawOf(job).commitDeadline);
        _revealAll(job);
        vm.warp(rounds.drawOf(job).revealDeadline);
        rounds.draw(job);
        return job;
    }

    function _revealAll(uint256 job) private {
        _reveal(job, 0);
        _reveal(job, 2);
    }

    function _posted(uint256 job, uint128[] memory amounts) private returns (IReports.Report memory report) {
        report = _report(job, amounts);
        (, report.updatesRoot) = rounds.drawn(job, report.round);
        report.tableRoot = "table";
        reports.postList(report, _members(3), amounts, _sign(report));
    }

    function _final(uint256 job, uint128[] memory amounts) private {
        _posted(job, amounts);
        vm.warp(block.timestamp + WINDOW);
        reports.finalise(job);
    }

    function _call(IReports.Report memory report, uint128[] memory amounts, uint128[] memory last, uint256 member)
        private
        pure
        returns (bytes memory)
    {
        IDisputes.Amount memory before =
            IDisputes.Amount(_member(member), last[member], _proof(report.job, last, member));
        IDisputes.Amount memory paid =
            IDisputes.Amount(_member(member), amounts[member], _proof(report.job, amounts, member));
        return abi.encodeCall(IDisputes.proveForfeited, (report, SEATS, member, before, paid));
    }
}
