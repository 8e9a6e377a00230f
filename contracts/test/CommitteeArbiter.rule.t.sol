// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Committee} from "../src/Committee.sol";
import {IArbiter} from "../src/interfaces/IArbiter.sol";
import {ICommitteeArbiter} from "../src/interfaces/ICommitteeArbiter.sol";
import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {Book} from "./helpers/Book.sol";
import {Disputed} from "./helpers/Disputed.sol";
import {vm} from "./helpers/Vm.sol";

contract CommitteeArbiterRuleTest is Disputed {
    IArbiter.Verdict private constant UPHELD = IArbiter.Verdict.Upheld;
    IArbiter.Verdict private constant REJECTED = IArbiter.Verdict.Rejected;

    function test_AQuorumRulesAndItsVerdictIsCarriedOut() external {
        (uint256 job, IReports.Report memory report) = _challenged();
        bytes[] memory signatures = _signed(1, UPHELD, 2);

        vm.expectEmit(address(arbiter));
        emit ICommitteeArbiter.Ruled(1, UPHELD, 3);
        vm.prank(STRANGER);
        arbiter.rule(1, UPHELD, signatures);
        disputes.settle(report, SEATS, 1);

        vm.assertTrue(arbiter.verdict(1) == UPHELD);
        (uint256 round,,,) = reports.pending(job);
        vm.assertEq(round, 0);
    }

    function test_ADigestIsThatOfEip712() external {
        (, IReports.Report memory report) = _challenged();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("fedmerit arbiter"),
                keccak256("1"),
                block.chainid,
                address(arbiter)
            )
        );
        bytes32 kind = keccak256("Ruling(uint256 challenge,bytes32 signed,bytes32 question,uint8 verdict)");
        bytes32 question = keccak256(abi.encode(IDisputes.Fault.Utility, uint256(0), int256(1)));
        vm.assertEq(disputes.challengeOf(1).question, question);
        bytes32 ruling = keccak256(abi.encode(kind, 1, reports.hashSigned(report, SEATS), question, REJECTED));

        vm.assertEq(arbiter.hashRuling(1, REJECTED), keccak256(abi.encodePacked("\x19\x01", domain, ruling)));
    }

    function test_RevertWhen_OneSignatureIsTooFew() external {
        _challenged();
        bytes[] memory signatures = _signed(1, UPHELD, 1);

        vm.expectRevert(abi.encodeWithSelector(Committee.TooFewSignatures.selector, 1, 2));
        arbiter.rule(1, UPHELD, signatures);
    }

    function test_RevertWhen_AnotherVerdictWasSigned() external {
        _challenged();
        bytes[] memory signatures = _signed(1, REJECTED, 2);

        vm.expectPartialRevert(Committee.NotInCommittee.selector);
        arbiter.rule(1, UPHELD, signatures);
    }

    function test_RevertWhen_AnotherChallengeWasRuledOn() external {
        (, IReports.Report memory report) = _challenged();
        _challenge(report);
        bytes[] memory signatures = _signed(2, UPHELD, 2);

        vm.expectPartialRevert(Committee.NotInCommittee.selector);
        arbiter.rule(1, UPHELD, signatures);
    }

    function test_RevertWhen_ItWasRuledOnAlready() external {
        _challenged();
        arbiter.rule(1, UPHELD, _signed(1, UPHELD, 2));
        bytes[] memory signatures = _signed(1, REJECTED, 2);

        vm.expectRevert(abi.encodeWithSelector(ICommitteeArbiter.AlreadyRuled.selector, 1, UPHELD));
        arbiter.rule(1, REJECTED, signatures);
    }

    function test_RevertWhen_TheVerdictIsNone() external {
        _challenged();
        bytes[] memory signatures = _signed(1, IArbiter.Verdict.None, 2);

        vm.expectRevert(abi.encodeWithSelector(ICommitteeArbiter.NoVerdict.selector, 1));
        arbiter.rule(1, IArbiter.Verdict.None, signatures);
    }

    /// @dev No job, no committee: or a verdict could wait for a challenge to come.
    function test_RevertWhen_ThereIsNoSuchChallenge() external {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownJob.selector, 0));
        arbiter.rule(1, UPHELD, new bytes[](0));
    }

    function _challenged() private returns (uint256 job, IReports.Report memory report) {
        Book.Pages memory book;
        (job, book) = _drawnBook();
        report = _postBook(book);
        _challenge(report);
    }

    function _challenge(IReports.Report memory report) private {
        _allowStake(STRANGER, BOND);
        vm.prank(STRANGER);
        disputes.challenge(report, SEATS, IDisputes.Fault.Utility, 0, 1);
    }

    function _signed(uint256 challenge, IArbiter.Verdict verdict, uint256 count)
        private
        view
        returns (bytes[] memory signatures)
    {
        signatures = new bytes[](count);
        for (uint256 i; i < count; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], arbiter.hashRuling(challenge, verdict));
            signatures[i] = abi.encodePacked(r, s, v);
        }
    }
}
