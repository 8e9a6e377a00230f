// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";

/// @title Book
/// @notice A valuation as its definition reads, page by page: what disputes are tested with.
library Book {
    struct Pages {
        uint256 job;
        uint256 round;
        uint256 count;
        uint256 permutations;
        uint16[][] orders;
        uint256[] coalitions; // the table's, in its order
        int256[] utilities;
        int256[] marginals; // the steps', in their order
        int256[] totals;
        int256[] values;
    }

    /// @notice Any utilities: some are negative, and no two differences are alike.
    function utility(uint256 coalition) internal pure returns (int256) {
        return int256(uint256(keccak256(abi.encode("utility", coalition))) % 1_000_000) - 300_000;
    }

    /// @notice The honest book of a valuation in joining orders.
    function drawn(uint256 job, uint256 round, uint256 count, uint16[][] memory orders)
        internal
        pure
        returns (Pages memory book)
    {
        uint256 m = orders.length;
        (book.job, book.round, book.count, book.permutations, book.orders) = (job, round, count, m, orders);
        book.coalitions = new uint256[](m * (count + 1));
        book.utilities = new int256[](m * (count + 1));
        book.marginals = new int256[](m * count);
        book.totals = new int256[](m * count);
        book.values = new int256[](count);
        for (uint256 p; p < m; ++p) {
            uint256 coalition;
            uint256 place = p * (count + 1);
            book.utilities[place] = utility(0);
            for (uint256 k; k < count; ++k) {
                uint256 member = orders[p][k];
                coalition |= 1 << member;
                book.coalitions[place + k + 1] = coalition;
                book.utilities[place + k + 1] = utility(coalition);
                int256 marginal = book.utilities[place + k + 1] - book.utilities[place + k];
                book.values[member] += marginal;
                book.marginals[p * count + k] = marginal;
                book.totals[p * count + k] = book.values[member];
            }
        }
    }

    /// @notice The honest book of an exact valuation.
    function exact(uint256 job, uint256 round, uint256 count) internal pure returns (Pages memory book) {
        (book.job, book.round, book.count) = (job, round, count);
        book.coalitions = new uint256[](1 << count);
        book.utilities = new int256[](1 << count);
        for (uint256 coalition; coalition < 1 << count; ++coalition) {
            book.coalitions[coalition] = coalition;
            book.utilities[coalition] = utility(coalition);
        }
        book.values = new int256[](count);
        for (uint256 member; member < count; ++member) {
            book.values[member] = shapley(book.utilities, count, member);
        }
    }

    /// @notice count! times the Shapley value: the sum of the marginals over all joining orders.
    /// @dev Counted by adding a member at a time, order by order, for up to six members.
    function shapley(int256[] memory utilities, uint256 count, uint256 member) internal pure returns (int256) {
        return _rest(utilities, count, member, 0);
    }

    function roots(Pages memory book)
        internal
        pure
        returns (uint256 permutations, bytes32 table, bytes32 steps, bytes32 values)
    {
        permutations = book.permutations;
        (table,) = path(tableLeaves(book), 0);
        if (permutations != 0) (steps,) = path(stepLeaves(book), 0);
        (values,) = path(valueLeaves(book), 0);
    }

    function utilityAt(Pages memory book, uint256 index) internal pure returns (IDisputes.Utility memory leaf) {
        (leaf.coalition, leaf.utility) = (book.coalitions[index], book.utilities[index]);
        (, leaf.proof) = path(tableLeaves(book), index);
    }

    function stepAt(Pages memory book, uint256 p, uint256 k) internal pure returns (IDisputes.Step memory leaf) {
        uint256 index = p * book.count + k;
        (leaf.permutation, leaf.position) = (p, k);
        (leaf.marginal, leaf.total) = (book.marginals[index], book.totals[index]);
        (, leaf.proof) = path(stepLeaves(book), index);
    }

    function valueAt(Pages memory book, uint256 index) internal pure returns (IDisputes.Value memory leaf) {
        (leaf.index, leaf.value) = (index, book.values[index]);
        (, leaf.proof) = path(valueLeaves(book), index);
    }

    /// @notice The part of an exact table that begins at coalition `first`, in whole words.
    function partAt(Pages memory book, uint256 first, uint256 size) internal pure returns (IDisputes.Part memory part) {
        part.width = 32;
        part.utilities = packed(book.utilities, 32, first, size);
        (, bytes32[] memory whole) = path(tableLeaves(book), first);
        uint256 inside;
        while (1 << inside < size) ++inside;
        part.proof = new bytes32[](whole.length - inside);
        for (uint256 level; level < part.proof.length; ++level) {
            part.proof[level] = whole[inside + level];
        }
    }

    /// @notice Utilities one after the other, each cut to its last `width` bytes.
    function packed(int256[] memory utilities, uint256 width, uint256 first, uint256 size)
        internal
        pure
        returns (bytes memory text)
    {
        text = new bytes(size * width);
        for (uint256 i; i < size; ++i) {
            uint256 word = uint256(utilities[first + i]);
            for (uint256 byte_ = width; byte_ != 0; --byte_) {
                text[i * width + byte_ - 1] = bytes1(uint8(word));
                word >>= 8;
            }
        }
    }

    /// @notice Where a member stands in an order.
    function positionOf(Pages memory book, uint256 p, uint256 member) internal pure returns (uint256 k) {
        while (book.orders[p][k] != member) ++k;
    }

    function tableLeaves(Pages memory book) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](book.coalitions.length);
        for (uint256 i; i < leaves.length; ++i) {
            leaves[i] = keccak256(abi.encode(book.job, book.round, book.coalitions[i], book.utilities[i]));
        }
    }

    function stepLeaves(Pages memory book) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](book.marginals.length);
        for (uint256 i; i < leaves.length; ++i) {
            (uint256 p, uint256 k) = (i / book.count, i % book.count);
            leaves[i] = keccak256(abi.encode(book.job, book.round, p, k, book.marginals[i], book.totals[i]));
        }
    }

    function valueLeaves(Pages memory book) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](book.values.length);
        for (uint256 i; i < leaves.length; ++i) {
            leaves[i] = keccak256(abi.encode(book.job, book.round, i, book.values[i]));
        }
    }

    /// @notice The root, and the siblings of leaf `index` from the bottom up.
    function path(bytes32[] memory nodes, uint256 index) internal pure returns (bytes32, bytes32[] memory proof) {
        uint256 depth;
        while (1 << depth < nodes.length) ++depth;
        proof = new bytes32[](depth);
        for (uint256 level; level < depth; ++level) {
            proof[level] = index ^ 1 < nodes.length ? nodes[index ^ 1] : bytes32(0);
            bytes32[] memory parents = new bytes32[]((nodes.length + 1) / 2);
            for (uint256 i; i < parents.length; ++i) {
                bytes32 right = 2 * i + 1 < nodes.length ? nodes[2 * i + 1] : bytes32(0);
                parents[i] = keccak256(abi.encode(nodes[2 * i], right));
            }
            nodes = parents;
            index >>= 1;
        }
        return (nodes[0], proof);
    }

    function _rest(int256[] memory utilities, uint256 count, uint256 member, uint256 coalition)
        private
        pure
        returns (int256 sum)
    {
        for (uint256 next; next < count; ++next) {
            if ((coalition >> next) & 1 != 0) continue;
            uint256 joined = coalition | 1 << next;
            if (next == member) sum += (utilities[joined] - utilities[coalition]) * _orders(count, joined);
            else sum += _rest(utilities, count, member, joined);
        }
    }

    /// @dev In how many orders those who are not in the coalition can join.
    function _orders(uint256 count, uint256 coalition) private pure returns (int256 ways) {
        ways = 1;
        int256 left;
        for (uint256 i; i < count; ++i) {
            if ((coalition >> i) & 1 == 0) ways *= ++left;
        }
    }
}
