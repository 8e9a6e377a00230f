// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Book} from "./helpers/Book.sol";
import {PureHarness} from "./helpers/PureHarness.sol";
import {bound, vm} from "./helpers/Vm.sol";

contract IndexTreeVerifyTest {
    PureHarness private _harness;

    function setUp() external {
        _harness = new PureHarness();
    }

    function testFuzz_TheProofOfEveryLeafLeadsToTheRoot(uint256 seed, uint256 count) external view {
        bytes32[] memory leaves = _leaves(seed, bound(count, 1, 40));
        for (uint256 i; i < leaves.length; ++i) {
            (bytes32 root, bytes32[] memory proof) = Book.path(leaves, i);
            vm.assertTrue(_harness.verify(root, leaves[i], i, proof));
        }
    }

    function testFuzz_AnotherIndexDoesNot(uint256 seed, uint256 count, uint256 other) external view {
        bytes32[] memory leaves = _leaves(seed, bound(count, 2, 40));
        (bytes32 root, bytes32[] memory proof) = Book.path(leaves, seed % leaves.length);
        vm.assume(other != seed % leaves.length);

        vm.assertFalse(_harness.verify(root, leaves[seed % leaves.length], other, proof));
    }

    function testFuzz_AnAlteredSiblingDoesNot(uint256 seed, uint256 count, bytes32 other) external view {
        bytes32[] memory leaves = _leaves(seed, bound(count, 2, 40));
        uint256 index = seed % leaves.length;
        (bytes32 root, bytes32[] memory proof) = Book.path(leaves, index);
        vm.assume(other != proof[0]);
        proof[0] = other;

        vm.assertFalse(_harness.verify(root, leaves[index], index, proof));
    }

    function test_AnIndexBeyondTheProofsDepthDoesNot() external view {
        bytes32[] memory leaves = _leaves(1, 4);
        (bytes32 root, bytes32[] memory proof) = Book.path(leaves, 1);

        vm.assertTrue(_harness.verify(root, leaves[1], 1, proof));
        vm.assertFalse(_harness.verify(root, leaves[1], 5, proof));
    }

    function test_ASingleLeafIsItsOwnRoot() external view {
        vm.assertTrue(_harness.verify("leaf", "leaf", 0, new bytes32[](0)));
        vm.assertFalse(_harness.verify("leaf", "other", 0, new bytes32[](0)));
    }

    function _leaves(uint256 seed, uint256 count) private pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            leaves[i] = keccak256(abi.encode(seed, i));
        }
    }
}
