// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SumTree} from "../src/SumTree.sol";
import {ReferenceTree} from "./helpers/ReferenceTree.sol";
import {TreeHarness} from "./helpers/TreeHarness.sol";
import {bound, vm} from "./helpers/Vm.sol";

contract SumTreeVerifyTest {
    uint256 private constant JOB = 1;

    TreeHarness private immutable TREE = new TreeHarness();

    struct Leaf {
        uint256 index;
        address account;
        uint256 amount;
        SumTree.Node root;
        SumTree.Node[] proof;
    }

    function testFuzz_TheProofOfEveryLeafLeadsToTheRoot(uint256 count, uint256 seed) external view {
        count = bound(count, 1, 40);
        for (uint256 i; i < count; ++i) {
            vm.assertTrue(_holds(_draw(count, seed, i)));
        }
    }

    function testFuzz_AnotherAmountDoesNot(uint256 count, uint256 seed, uint256 amount) external view {
        Leaf memory leaf = _draw(count, seed, seed);
        vm.assume(amount != leaf.amount);
        leaf.amount = amount;

        vm.assertFalse(_holds(leaf));
    }

    function testFuzz_AnotherAccountDoesNot(uint256 count, uint256 seed, address account) external view {
        Leaf memory leaf = _draw(count, seed, seed);
        vm.assume(account != leaf.account);
        leaf.account = account;

        vm.assertFalse(_holds(leaf));
    }

    function testFuzz_AnotherIndexDoesNot(uint256 count, uint256 seed, uint256 index) external view {
        Leaf memory leaf = _draw(count, seed, seed);
        vm.assume(index != leaf.index);
        leaf.index = index;

        vm.assertFalse(_holds(leaf));
    }

    function testFuzz_AnIndexBeyondTheProofsDepthDoesNot(uint256 count, uint256 seed, uint256 turns) external view {
        Leaf memory leaf = _draw(count, seed, seed);
        // The same low bits, so that every level would hang on the same side.
        leaf.index |= bound(turns, 1, type(uint64).max) << leaf.proof.length;

        vm.assertFalse(_holds(leaf));
    }

    /// @dev Nor where the committee put such a leaf into the tree it signed.
    function test_ALeafThatSitsInAnothersPlaceDoesNot() external view {
        Leaf memory leaf = _draw(1, 5, 0);
        leaf.index = 1;
        leaf.root = ReferenceTree.leaf(JOB, 1, leaf.account, leaf.amount);

        vm.assertFalse(_holds(leaf));
    }

    function testFuzz_AnAlteredSiblingHashDoesNot(uint256 seed, uint256 level, bytes32 hash) external view {
        Leaf memory leaf = _draw(bound(seed, 2, 40), seed, seed);
        SumTree.Node memory sibling = leaf.proof[level % leaf.proof.length];
        vm.assume(hash != sibling.hash);
        sibling.hash = hash;

        vm.assertFalse(_holds(leaf));
    }

    function testFuzz_AnAlteredSiblingSumDoesNot(uint256 seed, uint256 level, uint256 sum) external view {
        Leaf memory leaf = _draw(bound(seed, 2, 40), seed, seed);
        SumTree.Node memory sibling = leaf.proof[level % leaf.proof.length];
        vm.assume(sum != sibling.sum);
        sibling.sum = sum;

        vm.assertFalse(_holds(leaf));
    }

    function testFuzz_AnAlteredTotalDoesNot(uint256 count, uint256 seed, uint256 total) external view {
        Leaf memory leaf = _draw(count, seed, seed);
        vm.assume(total != leaf.root.sum);
        leaf.root.sum = total;

        vm.assertFalse(_holds(leaf));
    }

    function testFuzz_AProofCutShortDoesNot(uint256 seed) external view {
        Leaf memory leaf = _draw(bound(seed, 2, 40), seed, seed);
        SumTree.Node[] memory cut = new SumTree.Node[](leaf.proof.length - 1);
        for (uint256 i; i < cut.length; ++i) {
            cut[i] = leaf.proof[i];
        }
        leaf.proof = cut;

        vm.assertFalse(_holds(leaf));
    }

    function test_AnInnerNodeCannotPassForALeaf() external view {
        Leaf memory leaf = _draw(2, 5, 0);
        SumTree.Node memory left = ReferenceTree.leaf(JOB, 0, leaf.account, leaf.amount);
        // What the root hashes, read as a leaf's fields: the first word differs.
        leaf.account = address(uint160(uint256(leaf.proof[0].hash)));
        leaf.index = left.sum;
        leaf.amount = leaf.proof[0].sum;
        leaf.proof = new SumTree.Node[](0);

        vm.assertFalse(_holds(leaf));
    }

    /// @dev A committee signs any root it likes: here one over nodes whose sums are lies.
    function testFuzz_ClaimsNeverPassTheTotalEvenWhereInnerSumsLie(uint256 seed, uint8 lies) external view {
        uint256 depth = bound(seed, 1, 4);
        SumTree.Node[][] memory levels = new SumTree.Node[][](depth + 1);
        levels[0] = _leaves(1 << depth, seed);
        for (uint256 level; level < depth; ++level) {
            levels[level + 1] = new SumTree.Node[](levels[level].length / 2);
            for (uint256 i; i < levels[level + 1].length; ++i) {
                SumTree.Node memory node = ReferenceTree.inner(levels[level][2 * i], levels[level][2 * i + 1]);
                bool lie = level + 1 < depth && uint256(keccak256(abi.encode(lies, level, i))) % 256 < lies;
                if (lie) node.sum = uint64(uint256(node.hash));
                levels[level + 1][i] = node;
            }
        }

        uint256 claimed;
        for (uint256 i; i < 1 << depth; ++i) {
            SumTree.Node[] memory proof = new SumTree.Node[](depth);
            for (uint256 level; level < depth; ++level) {
                proof[level] = levels[level][(i >> level) ^ 1];
            }
            Leaf memory leaf = Leaf(i, _account(seed, i), levels[0][i].sum, levels[depth][0], proof);
            if (_holds(leaf)) claimed += leaf.amount;
        }

        vm.assertLe(claimed, levels[depth][0].sum);
        if (lies == 0) vm.assertEq(claimed, levels[depth][0].sum);
    }

    /// @dev An overflow on the path panics, which refuses the proof as `false` does.
    function _holds(Leaf memory leaf) private view returns (bool) {
        try TREE.verify(leaf.root, JOB, leaf.index, leaf.account, leaf.amount, leaf.proof) returns (bool verified) {
            return verified;
        } catch {
            return false;
        }
    }

    function _draw(uint256 count, uint256 seed, uint256 index) private pure returns (Leaf memory leaf) {
        count = bound(count, 1, 40);
        SumTree.Node[] memory leaves = _leaves(count, seed);
        leaf.index = index % count;
        leaf.account = _account(seed, leaf.index);
        leaf.amount = leaves[leaf.index].sum;
        (leaf.root, leaf.proof) = ReferenceTree.path(leaves, leaf.index);
    }

    function _leaves(uint256 count, uint256 seed) private pure returns (SumTree.Node[] memory leaves) {
        leaves = new SumTree.Node[](count);
        for (uint256 i; i < count; ++i) {
            // Zero amounts too: a member that earned nothing has a leaf like any other.
            uint64 amount = i % 5 == 4 ? 0 : uint64(uint256(keccak256(abi.encode("amount", seed, i))));
            leaves[i] = ReferenceTree.leaf(JOB, i, _account(seed, i), amount);
        }
    }

    function _account(uint256 seed, uint256 i) private pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("account", seed, i)))));
    }
}
