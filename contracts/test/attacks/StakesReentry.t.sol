// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {IStakes} from "../../src/interfaces/IStakes.sol";
import {Guarded} from "../helpers/Guarded.sol";
import {HookedToken, IHook} from "../helpers/Tokens.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev An account that is handed control while its stake or its bond moves.
contract StakesReentryTest is Guarded, IHook {
    HookedToken private _hooked;
    uint256 private _job;
    IReports.Report private _about;
    bytes[] private _calls;
    address[] private _targets;
    uint256 private _worked;

    function setUp() external {
        _hooked = new HookedToken();
        IRegistry.Terms memory terms = _guardedTerms(1);
        terms.token = address(_hooked);
        _job = _open(terms);
        _hooked.mint(address(this), 10 * STAKE);
        _hooked.approve(address(stakes), type(uint256).max);
    }

    function onTransfer() external {
        while (_calls.length != 0) {
            (address target, bytes memory call) = (_targets[_targets.length - 1], _calls[_calls.length - 1]);
            _targets.pop();
            _calls.pop();
            (bool done,) = target.call(call);
            if (done) ++_worked;
        }
    }

    function test_AStakeThatIsPutDownTwiceAtOnceIsTakenOnce() external {
        _plan(address(stakes), abi.encodeCall(IStakes.put, (_job)));
        _plan(address(stakes), abi.encodeCall(IStakes.exit, (_job)));
        _plan(address(stakes), abi.encodeCall(IStakes.withdraw, (_job)));

        stakes.put(_job);

        vm.assertEq(_worked, 0);
        vm.assertEq(_hooked.balanceOf(address(stakes)), STAKE);
        vm.assertEq(stakes.staked(_job), STAKE);
    }

    function test_AStakeThatIsTakenTwiceAtOnceIsPaidOnce() external {
        _hooked.mint(address(stakes), STAKE); // somebody else's
        stakes.put(_job);
        stakes.exit(_job);
        vm.warp(block.timestamp + UNBONDING);
        _plan(address(stakes), abi.encodeCall(IStakes.withdraw, (_job)));
        _plan(address(stakes), abi.encodeCall(IStakes.put, (_job)));

        stakes.withdraw(_job);

        vm.assertEq(_worked, 0);
        vm.assertEq(_hooked.balanceOf(address(this)), 10 * uint256(STAKE));
    }

    function test_WhatIsOwedIsCollectedOnce() external {
        stakes.put(_job);
        vm.prank(address(disputes));
        stakes.slash(_job, address(this), STRANGER);
        _plan(address(stakes), abi.encodeCall(IStakes.collect, (_job, STRANGER)));

        stakes.collect(_job, STRANGER);

        vm.assertEq(_worked, 0);
        vm.assertEq(_hooked.balanceOf(STRANGER), SLASH / 2);
    }

    function _plan(address target, bytes memory call) private {
        if (_calls.length == 0) _hooked.setHook(this);
        _targets.push(target);
        _calls.push(call);
    }
}
