// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {IRegistry} from "./IRegistry.sol";

/// @title IRounds
/// @notice Binds the coordinator to the updates of each training round, as it happens.
interface IRounds {
    /* ERRORS */

    /// @notice Thrown when anyone but the job's coordinator commits.
    error NotCoordinator(uint256 job, address caller);

    /// @notice Thrown when a training round is left out, or committed twice.
    error OutOfOrder(uint256 job, uint256 trainingRound, uint256 expected);

    /* EVENTS */

    /// @notice Emitted once per training round. `history` is the digest after it.
    event UpdatesCommitted(uint256 indexed job, uint256 indexed trainingRound, bytes32 updatesRoot, bytes32 history);

    /* VIEWS */

    /// @notice Where jobs and their coordinators are looked up.
    function REGISTRY() external view returns (IRegistry);

    /// @notice The last training round committed; 0 if none was.
    function committed(uint256 job) external view returns (uint256);

    /// @notice keccak256(abi.encode(history, trainingRound, updatesRoot)), chained over the rounds from zero.
    function history(uint256 job) external view returns (bytes32);

    /* ACTIONS */

    /// @notice Commits the root of one training round's updates, for good. Coordinator only.
    /// @param trainingRound The round's number: one more than `committed`.
    function commit(uint256 job, uint256 trainingRound, bytes32 updatesRoot) external;
}
