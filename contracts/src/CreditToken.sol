// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title CreditToken
/// @notice The token of local chains and lessons: its owner mints what a scenario needs.
contract CreditToken is ERC20Permit, Ownable {
    /// @param owner Who may mint.
    constructor(address owner) ERC20("fedmerit credit", "FMC") ERC20Permit("fedmerit credit") Ownable(owner) {}

    /// @notice Makes `amount` new base units for `account`. Owner only.
    function mint(address account, uint256 amount) external onlyOwner {
        _mint(account, amount);
    }
}
