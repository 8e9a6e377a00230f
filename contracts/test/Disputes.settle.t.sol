// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IArbiter} from "../src/interfaces/IArbiter.sol";
import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {IStakes} from "../src/interfaces/IStakes.sol";
import {Book} from "./helpers/Book.sol";
import {Disputed} from "./helpers/Disputed.sol";
import {vm} from "./helpers/Vm.sol";

contract DisputesSettleTest is Disputed, IArbiter {
    address private constant CHALLENGER = address(0xC4A11);

    mapping(uint256 challenge => Verdict) private _verdicts;
    bool private _broken;

    /// @dev This test is the arbiter.
    function verdict(uint256 challenge) external view returns (Verdict) {
        vm.assertFalse(_broken);
        return _verdicts[challenge];
    }

    function test_UpheldTheReportFallsAndTheChallengerWins() external {
        (uint256 job, IReports.Report memory report) = _challenged();
        _verdicts[1] = Verdict.Upheld;

        vm.expectEmit(address(disputes));
        emit IDisputes.Settled(job, 1, Verdict.Upheld);
        vm.expectEmit(address(disputes));
        emit IDisputes.FaultProven(job, 1, IDisputes.Fault.Utility, CHALLENGER);
        vm.prank(STRANGER);
        disputes.settle(report, SEATS, 1);

        (uint256 round,,,) = reports.pending(job);
        vm.assertEq(round, 0);
        vm.assertEq(stakes.owed(job, CHALLENGER), BOND + SLASH);
        vm.assertEq(stakes.burned(job), SLASH);
        vm.assertEq(stakes.bonded(job), 0);
        vm.assertFalse(disputes.challengeOf(1).open);
        vm.assertEq(disputes.openOn(reports.hashSigned(report, SEATS)), 0);
    }

    function test_RejectedTheBondIsHalfTheSignersAndHalfBurns() external {
        (uint256 job, IReports.Report memory report) = _challenged();
        _verdicts[1] = Verdict.Rejected;
        address[] memory signers = new address[](2);
        (signers[0], signers[1]) = (vm.addr(keys[0]), vm.addr(keys[1]));

        vm.expectEmit(address(stakes));
        emit IStakes.BondForfeited(job, BOND, signers, BOND / 4);
        disputes.settle(report, SEATS, 1);

        vm.assertEq(stakes.owed(job, CHALLENGER), 0);
        vm.assertEq(stakes.owed(job, signers[0]), BOND / 4);
        vm.assertEq(stakes.owed(job, signers[1]), BOND / 4);
        vm.assertEq(stakes.burned(job), BOND / 2);
        vm.assertEq(stakes.bonded(job), 0);
        vm.warp(block.timestamp + WINDOW);
        reports.finalise(job);
    }

    /// @dev Colluding: a committee that challenges its own report loses what burns, whatever its verdict.
    function test_ACommitteeThatChallengesItselfLosesHalfWhateverItRules() external {
        uint256 before = vm.snapshotState();
        for (uint256 ruling = 1; ruling < 3; ++ruling) {
            (uint256 job, IReports.Report memory report) = _challenged();
            _verdicts[1] = Verdict(ruling);
            disputes.settle(report, SEATS, 1);

            uint256 back =
                stakes.owed(job, CHALLENGER) + stakes.owed(job, vm.addr(keys[0])) + stakes.owed(job, vm.addr(keys[1]));
            (uint256 one,) = stakes.stakeOf(job, vm.addr(keys[0]));
            (uint256 other,) = stakes.stakeOf(job, vm.addr(keys[1]));
            vm.assertLe(back + one + other + (ruling == 1 ? SLASH : BOND / 2), BOND + 2 * STAKE);
            vm.revertToState(before);
        }
    }

    function test_RevertWhen_TheArbiterHasNotRuled() external {
        (, IReports.Report memory report) = _challenged();
        uint256 deadline = disputes.challengeOf(1).deadline;
        vm.warp(deadline - 1);

        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotRuled.selector, 1, deadline));
        disputes.settle(report, SEATS, 1);
    }

    function test_AVerdictCountsUpToTheLastSecond() external {
        (uint256 job, IReports.Report memory report) = _challenged();
        _verdicts[1] = Verdict.Upheld;
        vm.warp(disputes.challengeOf(1).deadline - 1);

        disputes.settle(report, SEATS, 1);

        (uint256 round,,,) = reports.pending(job);
        vm.assertEq(round, 0);
    }

    /// @dev At the deadline a verdict is not even asked for, so that a broken arbiter holds up nothing.
    function test_AfterTheDeadlineTheReportStandsAndTheBondIsReturned() external {
        (uint256 job, IReports.Report memory report) = _challenged();
        _verdicts[1] = Verdict.Upheld;
        _broken = true;
        vm.warp(disputes.challengeOf(1).deadline);

        vm.expectEmit(address(disputes));
        emit IDisputes.Settled(job, 1, Verdict.None);
        disputes.settle(report, SEATS, 1);

        vm.assertEq(stakes.owed(job, CHALLENGER), BOND);
        vm.assertEq(stakes.burned(job), 0);
        reports.finalise(job);
        vm.assertEq(reports.finalRound(job), 1);
    }

    /// @dev Attack: finalise with an open dispute.
    function test_RevertWhen_FinalisedWhileAChallengeIsOpen() external {
        (uint256 job,) = _challenged();
        vm.warp(block.timestamp + WINDOW);

        vm.expectRevert(abi.encodeWithSelector(IReports.DisputeOpen.selector, job, 1));
        reports.finalise(job);
    }

    function test_RevertWhen_TheNextReportIsPostedWhileAChallengeIsOpen() external {
        (uint256 job, IReports.Report memory report) = _challenged();
        vm.warp(block.timestamp + WINDOW);
        (report.round, report.prevRoot) = (2, report.root);
        bytes[] memory signatures = _sign(report);

        vm.expectRevert(abi.encodeWithSelector(IReports.AlreadyPending.selector, job, 1));
        reports.postList(report, _members(MEMBERS), _even(MEMBERS), signatures);
    }

    /// @dev Attack: griefing bonds. However many challenges, the end is put off by the arbiter's window at most.
    function test_ChallengesCannotPutOffTheEndForLongerThanTheArbitersWindow() external {
        (uint256 job, IReports.Report memory report) = _challenged();
        uint256 last = block.timestamp + WINDOW - 1;
        vm.warp(last);
        _challenge(report, IDisputes.Fault.Payment);
        vm.warp(last + 1);
        _allowStake(CHALLENGER, BOND);
        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, last + 1));
        vm.prank(CHALLENGER);
        disputes.challenge(report, SEATS, IDisputes.Fault.Payment, 0, 1);

        vm.warp(last + RULING);
        disputes.settle(report, SEATS, 1);
        disputes.settle(report, SEATS, 2);
        reports.finalise(job);
    }

    function test_RevertWhen_OneOfTwoChallengesIsStillOpen() external {
        (uint256 job, IReports.Report memory report) = _challenged();
        _challenge(report, IDisputes.Fault.Payment);
        _verdicts[1] = Verdict.Rejected;
        disputes.settle(report, SEATS, 1);
        vm.warp(block.timestamp + WINDOW);

        vm.expectRevert(abi.encodeWithSelector(IReports.DisputeOpen.selector, job, 1));
        reports.finalise(job);
    }

    function test_RevertWhen_SettledTwice() external {
        (, IReports.Report memory report) = _challenged();
        _verdicts[1] = Verdict.Rejected;
        disputes.settle(report, SEATS, 1);

        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotOpen.selector, 1));
        disputes.settle(report, SEATS, 1);
    }

    function test_RevertWhen_ThereIsNoSuchChallenge() external {
        (, IReports.Report memory report) = _challenged();

        vm.expectRevert(abi.encodeWithSelector(IDisputes.NotOpen.selector, 2));
        disputes.settle(report, SEATS, 2);
    }

    /// @dev Attack: others than those who signed are to be slashed for it, or another report cancelled.
    function test_RevertWhen_TheReportOrItsSignersAreOthers() external {
        (uint256 job, IReports.Report memory report) = _challenged();
        _verdicts[1] = Verdict.Upheld;
        bytes32 signed = reports.hashSigned(report, 7);

        vm.expectRevert(abi.encodeWithSelector(IReports.NotPending.selector, job, signed));
        disputes.settle(report, 7, 1);
    }

    /// @dev Two challenges of one lie: its signers are slashed once.
    function test_WhatIsCancelledAlreadyIsNotPunishedTwice() external {
        (uint256 job, IReports.Report memory report) = _challenged();
        _challenge(report, IDisputes.Fault.Payment);
        _verdicts[1] = Verdict.Upheld;
        _verdicts[2] = Verdict.Upheld;
        disputes.settle(report, SEATS, 1);

        vm.expectEmit(address(disputes));
        emit IDisputes.Settled(job, 2, Verdict.None);
        disputes.settle(report, SEATS, 2);

        vm.assertEq(stakes.owed(job, CHALLENGER), 2 * BOND + SLASH);
        vm.assertEq(stakes.burned(job), SLASH);
        (uint256 left,) = stakes.stakeOf(job, vm.addr(keys[0]));
        vm.assertEq(left, STAKE - SLASH);
    }

    /// @dev Attack: an exit that outruns the arbiter.
    function test_ASignerThatLeavesRightAfterSigningIsSlashedAllTheSame() external {
        (uint256 job, IReports.Report memory report) = _posted();
        address signer = vm.addr(keys[0]);
        vm.prank(signer);
        stakes.exit(job);
        vm.warp(block.timestamp + WINDOW - 1);
        _challenge(report, IDisputes.Fault.Utility);
        _verdicts[1] = Verdict.Upheld;
        vm.warp(disputes.challengeOf(1).deadline - 1);

        vm.expectPartialRevert(IStakes.StillBonded.selector);
        vm.prank(signer);
        stakes.withdraw(job);
        disputes.settle(report, SEATS, 1);

        (uint256 left,) = stakes.stakeOf(job, signer);
        vm.assertEq(left, STAKE - SLASH);
    }

    /* HELPERS */

    function _posted() private returns (uint256 job, IReports.Report memory report) {
        IRegistry.Terms memory terms = _valuedTerms(MEMBERS, 1);
        terms.safeguards.arbiter = address(this);
        job = _guardedJob(terms, MEMBERS);
        bytes32 seed = _drawSeed(job, MEMBERS);
        uint16[][] memory orders = new uint16[][](1);
        orders[0] = disputes.orderOf(seed, 0, MEMBERS);
        report = _postBook(Book.drawn(job, 1, MEMBERS, orders));
    }

    function _challenged() private returns (uint256 job, IReports.Report memory report) {
        (job, report) = _posted();
        _challenge(report, IDisputes.Fault.Utility);
    }

    function _challenge(IReports.Report memory report, IDisputes.Fault fault) private {
        _allowStake(CHALLENGER, BOND);
        vm.prank(CHALLENGER);
        disputes.challenge(report, SEATS, fault, 0, 1);
    }
}
