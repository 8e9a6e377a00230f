// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRounds} from "../src/interfaces/IRounds.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {vm} from "./helpers/Vm.sol";

contract RoundsBeginTest is Guarded {
    function test_TheCoordinatorBeginsTheRoundsDraw() external {
        uint256 job = _guardedJob(3);
        uint256 commitDeadline = block.timestamp + COMMIT;

        vm.expectEmit(address(rounds));
        emit IRounds.DrawBegun(job, 1, 1, commitDeadline, commitDeadline + REVEAL);
        _begin(job);

        IRounds.Draw memory draw = rounds.drawOf(job);
        vm.assertEq(draw.number, 1);
        vm.assertEq(draw.commitDeadline, commitDeadline);
        vm.assertEq(draw.revealDeadline, commitDeadline + REVEAL);
        vm.assertFalse(draw.repeated);
    }

    function test_RevertWhen_AnyoneElseBegins() external {
        uint256 job = _guardedJob(3);

        vm.expectRevert(abi.encodeWithSelector(IRounds.NotCoordinator.selector, job, _member(0)));
        vm.prank(_member(0));
        rounds.begin(job);
    }

    function test_RevertWhen_TheJobDrawsNothing() external {
        uint256 job = _ready();

        vm.expectRevert(abi.encodeWithSelector(IRounds.NothingToDraw.selector, job));
        _begin(job);
    }

    function test_RevertWhen_MembersMayStillJoin() external {
        uint256 job = _open(_guardedTerms(3));

        vm.expectRevert(abi.encodeWithSelector(IRounds.RegistrationOpen.selector, job));
        _begin(job);
    }

    function test_RevertWhen_ADrawIsUnderWay() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        vm.warp(rounds.drawOf(job).commitDeadline - 1);

        vm.expectRevert(abi.encodeWithSelector(IRounds.DrawUnderWay.selector, job, 1));
        _begin(job);
    }

    function test_ADrawInWhichNobodyCommittedGivesWayToAnother() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        vm.warp(rounds.drawOf(job).commitDeadline);

        _begin(job);

        vm.assertEq(rounds.drawOf(job).number, 2);
    }

    function test_RevertWhen_SomebodyCommittedInIt() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        _commit(job, 0);
        vm.warp(rounds.drawOf(job).commitDeadline);

        vm.expectRevert(abi.encodeWithSelector(IRounds.DrawUnderWay.selector, job, 1));
        _begin(job);
    }

    function test_RevertWhen_TheRoundHasItsSeed() external {
        uint256 job = _guardedJob(3);
        _drawSeed(job, 3);

        vm.expectRevert(abi.encodeWithSelector(IRounds.AlreadyDrawn.selector, job, 1));
        _begin(job);
    }

    function test_AnotherJobsDrawIsItsOwn() external {
        uint256 job = _guardedJob(3);
        uint256 other = _guardedJob(3);
        _begin(job);

        vm.assertEq(rounds.drawOf(other).commitDeadline, 0);
        _begin(other);
        vm.assertEq(rounds.drawOf(other).number, 1);
    }
}
