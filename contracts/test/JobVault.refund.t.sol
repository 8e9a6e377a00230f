// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobVault} from "../src/interfaces/IJobVault.sol";
import {House} from "./helpers/House.sol";
import {vm} from "./helpers/Vm.sol";

contract JobVaultRefundTest is House {
    function test_TheSponsorTakesTheReserveFromTheEndOn() external {
        uint256 job = _ready();
        _settle(job, _amounts(600, 0, 400));
        vm.warp(registry.terms(job).endsAt);

        vm.expectEmit(address(vault));
        emit IJobVault.Refunded(job, SPONSOR, BUDGET - 1_000);
        vm.prank(SPONSOR);
        uint256 amount = vault.refund(job);

        vm.assertEq(amount, BUDGET - 1_000);
        vm.assertEq(token.balanceOf(SPONSOR), BUDGET - 1_000);
        vm.assertEq(vault.refunded(job), BUDGET - 1_000);
        vm.assertEq(vault.reserve(job), 0);
    }

    function test_RevertWhen_OneSecondIsMissing() external {
        uint256 job = _ready();
        uint256 endsAt = registry.terms(job).endsAt;
        vm.warp(endsAt - 1);

        _refused(job, SPONSOR, abi.encodeWithSelector(IJobVault.JobNotOver.selector, job, endsAt));
    }

    function test_RevertWhen_AnyoneElseAsks() external {
        uint256 job = _ready();
        vm.warp(registry.terms(job).endsAt);

        _refused(job, COORDINATOR, abi.encodeWithSelector(IJobVault.NotSponsor.selector, job, COORDINATOR));
    }

    function test_RevertWhen_AReportMayStillAllotIt() external {
        uint256 job = _ready();
        vm.warp(registry.terms(job).endsAt - 1);
        _post(job, _amounts(600, 0, 400));
        vm.warp(registry.terms(job).endsAt);

        _refused(job, SPONSOR, abi.encodeWithSelector(IJobVault.ReportPending.selector, job, 1));
    }

    function test_OnceThatReportIsFinalTheRestIsRefunded() external {
        uint256 job = _ready();
        vm.warp(registry.terms(job).endsAt - 1);
        _settle(job, _amounts(600, 0, 400));

        vm.prank(SPONSOR);
        vm.assertEq(vault.refund(job), BUDGET - 1_000);
    }

    function test_RevertWhen_NothingIsLeft() external {
        uint256 job = _ready();
        vm.warp(registry.terms(job).endsAt);
        vm.prank(SPONSOR);
        vault.refund(job);

        _refused(job, SPONSOR, abi.encodeWithSelector(IJobVault.NothingToRefund.selector, job));
    }

    function test_WhatArrivesAfterARefundIsRefundedToo() external {
        uint256 job = _ready();
        vm.warp(registry.terms(job).endsAt);
        vm.prank(SPONSOR);
        vault.refund(job);
        _fund(job, 7);

        vm.prank(SPONSOR);
        vm.assertEq(vault.refund(job), 7);
        vm.assertEq(token.balanceOf(address(vault)), 0);
    }

    function test_AnotherJobsMoneyStays() external {
        uint256 job = _ready();
        uint256 other = _ready();
        vm.warp(registry.terms(job).endsAt);

        vm.prank(SPONSOR);
        vault.refund(job);

        vm.assertEq(vault.reserve(other), BUDGET);
        vm.assertEq(token.balanceOf(address(vault)), BUDGET);
    }

    function _refused(uint256 job, address caller, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(caller);
        vault.refund(job);
    }
}
