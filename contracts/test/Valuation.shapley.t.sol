// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Valuation} from "../src/Valuation.sol";
import {Book} from "./helpers/Book.sol";
import {PureHarness} from "./helpers/PureHarness.sol";
import {bound, vm} from "./helpers/Vm.sol";

contract ValuationShapleyTest {
    PureHarness private _harness;

    function setUp() external {
        _harness = new PureHarness();
    }

    function testFuzz_TheValueIsTheSumOfMarginalsOverAllOrders(uint256 seed, uint256 count) external view {
        count = bound(count, 1, 6);
        int256[] memory utilities = _utilities(seed, count);
        for (uint256 member; member < count; ++member) {
            vm.assertEq(uint256(_shapley(utilities, count, member)), uint256(Book.shapley(utilities, count, member)));
        }
    }

    function testFuzz_TheValuesAddUpToWhatAllAreWorth(uint256 seed, uint256 count) external view {
        count = bound(count, 1, 10);
        int256[] memory utilities = _utilities(seed, count);
        int256 sum;
        int256 orders = 1;
        for (uint256 member; member < count; ++member) {
            sum += _shapley(utilities, count, member);
            orders *= int256(member + 1);
        }

        vm.assertEq(uint256(sum), uint256(orders * (utilities[utilities.length - 1] - utilities[0])));
    }

    function test_SixteenMembersAreValued() external view {
        int256[] memory utilities = new int256[](1 << 16);
        for (uint256 coalition; coalition < utilities.length; ++coalition) {
            if (coalition >> 15 & 1 == 1) utilities[coalition] = 5; // the last member brings it all
        }

        vm.assertEq(uint256(_shapley(utilities, 16, 15)), 5 * 20_922_789_888_000);
        vm.assertEq(uint256(_shapley(utilities, 16, 0)), 0);
    }

    function test_OneMemberIsWorthWhatItAdds() external view {
        int256[] memory utilities = new int256[](2);
        (utilities[0], utilities[1]) = (100, -20);

        vm.assertEq(uint256(-_shapley(utilities, 1, 0)), 120);
    }

    /// @dev A liar's numbers may be anything, and must not keep the proof from being computed.
    function test_TheLargestUtilitiesWrapInsteadOfReverting() external view {
        int256[] memory utilities = new int256[](4);
        (utilities[0], utilities[3]) = (type(int256).min, type(int256).max);

        _shapley(utilities, 2, 0);
    }

    function testFuzz_TheTablesRootIsThatOfTheDefinition(uint256 job, uint256 round, uint256 count) external view {
        count = bound(count, 1, 7);
        Book.Pages memory book = Book.exact(job, round, count > 5 ? 5 : count);
        (, bytes32 expected,,) = Book.roots(book);

        bytes memory utilities = Book.packed(book.utilities, 32, 0, book.utilities.length);
        (bytes32 root,) = _harness.sum(Valuation.Span(job, round, 0, 32, book.count, 0), utilities);
        vm.assertEq(root, expected);
    }

    /// @dev Narrow or wide, negative or not: a utility is what its bytes say.
    function testFuzz_UtilitiesAreReadAtAnyWidthThatHoldsThem(uint256 seed, uint256 width) external view {
        width = bound(width, 3, 32);
        int256[] memory utilities = _utilities(seed, 4);
        bytes memory wide = Book.packed(utilities, 32, 0, 16);
        bytes memory narrow = Book.packed(utilities, width, 0, 16);
        (bytes32 root, int256 value) = _harness.sum(Valuation.Span(1, 1, 0, 32, 4, 1), wide);

        (bytes32 same, int256 equal) = _harness.sum(Valuation.Span(1, 1, 0, width, 4, 1), narrow);

        vm.assertEq(same, root);
        vm.assertEq(uint256(equal), uint256(value));
    }

    function testFuzz_PartsAddUpToTheWhole(uint256 seed, uint256 count, uint256 levels) external view {
        count = bound(count, 1, 8);
        uint256 size = 1 << bound(levels, 0, count);
        int256[] memory utilities = _utilities(seed, count);
        uint256 member = seed % count;
        int256 sum;
        for (uint256 first; first < utilities.length; first += size) {
            Valuation.Span memory span = Valuation.Span(1, 1, first, 4, count, member);
            (, int256 part) = _harness.sum(span, Book.packed(utilities, 4, first, size));
            sum += part;
        }

        vm.assertEq(uint256(sum), uint256(_shapley(utilities, count, member)));
    }

    function _shapley(int256[] memory utilities, uint256 count, uint256 member) private view returns (int256 value) {
        bytes memory whole = abi.encodePacked(utilities); // a word each
        (, value) = _harness.sum(Valuation.Span(1, 1, 0, 32, count, member), whole);
    }

    function _utilities(uint256 seed, uint256 count) private pure returns (int256[] memory utilities) {
        utilities = new int256[](1 << count);
        for (uint256 i; i < utilities.length; ++i) {
            utilities[i] = int256(uint256(keccak256(abi.encode(seed, i))) % 2_000_000) - 1_000_000;
        }
    }
}
