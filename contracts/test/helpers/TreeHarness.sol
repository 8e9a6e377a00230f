// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SumTree} from "../../src/SumTree.sol";

/// @title TreeHarness
/// @notice SumTree's functions behind real calls, with real calldata.
contract TreeHarness {
    function build(uint256 job, address[] calldata accounts, uint128[] calldata amounts)
        external
        pure
        returns (SumTree.Node memory root, bytes32 members)
    {
        return SumTree.build(job, accounts, amounts);
    }

    function verify(
        SumTree.Node calldata root,
        uint256 job,
        uint256 index,
        address account,
        uint256 amount,
        SumTree.Node[] calldata proof
    ) external pure returns (bool) {
        return SumTree.verify(root, SumTree.leaf(job, index, account, amount), amount, index, proof);
    }

    /// @notice How far building moves the free-memory pointer.
    function memoryOfBuild(address[] calldata accounts, uint128[] calldata amounts)
        external
        pure
        returns (uint256 grown)
    {
        uint256 before;
        assembly ("memory-safe") {
            before := mload(0x40)
        }
        SumTree.build(1, accounts, amounts);
        assembly ("memory-safe") {
            grown := sub(mload(0x40), before)
        }
    }
}
