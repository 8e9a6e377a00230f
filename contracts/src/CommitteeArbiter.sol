// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Committee} from "./Committee.sol";
import {IArbiter} from "./interfaces/IArbiter.sol";
import {ICommitteeArbiter} from "./interfaces/ICommitteeArbiter.sol";
import {IDisputes} from "./interfaces/IDisputes.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";

/// @title CommitteeArbiter
/// @notice The default arbiter: as many of the job's committee as a report needs.
contract CommitteeArbiter is ICommitteeArbiter, EIP712 {
    /* IMMUTABLES */

    bytes32 private constant RULING_TYPE =
        keccak256("Ruling(uint256 challenge,bytes32 signed,bytes32 question,uint8 verdict)");

    /// @inheritdoc ICommitteeArbiter
    IRegistry public immutable REGISTRY;

    /// @inheritdoc ICommitteeArbiter
    IDisputes public immutable DISPUTES;

    /* STORAGE */

    /// @inheritdoc IArbiter
    mapping(uint256 challenge => Verdict) public verdict;

    /* CONSTRUCTOR */

    /// @param registry Where jobs and committees are looked up.
    /// @param disputes Whose challenges are ruled on.
    constructor(IRegistry registry, IDisputes disputes) EIP712("fedmerit arbiter", "1") {
        REGISTRY = registry;
        DISPUTES = disputes;
    }

    /* ANYONE */

    /// @inheritdoc ICommitteeArbiter
    function rule(uint256 challenge, Verdict verdict_, bytes[] calldata signatures) external {
        if (verdict_ == Verdict.None) revert NoVerdict(challenge);
        Verdict before = verdict[challenge];
        if (before != Verdict.None) revert AlreadyRuled(challenge, before);
        IRegistry.Terms memory terms = REGISTRY.terms(DISPUTES.challengeOf(challenge).job);
        bytes32 digest = hashRuling(challenge, verdict_);
        uint256 seats = Committee.seatsOf(digest, signatures, terms.committee, terms.threshold);

        verdict[challenge] = verdict_;
        emit Ruled(challenge, verdict_, seats);
    }

    /* VIEWS */

    /// @inheritdoc ICommitteeArbiter
    function hashRuling(uint256 challenge, Verdict verdict_) public view returns (bytes32) {
        IDisputes.Challenge memory asked = DISPUTES.challengeOf(challenge);
        bytes32 told = keccak256(abi.encode(RULING_TYPE, challenge, asked.signed, asked.question, verdict_));
        return _hashTypedDataV4(told);
    }
}
