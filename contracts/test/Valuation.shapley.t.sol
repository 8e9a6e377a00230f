// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

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
            vm.assertEq(
                uint256(_harness.shapley(utilities, count, member)), uint256(Book.shapley(utilities, count, member))
            );
        }
    }

    function testFuzz_TheValuesAddUpToWhatAllAreWorth(uint256 seed, uint256 count) external view {
        count = bound(count, 1, 10);
        int256[] memory utilities = _utilities(seed, count);
        int256 sum;
        int256 orders = 1;
        for (uint256 member; member < count; ++member) {
            sum += _harness.shapley(utilities, count, member);
            orders *= int256(member + 1);
        }

        vm.assertEq(uint256(sum), uint256(orders * (utilities[utilities.length - 1] - utilities[0])));
    }

    function test_SixteenMembersAreValued() external view {
        int256[] memory utilities = new int256[](1 << 16);
        for (uint256 coalition; coalition < utilities.length; ++coalition) {
            if (coalition >> 15 & 1 == 1) utilities[coalition] = 5; // the last member brings it all
        }

        vm.assertEq(uint256(_harness.shapley(utilities, 16, 15)), 5 * 20_922_789_888_000);
        vm.assertEq(uint256(_harness.shapley(utilities, 16, 0)), 0);
    }

    function test_OneMemberIsWorthWhatItAdds() external view {
        int256[] memory utilities = new int256[](2);
        (utilities[0], utilities[1]) = (100, -20);

        vm.assertEq(uint256(-_harness.shapley(utilities, 1, 0)), 120);
    }

    /// @dev A liar's numbers may be anything, and must not keep the proof from being computed.
    function test_TheLargestUtilitiesWrapInsteadOfReverting() external view {
        int256[] memory utilities = new int256[](4);
        (utilities[0], utilities[3]) = (type(int256).min, type(int256).max);

        _harness.shapley(utilities, 2, 0);
    }

    function testFuzz_TheTablesRootIsThatOfTheDefinition(uint256 job, uint256 round, uint256 count) external view {
        count = bound(count, 1, 7);
        Book.Pages memory book = Book.exact(job, round, count > 5 ? 5 : count);
        (, bytes32 expected,,) = Book.roots(book);

        vm.assertEq(_harness.rootOfTable(job, round, book.utilities), expected);
    }

    function _utilities(uint256 seed, uint256 count) private pure returns (int256[] memory utilities) {
        utilities = new int256[](1 << count);
        for (uint256 i; i < utilities.length; ++i) {
            utilities[i] = int256(uint256(keccak256(abi.encode(seed, i))) % 2_000_000) - 1_000_000;
        }
    }
}
