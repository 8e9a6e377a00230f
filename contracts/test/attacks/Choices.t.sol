// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {AllowList} from "../helpers/AllowList.sol";
import {Book} from "../helpers/Book.sol";
import {Disputed} from "../helpers/Disputed.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev What a committee would choose after the seed is known, and the terms have chosen before.
contract ChoicesTest is Disputed {
    /// @dev With one order, whoever comes first in it is paid as if the others had added nothing to it.
    function test_RevertWhen_TheNumberOfOrdersIsChosenAfterTheSeed() external {
        (uint256 job, Book.Pages memory honest) = _drawnBook();
        for (uint256 chosen = 1; chosen <= ORDERS + 1; ++chosen) {
            if (chosen == ORDERS) continue;
            uint16[][] memory orders = new uint16[][](chosen);
            (bytes32 seed,) = rounds.drawn(job, 1);
            for (uint256 p; p < chosen; ++p) {
                orders[p] = disputes.orderOf(seed, p, MEMBERS);
            }
            _refused(Book.drawn(job, 1, MEMBERS, orders), IRegistry.Form.Orders, ORDERS);
        }
        _postBook(honest);
    }

    /// @dev No orders, no steps, no values: no leaf of such a report can be shown to be wrong.
    function test_RevertWhen_AReportCommitsToNothingThatCanBeShownFalse() external {
        (uint256 job,) = _drawnBook();
        IReports.Report memory report = _report(job, _even(MEMBERS));
        report.tableRoot = "any table";

        _refusedReport(report, IRegistry.Form.Orders, ORDERS);
    }

    function test_RevertWhen_AReportLeavesOneOfItsRootsOut() external {
        (, Book.Pages memory book) = _drawnBook();
        for (uint256 root; root < 3; ++root) {
            IReports.Report memory report = _valuedReport(book.job, _even(MEMBERS), book);
            if (root == 0) report.tableRoot = 0;
            if (root == 1) report.stepsRoot = 0;
            if (root == 2) report.valuesRoot = 0;
            _refusedReport(report, IRegistry.Form.Orders, ORDERS);
        }
    }

    function test_RevertWhen_AnExactJobsReportIsOfOrdersOrWithoutValues() external {
        (uint256 job, Book.Pages memory exact) = _exactBook();
        IReports.Report memory report = _valuedReport(job, _even(MEMBERS), exact);
        report.valuesRoot = 0;
        _refusedReport(report, IRegistry.Form.Exact, 0);
        report = _valuedReport(job, _even(MEMBERS), exact);
        report.stepsRoot = "steps that no proof is about";
        _refusedReport(report, IRegistry.Form.Exact, 0);
        report = _valuedReport(job, _even(MEMBERS), exact);
        report.permutations = 1;
        _refusedReport(report, IRegistry.Form.Exact, 0);
    }

    /// @dev Values that nothing is checked against would read as if they were.
    function test_RevertWhen_ATablesReportNamesValues() external {
        uint256 job = _guardedJob(MEMBERS);
        _drawSeed(job, MEMBERS);
        IReports.Report memory report = _report(job, _even(MEMBERS));
        (report.tableRoot, report.valuesRoot) = ("table", "values");

        _refusedReport(report, IRegistry.Form.Table, 0);
    }

    function test_RevertWhen_AJobThatDrawsLeavesItsFormOpen() external {
        IRegistry.Terms memory terms = _guardedTerms(MEMBERS);
        terms.form = IRegistry.Form.Open;

        vm.expectRevert(abi.encodeWithSelector(IRegistry.FormLeftOpen.selector));
        registry.open(terms);
    }

    /// @dev A seventeenth member would make every exact value one that nobody can show to be false.
    function test_RevertWhen_MoreMembersJoinThanTheFormCanBeDisputedFor() external {
        _joins(16, 0);
        _joins(256, 1);
    }

    function _joins(uint256 most, uint256 permutations) private {
        IRegistry.Terms memory terms = _valuedTerms(most + 1, permutations);
        uint256 job = _open(terms);
        bytes32[][] memory list = AllowList.levels(_members(most + 1));
        for (uint256 i; i <= most; ++i) {
            _put(job, _member(i));
            if (i == most) {
                vm.expectRevert(abi.encodeWithSelector(IRegistry.TooManyMembers.selector, job, most));
            }
            vm.prank(_member(i));
            registry.join(job, AllowList.proof(list, i));
        }
        vm.assertEq(registry.memberCount(job), most);
    }

    /// @dev A job without draws may leave the form open; that is said in its terms, and D1 still holds.
    function test_AJobWithoutDrawsThatLeavesItsFormOpenTakesAnyOfThem() external {
        uint256 job = _ready();
        IReports.Report memory report = _report(job, _amounts(1, 2, 3));
        report.tableRoot = "table";
        reports.postList(report, _members(3), _amounts(1, 2, 3), _sign(report));

        vm.assertEq(uint256(registry.rules(job).form), uint256(IRegistry.Form.Open));
    }

    function _refused(Book.Pages memory book, IRegistry.Form form, uint256 permutations) private {
        _refusedReport(_valuedReport(book.job, _even(MEMBERS), book), form, permutations);
    }

    function _refusedReport(IReports.Report memory report, IRegistry.Form form, uint256 permutations) private {
        bytes[] memory signatures = _sign(report);
        vm.expectRevert(abi.encodeWithSelector(IReports.OtherForm.selector, form, permutations));
        reports.postList(report, _members(MEMBERS), _even(MEMBERS), signatures);
    }
}
