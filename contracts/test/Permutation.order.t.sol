// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Permutation} from "../src/Permutation.sol";
import {PureHarness} from "./helpers/PureHarness.sol";
import {bound, vm} from "./helpers/Vm.sol";

contract PermutationOrderTest {
    /// @dev Over 6,000 seeds; tests/chain/test_permutation.py reads it here, and computes it in Python.
    bytes32 private constant DIGEST_OF_6000 = 0x46ab3f0cdb3407089ad3d3ca28d6059fabbfe2d0ae0ac01a3a7a4cc4ab350594;

    PureHarness private _harness;

    function setUp() external {
        _harness = new PureHarness();
    }

    function test_SixThousandSeedsGiveThePermutationsThatPythonGives() external view {
        bytes32 digest;
        for (uint256 chunk; chunk < 60; ++chunk) {
            digest = keccak256(abi.encode(digest, _harness.digestOfOrders(chunk * 100, 100)));
        }

        vm.assertEq(digest, DIGEST_OF_6000);
    }

    /// @dev The definition, number by number.
    function testFuzz_TheOrderIsThatOfTheDefinition(bytes32 seed, uint256 index, uint256 count) external view {
        count = bound(count, 0, 300);
        uint256[] memory expected = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            expected[i] = i;
        }
        uint256 taken;
        for (uint256 m = count; m > 1; --m) {
            uint256 x = 1 << 16;
            while (x >= 65_536 - 65_536 % m) {
                bytes32 word = keccak256(abi.encode(seed, index, taken / 16));
                x = uint256(word) >> 16 * (taken % 16) & 0xffff;
                ++taken;
            }
            (expected[m - 1], expected[x % m]) = (expected[x % m], expected[m - 1]);
        }

        uint16[] memory order = _harness.order(seed, index, count);

        vm.assertEq(order.length, count);
        for (uint256 i; i < count; ++i) {
            vm.assertEq(order[i], expected[i]);
        }
    }

    function testFuzz_EveryMemberJoinsOnce(bytes32 seed, uint256 index) external view {
        uint256 count = bound(index, 1, 256);
        uint256 seen;
        uint16[] memory order = _harness.order(seed, index, count);
        for (uint256 i; i < count; ++i) {
            seen |= 1 << uint256(order[i]);
        }

        vm.assertEq(seen, type(uint256).max >> (256 - count));
    }

    /// @dev 6,000 orders of three: each of the six should come up 1,000 times, give or take 29.
    function test_NoOrderIsLikelierThanAnother() external view {
        uint256[] memory times = new uint256[](1_000);
        for (uint256 i; i < 6_000; ++i) {
            uint16[] memory order = _harness.order("seed", i, 3);
            ++times[uint256(order[0]) * 100 + uint256(order[1]) * 10 + order[2]];
        }
        uint256[6] memory orders = [uint256(12), 21, 102, 120, 201, 210];
        for (uint256 i; i < 6; ++i) {
            vm.assertLe(times[orders[i]], 1_120);
            vm.assertLe(880, times[orders[i]]);
        }
    }

    function test_NobodyAndOneHaveOnlyOneOrder() external view {
        vm.assertEq(_harness.order("seed", 0, 0).length, 0);
        vm.assertEq(_harness.order("seed", 0, 1)[0], 0);
    }

    function test_ThousandsCanBeOrdered() external view {
        vm.assertEq(_harness.order("seed", 0, 10_000).length, 10_000);
    }

    function test_RevertWhen_ThereAreMoreMembersThanNumbers() external {
        vm.expectRevert(abi.encodeWithSelector(Permutation.TooManyToOrder.selector, 65_537));
        _harness.order("seed", 0, 65_537);
    }

    function test_AsManyMembersAsNumbersCanBeOrdered() external view {
        vm.assertEq(_harness.order("seed", 0, 65_536).length, 65_536);
    }
}
