// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Svm
/// @notice The few of halmos' cheatcodes that the proofs use beyond those of forge.
interface Svm {
    /// @notice A number that may be anything.
    function createUint256(string calldata name) external pure returns (uint256 value);

    /// @notice As many bytes, each of which may be anything.
    function createBytes(uint256 size, string calldata name) external pure returns (bytes memory data);

    /// @notice Lets everything that `target` holds be anything.
    function enableSymbolicStorage(address target) external;
}

/// @dev Where halmos answers them.
Svm constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));
