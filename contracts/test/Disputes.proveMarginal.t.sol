// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../src/interfaces/IDisputes.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {Book} from "./helpers/Book.sol";
import {Disputed} from "./helpers/Disputed.sol";
import {vm} from "./helpers/Vm.sol";

contract DisputesProveMarginalTest is Disputed {
    function test_AMarginalThatIsNotTheDifferenceIsProven() external {
        (, Book.Pages memory book) = _drawnBook();
        book.marginals[1 * MEMBERS + 2] += 1;
        IReports.Report memory report = _postBook(book);

        _convicts(report, IDisputes.Fault.Marginal, _call(report, book, 1, 2));
    }

    function test_RevertWhen_EveryMarginalIsRight() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);

        for (uint256 p; p < ORDERS; ++p) {
            for (uint256 k; k < MEMBERS; ++k) {
                _refusesFaultless(_call(report, book, p, k));
            }
        }
    }

    /// @dev A committee that values in an order of its own choosing.
    function test_ATableOfAnotherOrderIsProven() external {
        (uint256 job, Book.Pages memory honest) = _drawnBook();
        uint16[][] memory chosen = honest.orders;
        (chosen[0][0], chosen[0][1]) = (chosen[0][1], chosen[0][0]);
        Book.Pages memory book = Book.drawn(job, 1, MEMBERS, chosen);
        IReports.Report memory report = _postBook(book);

        // The second step ends with the same two members, and begins with another one.
        uint256 before = vm.snapshotState();
        _convicts(report, IDisputes.Fault.Marginal, _call(report, book, 0, 0));
        vm.revertToState(before);
        _convicts(report, IDisputes.Fault.Marginal, _call(report, book, 0, 1));
        vm.revertToState(before);
        _refusesFaultless(_call(report, book, 0, 2));
    }

    /// @dev A liar's numbers may be anything: the proof is not to overflow.
    function test_UtilitiesThatOverflowAreProvenAllTheSame() external {
        (, Book.Pages memory book) = _drawnBook();
        book.utilities[0] = type(int256).min;
        IReports.Report memory report = _postBook(book);

        _convicts(report, IDisputes.Fault.Marginal, _call(report, book, 0, 0));
    }

    function test_RevertWhen_EitherUtilityIsNotInTheTable() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        IDisputes.Step memory step = Book.stepAt(book, 1, 0);
        IDisputes.Utility memory without = Book.utilityAt(book, 6);
        IDisputes.Utility memory joined = Book.utilityAt(book, 7);

        joined.utility += 1;
        _refusesLeaf(_call(report, step, without, joined), IDisputes.Fault.Utility, 7);
        joined.utility -= 1;
        without.utility += 1;
        _refusesLeaf(_call(report, step, without, joined), IDisputes.Fault.Utility, 6);
    }

    function test_RevertWhen_TheStepIsNotInTheReport() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        book.marginals[5] += 1; // after it was signed

        _refusesLeaf(_call(report, book, 1, 0), IDisputes.Fault.Marginal, 5);
    }

    function test_RevertWhen_ThereIsNoSuchPermutation() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        IDisputes.Step memory step = Book.stepAt(book, 2, 4);
        (step.permutation, step.position) = (3, 0);

        _refuses(
            _call(report, step, Book.utilityAt(book, 0), Book.utilityAt(book, 1)),
            abi.encodeWithSelector(IDisputes.OutOfRange.selector, 3, 3)
        );
    }

    /// @dev Position 5 of permutation 0 would be position 0 of permutation 1.
    function test_RevertWhen_ThePositionIsOfTheNextPermutation() external {
        (, Book.Pages memory book) = _drawnBook();
        IReports.Report memory report = _postBook(book);
        IDisputes.Step memory step = Book.stepAt(book, 1, 0);
        (step.permutation, step.position) = (0, 5);

        _refuses(
            _call(report, step, Book.utilityAt(book, 5), Book.utilityAt(book, 6)),
            abi.encodeWithSelector(IDisputes.OutOfRange.selector, 5, 5)
        );
    }

    function test_RevertWhen_MembersAreValuedExactly() external {
        (uint256 job, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        IDisputes.Step memory step;
        vm.assertEq(job, report.job);

        _refuses(
            _call(report, step, Book.utilityAt(book, 0), Book.utilityAt(book, 1)),
            abi.encodeWithSelector(IDisputes.OutOfRange.selector, 0, 0)
        );
    }

    /// @dev All proofs are taken of the report that waits, and before its deadline.
    function test_AProofIsTakenUpToTheLastSecond() external {
        (, Book.Pages memory book) = _drawnBook();
        book.marginals[0] += 1;
        IReports.Report memory report = _postBook(book);
        vm.warp(block.timestamp + WINDOW - 1);

        _convicts(report, IDisputes.Fault.Marginal, _call(report, book, 0, 0));
    }

    function test_RevertWhen_TheDeadlineIsReached() external {
        (uint256 job, Book.Pages memory book) = _drawnBook();
        book.marginals[0] += 1;
        IReports.Report memory report = _postBook(book);
        uint256 deadline = block.timestamp + WINDOW;
        vm.warp(deadline);

        _refuses(_call(report, book, 0, 0), abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, deadline));
    }

    function test_RevertWhen_AnotherReportWaits() external {
        (uint256 job, Book.Pages memory book) = _drawnBook();
        _postBook(book);
        book.marginals[0] += 1;
        IReports.Report memory report = _valuedReport(job, _even(MEMBERS), book);
        bytes32 signed = reports.hashSigned(report, SEATS);

        _refuses(_call(report, book, 0, 0), abi.encodeWithSelector(IReports.NotPending.selector, job, signed));
    }

    /// @dev Attack: the third of the committee, who did not sign, is to be slashed.
    function test_RevertWhen_OthersAreSaidToHaveSigned() external {
        (uint256 job, Book.Pages memory book) = _drawnBook();
        book.marginals[0] += 1;
        IReports.Report memory report = _postBook(book);
        bytes memory call = abi.encodeCall(
            IDisputes.proveMarginal,
            (report, 7, Book.stepAt(book, 0, 0), Book.utilityAt(book, 0), Book.utilityAt(book, 1))
        );
        bytes32 signed = reports.hashSigned(report, 7);

        _refuses(call, abi.encodeWithSelector(IReports.NotPending.selector, job, signed));
    }

    function test_RevertWhen_ItWasProvenAlready() external {
        (uint256 job, Book.Pages memory book) = _drawnBook();
        book.marginals[0] += 1;
        IReports.Report memory report = _postBook(book);
        _convicts(report, IDisputes.Fault.Marginal, _call(report, book, 0, 0));
        bytes32 signed = reports.hashSigned(report, SEATS);

        _refuses(_call(report, book, 0, 0), abi.encodeWithSelector(IReports.NotPending.selector, job, signed));
    }

    function _call(IReports.Report memory report, Book.Pages memory book, uint256 p, uint256 k)
        private
        pure
        returns (bytes memory)
    {
        uint256 place = p * (MEMBERS + 1) + k;
        return _call(report, Book.stepAt(book, p, k), Book.utilityAt(book, place), Book.utilityAt(book, place + 1));
    }

    function _call(
        IReports.Report memory report,
        IDisputes.Step memory step,
        IDisputes.Utility memory without,
        IDisputes.Utility memory joined
    ) private pure returns (bytes memory) {
        return abi.encodeCall(IDisputes.proveMarginal, (report, SEATS, step, without, joined));
    }
}
