// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {SumTree} from "../src/SumTree.sol";
import {Disputed} from "./helpers/Disputed.sol";
import {vm} from "./helpers/Vm.sol";

contract DisputesProveLoweredTest is Disputed {
    /// @dev A committee that takes from one member what it gives to another: the total does not fall.
    function test_ALoweredMemberIsProvenByTwoLeaves() external {
        (uint256 job, uint128[] memory lie, IReports.Report memory report) = _lied();

        _convicts(report, IDisputes.Fault.Amount, _call(report, 0, _amount(job, 600, 0), _leaf(job, lie, 0)));
    }

    function test_RevertWhen_TheMemberIsNotLowered() external {
        (uint256 job, uint128[] memory lie, IReports.Report memory report) = _lied();

        _refusesFaultless(_call(report, 1, _amount(job, 0, 1), _leaf(job, lie, 1)));
        _refusesFaultless(_call(report, 2, _amount(job, 400, 2), _leaf(job, lie, 2)));
    }

    /// @dev A round that brings a member nothing takes nothing from it.
    function test_RevertWhen_TheMemberHasWhatItHadBefore() external {
        uint128[] memory honest = _amounts(600, 100, 400);
        (uint256 job, IReports.Report memory report) = _reportedNext(honest);

        _refusesFaultless(_call(report, 0, _amount(job, 600, 0), _leaf(job, honest, 0)));
    }

    function test_RevertWhen_TheLeafBeforeIsNotFinal() external {
        (uint256 job, uint128[] memory lie, IReports.Report memory report) = _lied();

        _refuses(
            _call(report, 0, _amount(job, 601, 0), _leaf(job, lie, 0)),
            abi.encodeWithSelector(IDisputes.NotFinal.selector, job, 0)
        );
    }

    function test_RevertWhen_TheLoweredLeafIsNotInTheReport() external {
        (uint256 job, uint128[] memory lie, IReports.Report memory report) = _lied();
        IDisputes.Amount memory lowered = _leaf(job, lie, 0);
        lowered.cumulative -= 1;

        _refusesLeaf(_call(report, 0, _amount(job, 600, 0), lowered), IDisputes.Fault.Amount, 0);
    }

    /// @dev Attack: one member's leaf before and another's after.
    function test_RevertWhen_TheLeavesAreOfTwoMembers() external {
        (uint256 job, uint128[] memory lie, IReports.Report memory report) = _lied();

        _refusesLeaf(_call(report, 0, _amount(job, 600, 0), _leaf(job, lie, 2)), IDisputes.Fault.Amount, 0);
        _refuses(
            _call(report, 2, _amount(job, 600, 0), _leaf(job, lie, 2)),
            abi.encodeWithSelector(IDisputes.NotFinal.selector, job, 2)
        );
    }

    function test_RevertWhen_TheDeadlineIsReached() external {
        (uint256 job, uint128[] memory lie, IReports.Report memory report) = _lied();
        vm.warp(block.timestamp + WINDOW);

        _refuses(
            _call(report, 0, _amount(job, 600, 0), _leaf(job, lie, 0)),
            abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, block.timestamp)
        );
    }

    /// @dev After the lie is cancelled, an honest report takes its place.
    function test_TheRoundGoesOnWithAnHonestReport() external {
        (uint256 job, uint128[] memory lie, IReports.Report memory report) = _lied();
        _convicts(report, IDisputes.Fault.Amount, _call(report, 0, _amount(job, 600, 0), _leaf(job, lie, 0)));
        for (uint256 seat; seat < 2; ++seat) {
            address signer = vm.addr(keys[seat]);
            vm.prank(signer);
            stakes.exit(job);
            (, uint256 releasedAt) = stakes.stakeOf(job, signer);
            vm.warp(releasedAt);
            vm.prank(signer);
            stakes.withdraw(job);
            _put(job, signer);
        }

        report = _report(job, _amounts(600, 100, 400));
        report.tableRoot = "table";
        (, report.updatesRoot) = rounds.drawn(job, 2);
        reports.postList(report, _members(3), _amounts(600, 100, 400), _sign(report));
        vm.warp(block.timestamp + WINDOW);
        reports.finalise(job);

        vm.assertEq(vault.allocated(job), 1_100);
    }

    /* HELPERS */

    /// @dev A final report of (600, 0, 400), and a pending one of (100, 550, 450).
    function _lied() private returns (uint256 job, uint128[] memory lie, IReports.Report memory report) {
        lie = _amounts(100, 550, 450);
        (job, report) = _reportedNext(lie);
    }

    /// @dev A final report of (600, 0, 400), and a pending one of `amounts`.
    function _reportedNext(uint128[] memory amounts) private returns (uint256 job, IReports.Report memory report) {
        job = _guardedJob(3);
        _fund(job, BUDGET);
        _drawSeed(job, 3);
        report = _reported(job, _amounts(600, 0, 400));
        vm.warp(block.timestamp + WINDOW);
        reports.finalise(job);
        _drawSeed(job, 3);
        report = _reported(job, amounts);
    }

    function _reported(uint256 job, uint128[] memory amounts) private returns (IReports.Report memory report) {
        report = _report(job, amounts);
        report.tableRoot = "table";
        reports.postList(report, _members(3), amounts, _sign(report));
    }

    function _amount(uint256 job, uint256 cumulative, uint256 index) private pure returns (IDisputes.Amount memory) {
        SumTree.Node[] memory proof = _proof(job, _amounts(600, 0, 400), index);
        return IDisputes.Amount(_member(index), cumulative, proof);
    }

    function _leaf(uint256 job, uint128[] memory amounts, uint256 index)
        private
        pure
        returns (IDisputes.Amount memory)
    {
        return IDisputes.Amount(_member(index), amounts[index], _proof(job, amounts, index));
    }

    function _call(
        IReports.Report memory report,
        uint256 index,
        IDisputes.Amount memory before,
        IDisputes.Amount memory lowered
    ) private pure returns (bytes memory) {
        return abi.encodeCall(IDisputes.proveLowered, (report, SEATS, index, before, lowered));
    }
}
