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

/// @title IReceiver
/// @notice Told of every transfer of a CallingToken that it receives.
interface IReceiver {
    function onReceived(uint256 amount) external;
}

/// @title CallingToken
/// @notice Tells whoever receives it and listens, as ERC-777 does.
contract CallingToken is ERC20("tells its receiver", "TELL") {
    mapping(address account => bool listens) private _listens;

    function listen(address account) external {
        _listens[account] = true;
    }

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (_listens[to]) IReceiver(to).onReceived(amount);
    }
}

/// @title MuteToken
/// @notice Returns nothing from its transfers, as some old tokens do.
contract MuteToken {
    mapping(address account => uint256 amount) public balanceOf;
    mapping(address owner => mapping(address spender => uint256 amount)) public allowance;

    function mint(address account, uint256 amount) external {
        balanceOf[account] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @title MoodyToken
/// @notice An exact token until its owner changes its mind: it then halves all balances, or fails silently, or takes
/// more than it was asked to.
contract MoodyToken is ERC20("changes its mind", "MOOD") {
    bool public silent;
    uint256 public extra;
    uint256 private _halvings;

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }

    function fallSilent() external {
        silent = true;
    }

    function takeMore(uint256 amount) external {
        extra = amount;
    }

    function rebase() external {
        ++_halvings;
    }

    function balanceOf(address account) public view override returns (uint256) {
        return super.balanceOf(account) >> _halvings;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (silent) return false;
        if (extra != 0) _transfer(msg.sender, address(0xFEE), extra);
        if (amount > balanceOf(msg.sender)) revert ERC20InsufficientBalance(msg.sender, balanceOf(msg.sender), amount);
        return super.transfer(to, amount << _halvings);
    }
}
