// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Committee
/// @notice Who of a committee signed a digest.
library Committee {
    /// @notice Thrown when fewer committee members signed than the terms ask for.
    error TooFewSignatures(uint256 given, uint256 threshold);

    /// @notice Thrown when the recovered signers do not strictly ascend, as when one signs twice.
    error SignersNotAscending(address previous, address next);

    /// @notice Thrown when a signature is of nobody on the committee.
    error NotInCommittee(address signer);

    /// @notice The seats of those who signed, as a bitmask: bit i is the committee's member i.
    /// @dev Both lists ascend, so one walk over each is enough.
    function seatsOf(bytes32 digest, bytes[] calldata signatures, address[] memory committee, uint256 threshold)
        internal
        pure
        returns (uint256 seats)
    {
        if (signatures.length < threshold) revert TooFewSignatures(signatures.length, threshold);

        address previous;
        uint256 seat;
        for (uint256 i; i < signatures.length; ++i) {
            address signer = ECDSA.recoverCalldata(digest, signatures[i]);
            if (signer <= previous) revert SignersNotAscending(previous, signer);
            while (seat < committee.length && committee[seat] < signer) ++seat;
            if (seat == committee.length || committee[seat] != signer) revert NotInCommittee(signer);
            seats |= 1 << seat;
            previous = signer;
        }
    }
}
