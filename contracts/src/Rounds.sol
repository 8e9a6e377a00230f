// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "./interfaces/IRegistry.sol";
import {IRounds} from "./interfaces/IRounds.sol";

/// @title Rounds
/// @notice The commitments to what was trained, one a training round.
contract Rounds is IRounds {
    /* IMMUTABLES */

    /// @inheritdoc IRounds
    IRegistry public immutable REGISTRY;

    /* STORAGE */

    /// @inheritdoc IRounds
    mapping(uint256 job => uint256 trainingRound) public committed;

    /// @inheritdoc IRounds
    mapping(uint256 job => bytes32 digest) public history;

    /* CONSTRUCTOR */

    /// @param registry Where jobs and their coordinators are looked up.
    constructor(IRegistry registry) {
        REGISTRY = registry;
    }

    /* COORDINATOR ONLY */

    /// @inheritdoc IRounds
    function commit(uint256 job, uint256 trainingRound, bytes32 updatesRoot) external {
        if (msg.sender != REGISTRY.terms(job).coordinator) revert NotCoordinator(job, msg.sender);
        uint256 expected = committed[job] + 1;
        if (trainingRound != expected) revert OutOfOrder(job, trainingRound, expected);

        committed[job] = trainingRound;
        bytes32 digest = keccak256(abi.encode(history[job], trainingRound, updatesRoot));
        history[job] = digest;
        emit UpdatesCommitted(job, trainingRound, updatesRoot, digest);
    }
}
