// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IStakes} from "../src/interfaces/IStakes.sol";
import {Transfers} from "../src/Transfers.sol";
import {AllowList} from "./helpers/AllowList.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {FeeToken} from "./helpers/Tokens.sol";
import {vm} from "./helpers/Vm.sol";

contract StakesPutTest is Guarded {
    function test_AStakeIsPutDownAndCounts() external {
        uint256 job = _open(_guardedTerms(3));
        _allowStake(_member(0), STAKE);

        vm.expectEmit(address(stakes));
        emit IStakes.Staked(job, _member(0), STAKE);
        vm.prank(_member(0));
        stakes.put(job);

        vm.assertTrue(stakes.active(job, _member(0)));
        vm.assertEq(stakes.staked(job), STAKE);
        vm.assertEq(token.balanceOf(address(stakes)), STAKE);
        (uint256 amount, uint256 releasedAt) = stakes.stakeOf(job, _member(0));
        vm.assertEq(amount, STAKE);
        vm.assertEq(releasedAt, 0);
    }

    function test_RevertWhen_ItIsPutDownTwice() external {
        uint256 job = _open(_guardedTerms(3));
        _put(job, _member(0));
        _allowStake(_member(0), STAKE);

        vm.expectRevert(abi.encodeWithSelector(IStakes.AlreadyStaked.selector, job, _member(0)));
        vm.prank(_member(0));
        stakes.put(job);
    }

    /// @dev Whoever was slashed of less than its stake puts the rest down, and its word counts again at once.
    function test_WhatASlashTookIsPutDownAgain() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        _commit(job, 1);
        vm.warp(rounds.drawOf(job).revealDeadline);
        address[] memory withheld = new address[](1);
        withheld[0] = _member(1);
        rounds.expel(job, withheld);
        vm.assertFalse(stakes.active(job, _member(1)));
        uint256 before = stakes.staked(job);
        _allowStake(_member(1), SLASH);

        vm.expectEmit(address(stakes));
        emit IStakes.Staked(job, _member(1), SLASH);
        vm.prank(_member(1));
        stakes.put(job);

        vm.assertTrue(stakes.active(job, _member(1)));
        vm.assertEq(stakes.staked(job), before + SLASH);
        vm.assertEq(token.balanceOf(_member(1)), 0);
    }

    function test_WhoHadAskedForItsStakeStaysWithoutPayingAgain() external {
        uint256 job = _open(_guardedTerms(3));
        _put(job, _member(0));
        vm.prank(_member(0));
        stakes.exit(job);

        vm.prank(_member(0));
        stakes.put(job);

        vm.assertTrue(stakes.active(job, _member(0)));
        vm.assertEq(stakes.staked(job), STAKE);
        (, uint256 releasedAt) = stakes.stakeOf(job, _member(0));
        vm.assertEq(releasedAt, 0);
    }

    /// @dev Attack: to stay on paper, and take the stake by the exit of before.
    function test_RevertWhen_WhoStaysTakesItsStakeByAnEarlierExit() external {
        uint256 job = _open(_guardedTerms(3));
        _put(job, _member(0));
        vm.startPrank(_member(0));
        stakes.exit(job);
        vm.warp(block.timestamp + UNBONDING);
        stakes.put(job);

        vm.expectRevert(abi.encodeWithSelector(IStakes.StillBonded.selector, job, _member(0), 0));
        stakes.withdraw(job);
    }

    function test_RevertWhen_TheJobAsksForNone() external {
        uint256 job = _open(3);

        vm.expectRevert(abi.encodeWithSelector(IStakes.NoStakeAsked.selector, job));
        stakes.put(job);
    }

    function test_RevertWhen_TheTokenKeepsAFee() external {
        FeeToken fee = new FeeToken();
        IRegistry.Terms memory terms = _guardedTerms(3);
        terms.token = address(fee);
        uint256 job = _open(terms);
        fee.mint(_member(0), STAKE);
        vm.startPrank(_member(0));
        fee.approve(address(stakes), STAKE);

        vm.expectRevert(abi.encodeWithSelector(Transfers.InexactTransfer.selector, STAKE, STAKE - 1));
        stakes.put(job);
    }

    function test_AStakeInOneJobIsNoneInAnother() external {
        uint256 job = _open(_guardedTerms(3));
        uint256 other = _open(_guardedTerms(3));
        _put(job, _member(0));

        vm.assertFalse(stakes.active(other, _member(0)));
        vm.assertEq(stakes.staked(other), 0);
    }

    /* JOINING */

    function test_AMemberThatStakedJoins() external {
        uint256 job = _open(_guardedTerms(3));
        _put(job, _member(1));

        _join(job, 1);

        vm.assertEq(registry.indexOf(job, _member(1)), 0);
    }

    function test_RevertWhen_AMemberJoinsWithoutItsStake() external {
        uint256 job = _open(_guardedTerms(3));
        bytes32[] memory proof = AllowList.proof(AllowList.levels(_members(3)), 1);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotStaked.selector, job, _member(1)));
        vm.prank(_member(1));
        registry.join(job, proof);
    }

    function test_RevertWhen_AMemberJoinsWhileItsStakeLeaves() external {
        uint256 job = _open(_guardedTerms(3));
        _put(job, _member(1));
        vm.prank(_member(1));
        stakes.exit(job);
        bytes32[] memory proof = AllowList.proof(AllowList.levels(_members(3)), 1);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotStaked.selector, job, _member(1)));
        vm.prank(_member(1));
        registry.join(job, proof);
    }

    function _join(uint256 job, uint256 member) private {
        vm.prank(_member(member));
        registry.join(job, AllowList.proof(AllowList.levels(_members(3)), member));
    }
}
