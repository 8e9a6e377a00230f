// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {Book} from "./helpers/Book.sol";
import {Disputed} from "./helpers/Disputed.sol";
import {vm} from "./helpers/Vm.sol";

contract DisputesProveValueTest is Disputed {
    function test_AValueThatIsNotTheLastTotalIsProven() external {
        (, Book.Pages memory book) = _drawnBook();
        book.values[3] -= 1;
        IReports.Report memory report = _postBook(book);

        _convicts(report, IDisputes.Fault.Value, _call(report, book, 3));
    }

    function test_RevertWhen_EveryValueIsTheLastTotal() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);

        for (uint256 member; member < MEMBERS; ++member) {
            _refusesFaultless(_call(report, book, member));
        }
    }

    function test_RevertWhen_TheStepIsAnotherMembers() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        uint256 other = Book.positionOf(book, 2, 1);

        _refuses(
            _call(report, Book.valueAt(book, 0), Book.stepAt(book, 2, other)),
            abi.encodeWithSelector(IDisputes.WrongStep.selector, 2, other)
        );
    }

    function test_RevertWhen_TheStepIsNotOfTheLastOrder() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        uint256 there = Book.positionOf(book, 1, 0);

        _refuses(
            _call(report, Book.valueAt(book, 0), Book.stepAt(book, 1, there)),
            abi.encodeWithSelector(IDisputes.WrongStep.selector, 1, there)
        );
    }

    function test_RevertWhen_TheStepIsNotInTheReport() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        uint256 there = Book.positionOf(book, 2, 0);
        IDisputes.Step memory last = Book.stepAt(book, 2, there);
        last.total += 1;

        _refusesLeaf(_call(report, Book.valueAt(book, 0), last), IDisputes.Fault.Marginal, 2 * MEMBERS + there);
    }

    function test_RevertWhen_TheValueIsNotInTheReport() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        book.values[0] += 1; // after it was signed

        _refusesLeaf(_call(report, book, 0), IDisputes.Fault.Value, 0);
    }

    function test_RevertWhen_ThereIsNoSuchMember() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        IDisputes.Value memory value = Book.valueAt(book, 4);
        value.index = 5;

        _refuses(
            _call(report, value, Book.stepAt(book, 2, 0)), abi.encodeWithSelector(IDisputes.OutOfRange.selector, 5, 5)
        );
    }

    function test_RevertWhen_MembersAreValuedExactly() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        IDisputes.Step memory none;

        _refuses(
            _call(report, Book.valueAt(book, 0), none), abi.encodeWithSelector(IDisputes.OutOfRange.selector, 0, 0)
        );
    }

    function test_RevertWhen_TheDeadlineIsReached() external {
        (uint256 job, Book.Pages memory book) = _drawnBook();
        book.values[3] -= 1;
        IReports.Report memory report = _postBook(book);
        vm.warp(block.timestamp + WINDOW);

        _refuses(_call(report, book, 3), abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, block.timestamp));
    }

    function _call(IReports.Report memory report, Book.Pages memory book, uint256 member)
        private
        pure
        returns (bytes memory)
    {
        uint256 there = Book.positionOf(book, ORDERS - 1, member);
        return _call(report, Book.valueAt(book, member), Book.stepAt(book, ORDERS - 1, there));
    }

    function _call(IReports.Report memory report, IDisputes.Value memory value, IDisputes.Step memory last)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(IDisputes.proveValue, (report, SEATS, value, last));
    }
}
