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
        IDisputes.Part memory part = Book.partAt(book, 0, 32);
        part.utilities = Book.packed(book.utilities, 32, 0, 16);

        _refuses(
            abi.encodeCall(IDisputes.proveShapley, (report, SEATS, Book.valueAt(book, 0), part)),
            abi.encodeWithSelector(IDisputes.WrongPart.selector, 0, 512)
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
        uint256 job = _guardedJob(17); // their table alone is committed to
        _drawSeed(job, 1);
        IReports.Report memory report = _report(job, _even(17));
        report.tableRoot = "some table";
        reports.postList(report, _members(17), _even(17), _sign(report));
        IDisputes.Value memory value;
        IDisputes.Part memory part;

        _refuses(
            abi.encodeCall(IDisputes.proveShapley, (report, SEATS, value, part)),
            abi.encodeWithSelector(IDisputes.TooManyMembers.selector, 17, 16)
        );
    }

    /* IN PARTS */

    function test_AValueIsProvenFalseInParts() external {
        (, Book.Pages memory book) = _exactBook();
        book.values[2] += 1;
        IReports.Report memory report = _postBook(book);
        for (uint256 first; first < 24; first += 8) {
            _sends(_part(report, book, 2, first, 8));
            _isSummed(report, 2, first + 8);
        }

        _convicts(report, IDisputes.Fault.Value, _part(report, book, 2, 24, 8));
    }

    function test_PartsOfManySizesAreOneSum() external {
        (, Book.Pages memory book) = _exactBook();
        book.values[4] -= 1;
        IReports.Report memory report = _postBook(book);
        _sends(_part(report, book, 4, 0, 16));
        _sends(_part(report, book, 4, 16, 8));
        _sends(_part(report, book, 4, 24, 1));
        _sends(_part(report, book, 4, 25, 1));
        _sends(_part(report, book, 4, 26, 2));

        _convicts(report, IDisputes.Fault.Value, _part(report, book, 4, 28, 4));
    }

    function test_RevertWhen_AllPartsGiveTheValue() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        _sends(_part(report, book, 1, 0, 16));

        vm.prank(STRANGER);
        _refusesFaultless(_part(report, book, 1, 16, 16));
    }

    /// @dev What is left out would be a lie about the sum.
    function test_RevertWhen_APartIsLeftOutOrSentTwice() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);

        _refusesLeaf(_part(report, book, 1, 8, 8), IDisputes.Fault.Utility, 0);
        _sends(_part(report, book, 1, 0, 8));
        vm.prank(STRANGER);
        _refusesLeaf(_part(report, book, 1, 0, 8), IDisputes.Fault.Utility, 8);
        vm.prank(STRANGER);
        _refusesLeaf(_part(report, book, 1, 16, 8), IDisputes.Fault.Utility, 8);
    }

    function test_RevertWhen_APartBeginsInsideAnother() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        _sends(_part(report, book, 1, 0, 8));

        vm.prank(STRANGER);
        _refuses(_part(report, book, 1, 16, 16), abi.encodeWithSelector(IDisputes.WrongPart.selector, 8, 512));
    }

    /// @dev Nobody's part ends up in another's sum, another member's, or another report's.
    function test_EverySumIsItsSendersOwn() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        _sends(_part(report, book, 1, 0, 8));

        bytes32 signed = reports.hashSigned(report, SEATS);
        (uint256 others,) = disputes.summed(signed, address(this), 1);
        (uint256 anothers,) = disputes.summed(signed, STRANGER, 2);
        vm.assertEq(others, 0);
        vm.assertEq(anothers, 0);
        _refusesLeaf(_part(report, book, 1, 8, 8), IDisputes.Fault.Utility, 0);
    }

    function test_RevertWhen_APartIsOfNoWidth() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        IDisputes.Part memory part = Book.partAt(book, 0, 32);
        IDisputes.Value memory value = Book.valueAt(book, 0);
        (part.width, part.utilities) = (0, "");
        _refuses(
            abi.encodeCall(IDisputes.proveShapley, (report, SEATS, value, part)),
            abi.encodeWithSelector(IDisputes.WrongPart.selector, 0, 0)
        );
        (part.width, part.utilities) = (33, new bytes(33 * 32));
        _refuses(
            abi.encodeCall(IDisputes.proveShapley, (report, SEATS, value, part)),
            abi.encodeWithSelector(IDisputes.WrongPart.selector, 0, 33 * 32)
        );
    }

    /// @dev A proof that is longer than the tree is high would make leaves of what lies below leaves.
    function test_RevertWhen_APartsProofIsLongerThanTheTree() external {
        (, Book.Pages memory book) = _exactBook();
        IReports.Report memory report = _postBook(book);
        IDisputes.Part memory part = Book.partAt(book, 0, 1);
        part.proof = new bytes32[](6);

        _refuses(
            abi.encodeCall(IDisputes.proveShapley, (report, SEATS, Book.valueAt(book, 0), part)),
            abi.encodeWithSelector(IDisputes.WrongPart.selector, 0, 32)
        );
    }

    function test_RevertWhen_TheDeadlineIsReachedBetweenTwoParts() external {
        (uint256 job, Book.Pages memory book) = _exactBook();
        book.values[2] += 1;
        IReports.Report memory report = _postBook(book);
        _sends(_part(report, book, 2, 0, 16));
        vm.warp(block.timestamp + WINDOW);

        vm.prank(STRANGER);
        _refuses(
            _part(report, book, 2, 16, 16), abi.encodeWithSelector(IDisputes.DisputeOver.selector, job, block.timestamp)
        );
    }

    function _sends(bytes memory call) private {
        vm.prank(STRANGER);
        (bool done,) = address(disputes).call(call);
        vm.assertTrue(done);
    }

    function _isSummed(IReports.Report memory report, uint256 member, uint256 expected) private view {
        (uint256 next,) = disputes.summed(reports.hashSigned(report, SEATS), STRANGER, member);
        vm.assertEq(next, expected);
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
        return _part(report, book, member, 0, book.utilities.length);
    }

    function _part(IReports.Report memory report, Book.Pages memory book, uint256 member, uint256 first, uint256 size)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(
            IDisputes.proveShapley, (report, SEATS, Book.valueAt(book, member), Book.partAt(book, first, size))
        );
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
