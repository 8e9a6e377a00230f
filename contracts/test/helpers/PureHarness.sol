// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IndexTree} from "../../src/IndexTree.sol";
import {Permutation} from "../../src/Permutation.sol";
import {Valuation} from "../../src/Valuation.sol";

/// @title PureHarness
/// @notice The libraries of a valuation behind real calls, with real calldata.
contract PureHarness {
    function order(bytes32 seed, uint256 index, uint256 count) external pure returns (uint16[] memory) {
        return Permutation.order(seed, index, count);
    }

    function verify(bytes32 root, bytes32 leaf, uint256 index, bytes32[] calldata proof) external pure returns (bool) {
        return IndexTree.verify(root, leaf, index, proof);
    }

    /// @notice What a whole transaction checks that disputes a member's exact value: a part's root, and its sum.
    function sum(Valuation.Span calldata span, bytes calldata utilities)
        external
        pure
        returns (bytes32 root, int256 value)
    {
        return Valuation.sum(span, utilities);
    }

    /// @notice A digest over the orders of many seeds: keccak256(index) for the first, the one before it for the rest.
    function digestOfOrders(uint256 first, uint256 seeds) external pure returns (bytes32 digest) {
        for (uint256 i = first; i < first + seeds; ++i) {
            bytes32 seed = keccak256(abi.encode(i));
            digest = keccak256(abi.encode(digest, Permutation.order(seed, i % 7, 1 + i % 120)));
        }
    }
}
