// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SumTree} from "../../src/SumTree.sol";

/// @title ReferenceTree
/// @notice The tree as its definition reads, level by level: what SumTree is tested against.
library ReferenceTree {
    function leaf(uint256 job, uint256 index, address account, uint256 amount)
        internal
        pure
        returns (SumTree.Node memory)
    {
        return SumTree.Node(keccak256(abi.encode(uint256(0), job, index, account, amount)), amount);
    }

    function inner(SumTree.Node memory left, SumTree.Node memory right) internal pure returns (SumTree.Node memory) {
        return SumTree.Node(
            keccak256(abi.encode(uint256(1), left.hash, left.sum, right.hash, right.sum)), left.sum + right.sum
        );
    }

    function leaves(uint256 job, address[] memory accounts, uint128[] memory amounts)
        internal
        pure
        returns (SumTree.Node[] memory nodes)
    {
        nodes = new SumTree.Node[](accounts.length);
        for (uint256 i; i < nodes.length; ++i) {
            nodes[i] = leaf(job, i, accounts[i], amounts[i]);
        }
    }

    /// @notice The root, and the siblings of leaf `index` from the bottom up.
    function path(SumTree.Node[] memory nodes, uint256 index)
        internal
        pure
        returns (SumTree.Node memory root, SumTree.Node[] memory proof)
    {
        uint256 depth;
        while (1 << depth < nodes.length) ++depth;
        proof = new SumTree.Node[](depth);

        SumTree.Node memory empty;
        for (uint256 level; level < depth; ++level) {
            proof[level] = index ^ 1 < nodes.length ? nodes[index ^ 1] : empty;
            nodes = parents(nodes);
            index >>= 1;
        }
        root = nodes[0];
    }

    /// @notice The level above.
    function parents(SumTree.Node[] memory nodes) internal pure returns (SumTree.Node[] memory above) {
        SumTree.Node memory empty;
        above = new SumTree.Node[]((nodes.length + 1) / 2);
        for (uint256 i; i < above.length; ++i) {
            above[i] = inner(nodes[2 * i], 2 * i + 1 < nodes.length ? nodes[2 * i + 1] : empty);
        }
    }
}
