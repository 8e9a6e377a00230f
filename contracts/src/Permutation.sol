// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Permutation
/// @notice The joining orders that members are valued in, drawn from a round's seed: the same everywhere.
/// @dev Word w is keccak256(abi.encode(seed, index, w)), w = 0, 1, 2, ...; each holds sixteen 16-bit numbers,
/// taken from the lowest bits up. A number below m is drawn by rejection: the next x is passed over while
/// x >= 2**16 - 2**16 % m, and gives x % m, so that no number is likelier than another. The order is a
/// Fisher-Yates shuffle of 0, 1, ..., n - 1: for m = n, n - 1, ..., 2 the places m - 1 and "a number below m"
/// change their members. `fedmerit.shuffles` is the same in Python.
library Permutation {
    /// @notice Thrown when there are more members than a 16-bit number can tell apart.
    error TooManyToOrder(uint256 count);

    /// @notice The order in which `count` members join in permutation `index` of a seed.
    function order(bytes32 seed, uint256 index, uint256 count) internal pure returns (uint16[] memory drawn) {
        if (count > 1 << 16) revert TooManyToOrder(count);
        drawn = new uint16[](count);
        for (uint256 i; i < count; ++i) {
            drawn[i] = uint16(i);
        }
        // In assembly because a dispute pays for it: 160 gas a member, against 600 in Solidity.
        assembly ("memory-safe") {
            let first := add(drawn, 0x20)
            let preimage := mload(0x40) // seed, index, w
            mstore(preimage, seed)
            mstore(add(preimage, 0x20), index)
            let words := 0
            let word := 0
            let left := 0 // numbers that `word` still holds

            for { let m := count } gt(m, 1) { m := sub(m, 1) } {
                let limit := sub(0x10000, mod(0x10000, m))
                let x := limit
                for {} iszero(lt(x, limit)) {} {
                    if iszero(left) {
                        mstore(add(preimage, 0x40), words)
                        word := keccak256(preimage, 0x60)
                        words := add(words, 1)
                        left := 16
                    }
                    x := and(word, 0xffff)
                    word := shr(16, word)
                    left := sub(left, 1)
                }
                let last := add(first, shl(5, sub(m, 1)))
                let other := add(first, shl(5, mod(x, m)))
                let kept := mload(last)
                mstore(last, mload(other))
                mstore(other, kept)
            }
        }
    }
}
