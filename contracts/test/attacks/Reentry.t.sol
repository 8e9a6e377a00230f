// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobVault} from "../../src/interfaces/IJobVault.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {Callers} from "../helpers/Callers.sol";
import {Reenterer} from "../helpers/Receivers.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev A member that is handed control in the middle of being paid, by an ERC-777-style token.
contract ReentryTest is Callers {
    Reenterer private _thief;
    address[] private _both;

    function setUp() external {
        _thief = new Reenterer();
        _both = _pair(address(_thief), address(0x600D));
    }

    function test_AClaimantThatClaimsAgainIsPaidOnce() external {
        uint256 job = _settledJob(_both, _pairOf(100, 200));
        bytes memory call = _claim(job);
        _thief.plan(address(vault), call);

        (bool done,) = address(vault).call(call);

        vm.assertTrue(done);
        _assertFoiled(100);
    }

    function test_AClaimantThatClaimsByAnotherFunctionIsPaidOnce() external {
        uint256 job = _settledJob(_both, _pairOf(100, 200));
        IJobVault.Claim[] memory claims = _claimsOf(job, _both, _pairOf(100, 200));
        _thief.plan(address(vault), abi.encodeCall(IJobVault.claimMany, (job, claims)));
        _thief.plan(address(vault), abi.encodeCall(IJobVault.push, (job, claims)));
        _thief.plan(address(vault), abi.encodeCall(IJobVault.withdraw, (job, address(_thief))));
        _thief.plan(address(vault), abi.encodeCall(IJobVault.refund, (job)));
        _thief.plan(address(vault), abi.encodeCall(IJobVault.fund, (job, 1)));

        vault.claim(job, 0, address(_thief), 100, _proof(job, _both, _pairOf(100, 200), 0));

        _assertFoiled(100);
    }

    function test_APushedReceiverThatClaimsIsPaidOnce() external {
        uint256 job = _settledJob(_both, _pairOf(100, 200));
        _thief.plan(address(vault), _claim(job));

        vault.push(job, _claimsOf(job, _both, _pairOf(100, 200)));

        _assertFoiled(100);
        vm.assertEq(telling.balanceOf(address(0x600D)), 200);
    }

    /// @dev From inside whatever pays the thief, the other member's claim, which is good, must not be reached.
    function test_NothingThatPaysCanBeEnteredFromAnythingElseThatPays() external {
        uint256 job = _settledJob(_both, _pairOf(100, 200));
        IJobVault.Claim[] memory claims = _claimsOf(job, _both, _pairOf(100, 200));
        bytes memory other =
            abi.encodeCall(IJobVault.claim, (job, 1, address(0x600D), 200, _proof(job, _both, _pairOf(100, 200), 1)));
        bytes[4] memory outer = [
            _claim(job),
            abi.encodeCall(IJobVault.claimMany, (job, claims)),
            abi.encodeCall(IJobVault.claimList, (job, _both, _pairOf(100, 200))),
            abi.encodeCall(IJobVault.push, (job, claims))
        ];
        _thief.plan(address(vault), other);
        uint256 before = vm.snapshotState();
        for (uint256 i; i < outer.length; ++i) {
            (bool done,) = address(vault).call(outer[i]);
            vm.assertTrue(done);
            _assertFoiled(100);
            vm.revertToState(before);
        }
    }

    function test_WhatWaitsIsWithdrawnAlone() external {
        uint256 job = _settledJob(_both, _pairOf(100, 200));
        _thief.refuse(true);
        IJobVault.Claim[] memory first = new IJobVault.Claim[](1);
        first[0] = _claimsOf(job, _both, _pairOf(100, 200))[0];
        vault.push(job, first);
        _thief.refuse(false);
        _thief.plan(
            address(vault),
            abi.encodeCall(IJobVault.claim, (job, 1, address(0x600D), 200, _proof(job, _both, _pairOf(100, 200), 1)))
        );

        vault.withdraw(job, address(_thief));

        _assertFoiled(100);
    }

    function test_TheReserveIsRefundedAlone() external {
        uint256 job = _settledJob(_both, _pairOf(100, 200));
        vm.etch(SPONSOR, address(_thief).code);
        telling.listen(SPONSOR);
        Reenterer sponsor = Reenterer(SPONSOR);
        sponsor.plan(
            address(vault),
            abi.encodeCall(IJobVault.claim, (job, 1, address(0x600D), 200, _proof(job, _both, _pairOf(100, 200), 1)))
        );
        vm.warp(registry.endsAt(job));

        vm.prank(SPONSOR);
        vault.refund(job);

        vm.assertEq(sponsor.attempts(), 1);
        vm.assertEq(sponsor.worked(), 0);
        vm.assertEq(telling.balanceOf(SPONSOR), BUDGET - 300);
    }

    /// @dev The guard is of the vault and not of a job: from inside one job's payment no other's can be reached.
    function test_AClaimantThatClaimsInAnotherJobIsRefusedUntilItsTurn() external {
        uint256 job = _settledJob(_both, _pairOf(100, 200));
        uint256 other = _settledJob(_both, _pairOf(50, 60));
        _thief.plan(
            address(vault),
            abi.encodeCall(IJobVault.claim, (other, 0, address(_thief), 50, _proof(other, _both, _pairOf(50, 60), 0)))
        );

        vault.claim(job, 0, address(_thief), 100, _proof(job, _both, _pairOf(100, 200), 0));

        _assertFoiled(100);
        vault.claim(other, 0, address(_thief), 50, _proof(other, _both, _pairOf(50, 60), 0));
        vm.assertEq(telling.balanceOf(address(_thief)), 150);
    }

    /// @dev Other contracts may be called; they see the payment done.
    function test_AClaimantThatFinalisesMeanwhileGainsNothing() external {
        uint256 job = _settledJob(_both, _pairOf(100, 200));
        IReports.Report memory report = _report(job, _both, _pairOf(300, 400));
        reports.postList(report, _both, _pairOf(300, 400), _sign(report));
        vm.warp(block.timestamp + WINDOW);
        _thief.plan(address(reports), abi.encodeCall(IReports.finalise, (job)));

        vault.claim(job, 0, address(_thief), 100, _proof(job, _both, _pairOf(100, 200), 0));

        vm.assertEq(_thief.worked(), 1);
        vm.assertEq(telling.balanceOf(address(_thief)), 100);
        vault.claim(job, 0, address(_thief), 300, _proof(job, _both, _pairOf(300, 400), 0));
        vm.assertEq(telling.balanceOf(address(_thief)), 300);
    }

    function _claim(uint256 job) private view returns (bytes memory) {
        return abi.encodeCall(IJobVault.claim, (job, 0, address(_thief), 100, _proof(job, _both, _pairOf(100, 200), 0)));
    }

    function _assertFoiled(uint256 paid) private view {
        vm.assertTrue(_thief.attempts() != 0);
        vm.assertEq(_thief.worked(), 0);
        vm.assertEq(telling.balanceOf(address(_thief)), paid);
    }
}
