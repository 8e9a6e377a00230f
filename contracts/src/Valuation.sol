// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IndexTree} from "./IndexTree.sol";

/// @title Valuation
/// @notice The leaves that a report's valuation is committed in, and the exact Shapley value of a table.
/// @dev A coalition is a bitmask: bit i is the member with index i. Utilities are integers, as parts per million
/// of the metric or counts of correct predictions, and may be negative.
library Valuation {
    /// @notice The leaf of a coalition's utility.
    function utilityLeaf(uint256 job, uint256 round, uint256 coalition, int256 utility)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(job, round, coalition, utility));
    }

    /// @notice The leaf of one step of a drawn valuation: what the member that joins at `position` of a
    /// permutation adds, and what its marginals up to this permutation add up to.
    function stepLeaf(uint256 job, uint256 round, uint256 permutation, uint256 position, int256 marginal, int256 total)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(job, round, permutation, position, marginal, total));
    }

    /// @notice The leaf of a member's value.
    function valueLeaf(uint256 job, uint256 round, uint256 index, int256 value) internal pure returns (bytes32) {
        return keccak256(abi.encode(job, round, index, value));
    }

    /// @notice A part of an exact valuation's table, and whose value it is added to.
    /// @param first The part's first coalition.
    /// @param width Bytes of each utility, 1 to 32: big-endian, in two's complement.
    /// @param count The members, at most 16.
    struct Span {
        uint256 job;
        uint256 round;
        uint256 first;
        uint256 width;
        uint256 count;
        uint256 member;
    }

    /// @notice What a part of a table adds to a member's Shapley value times count!, and the part's root, coalition by
    /// coalition in the order of the masks.
    /// @dev The value is a sum over all coalitions S: (|S| - 1)! (count - |S|)! U(S) of those with the member, less
    /// |S|! (count - 1 - |S|)! U(S) of those without. Wraps where a utility passes any that can be measured: what is
    /// signed is compared modulo 2**256, so that no utility makes a lie about it unprovable.
    /// @param utilities As many as a power of two.
    function sum(Span memory span, bytes calldata utilities) internal pure returns (bytes32 root, int256 value) {
        bytes32[] memory leaves = new bytes32[](utilities.length / span.width);
        uint256 offset;
        assembly ("memory-safe") {
            offset := utilities.offset
        }
        value = _read(span, offset, leaves, _weights(span.count));
        root = IndexTree.rootOf(leaves);
    }

    /// @dev Reads as many utilities as there are leaves from `offset` of the calldata, and fills the leaves.
    function _read(Span memory span, uint256 offset, bytes32[] memory leaves, int256[] memory weights)
        private
        pure
        returns (int256 value)
    {
        assembly ("memory-safe") {
            let preimage := mload(0x40) // job, round, coalition, utility
            mstore(preimage, mload(span))
            mstore(add(preimage, 0x20), mload(add(span, 0x20)))
            let coalition := mload(add(span, 0x40))
            let width := mload(add(span, 0x60))
            let leaf := add(leaves, 0x20)
            for { let end := add(coalition, mload(leaves)) } lt(coalition, end) { coalition := add(coalition, 1) } {
                let utility := sar(sub(256, shl(3, width)), calldataload(offset))
                mstore(add(preimage, 0x40), coalition)
                mstore(add(preimage, 0x60), utility)
                mstore(leaf, keccak256(preimage, 0x80))

                let size := sub(coalition, and(shr(1, coalition), 0x5555))
                size := add(and(size, 0x3333), and(shr(2, size), 0x3333))
                size := and(add(size, shr(4, size)), 0x0f0f)
                size := and(add(size, shr(8, size)), 0x1f)
                // Two words a size: without the member, and with it.
                size := add(shl(6, size), shl(5, and(shr(mload(add(span, 0xa0)), coalition), 1)))
                value := add(value, mul(mload(add(add(weights, 0x20), size)), utility))
                offset := add(offset, width)
                leaf := add(leaf, 0x20)
            }
        }
    }

    /// @dev At 2 s for the coalitions of s members without the member, at 2 s + 1 for those with it.
    function _weights(uint256 count) private pure returns (int256[] memory weights) {
        weights = new int256[](2 * count + 2);
        int256 weight = 1;
        for (uint256 i = 1; i < count; ++i) {
            weight *= int256(i);
        }
        for (uint256 size; size < count; ++size) {
            if (size != 0) weight = weight * int256(size) / int256(count - size);
            weights[2 * size] = -weight;
            weights[2 * size + 3] = weight;
        }
    }
}
