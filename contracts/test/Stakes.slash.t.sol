// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IStakes} from "../src/interfaces/IStakes.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {vm} from "./helpers/Vm.sol";

contract StakesSlashTest is Guarded {
    function test_HalfIsTheWinnersAndHalfBurns() external {
        uint256 job = _guardedJob(3);

        vm.expectEmit(address(stakes));
        emit IStakes.Slashed(job, _member(0), SLASH, STRANGER, SLASH / 2);
        _slash(job, address(disputes), STRANGER);

        vm.assertEq(stakes.owed(job, STRANGER), SLASH / 2);
        vm.assertEq(stakes.credited(job), SLASH / 2);
        vm.assertEq(stakes.burned(job), SLASH / 2);
        vm.assertEq(stakes.staked(job), 6 * uint256(STAKE) - SLASH);
    }

    function test_ASlashTakesNoMoreThanIsLeft() external {
        uint256 job = _guardedJob(3);

        vm.assertEq(_slash(job, address(rounds), address(0)), SLASH);
        vm.assertEq(_slash(job, address(rounds), address(0)), STAKE - SLASH);
        vm.assertEq(_slash(job, address(rounds), address(0)), 0);

        vm.assertEq(stakes.burned(job), STAKE);
        (uint256 left,) = stakes.stakeOf(job, _member(0));
        vm.assertEq(left, 0);
    }

    function test_OddBaseUnitsBurn() external {
        IRegistry.Terms memory terms = _guardedTerms(3);
        (terms.safeguards.stake, terms.safeguards.slash) = (9, 7);
        uint256 job = _open(terms);
        _put(job, _member(0));

        _slash(job, address(disputes), STRANGER);

        vm.assertEq(stakes.owed(job, STRANGER), 3);
        vm.assertEq(stakes.burned(job), 4);
    }

    function test_RevertWhen_AnyoneElseSlashes() external {
        uint256 job = _guardedJob(3);
        address[5] memory others = [SPONSOR, COORDINATOR, GUARDIAN, address(reports), address(vault)];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IStakes.NotJudge.selector, others[i]));
            vm.prank(others[i]);
            stakes.slash(job, _member(0), STRANGER);
        }
    }

    function test_RevertWhen_AnyoneButDisputesTouchesABond() external {
        uint256 job = _guardedJob(3);
        address[2] memory others = [address(rounds), STRANGER];
        for (uint256 i; i < others.length; ++i) {
            bytes memory reason = abi.encodeWithSelector(IStakes.NotJudge.selector, others[i]);
            vm.startPrank(others[i]);
            vm.expectRevert(reason);
            stakes.bond(job, _member(0));
            vm.expectRevert(reason);
            stakes.release(job, STRANGER);
            vm.expectRevert(reason);
            stakes.forfeit(job, new address[](1));
            vm.stopPrank();
        }
    }

    /* COLLECTING */

    function test_AnyoneSendsWhatIsOwedToItsOwner() external {
        uint256 job = _guardedJob(3);
        _slash(job, address(disputes), STRANGER);

        vm.expectEmit(address(stakes));
        emit IStakes.Collected(job, STRANGER, SLASH / 2);
        vm.assertEq(stakes.collect(job, STRANGER), SLASH / 2);

        vm.assertEq(token.balanceOf(STRANGER), SLASH / 2);
        vm.assertEq(stakes.credited(job), 0);
        vm.assertEq(stakes.owed(job, STRANGER), 0);
    }

    function test_RevertWhen_ItIsCollectedTwice() external {
        uint256 job = _guardedJob(3);
        _slash(job, address(disputes), STRANGER);
        stakes.collect(job, STRANGER);

        vm.expectRevert(abi.encodeWithSelector(IStakes.NothingOwed.selector, job, STRANGER));
        stakes.collect(job, STRANGER);
    }

    function test_RevertWhen_ItIsOwedInAnotherJob() external {
        uint256 job = _guardedJob(3);
        uint256 other = _guardedJob(3);
        _slash(job, address(disputes), STRANGER);

        vm.expectRevert(abi.encodeWithSelector(IStakes.NothingOwed.selector, other, STRANGER));
        stakes.collect(other, STRANGER);
    }

    function _slash(uint256 job, address judge, address winner) private returns (uint256) {
        vm.prank(judge);
        return stakes.slash(job, _member(0), winner);
    }
}
