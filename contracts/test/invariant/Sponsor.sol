// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobVault} from "../../src/JobVault.sol";
import {Registry} from "../../src/Registry.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {HookedToken, IHook} from "../helpers/Tokens.sol";

/// @title Sponsor
/// @notice A sponsor whose token hands it control in every transfer, which it uses to do the same thing again.
contract Sponsor is IHook {
    JobVault private immutable VAULT;

    bytes private _again;

    /// @notice How often doing it again worked. Must stay zero.
    uint256 public reentries;

    /// @notice How often it was tried.
    uint256 public attempts;

    constructor(JobVault vault, HookedToken token) {
        VAULT = vault;
        token.approve(address(vault), type(uint256).max);
    }

    function open(Registry registry, IRegistry.Terms calldata terms) external returns (uint256) {
        return registry.open(terms);
    }

    /// @notice Sends `call` to the vault, and once more from inside its transfer.
    function send(bytes calldata call) external returns (bool done) {
        _again = call;
        (done,) = address(VAULT).call(call);
        delete _again;
    }

    /// @inheritdoc IHook
    function onTransfer() external {
        bytes memory call = _again;
        if (call.length == 0) return;
        delete _again;
        ++attempts;
        (bool done,) = address(VAULT).call(call);
        if (done) ++reentries;
    }
}
