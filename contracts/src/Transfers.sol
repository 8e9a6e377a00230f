// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Transfers
/// @notice Transfers that are checked by what arrives, whatever the token says of them.
library Transfers {
    using SafeERC20 for IERC20;

    /// @notice Thrown when the token moves another amount than it was asked to.
    error InexactTransfer(uint256 asked, uint256 moved);

    /// @notice Thrown when a transaction leaves too little gas for a capped transfer to be given its share.
    error TooLittleGas(uint256 left, uint256 needed);

    /// @notice Moves `amount` from `from` to this contract.
    /// @dev Counted after the transfer, for a token may keep a fee. The caller must be guarded against re-entry.
    function pull(IERC20 token, address from, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert InexactTransfer(amount, received);
    }

    /// @notice Tries to move `amount` to `to` with at most `gasCap` gas.
    /// @dev Whether it worked is what this contract's balance says. What the token returns is not even copied, so
    /// that a megabyte of it costs nothing here.
    function tryPush(IERC20 token, address to, uint256 amount, uint256 gasCap) internal returns (bool moved) {
        // The EVM keeps a 64th back; with less, whoever sends this could make any transfer fail.
        uint256 needed = gasCap + gasCap / 32 + 20_000;
        uint256 before = token.balanceOf(address(this));
        if (gasleft() < needed) revert TooLittleGas(gasleft(), needed);
        bytes memory data = abi.encodeCall(IERC20.transfer, (to, amount));
        assembly ("memory-safe") {
            pop(call(gasCap, token, 0, add(data, 0x20), mload(data), 0, 0))
        }
        uint256 left = token.balanceOf(address(this));
        // A receiver that gives some of it back, to make this fail for others, is paid all the same.
        if (left >= before) return false;
        if (before - left > amount) revert InexactTransfer(amount, before - left);
        return true;
    }
}
