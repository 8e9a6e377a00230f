// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {vm} from "./helpers/Vm.sol";

/// @dev What postList asks for beyond signatures, and who may cancel.
contract ReportsSafeguardsTest is Guarded {
    function test_AReportOfADrawnRoundCommitsToItsValuation() external {
        uint256 job = _guardedJob(_valuedTerms(3, 9), 3);
        _drawSeed(job, 3);
        IReports.Report memory report = _report(job, _amounts(1, 2, 3));
        report.tableRoot = "table";
        (report.permutations, report.stepsRoot, report.valuesRoot) = (9, "steps", "values");
        bytes[] memory signatures = _sign(report);
        bytes32 signed = keccak256(abi.encode(reports.hashReport(report), uint256(3)));

        vm.expectEmit(address(reports));
        emit IReports.ValuationCommitted(job, 1, 9, "table", "steps", "values");
        reports.postList(report, _members(3), _amounts(1, 2, 3), signatures);

        (bytes32 digest, uint256 deadline) = reports.waiting(job);
        vm.assertEq(digest, signed);
        vm.assertEq(reports.hashSigned(report, 3), signed);
        vm.assertEq(deadline, block.timestamp + WINDOW);
    }

    function test_RevertWhen_TheSeedIsNotDrawnYet() external {
        uint256 job = _guardedJob(3);
        IReports.Report memory report = _report(job, _amounts(1, 2, 3));
        report.tableRoot = "table";

        _refused(report, abi.encodeWithSelector(IReports.NotDrawn.selector, job, 1));
    }

    function test_RevertWhen_OrdersAreDrawnWhereThereAreNoSeeds() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(job, _amounts(1, 2, 3));
        report.permutations = 1;

        _refused(report, abi.encodeWithSelector(IReports.NotDrawn.selector, job, 1));
    }

    function test_RevertWhen_ADrawnRoundsReportCommitsToNoTable() external {
        (, IReports.Report memory report) = _next();
        report.tableRoot = 0;

        _refused(report, abi.encodeWithSelector(IReports.OtherForm.selector, IRegistry.Form.Table, 0));
    }

    /// @dev The history at the draw, and not what was trained since.
    function test_RevertWhen_ItIsAboutUpdatesThatCameAfterTheDraw() external {
        (uint256 job, IReports.Report memory report) = _next();
        (, bytes32 drawnAbout) = rounds.drawn(job, 1);
        vm.prank(COORDINATOR);
        rounds.commit(job, 1, "later");
        report.updatesRoot = rounds.history(job);

        _refused(report, abi.encodeWithSelector(IReports.WrongUpdates.selector, report.updatesRoot, drawnAbout));
        report.updatesRoot = drawnAbout;
        reports.postList(report, _members(3), _amounts(1, 2, 3), _sign(report));
    }

    function test_RevertWhen_ASignerHasNoStake() external {
        (uint256 job, IReports.Report memory report) = _next();
        address signer = vm.addr(keys[1]);
        vm.prank(signer);
        stakes.exit(job);

        _refused(report, abi.encodeWithSelector(IReports.SignerNotStaked.selector, job, signer));
    }

    function test_WhoDidNotSignNeedsNoStake() external {
        (uint256 job, IReports.Report memory report) = _next();
        vm.prank(vm.addr(keys[2]));
        stakes.exit(job);

        reports.postList(report, _members(3), _amounts(1, 2, 3), _sign(report));
    }

    function test_RevertWhen_AnyoneButDisputesCancels() external {
        (uint256 job, IReports.Report memory report) = _next();
        reports.postList(report, _members(3), _amounts(1, 2, 3), _sign(report));
        address[4] memory others = [SPONSOR, COORDINATOR, GUARDIAN, address(vault)];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IReports.NotDisputes.selector, others[i]));
            vm.prank(others[i]);
            reports.cancel(job);
        }
    }

    function _next() private returns (uint256 job, IReports.Report memory report) {
        job = _guardedJob(3);
        _drawSeed(job, 3);
        report = _report(job, _amounts(1, 2, 3));
        report.tableRoot = "table";
    }

    function _refused(IReports.Report memory report, bytes memory reason) private {
        bytes[] memory signatures = _sign(report);
        vm.expectRevert(reason);
        reports.postList(report, _members(3), _amounts(1, 2, 3), signatures);
    }
}
