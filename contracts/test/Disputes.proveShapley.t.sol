// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {Book} from "./helpers/Book.sol";
import {Disputed} from "./helpers/Disputed.sol";
import {vm} from "./helpers/Vm.sol";

contract DisputesProveShapleyTest is Disputed {
    function test_AValueThatTheTableDoesNotGiveIsProven() external {
        (, Book.Pages memory book) = _exactBook();
        book.values[2] += 1;
        IReports.Report memory report = _postBook(book);

        _convicts(report, IDisputes.Fault.Value, _call(report, book, 2));
    }

    function test_RevertWhen_EveryValueIsWhatTheTableGives() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);

        for (uint256 member; member < MEMBERS; ++member) {
            _refusesFaultless(_call(report, book, member));
        }
    }

    function test_RevertWhen_TheTableIsAnother() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        book.utilities[31] += 1; // after it was signed

        _refusesLeaf(_call(report, book, 2), IDisputes.Fault.Utility, 0);
    }

    function test_RevertWhen_TheTableIsNotOfAllCoalitions() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        int256[] memory half = new int256[](16);

        _refuses(
            abi.encodeCall(IDisputes.proveShapley, (report, SEATS, Book.valueAt(book, 0), half)),
            abi.encodeWithSelector(IDisputes.WrongTable.selector, 16, 32)
        );
    }

    function test_RevertWhen_TheValueIsNotInTheReport() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        book.values[2] += 1; // after it was signed

        _refusesLeaf(_call(report, book, 2), IDisputes.Fault.Value, 2);
    }

    function test_RevertWhen_MembersAreValuedInOrders() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);

        _refuses(_call(report, book, 2), abi.encodeWithSelector(IDisputes.WrongForm.selector, ORDERS));
    }

    function test_RevertWhen_TheDeadlineIsReached() external {
        (uint256 job, Book.Pages memory book) = _exactBook();
        book.values[2] += 1;
        IReports.Report memory report = _postBook(book);
        vm.warp(block.timestamp + WINDOW);

        _refuses(_call(report, book, 2), abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, block.timestamp));
    }

    function test_RevertWhen_ThereAreMoreMembersThanCanBeValuedExactly() external {
        uint256 job = _guardedJob(17);
        _drawSeed(job, 1);
        IReports.Report memory report = _report(job, _even(17));
        report.tableRoot = "some table";
        reports.postList(report, _members(17), _even(17), _sign(report));
        IDisputes.Value memory value;

        _refuses(
            abi.encodeCall(IDisputes.proveShapley, (report, SEATS, value, new int256[](0))),
            abi.encodeWithSelector(IDisputes.TooManyMembers.selector, 17, 16)
        );
    }

    function test_SixteenMembersCanBeValuedExactly() external {
        uint256 job = _guardedJob(16);
        _drawSeed(job, 1);
        IReports.Report memory report = _report(job, _even(16));
        report.tableRoot = "some table";
        reports.postList(report, _members(16), _even(16), _sign(report));
        IDisputes.Value memory value;

        _refuses(
            abi.encodeCall(IDisputes.proveShapley, (report, SEATS, value, new int256[](0))),
            abi.encodeWithSelector(IDisputes.WrongTable.selector, 0, 65_536)
        );
    }

    /* OTHER FAULTS OF A TABLE */

    function test_ACoalitionInAnothersPlaceIsProven() external {
        (, Book.Pages memory book) = _exactBook();
        book.coalitions[9] = 8;
        IReports.Report memory report = _postBook(book);

        _convicts(report, IDisputes.Fault.Misplaced, _misplaced(report, book, 9));
    }

    function test_RevertWhen_EveryCoalitionIsInItsPlace() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);

        for (uint256 coalition; coalition < 32; ++coalition) {
            _refusesFaultless(_misplaced(report, book, coalition));
        }
    }

    function test_RevertWhen_TheMisplacedLeafIsNotInTheTable() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        book.coalitions[9] = 8; // after it was signed

        _refusesLeaf(_misplaced(report, book, 9), IDisputes.Fault.Utility, 9);
    }

    function test_RevertWhen_PlacesAreThoseOfOrders() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);

        _refuses(_misplaced(report, book, 1), abi.encodeWithSelector(IDisputes.WrongForm.selector, ORDERS));
    }

    function test_RevertWhen_TheDeadlineForAMisplacedCoalitionIsReached() external {
        (uint256 job, Book.Pages memory book) = _exactBook();
        book.coalitions[9] = 8;
        IReports.Report memory report = _postBook(book);
        vm.warp(block.timestamp + WINDOW);

        _refuses(
            _misplaced(report, book, 9), abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, block.timestamp)
        );
    }

    function test_TwoUtilitiesOfOneCoalitionAreProven() external {
        (, Book.Pages memory book) = _drawnBook();
        book.utilities[6] += 1; // the empty coalition's, at the beginning of the second order
        IReports.Report memory report = _postBook(book);

        _convicts(report, IDisputes.Fault.Conflict, _conflict(report, book, 0, 6));
    }

    function test_RevertWhen_TheTwoUtilitiesAgree() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);

        _refusesFaultless(_conflict(report, book, 0, 6));
        _refusesFaultless(_conflict(report, book, 5, 17));
    }

    function test_RevertWhen_TheTwoCoalitionsAreNotOne() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);

        _refusesFaultless(_conflict(report, book, 0, 1));
    }

    function test_RevertWhen_EitherUtilityIsNotInTheTable() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        book.utilities[6] += 1; // after it was signed

        _refusesLeaf(_conflict(report, book, 0, 6), IDisputes.Fault.Utility, 0);
        book.utilities[6] -= 1;
        IDisputes.Utility memory other = Book.utilityAt(book, 6);
        other.utility += 1;
        _refusesLeaf(
            abi.encodeCall(IDisputes.proveConflict, (report, SEATS, 0, Book.utilityAt(book, 0), 6, other)),
            IDisputes.Fault.Utility,
            6
        );
    }

    function test_RevertWhen_TheConflictIsInAnExactTable() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);

        _refuses(_conflict(report, book, 0, 1), abi.encodeWithSelector(IDisputes.WrongForm.selector, 0));
    }

    function test_RevertWhen_TheDeadlineForAConflictIsReached() external {
        (uint256 job, Book.Pages memory book) = _drawnBook();
        book.utilities[6] += 1;
        IReports.Report memory report = _postBook(book);
        vm.warp(block.timestamp + WINDOW);

        _refuses(
            _conflict(report, book, 0, 6), abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, block.timestamp)
        );
    }

    /* HELPERS */

    function _call(IReports.Report memory report, Book.Pages memory book, uint256 member)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(IDisputes.proveShapley, (report, SEATS, Book.valueAt(book, member), book.utilities));
    }

    function _misplaced(IReports.Report memory report, Book.Pages memory book, uint256 index)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(IDisputes.proveMisplaced, (report, SEATS, index, Book.utilityAt(book, index)));
    }

    function _conflict(IReports.Report memory report, Book.Pages memory book, uint256 first, uint256 second)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(
            IDisputes.proveConflict,
            (report, SEATS, first, Book.utilityAt(book, first), second, Book.utilityAt(book, second))
        );
    }
}
