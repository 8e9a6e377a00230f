// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SumTree} from "../src/SumTree.sol";
import {ReferenceTree} from "./helpers/ReferenceTree.sol";
import {TreeHarness} from "./helpers/TreeHarness.sol";
import {bound, vm} from "./helpers/Vm.sol";

contract SumTreeBuildTest {
    TreeHarness private immutable TREE = new TreeHarness();

    function test_ASingleLeafIsItsOwnRoot() external view {
        (address[] memory accounts, uint128[] memory amounts) = _list(1, 7);

        (SumTree.Node memory root,) = TREE.build(3, accounts, amounts);

        vm.assertEq(root.hash, keccak256(abi.encode(0, 3, 0, accounts[0], amounts[0])));
        vm.assertEq(root.sum, amounts[0]);
    }

    function test_AnOddLastNodeIsPairedWithTheEmptyNode() external view {
        (address[] memory accounts, uint128[] memory amounts) = _list(3, 7);
        SumTree.Node memory a = ReferenceTree.leaf(1, 0, accounts[0], amounts[0]);
        SumTree.Node memory b = ReferenceTree.leaf(1, 1, accounts[1], amounts[1]);
        SumTree.Node memory c = ReferenceTree.leaf(1, 2, accounts[2], amounts[2]);

        (SumTree.Node memory root,) = TREE.build(1, accounts, amounts);

        SumTree.Node memory right = ReferenceTree.inner(c, SumTree.Node(0, 0));
        vm.assertEq(root.hash, ReferenceTree.inner(ReferenceTree.inner(a, b), right).hash);
        vm.assertEq(root.sum, uint256(amounts[0]) + amounts[1] + amounts[2]);
    }

    function test_EveryLengthUpToSeventyBuildsTheRootOfTheDefinition() external view {
        for (uint256 count = 1; count <= 70; ++count) {
            _assertAsDefined(count, count);
        }
    }

    function testFuzz_TheRootIsThatOfTheDefinition(uint256 count, uint256 seed) external view {
        _assertAsDefined(bound(count, 1, 300), seed);
    }

    function testFuzz_AnotherOrderIsAnotherRoot(uint256 count, uint256 seed) external view {
        (address[] memory accounts, uint128[] memory amounts) = _list(bound(count, 2, 60), seed);
        (SumTree.Node memory root,) = TREE.build(1, accounts, amounts);

        (accounts[0], accounts[1]) = (accounts[1], accounts[0]);
        (amounts[0], amounts[1]) = (amounts[1], amounts[0]);
        (SumTree.Node memory swapped,) = TREE.build(1, accounts, amounts);

        vm.assertTrue(root.hash != swapped.hash);
        vm.assertEq(root.sum, swapped.sum);
    }

    function test_TheLargestAmountsAddUpWithoutOverflow() external view {
        (address[] memory accounts, uint128[] memory amounts) = _list(100, 7);
        for (uint256 i; i < 100; ++i) {
            amounts[i] = type(uint128).max;
        }

        (SumTree.Node memory root,) = TREE.build(1, accounts, amounts);

        vm.assertEq(root.sum, 100 * uint256(type(uint128).max));
    }

    /// @dev Arrays in calldata are decoded by `build` itself; wider words would wrap the sums around.
    function test_RevertWhen_AnAmountHasMoreThan128Bits() external view {
        vm.assertTrue(_builds(uint160(address(this)), type(uint128).max));
        vm.assertFalse(_builds(uint160(address(this)), uint256(type(uint128).max) + 1));
    }

    function test_RevertWhen_AnAccountHasMoreThan160Bits() external view {
        vm.assertTrue(_builds(type(uint160).max, 1));
        vm.assertFalse(_builds(uint256(type(uint160).max) + 1, 1));
    }

    function test_MemoryDoesNotGrowWithTheList() external view {
        (address[] memory few, uint128[] memory fewAmounts) = _list(1, 7);
        (address[] memory many, uint128[] memory manyAmounts) = _list(256, 7);

        vm.assertEq(TREE.memoryOfBuild(few, fewAmounts), TREE.memoryOfBuild(many, manyAmounts));
    }

    function _assertAsDefined(uint256 count, uint256 seed) private view {
        (address[] memory accounts, uint128[] memory amounts) = _list(count, seed);

        (SumTree.Node memory root, bytes32 members) = TREE.build(seed, accounts, amounts);

        (SumTree.Node memory expected,) = ReferenceTree.path(ReferenceTree.leaves(seed, accounts, amounts), 0);
        vm.assertEq(root.hash, expected.hash);
        vm.assertEq(root.sum, expected.sum);
        bytes32 digest;
        for (uint256 i; i < count; ++i) {
            digest = keccak256(abi.encodePacked(digest, accounts[i]));
        }
        vm.assertEq(members, digest);
    }

    function _builds(uint256 account, uint256 amount) private view returns (bool built) {
        uint256[] memory accounts = new uint256[](1);
        uint256[] memory amounts = new uint256[](1);
        (accounts[0], amounts[0]) = (account, amount);
        bytes memory call = abi.encodeWithSelector(TREE.build.selector, 1, accounts, amounts);
        (built,) = address(TREE).staticcall(call);
    }

    function _list(uint256 count, uint256 seed)
        private
        pure
        returns (address[] memory accounts, uint128[] memory amounts)
    {
        accounts = new address[](count);
        amounts = new uint128[](count);
        for (uint256 i; i < count; ++i) {
            uint256 drawn = uint256(keccak256(abi.encode(seed, i)));
            accounts[i] = address(uint160(drawn));
            amounts[i] = uint128(drawn >> 128);
        }
    }
}
