// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title IndexTree
/// @notice The positional Merkle tree that a valuation's numbers are committed in.
/// @dev node = keccak256(abi.encode(left, right)), 64 bytes; leaves hash 128 bytes or more, so that neither can
/// be passed off as the other. An odd last node of a level is paired with zero.
library IndexTree {
    /// @notice Whether `proof` leads from a leaf at `index` to `root`.
    /// @param index The leaf's place. Its bits, from the lowest, say on which side each level hangs.
    /// @param proof The siblings, from the leaf up.
    function verify(bytes32 root, bytes32 leaf, uint256 index, bytes32[] calldata proof) internal pure returns (bool) {
        if (index >> proof.length != 0) return false;

        for (uint256 level; level < proof.length; ++level) {
            leaf = (index >> level) & 1 == 0 ? _inner(leaf, proof[level]) : _inner(proof[level], leaf);
        }
        return leaf == root;
    }

    /// @notice The root over a power of two of leaves. Overwrites them.
    function rootOf(bytes32[] memory leaves) internal pure returns (bytes32 root) {
        assembly ("memory-safe") {
            let first := add(leaves, 0x20)
            for { let count := shr(1, mload(leaves)) } count { count := shr(1, count) } {
                for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                    mstore(add(first, shl(5, i)), keccak256(add(first, shl(6, i)), 0x40))
                }
            }
            root := mload(first)
        }
    }

    /// @dev In scratch space: abi.encode would claim new memory for every level.
    function _inner(bytes32 left, bytes32 right) private pure returns (bytes32 node) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            node := keccak256(0x00, 0x40)
        }
    }
}
