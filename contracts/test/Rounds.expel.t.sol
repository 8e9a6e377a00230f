// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRounds} from "../src/interfaces/IRounds.sol";
import {IStakes} from "../src/interfaces/IStakes.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {vm} from "./helpers/Vm.sol";

contract RoundsExpelTest is Guarded {
    function test_WhoDoesNotRevealIsSlashedAndNobodyGainsByIt() external {
        uint256 job = _withheld();

        vm.expectEmit(address(rounds));
        emit IRounds.Expelled(job, 1, _member(1));
        vm.expectEmit(address(stakes));
        emit IStakes.Slashed(job, _member(1), SLASH, address(0), 0);
        vm.prank(STRANGER);
        rounds.expel(job, _list(1));

        (uint256 left,) = stakes.stakeOf(job, _member(1));
        vm.assertEq(left, STAKE - SLASH);
        vm.assertEq(stakes.burned(job), SLASH);
        vm.assertEq(stakes.credited(job), 0);
        vm.assertEq(rounds.drawOf(job).expelled, 1);
        vm.assertFalse(stakes.active(job, _member(1)));
    }

    function test_RevertWhen_ItMayStillReveal() external {
        uint256 job = _withheld();
        uint256 deadline = rounds.drawOf(job).revealDeadline;
        vm.warp(deadline - 1);

        vm.expectRevert(abi.encodeWithSelector(IRounds.RevealNotOver.selector, job, deadline));
        rounds.expel(job, _list(1));
    }

    function test_RevertWhen_ItRevealed() external {
        _refused(_withheld(), 0);
    }

    function test_RevertWhen_ItNeverCommitted() external {
        _refused(_withheld(), 2);
    }

    /// @dev Attack: somebody expels one of a list first, so that the list fails.
    function test_WhoIsExpelledAlreadyIsPassedOver() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        _commit(job, 1);
        _commit(job, 2);
        vm.warp(rounds.drawOf(job).revealDeadline);
        vm.prank(STRANGER);
        rounds.expel(job, _list(1));
        address[] memory both = new address[](2);
        (both[0], both[1]) = (_member(1), _member(2));

        rounds.expel(job, both);

        vm.assertEq(rounds.drawOf(job).expelled, 2);
        vm.assertEq(stakes.burned(job), 2 * SLASH);
    }

    function test_WhoIsExpelledTwiceIsSlashedOnce() external {
        uint256 job = _withheld();
        rounds.expel(job, _list(1));

        rounds.expel(job, _list(1));

        vm.assertEq(rounds.drawOf(job).expelled, 1);
        vm.assertEq(stakes.burned(job), SLASH);
    }

    function test_ThePeriodOfWhoWithheldIsKept() external {
        uint256 job = _withheld();
        vm.assertEq(rounds.withheldIn(job, _member(1)), 0);

        rounds.expel(job, _list(1));

        vm.assertEq(rounds.withheldIn(job, _member(1)), 1);
        vm.assertEq(rounds.withheldIn(job, _member(0)), 0);
        vm.assertEq(rounds.withheldIn(job + 1, _member(1)), 0);
    }

    /// @dev Attack: an exit that outruns the slash.
    function test_AMemberThatLeavesRightAfterCommittingIsSlashedAllTheSame() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        _commit(job, 1);
        vm.prank(_member(1));
        stakes.exit(job);
        vm.warp(rounds.drawOf(job).revealDeadline);

        vm.expectPartialRevert(IStakes.StillBonded.selector);
        vm.prank(_member(1));
        stakes.withdraw(job);
        rounds.expel(job, _list(1));

        vm.assertEq(stakes.burned(job), SLASH);
    }

    function _withheld() private returns (uint256 job) {
        job = _guardedJob(3);
        _begin(job);
        _commit(job, 0);
        _commit(job, 1);
        vm.warp(rounds.drawOf(job).commitDeadline);
        _reveal(job, 0);
        vm.warp(rounds.drawOf(job).revealDeadline);
    }

    function _list(uint256 member) private pure returns (address[] memory accounts) {
        accounts = new address[](1);
        accounts[0] = _member(member);
    }

    function _refused(uint256 job, uint256 member) private {
        vm.expectRevert(abi.encodeWithSelector(IRounds.NothingWithheld.selector, job, 1, _member(member)));
        rounds.expel(job, _list(member));
    }
}
