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

    /// @notice The root over the utilities of all coalitions, coalition by coalition in the order of the masks.
    function tableRoot(uint256 job, uint256 round, int256[] calldata utilities) internal pure returns (bytes32) {
        bytes32[] memory leaves = new bytes32[](utilities.length);
        assembly ("memory-safe") {
            let preimage := mload(0x40) // job, round, coalition, utility
            mstore(preimage, job)
            mstore(add(preimage, 0x20), round)
            for { let coalition := 0 } lt(coalition, utilities.length) { coalition := add(coalition, 1) } {
                let offset := shl(5, coalition)
                mstore(add(preimage, 0x40), coalition)
                mstore(add(preimage, 0x60), calldataload(add(utilities.offset, offset)))
                mstore(add(add(leaves, 0x20), offset), keccak256(preimage, 0x80))
            }
        }
        return IndexTree.rootOf(leaves);
    }

    /// @notice A member's Shapley value, times count! so that it is an integer.
    /// @dev The sum over the coalitions S without the member of |S|! (count - 1 - |S|)! (U(S + member) - U(S)).
    /// @param utilities Those of all 2**count coalitions, in the order of the masks; at most 16 members.
    function shapley(int256[] calldata utilities, uint256 count, uint256 member) internal pure returns (int256 value) {
        uint256[] memory weights = _weights(count);
        // Wraps where a utility passes any that can be measured: what is signed is compared modulo 2**256, so
        // that no utility makes a lie about it unprovable.
        assembly ("memory-safe") {
            let bit := shl(member, 1)
            for { let coalition := 0 } lt(coalition, utilities.length) { coalition := add(coalition, 1) } {
                if iszero(and(coalition, bit)) {
                    let size := sub(coalition, and(shr(1, coalition), 0x5555))
                    size := add(and(size, 0x3333), and(shr(2, size), 0x3333))
                    size := and(add(size, shr(4, size)), 0x0f0f)
                    size := and(add(size, shr(8, size)), 0x1f)
                    let without := calldataload(add(utilities.offset, shl(5, coalition)))
                    let with := calldataload(add(utilities.offset, shl(5, or(coalition, bit))))
                    let weight := mload(add(add(weights, 0x20), shl(5, size)))
                    value := add(value, mul(weight, sub(with, without)))
                }
            }
        }
    }

    /// @dev For coalitions of 0, 1, ..., count - 1 members: size! (count - 1 - size)!
    function _weights(uint256 count) private pure returns (uint256[] memory weights) {
        weights = new uint256[](count);
        weights[0] = 1;
        for (uint256 i = 1; i < count; ++i) {
            weights[0] *= i;
        }
        for (uint256 size = 1; size < count; ++size) {
            weights[size] = weights[size - 1] * size / (count - size);
        }
    }
}
