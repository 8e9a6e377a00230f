// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStakes} from "../src/interfaces/IStakes.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {vm} from "./helpers/Vm.sol";

contract StakesWithdrawTest is Guarded {
    function test_AStakeIsTakenOnceItIsReleased() external {
        uint256 job = _guardedJob(3);
        uint256 releasedAt = block.timestamp + UNBONDING;
        vm.expectEmit(address(stakes));
        emit IStakes.ExitBegun(job, _member(0), releasedAt);
        vm.prank(_member(0));
        stakes.exit(job);
        vm.assertFalse(stakes.active(job, _member(0)));
        vm.warp(releasedAt);

        vm.expectEmit(address(stakes));
        emit IStakes.Unstaked(job, _member(0), STAKE);
        vm.prank(_member(0));
        uint256 amount = stakes.withdraw(job);

        vm.assertEq(amount, STAKE);
        vm.assertEq(token.balanceOf(_member(0)), STAKE);
        vm.assertEq(stakes.staked(job), 5 * uint256(STAKE));
    }

    function test_RevertWhen_OneSecondIsMissing() external {
        uint256 job = _guardedJob(3);
        uint256 releasedAt = block.timestamp + UNBONDING;
        vm.startPrank(_member(0));
        stakes.exit(job);
        vm.warp(releasedAt - 1);

        vm.expectRevert(abi.encodeWithSelector(IStakes.StillBonded.selector, job, _member(0), releasedAt));
        stakes.withdraw(job);
    }

    function test_RevertWhen_ItWasNotAskedFor() external {
        uint256 job = _guardedJob(3);

        vm.expectRevert(abi.encodeWithSelector(IStakes.StillBonded.selector, job, _member(0), 0));
        vm.prank(_member(0));
        stakes.withdraw(job);
    }

    function test_RevertWhen_ItIsTakenTwice() external {
        uint256 job = _guardedJob(3);
        vm.startPrank(_member(0));
        stakes.exit(job);
        vm.warp(block.timestamp + UNBONDING);
        stakes.withdraw(job);

        vm.expectRevert(abi.encodeWithSelector(IStakes.NothingStaked.selector, job, _member(0)));
        stakes.withdraw(job);
    }

    function test_RevertWhen_ItIsAskedForTwice() external {
        uint256 job = _guardedJob(3);
        uint256 releasedAt = block.timestamp + UNBONDING;
        vm.startPrank(_member(0));
        stakes.exit(job);
        vm.warp(block.timestamp + 1);

        vm.expectRevert(abi.encodeWithSelector(IStakes.AlreadyLeaving.selector, job, _member(0), releasedAt));
        stakes.exit(job);
    }

    function test_RevertWhen_AStrangerAsks() external {
        uint256 job = _guardedJob(3);

        vm.expectRevert(abi.encodeWithSelector(IStakes.NothingStaked.selector, job, STRANGER));
        vm.prank(STRANGER);
        stakes.exit(job);
    }

    function test_AStakeThatWasTakenCanBePutDownAgain() external {
        uint256 job = _guardedJob(3);
        vm.startPrank(_member(0));
        stakes.exit(job);
        vm.warp(block.timestamp + UNBONDING);
        stakes.withdraw(job);
        vm.stopPrank();

        _put(job, _member(0));

        vm.assertTrue(stakes.active(job, _member(0)));
    }
}
