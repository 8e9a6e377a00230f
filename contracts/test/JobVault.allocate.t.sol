// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobVault} from "../src/interfaces/IJobVault.sol";
import {House} from "./helpers/House.sol";
import {vm} from "./helpers/Vm.sol";

/// @dev Reports checks the same before it asks; the vault does not rely on that.
contract JobVaultAllocateTest is House {
    function test_ReportsAllots() external {
        uint256 job = _ready();

        vm.expectEmit(address(vault));
        emit IJobVault.Allocated(job, "root", BUDGET);
        _allocate(job, BUDGET);

        vm.assertEq(vault.root(job), "root");
        vm.assertEq(vault.allocated(job), BUDGET);
        vm.assertEq(vault.reserve(job), 0);
    }

    function test_RevertWhen_AnyoneElseAllots() external {
        uint256 job = _ready();

        vm.expectRevert(abi.encodeWithSelector(IJobVault.NotReports.selector, COORDINATOR));
        vm.prank(COORDINATOR);
        vault.allocate(job, "root", 1);
    }

    function test_RevertWhen_MoreIsAllottedThanHeld() external {
        uint256 job = _ready();

        vm.expectRevert(abi.encodeWithSelector(IJobVault.OverAllocated.selector, BUDGET + 1, BUDGET));
        _allocate(job, BUDGET + 1);
    }

    function test_RevertWhen_WhatWasRefundedIsAllotted() external {
        uint256 job = _ready();
        vm.warp(registry.terms(job).endsAt);
        vm.prank(SPONSOR);
        vault.refund(job);

        vm.expectRevert(abi.encodeWithSelector(IJobVault.OverAllocated.selector, 1, 0));
        _allocate(job, 1);
    }

    function test_RevertWhen_AnAllotmentFalls() external {
        uint256 job = _ready();
        _allocate(job, 5);

        vm.expectRevert(abi.encodeWithSelector(IJobVault.AllocationFell.selector, 4, 5));
        _allocate(job, 4);
    }

    function _allocate(uint256 job, uint256 total) private {
        vm.prank(address(reports));
        vault.allocate(job, "root", total);
    }
}
