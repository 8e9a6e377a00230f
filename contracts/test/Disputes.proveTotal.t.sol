// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {Book} from "./helpers/Book.sol";
import {Disputed} from "./helpers/Disputed.sol";
import {vm} from "./helpers/Vm.sol";

contract DisputesProveTotalTest is Disputed {
    function test_ATotalThatDoesNotAddUpIsProven() external {
        (, Book.Pages memory book) = _drawnBook();
        book.totals[2 * MEMBERS + 1] += 1;
        IReports.Report memory report = _postBook(book);

        _convicts(report, IDisputes.Fault.Total, _call(report, book, 2, 1));
    }

    function test_RevertWhen_EveryTotalAddsUp() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);

        for (uint256 p; p < ORDERS; ++p) {
            for (uint256 k; k < MEMBERS; ++k) {
                _refusesFaultless(_call(report, book, p, k));
            }
        }
    }

    function test_AFirstTotalThatIsNotItsMarginalIsProven() external {
        (, Book.Pages memory book) = _drawnBook();
        book.totals[3] += 1;
        IReports.Report memory report = _postBook(book);

        _convicts(report, IDisputes.Fault.Total, _call(report, book, 0, 3));
    }

    function test_TotalsThatOverflowAreProvenAllTheSame() external {
        (, Book.Pages memory book) = _drawnBook();
        uint256 last = Book.positionOf(book, 0, book.orders[1][0]);
        book.totals[last] = type(int256).max;
        book.marginals[MEMBERS] = type(int256).max;
        IReports.Report memory report = _postBook(book);

        _convicts(report, IDisputes.Fault.Total, _call(report, book, 1, 0));
    }

    function test_RevertWhen_TheStepBeforeIsAnotherMembers() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        uint256 other = (Book.positionOf(book, 0, book.orders[1][0]) + 1) % MEMBERS;

        _refuses(
            _call(report, Book.stepAt(book, 1, 0), Book.stepAt(book, 0, other)),
            abi.encodeWithSelector(IDisputes.WrongStep.selector, 0, other)
        );
    }

    function test_RevertWhen_TheStepBeforeIsNotOfTheOrderBefore() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        uint256 there = Book.positionOf(book, 0, book.orders[2][0]);

        _refuses(
            _call(report, Book.stepAt(book, 2, 0), Book.stepAt(book, 0, there)),
            abi.encodeWithSelector(IDisputes.WrongStep.selector, 0, there)
        );
    }

    function test_RevertWhen_TheStepBeforeIsNotInTheReport() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        uint256 there = Book.positionOf(book, 0, book.orders[1][0]);
        IDisputes.Step memory last = Book.stepAt(book, 0, there);
        last.total += 1;

        _refusesLeaf(_call(report, Book.stepAt(book, 1, 0), last), IDisputes.Fault.Marginal, there);
    }

    function test_RevertWhen_TheStepIsNotInTheReport() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        IDisputes.Step memory step = Book.stepAt(book, 0, 0);
        step.total += 1;

        _refusesLeaf(_call(report, step, step), IDisputes.Fault.Marginal, 0);
    }

    function test_RevertWhen_TheDeadlineIsReached() external {
        (uint256 job, Book.Pages memory book) = _drawnBook();
        book.totals[0] += 1;
        IReports.Report memory report = _postBook(book);
        vm.warp(block.timestamp + WINDOW);

        _refuses(
            _call(report, book, 0, 0), abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, block.timestamp)
        );
    }

    function _call(IReports.Report memory report, Book.Pages memory book, uint256 p, uint256 k)
        private
        pure
        returns (bytes memory)
    {
        IDisputes.Step memory last;
        if (p != 0) last = Book.stepAt(book, p - 1, Book.positionOf(book, p - 1, book.orders[p][k]));
        return _call(report, Book.stepAt(book, p, k), last);
    }

    function _call(IReports.Report memory report, IDisputes.Step memory step, IDisputes.Step memory last)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(IDisputes.proveTotal, (report, SEATS, step, last));
    }
}
