// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../../src/Committee.sol";
import {IArbiter} from "../../src/interfaces/IArbiter.sol";
import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {Book} from "../helpers/Book.sol";
import {Disputed} from "../helpers/Disputed.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev Signatures that were good once, sent again by whoever kept them.
contract ReplaysTest is Disputed {
    /// @dev The lie of each test, with the signatures that everybody saw in its transaction.
    IReports.Report private _lie;
    bytes[] private _signatures;
    Book.Pages private _book;

    function test_RevertWhen_ALieThatWasProvenFalseIsPostedAgain() external {
        uint256 job = _cancelled();

        _postedAgain(abi.encodeWithSelector(IReports.WrongAttempt.selector, 0, 1));
        _restake(job);
        _postedAgain(abi.encodeWithSelector(IReports.WrongAttempt.selector, 0, 1));
    }

    /// @dev The stranger is first, and the corrected report is posted all the same, becomes final and is paid.
    function test_TheCorrectedReportTakesThePlaceOfTheLie() external {
        uint256 job = _cancelled();
        _restake(job);
        _book.values[2] -= 1;
        IReports.Report memory corrected = _valuedReport(job, _even(MEMBERS), _book);
        corrected.evidence = "corrected";
        vm.assertEq(corrected.attempt, 1);
        _postedAgain(abi.encodeWithSelector(IReports.WrongAttempt.selector, 0, 1));

        reports.postList(corrected, _members(MEMBERS), _even(MEMBERS), _sign(corrected));
        vm.warp(block.timestamp + WINDOW);
        reports.finalise(job);

        vm.assertEq(vault.root(job), corrected.root);
        vm.assertEq(reports.attempt(job), 1);
    }

    function test_OneFaultIsSlashedOnceHoweverOftenItsSignersStakeAgain() external {
        uint256 job = _cancelled();
        uint256 burned = stakes.burned(job);
        for (uint256 time; time < 3; ++time) {
            _restake(job);
            _postedAgain(abi.encodeWithSelector(IReports.WrongAttempt.selector, 0, 1));
            (bool convicted,) = address(disputes).call(_proof());
            vm.assertFalse(convicted);
        }

        vm.assertEq(stakes.burned(job), burned);
        vm.assertTrue(stakes.active(job, vm.addr(keys[0])));
    }

    /// @dev Two challenges of one report, both upheld: the report is cancelled by the first, and cannot come back for
    /// the second to convict it again.
    function test_TheSecondOfTwoUpheldVerdictsConvictsNobody() external {
        uint256 job = _posted();
        uint256 one = _challenge(job, 7);
        uint256 two = _challenge(job, 8);
        _uphold(one);
        _uphold(two);
        disputes.settle(_lie, SEATS, one);
        uint256 burned = stakes.burned(job);
        _restake(job);
        _postedAgain(abi.encodeWithSelector(IReports.WrongAttempt.selector, 0, 1));

        vm.expectEmit(address(disputes));
        emit IDisputes.Settled(job, two, IArbiter.Verdict.None);
        disputes.settle(_lie, SEATS, two);

        vm.assertEq(stakes.burned(job), burned);
        vm.assertTrue(stakes.active(job, vm.addr(keys[0])));
        vm.assertEq(stakes.bonded(job), 0);
    }

    /// @dev Another quorum under the same report is another digest of who signed, and the same attempt.
    function test_RevertWhen_TheLieIsPostedAgainUnderOtherSignatures() external {
        uint256 job = _cancelled();
        _restake(job);
        _signatures[1] = _signature(keys[2], _lie);

        _postedAgain(abi.encodeWithSelector(IReports.WrongAttempt.selector, 0, 1));
    }

    /// @dev A signature that was never sent is void as well once another report of its attempt was cancelled.
    function test_RevertWhen_AReportWasSignedBeforeAnotherWasCancelled() external {
        uint256 job = _posted();
        IReports.Report memory spare = _lie;
        spare.evidence = "spare";
        bytes[] memory signatures = _sign(spare);
        (bool convicted,) = address(disputes).call(_proof());
        vm.assertTrue(convicted);
        _restake(job);

        vm.expectRevert(abi.encodeWithSelector(IReports.WrongAttempt.selector, 0, 1));
        reports.postList(spare, _members(MEMBERS), _even(MEMBERS), signatures);
    }

    /// @dev The attempt is signed: what was signed for one cannot be sent for the next.
    function test_RevertWhen_TheAttemptIsChangedUnderTheSignatures() external {
        uint256 job = _cancelled();
        _restake(job);
        _lie.attempt = 1;

        vm.expectPartialRevert(Committee.NotInCommittee.selector);
        reports.postList(_lie, _members(MEMBERS), _even(MEMBERS), _signatures);
    }

    /// @dev A chain that takes blocks back gives a challenge's number to another: what was ruled on the first is
    /// nothing for the second.
    function test_RevertWhen_ARulingWasSignedForAnotherQuestionOfTheSameNumber() external {
        uint256 job = _posted();
        uint256 state = vm.snapshotState();
        bytes[] memory ruling = _ruling(_challenge(job, 7));
        vm.revertToState(state);
        uint256 other = _challenge(job, 8);
        vm.assertEq(other, 1);

        vm.expectPartialRevert(Committee.NotInCommittee.selector);
        arbiter.rule(other, IArbiter.Verdict.Upheld, ruling);
    }

    function test_RevertWhen_ARulingWasSignedForAnotherReportUnderTheSameNumber() external {
        uint256 state = vm.snapshotState();
        bytes[] memory ruling = _ruling(_challenge(_posted(), 7));
        vm.revertToState(state);
        (uint256 job, Book.Pages memory book) = _exactBook();
        book.values[0] += 1;
        _lie = _postBook(book);
        uint256 other = _challenge(job, 7);

        vm.expectPartialRevert(Committee.NotInCommittee.selector);
        arbiter.rule(other, IArbiter.Verdict.Upheld, ruling);
    }

    /* HELPERS */

    function _posted() private returns (uint256 job) {
        (job, _book) = _exactBook();
        _book.values[2] += 1;
        _lie = _postBook(_book);
        _signatures = _sign(_lie);
    }

    function _cancelled() private returns (uint256 job) {
        job = _posted();
        vm.prank(STRANGER);
        (bool convicted,) = address(disputes).call(_proof());
        vm.assertTrue(convicted);
        vm.assertEq(reports.attempt(job), 1);
    }

    function _proof() private view returns (bytes memory) {
        IDisputes.Part memory whole = Book.partAt(_book, 0, 1 << MEMBERS);
        return abi.encodeCall(IDisputes.proveShapley, (_lie, SEATS, Book.valueAt(_book, 2), whole));
    }

    function _postedAgain(bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(STRANGER);
        reports.postList(_lie, _members(MEMBERS), _even(MEMBERS), _signatures);
    }

    /// @dev Those who signed bring their stakes up again, if anything was taken.
    function _restake(uint256 job) private {
        for (uint256 seat; seat < 2; ++seat) {
            address signer = vm.addr(keys[seat]);
            if (stakes.active(job, signer)) continue;
            _allowStake(signer, SLASH);
            vm.prank(signer);
            stakes.put(job);
        }
    }

    function _challenge(uint256 job, int256 claim) private returns (uint256) {
        _allowStake(STRANGER, BOND);
        vm.assertEq(job, _lie.job);
        vm.prank(STRANGER);
        return disputes.challenge(_lie, SEATS, IDisputes.Fault.Utility, 3, claim);
    }

    function _uphold(uint256 challenge) private {
        arbiter.rule(challenge, IArbiter.Verdict.Upheld, _ruling(challenge));
    }

    function _ruling(uint256 challenge) private view returns (bytes[] memory signatures) {
        bytes32 digest = arbiter.hashRuling(challenge, IArbiter.Verdict.Upheld);
        signatures = new bytes[](2);
        for (uint256 i; i < 2; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], digest);
            signatures[i] = abi.encodePacked(r, s, v);
        }
    }
}
