// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {IStakes} from "../src/interfaces/IStakes.sol";
import {Book} from "./helpers/Book.sol";
import {Disputed} from "./helpers/Disputed.sol";
import {vm} from "./helpers/Vm.sol";

contract DisputesChallengeTest is Disputed {
    function test_AChallengerPutsDownItsBondAndTheArbiterIsAsked() external {
        (uint256 job, IReports.Report memory report) = _posted();
        _allowStake(STRANGER, BOND);
        bytes32 signed = reports.hashSigned(report, SEATS);
        uint256 deadline = block.timestamp + RULING;

        vm.expectEmit(address(disputes));
        emit IDisputes.Challenged(job, 1, STRANGER, IDisputes.Fault.Utility, 5, -7, signed, deadline);
        vm.expectEmit(address(stakes));
        emit IStakes.Bonded(job, STRANGER, BOND);
        vm.prank(STRANGER);
        uint256 challenge = disputes.challenge(report, SEATS, IDisputes.Fault.Utility, 5, -7);

        vm.assertEq(challenge, 1);
        vm.assertEq(disputes.challenges(), 1);
        vm.assertEq(disputes.openOn(signed), 1);
        vm.assertEq(stakes.bonded(job), BOND);
        vm.assertEq(token.balanceOf(STRANGER), 0);
        IDisputes.Challenge memory open = disputes.challengeOf(1);
        vm.assertEq(open.job, job);
        vm.assertEq(open.signed, signed);
        vm.assertEq(open.challenger, STRANGER);
        vm.assertEq(open.deadline, deadline);
        vm.assertTrue(open.fault == IDisputes.Fault.Utility);
        vm.assertTrue(open.open);
    }

    function test_APaymentCanBeChallenged() external {
        (, IReports.Report memory report) = _posted();
        _allowStake(STRANGER, BOND);

        vm.prank(STRANGER);
        disputes.challenge(report, SEATS, IDisputes.Fault.Payment, 0, 12);

        vm.assertTrue(disputes.challengeOf(1).fault == IDisputes.Fault.Payment);
    }

    function test_RevertWhen_TheChainChecksItItself() external {
        (, IReports.Report memory report) = _posted();
        for (uint8 fault; fault <= uint8(IDisputes.Fault.Misplaced); ++fault) {
            bytes memory call =
                abi.encodeCall(IDisputes.challenge, (report, SEATS, IDisputes.Fault(fault), uint256(5), int256(7)));
            _refuses(call, abi.encodeWithSelector(IDisputes.NotArbitrable.selector, fault));
        }
    }

    function test_RevertWhen_TheChallengerHasNoBond() external {
        (, IReports.Report memory report) = _posted();
        bytes memory call =
            abi.encodeCall(IDisputes.challenge, (report, SEATS, IDisputes.Fault.Utility, uint256(5), int256(7)));

        _refuses(
            call, abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(stakes), 0, BOND)
        );
    }

    function test_RevertWhen_TheDeadlineIsReached() external {
        (uint256 job, IReports.Report memory report) = _posted();
        _allowStake(STRANGER, BOND);
        vm.warp(block.timestamp + WINDOW);

        vm.expectRevert(abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, block.timestamp));
        vm.prank(STRANGER);
        disputes.challenge(report, SEATS, IDisputes.Fault.Utility, 5, 7);
    }

    function test_AChallengeIsTakenUpToTheLastSecond() external {
        (, IReports.Report memory report) = _posted();
        _allowStake(STRANGER, BOND);
        vm.warp(block.timestamp + WINDOW - 1);

        vm.prank(STRANGER);
        disputes.challenge(report, SEATS, IDisputes.Fault.Utility, 5, 7);
    }

    function test_RevertWhen_TheJobHasNoArbiter() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(job, _amounts(1, 2, 3));
        reports.postList(report, _members(3), _amounts(1, 2, 3), _sign(report));

        vm.expectRevert(abi.encodeWithSelector(IDisputes.NoArbiter.selector, job));
        disputes.challenge(report, SEATS, IDisputes.Fault.Payment, 0, 7);
    }

    function test_RevertWhen_NothingWaits() external {
        uint256 job = _guardedJob(3);
        IReports.Report memory report = _report(job, _amounts(1, 2, 3));
        bytes32 signed = reports.hashSigned(report, SEATS);

        vm.expectRevert(abi.encodeWithSelector(IReports.NotPending.selector, job, signed));
        disputes.challenge(report, SEATS, IDisputes.Fault.Utility, 5, 7);
    }

    function _posted() private returns (uint256 job, IReports.Report memory report) {
        Book.Pages memory book;
        (job, book) = _drawnBook();
        report = _postBook(book);
    }
}
