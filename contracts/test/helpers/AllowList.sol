// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title AllowList
/// @notice OpenZeppelin's Merkle list of accounts, with the proofs that members join by.
library AllowList {
    function levels(address[] memory accounts) internal pure returns (bytes32[][] memory built) {
        uint256 depth;
        while (1 << depth < accounts.length) ++depth;
        built = new bytes32[][](depth + 1);
        built[0] = new bytes32[](accounts.length);
        for (uint256 i; i < accounts.length; ++i) {
            built[0][i] = keccak256(bytes.concat(keccak256(abi.encode(accounts[i]))));
        }
        for (uint256 level; level < depth; ++level) {
            bytes32[] memory below = built[level];
            bytes32[] memory above = new bytes32[]((below.length + 1) / 2);
            for (uint256 i; i < below.length / 2; ++i) {
                above[i] = Hashes.commutativeKeccak256(below[2 * i], below[2 * i + 1]);
            }
            // An odd last node moves up as it is.
            if (below.length % 2 == 1) above[above.length - 1] = below[below.length - 1];
            built[level + 1] = above;
        }
    }

    function root(bytes32[][] memory built) internal pure returns (bytes32) {
        return built[built.length - 1][0];
    }

    function proof(bytes32[][] memory built, uint256 index) internal pure returns (bytes32[] memory siblings) {
        siblings = new bytes32[](built.length - 1);
        uint256 found;
        for (uint256 level; level < built.length - 1; ++level) {
            uint256 sibling = (index >> level) ^ 1;
            if (sibling < built[level].length) siblings[found++] = built[level][sibling];
        }
        assembly ("memory-safe") {
            mstore(siblings, found) // odd nodes had no sibling
        }
    }
}
