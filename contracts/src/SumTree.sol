// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title SumTree
/// @notice The positional Merkle-sum tree that reports are settled by.
/// @dev leaf = H(0, job, index, account, cumulative), its sum is `cumulative`;
/// node = H(1, leftHash, leftSum, rightHash, rightSum), its sum is `leftSum + rightSum`.
/// Leaves stand in index order; at each level an odd last node is paired with the empty node (0, 0).
/// A proof recomputes every sum on its path, so what valid proofs can claim together never passes
/// the root's sum, even if whoever made the tree lied about the sums inside it.
library SumTree {
    /// @notice A node of the tree: its root, or a sibling in a proof.
    /// @param hash The node's Keccak-256.
    /// @param sum What the leaves below it may claim together, in base units.
    struct Node {
        bytes32 hash;
        uint256 sum;
    }

    /// @dev First word of what is hashed, so that no leaf can be passed off as an inner node.
    uint256 private constant LEAF = 0;
    uint256 private constant INNER = 1;

    /// @notice Builds the tree of a whole list, and the digest of its accounts, in one pass.
    /// @dev The lists must be of one length, and not empty. In assembly because this loop is what a
    /// report costs: it takes 560 gas a participant, and the same loop in Solidity takes 1,400. As a binary
    /// counter keeps its bits, it keeps one pair a level, laid out as it is hashed, and fills the left of
    /// a pair before its right; so memory does not grow with the list.
    /// @return root The tree's root. Its sum cannot overflow, for the amounts are of 128 bits.
    /// @return members keccak256(abi.encodePacked(members, account)), chained over the accounts from zero.
    function build(uint256 job, address[] calldata accounts, uint128[] calldata cumulative)
        internal
        pure
        returns (Node memory root, bytes32 members)
    {
        uint256 pairs;
        assembly ("memory-safe") {
            let leafAt := mload(0x40) // LEAF, job, index, account, cumulative
            pairs := add(leafAt, 0xa0) // INNER, leftHash, leftSum, rightHash, rightSum; one a level
            mstore(0x40, add(pairs, 0x1400)) // 32 levels: more accounts than any block carries
            mstore(leafAt, LEAF)
            mstore(add(leafAt, 0x20), job)

            let at := accounts.offset
            let apart := sub(cumulative.offset, accounts.offset)
            let spare := 0 // bits that no account and no amount has
            for { let index := 0 } lt(index, accounts.length) { index := add(index, 1) } {
                let account := calldataload(at)
                let sum := calldataload(add(at, apart))
                at := add(at, 0x20)
                spare := or(spare, or(shr(160, account), shr(128, sum)))

                mstore(0x00, members)
                mstore(0x20, shl(96, account))
                members := keccak256(0x00, 0x34)

                mstore(add(leafAt, 0x40), index)
                mstore(add(leafAt, 0x60), account)
                mstore(add(leafAt, 0x80), sum)
                let hash := keccak256(leafAt, 0xa0)

                let pair := pairs
                for { let bits := index } and(bits, 1) { bits := shr(1, bits) } {
                    mstore(add(pair, 0x60), hash)
                    mstore(add(pair, 0x80), sum)
                    hash := keccak256(pair, 0xa0)
                    sum := add(mload(add(pair, 0x40)), sum)
                    pair := add(pair, 0xa0)
                }
                mstore(pair, INNER)
                mstore(add(pair, 0x20), hash)
                mstore(add(pair, 0x40), sum)
            }
            // Solidity's own check of calldata, once for all.
            if spare { revert(0, 0) }
        }
        (root.hash, root.sum) = _close(pairs, accounts.length);
    }

    /// @notice Whether a proof leads from a leaf to `root`, in hash and in sum.
    /// @dev Sums that overflow panic: no tree has such a path.
    /// @param root What the proof must lead to.
    /// @param hash The leaf's hash, from `leaf`.
    /// @param sum The leaf's cumulative amount.
    /// @param index The leaf's position. Its bits, from the lowest, say on which side each level hangs.
    /// @param proof The siblings, from the leaf up.
    function verify(Node memory root, bytes32 hash, uint256 sum, uint256 index, Node[] calldata proof)
        internal
        pure
        returns (bool)
    {
        if (index >> proof.length != 0) return false;

        for (uint256 level; level < proof.length; ++level) {
            Node calldata sibling = proof[level];
            hash = (index >> level) & 1 == 0
                ? _inner(hash, sum, sibling.hash, sibling.sum)
                : _inner(sibling.hash, sibling.sum, hash, sum);
            sum += sibling.sum;
        }
        return hash == root.hash && sum == root.sum;
    }

    /// @notice The hash of one member's leaf.
    function leaf(uint256 job, uint256 index, address account, uint256 cumulative) internal pure returns (bytes32) {
        return _hash(LEAF, job, index, uint160(account), cumulative);
    }

    /// @notice The digest of a list of accounts with one more at its end.
    /// @dev keccak256(abi.encodePacked(members, account)) in scratch space; see `_hash` for why.
    function append(bytes32 members, address account) internal pure returns (bytes32 appended) {
        assembly ("memory-safe") {
            mstore(0x00, members)
            mstore(0x20, shl(96, account))
            appended := keccak256(0x00, 0x34)
        }
    }

    /// @dev Climbs the right edge of `count` leaves, from the first level that a left node ends alone.
    /// `pairs` is as `build` leaves it: the left of level k holds a node if bit k of `count` is set.
    function _close(uint256 pairs, uint256 count) private pure returns (bytes32 hash, uint256 sum) {
        assembly ("memory-safe") {
            let pair := pairs
            // While there is more than one node on this level; an edge that was begun is one.
            for {} gt(add(count, gt(hash, 0)), 1) { count := shr(1, count) } {
                let odd := and(count, 1)
                if or(odd, gt(hash, 0)) {
                    // The edge is the right of a left node, or the left of the empty node.
                    let edge := add(pair, add(0x20, shl(6, odd)))
                    if iszero(odd) {
                        mstore(add(pair, 0x60), 0)
                        mstore(add(pair, 0x80), 0)
                    }
                    mstore(pair, INNER)
                    mstore(edge, hash)
                    mstore(add(edge, 0x20), sum)
                    sum := add(mload(add(pair, 0x40)), mload(add(pair, 0x80)))
                    hash := keccak256(pair, 0xa0)
                }
                pair := add(pair, 0xa0)
            }
            if iszero(hash) {
                hash := mload(add(pair, 0x20))
                sum := mload(add(pair, 0x40))
            }
        }
    }

    function _inner(bytes32 leftHash, uint256 leftSum, bytes32 rightHash, uint256 rightSum)
        private
        pure
        returns (bytes32)
    {
        return _hash(INNER, uint256(leftHash), leftSum, uint256(rightHash), rightSum);
    }

    /// @dev keccak256(abi.encode(a, b, c, d, e)). In assembly because abi.encode claims new memory for
    /// every hash, and memory is priced by its square; this writes above the free pointer without moving it.
    function _hash(uint256 a, uint256 b, uint256 c, uint256 d, uint256 e) private pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, a)
            mstore(add(free, 0x20), b)
            mstore(add(free, 0x40), c)
            mstore(add(free, 0x60), d)
            mstore(add(free, 0x80), e)
            digest := keccak256(free, 0xa0)
        }
    }
}
