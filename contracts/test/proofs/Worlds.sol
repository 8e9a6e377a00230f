// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IJobVault} from "../../src/interfaces/IJobVault.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";

/// @title Coins
/// @notice An exact token in which everybody has allowed everything.
contract Coins {
    mapping(address account => uint256 amount) public balanceOf;

    function mint(address account, uint256 amount) external {
        balanceOf[account] += amount;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        _move(from, to, amount);
        return true;
    }

    function _move(address from, address to, uint256 amount) private {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @title World
/// @notice What the contracts under proof look up in the others: one job, of one member and a committee of one.
contract World {
    address internal constant SIGNER = address(0x51);
    uint128 internal constant STAKE = 100;
    uint128 internal constant SLASH = 60;
    uint128 internal constant BOND = 10;
    uint64 internal constant WINDOW = 1 days;

    Coins public immutable COINS = new Coins();

    /// @dev Of the last final report.
    mapping(uint256 job => bytes32) public root;
    mapping(uint256 job => uint256) public allocated;

    /* REGISTRY */

    function rules(uint256) external pure returns (IRegistry.Rules memory given) {
        given.roundBudget = type(uint128).max;
        given.challengeWindow = WINDOW;
        given.endsAt = type(uint64).max;
        given.threshold = 1;
        given.closed = true;
        given.staked = true;
        given.membersDigest = keccak256(abi.encodePacked(bytes32(0), address(0xA1)));
        given.committee = committee();
    }

    function terms(uint256) external pure returns (IRegistry.Terms memory given) {
        given.committee = committee();
    }

    function safeguards(uint256) external view returns (IRegistry.Safeguards memory given) {
        (given.stake, given.slash, given.bond, given.arbiter) = (STAKE, SLASH, BOND, address(this));
        (given.rulingWindow, given.unbonding) = (1 days, 5 days);
    }

    function token(uint256) external view returns (IERC20) {
        return IERC20(address(COINS));
    }

    function committee() public pure returns (address[] memory seats) {
        seats = new address[](1);
        seats[0] = SIGNER;
    }

    /* ROUNDS */

    function history(uint256) external pure returns (bytes32) {
        return 0;
    }

    /// @dev Every member has kept its secret in every period, so that whatever pays one can be proven false.
    function withheldIn(uint256, address) external pure returns (uint256) {
        return 1;
    }

    /* VAULT */

    function books(uint256 job, uint256 end) external view returns (IJobVault.Books memory) {
        return IJobVault.Books(root[job], allocated[job], type(uint128).max, end, 0);
    }

    function allocate(uint256 job, bytes32 root_, uint256 total) external {
        (root[job], allocated[job]) = (root_, total);
    }

    /* ARBITER */

    function verdict(uint256) external pure returns (uint8) {
        return 1; // upheld
    }
}
