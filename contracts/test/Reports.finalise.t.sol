// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobVault} from "../src/interfaces/IJobVault.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {House} from "./helpers/House.sol";
import {vm} from "./helpers/Vm.sol";

contract ReportsFinaliseTest is House {
    function test_AnyoneFinalisesAtTheDeadline() external {
        uint256 job = _ready();
        bytes32 root = _report(job, _amounts(1, 2, 3)).root;
        _post(job, _amounts(1, 2, 3));
        vm.warp(block.timestamp + WINDOW);

        vm.expectEmit(address(reports));
        emit IReports.ReportFinalised(job, 1, root, 6);
        vm.expectEmit(address(vault));
        emit IJobVault.Allocated(job, root, 6);
        vm.prank(STRANGER);
        reports.finalise(job);

        vm.assertEq(reports.finalRound(job), 1);
        vm.assertEq(vault.root(job), root);
        vm.assertEq(vault.allocated(job), 6);
        (uint256 round,,, uint256 deadline) = reports.pending(job);
        vm.assertEq(round, 0);
        vm.assertEq(deadline, 0);
    }

    function test_RevertWhen_OneSecondIsMissing() external {
        uint256 job = _ready();
        _post(job, _amounts(1, 2, 3));
        uint256 deadline = block.timestamp + WINDOW;
        vm.warp(deadline - 1);

        vm.expectRevert(abi.encodeWithSelector(IReports.StillChallengeable.selector, job, deadline));
        reports.finalise(job);
    }

    function test_RevertWhen_NothingWaits() external {
        uint256 job = _ready();

        vm.expectRevert(abi.encodeWithSelector(IReports.NothingPending.selector, job));
        reports.finalise(job);
    }

    function test_RevertWhen_FinalisedTwice() external {
        uint256 job = _ready();
        _settle(job, _amounts(1, 2, 3));

        vm.expectRevert(abi.encodeWithSelector(IReports.NothingPending.selector, job));
        reports.finalise(job);
    }

    function test_AReportPostedInTimeIsFinalisedAfterTheEnd() external {
        uint256 job = _ready();
        vm.warp(registry.terms(job).endsAt - 1);

        _settle(job, _amounts(1, 2, 3));

        vm.assertEq(vault.allocated(job), 6);
    }

    function test_AnotherJobsReportKeepsWaiting() external {
        uint256 first = _ready();
        uint256 second = _ready();
        _post(second, _amounts(2, 2, 2));

        _settle(first, _amounts(1, 1, 1));

        (uint256 round,,,) = reports.pending(second);
        vm.assertEq(round, 1);
        vm.assertEq(vault.allocated(second), 0);
    }
}
