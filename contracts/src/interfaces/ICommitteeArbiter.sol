// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

import {IArbiter} from "./IArbiter.sol";
import {IDisputes} from "./IDisputes.sol";
import {IRegistry} from "./IRegistry.sol";

/// @title ICommitteeArbiter
/// @notice The default arbiter: as many of the job's committee as a report needs.
/// @dev It judges what its own quorum signed. That helps against a member of the committee who was careless or
/// deceived, and puts a lie on the record twice; against a quorum that lies together a job needs another arbiter.
interface ICommitteeArbiter is IArbiter {
    /* ERRORS */

    /// @notice Thrown when the committee is made to say nothing.
    error NoVerdict(uint256 challenge);

    /// @notice Thrown when a challenge was ruled on already.
    error AlreadyRuled(uint256 challenge, Verdict verdict);

    /* EVENTS */

    /// @notice Emitted once per challenge. `seats` are those who signed, as a bitmask.
    event Ruled(uint256 indexed challenge, Verdict verdict, uint256 seats);

    /* VIEWS */

    /// @notice Where jobs and committees are looked up.
    function REGISTRY() external view returns (IRegistry);

    /// @notice Whose challenges are ruled on.
    function DISPUTES() external view returns (IDisputes);

    /// @notice The digest that committee members sign: EIP-712, domain "fedmerit arbiter", version "1",
    /// type Ruling(uint256 challenge,bytes32 signed,bytes32 question,uint8 verdict). It says what is ruled on, and not
    /// its number alone, which is another challenge's where a chain takes blocks back.
    function hashRuling(uint256 challenge, Verdict verdict_) external view returns (bytes32);

    /* ACTIONS */

    /// @notice Takes the committee's verdict. Anyone may send it; the signatures decide.
    /// @param signatures 65 bytes each, of committee members in ascending order.
    function rule(uint256 challenge, Verdict verdict_, bytes[] calldata signatures) external;
}
