// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title FeeToken
/// @notice Keeps one base unit of every transfer, as some tokens do.
contract FeeToken is ERC20("fee on transfer", "FEE") {
    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(to, address(0), 1);
    }
}

/// @title SilentToken
/// @notice Says `false` instead of reverting, and moves nothing.
contract SilentToken is ERC20("never moves", "SILENT") {
    function transferFrom(address, address, uint256) public pure override returns (bool) {
        return false;
    }
}

/// @title IHook
/// @notice Told of every transfer of a HookedToken.
interface IHook {
    function onTransfer() external;
}

/// @title HookedToken
/// @notice Hands control to a stranger in the middle of every transfer.
contract HookedToken is ERC20("calls back", "HOOK") {
    IHook public hook;

    function setHook(IHook hook_) external {
        hook = hook_;
    }

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (address(hook) != address(0) && from != address(0)) hook.onTransfer();
    }
}
