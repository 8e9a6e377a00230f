// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {Book} from "./Book.sol";
import {Guarded} from "./Guarded.sol";
import {vm} from "./Vm.sol";

/// @title Disputed
/// @notice Reports with a valuation, honest but for what a test alters in the book, and what a conviction does.
abstract contract Disputed is Guarded {
    uint256 internal constant MEMBERS = 5;
    uint256 internal constant ORDERS = 3;

    /// @dev The first two of the committee sign.
    uint256 internal constant SEATS = 3;

    /// @dev A job whose seed is drawn, and the honest book of its valuation in joining orders.
    function _drawnBook() internal returns (uint256 job, Book.Pages memory book) {
        job = _guardedJob(_valuedTerms(MEMBERS, ORDERS), MEMBERS);
        bytes32 seed = _drawSeed(job, MEMBERS);
        uint16[][] memory orders = new uint16[][](ORDERS);
        for (uint256 p; p < ORDERS; ++p) {
            orders[p] = disputes.orderOf(seed, p, MEMBERS);
        }
        book = Book.drawn(job, 1, MEMBERS, orders);
    }

    /// @dev The same, valued exactly.
    function _exactBook() internal returns (uint256 job, Book.Pages memory book) {
        job = _guardedJob(_valuedTerms(MEMBERS, 0), MEMBERS);
        _drawSeed(job, MEMBERS);
        book = Book.exact(job, 1, MEMBERS);
    }

    function _postBook(Book.Pages memory book) internal returns (IReports.Report memory) {
        return _postValued(book.job, _even(MEMBERS), book);
    }

    /// @dev Sent by a stranger: cancels the report, and takes from each signer what the terms say.
    function _convicts(IReports.Report memory report, IDisputes.Fault fault, bytes memory call) internal {
        uint256 burned = stakes.burned(report.job);
        vm.expectEmit(address(disputes));
        emit IDisputes.FaultProven(report.job, report.round, fault, STRANGER);
        vm.expectEmit(address(reports));
        emit IReports.ReportCancelled(report.job, report.round, report.root);
        vm.prank(STRANGER);
        (bool done,) = address(disputes).call(call);
        vm.assertTrue(done);

        (uint256 round,,,) = reports.pending(report.job);
        vm.assertEq(round, 0);
        for (uint256 seat; seat < 3; ++seat) {
            (uint256 left,) = stakes.stakeOf(report.job, vm.addr(keys[seat]));
            vm.assertEq(left, seat < 2 ? STAKE - SLASH : STAKE);
        }
        vm.assertEq(stakes.owed(report.job, STRANGER), SLASH); // half of two
        vm.assertEq(stakes.burned(report.job), burned + SLASH);
    }

    function _refuses(bytes memory call, bytes memory reason) internal {
        (bool done, bytes memory answer) = address(disputes).call(call);
        vm.assertFalse(done);
        vm.assertEq(keccak256(answer), keccak256(reason));
    }

    function _refusesFaultless(bytes memory call) internal {
        _refuses(call, abi.encodeWithSelector(IDisputes.NoFault.selector));
    }

    function _refusesLeaf(bytes memory call, IDisputes.Fault fault, uint256 index) internal {
        _refuses(call, abi.encodeWithSelector(IDisputes.NotInReport.selector, fault, index));
    }
}
