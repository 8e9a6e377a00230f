// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobVault} from "../src/interfaces/IJobVault.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {House} from "./helpers/House.sol";
import {bound, vm} from "./helpers/Vm.sol";

contract JobVaultClaimListTest is House {
    function test_EverybodyIsPaidByTheListAlone() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);

        vm.expectEmit(address(vault));
        emit IJobVault.Claimed(job, 0, _member(0), 600);
        vm.prank(STRANGER);
        uint256 amount = vault.claimList(job, _members(3), amounts);

        vm.assertEq(amount, 1_000);
        vm.assertEq(vault.paid(job), 1_000);
        vm.assertEq(token.balanceOf(_member(0)), 600);
        vm.assertEq(token.balanceOf(_member(2)), 400);
    }

    function test_OneWhoClaimedFirstSpoilsNothing() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 50, 350);
        _settle(job, amounts);
        vault.claim(job, 1, _member(1), 50, _proof(job, amounts, 1));

        vm.assertEq(vault.claimList(job, _members(3), amounts), 950);
        vm.assertEq(vault.claimList(job, _members(3), amounts), 0);
        vm.assertEq(token.balanceOf(_member(1)), 50);
    }

    function test_ALaterListPaysTheDifference() external {
        uint256 job = _ready();
        _settle(job, _amounts(1, 2, 3));
        vault.claimList(job, _members(3), _amounts(1, 2, 3));
        _settle(job, _amounts(10, 20, 30));

        vm.assertEq(vault.claimList(job, _members(3), _amounts(10, 20, 30)), 54);
    }

    function testFuzz_RevertWhen_TheListIsAnother(uint256 seed, uint128 other) external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 50, 350);
        _settle(job, amounts);
        vm.assume(other != amounts[seed % 3]);
        amounts[seed % 3] = other;

        vm.expectRevert(abi.encodeWithSelector(IJobVault.WrongList.selector, job));
        vault.claimList(job, _members(3), amounts);
    }

    function test_RevertWhen_TheListsAreNotOfOneLength() external {
        uint256 job = _ready();
        _settle(job, _amounts(600, 50, 350));

        vm.expectRevert(abi.encodeWithSelector(IJobVault.WrongList.selector, job));
        vault.claimList(job, _members(2), _amounts(600, 50, 350));
    }

    /// @dev An amount that is left out would be read as zero, which it is.
    function test_RevertWhen_AZeroAmountIsLeftOut() external {
        uint256 job = _ready();
        _settle(job, _amounts(600, 400, 0));
        uint128[] memory short = new uint128[](2);
        (short[0], short[1]) = (600, 400);

        vm.expectRevert(abi.encodeWithSelector(IJobVault.WrongList.selector, job));
        vault.claimList(job, _members(3), short);
    }

    function test_RevertWhen_NoReportIsFinal() external {
        uint256 job = _ready();
        _post(job, _amounts(600, 50, 350));

        vm.expectRevert(abi.encodeWithSelector(IJobVault.WrongList.selector, job));
        vault.claimList(job, _members(3), _amounts(600, 50, 350));
    }

    /// @dev A committee that takes back what was paid.
    function test_RevertWhen_ALyingCommitteeWouldHaveMorePaidThanAllotted() external {
        uint256 job = _ready();
        _settle(job, _amounts(600, 0, 400));
        vault.claimList(job, _members(3), _amounts(600, 0, 400));
        _settle(job, _amounts(0, 700, 400));

        vm.expectRevert(abi.encodeWithSelector(IJobVault.Overdrawn.selector, 1_700, 1_100));
        vault.claimList(job, _members(3), _amounts(0, 700, 400));
    }

    /// @dev Two members share a slot: neither's claims are to touch the other's.
    function testFuzz_NeighboursAreCountedApart(uint128 first, uint128 second) external {
        (first, second) = (uint128(bound(first, 1, BUDGET / 2)), uint128(bound(second, 1, BUDGET / 2)));
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(first, second, 0);
        _settle(job, amounts);

        vault.claim(job, 1, _member(1), second, _proof(job, amounts, 1));
        vm.assertEq(vault.claimed(job, 0), 0);
        vm.assertEq(vault.claimed(job, 1), second);
        vault.claim(job, 0, _member(0), first, _proof(job, amounts, 0));
        vm.assertEq(vault.claimed(job, 0), first);
        vm.assertEq(vault.claimed(job, 1), second);
    }

    function test_TheLargestAmountStaysInItsHalf() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.roundBudget = type(uint128).max;
        uint256 job = _start(terms, 3);
        _fund(job, type(uint128).max);
        uint128[] memory amounts = _amounts(type(uint128).max, 0, 0);
        _settle(job, amounts);

        vault.claim(job, 0, _member(0), type(uint128).max, _proof(job, amounts, 0));

        vm.assertEq(vault.claimed(job, 0), type(uint128).max);
        vm.assertEq(vault.claimed(job, 1), 0);
    }
}
