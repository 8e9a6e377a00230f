// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SumTree} from "../src/SumTree.sol";
import {IJobVault} from "../src/interfaces/IJobVault.sol";
import {House} from "./helpers/House.sol";
import {bound, vm} from "./helpers/Vm.sol";

contract JobVaultClaimTest is House {
    function test_AnyoneSendsAClaimAndTheMemberIsPaid() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);

        vm.expectEmit(address(vault));
        emit IJobVault.Claimed(job, 2, _member(2), 400);
        vm.prank(STRANGER);
        uint256 amount = vault.claim(job, 2, _member(2), 400, _proof(job, amounts, 2));

        vm.assertEq(amount, 400);
        vm.assertEq(token.balanceOf(_member(2)), 400);
        vm.assertEq(vault.claimed(job, 2), 400);
        vm.assertEq(vault.paid(job), 400);
        vm.assertEq(vault.reserve(job), BUDGET - 1_000);
    }

    function test_RevertWhen_ClaimedTwice() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);
        _claim(job, amounts, 0);

        vm.expectRevert(abi.encodeWithSelector(IJobVault.NothingToClaim.selector, job, 0, 600));
        _claim(job, amounts, 0);
    }

    function test_RevertWhen_NothingWasEarned() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);

        vm.expectRevert(abi.encodeWithSelector(IJobVault.NothingToClaim.selector, job, 1, 0));
        _claim(job, amounts, 1);
    }

    function test_ALaterClaimPaysTheDifference() external {
        uint256 job = _ready();
        _settle(job, _amounts(1, 2, 3));
        _claim(job, _amounts(1, 2, 3), 0);
        _settle(job, _amounts(10, 20, 30));

        _claim(job, _amounts(10, 20, 30), 0);
        _claim(job, _amounts(10, 20, 30), 1);

        vm.assertEq(token.balanceOf(_member(0)), 10);
        vm.assertEq(token.balanceOf(_member(1)), 20);
    }

    function test_RevertWhen_TheProofIsOfAnEarlierReport() external {
        uint256 job = _ready();
        _settle(job, _amounts(1, 2, 3));
        _settle(job, _amounts(10, 20, 30));

        _refused(job, 0, _member(0), 1, _proof(job, _amounts(1, 2, 3), 0));
    }

    function testFuzz_EverybodyIsPaidToTheLastBaseUnit(uint128[7] memory drawn, uint256 order) external {
        uint128[] memory amounts = new uint128[](7);
        for (uint256 i; i < 7; ++i) {
            amounts[i] = uint128(drawn[i] % (BUDGET / 7));
        }
        uint256 job = _start(7);
        _fund(job, BUDGET);
        _settle(job, amounts);

        for (uint256 i; i < 7; ++i) {
            uint256 member = (i * (1 + order % 6) + order % 7) % 7;
            if (amounts[member] > 0) _claim(job, amounts, member);
            vm.assertEq(token.balanceOf(_member(member)), amounts[member]);
        }

        vm.assertEq(vault.paid(job), vault.allocated(job));
        vm.assertEq(token.balanceOf(address(vault)), vault.reserve(job));
    }

    function testFuzz_RevertWhen_MoreIsClaimedThanEarned(uint256 index, uint256 cumulative) external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);
        index = bound(index, 0, 2);
        // Above the sum of everything, a proof's sums overflow instead; that is tested with the tree.
        cumulative = bound(cumulative, 0, type(uint128).max);
        vm.assume(cumulative != amounts[index]);

        _refused(job, index, _member(index), cumulative, _proof(job, amounts, index));
    }

    function test_RevertWhen_SomebodyElseIsToBePaid() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);

        _refused(job, 0, STRANGER, 600, _proof(job, amounts, 0));
    }

    function test_RevertWhen_TheClaimIsOfAnotherJob() external {
        uint256 job = _ready();
        uint256 other = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);
        _settle(other, amounts);

        _refused(other, 0, _member(0), 600, _proof(job, amounts, 0));
    }

    function test_RevertWhen_NoReportIsFinal() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _post(job, amounts);

        _refused(job, 0, _member(0), 600, _proof(job, amounts, 0));
    }

    /// @dev The zero root of a job without a report must not be taken for the top of any path.
    function testFuzz_RevertWhen_NoReportIsFinalWhateverTheIndex(uint256 index) external {
        uint256 job = _ready();

        _refused(job, index, STRANGER, 0, new SumTree.Node[](0));
    }

    function test_ClaimsOutliveTheJobAndItsRefund() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);
        vm.warp(registry.terms(job).endsAt);
        vm.prank(SPONSOR);
        vault.refund(job);

        _claim(job, amounts, 0);
        _claim(job, amounts, 2);

        vm.assertEq(token.balanceOf(address(vault)), 0);
    }

    /// @dev A committee that takes back what was paid, and gives it to another.
    function test_RevertWhen_ALyingCommitteeWouldHaveMorePaidThanAllotted() external {
        uint256 job = _ready();
        _fund(_ready(), BUDGET); // another job's money, which must not be touched
        _settle(job, _amounts(600, 0, 400));
        _claim(job, _amounts(600, 0, 400), 0);
        uint128[] memory lie = _amounts(0, 700, 400);
        _settle(job, lie);
        _claim(job, lie, 2);

        SumTree.Node[] memory proof = _proof(job, lie, 1);
        vm.expectRevert(abi.encodeWithSelector(IJobVault.Overdrawn.selector, 1_700, 1_100));
        vault.claim(job, 1, _member(1), 700, proof);
    }

    function _claim(uint256 job, uint128[] memory amounts, uint256 index) private {
        vault.claim(job, index, _member(index), amounts[index], _proof(job, amounts, index));
    }

    function _refused(uint256 job, uint256 index, address account, uint256 cumulative, SumTree.Node[] memory proof)
        private
    {
        vm.expectRevert(abi.encodeWithSelector(IJobVault.InvalidProof.selector, job, index));
        vault.claim(job, index, account, cumulative, proof);
    }
}
