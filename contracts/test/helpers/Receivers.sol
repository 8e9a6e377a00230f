// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {IReceiver} from "./Tokens.sol";

/// @title Refuser
/// @notice Takes nothing.
contract Refuser is IReceiver {
    bool public willing;

    function onReceived(uint256) external view {
        require(willing, "no");
    }

    function relent() external {
        willing = true;
    }
}

/// @title Burner
/// @notice Uses up all the gas it is given.
contract Burner is IReceiver {
    function onReceived(uint256) external pure {
        while (true) {}
    }
}

/// @title Babbler
/// @notice Reverts with a megabyte.
contract Babbler is IReceiver {
    function onReceived(uint256) external pure {
        assembly {
            revert(0, 1000000)
        }
    }
}

/// @title Giver
/// @notice Gives some of what it receives back at once, to upset whoever counts.
contract Giver is IReceiver {
    address private immutable BACK_TO;
    uint256 private immutable BACK;

    constructor(address backTo, uint256 back) {
        (BACK_TO, BACK) = (backTo, back);
    }

    function onReceived(uint256) external {
        require(ERC20(msg.sender).transfer(BACK_TO, BACK));
    }
}

/// @title Reenterer
/// @notice Makes a list of calls as soon as it receives anything, and counts those that work.
contract Reenterer is IReceiver {
    address[] private _targets;
    bytes[] private _calls;

    uint256 public attempts;
    uint256 public worked;
    bool private _refuses;

    function refuse(bool refuses) external {
        _refuses = refuses;
    }

    function plan(address target, bytes calldata call) external {
        _targets.push(target);
        _calls.push(call);
    }

    function onReceived(uint256) external {
        require(!_refuses, "no");
        for (uint256 i = attempts; i < _calls.length; ++i) {
            ++attempts;
            (bool done,) = _targets[i].call(_calls[i]);
            if (done) ++worked;
        }
    }
}
