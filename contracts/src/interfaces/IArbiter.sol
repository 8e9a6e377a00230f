// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

/// @title IArbiter
/// @notice Rules on challenges of what the chain cannot compute.
interface IArbiter {
    /* TYPES */

    /// @notice What an arbiter has found.
    enum Verdict {
        None,
        Upheld,
        Rejected
    }

    /* VIEWS */

    /// @notice What the arbiter has found in a challenge. Once it is not None it must not change.
    /// @param challenge The challenge's number at the Disputes contract that asks.
    function verdict(uint256 challenge) external view returns (Verdict);
}
