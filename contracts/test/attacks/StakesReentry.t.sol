// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IArbiter} from "../../src/interfaces/IArbiter.sol";
import {IDisputes} from "../../src/interfaces/IDisputes.sol";
import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {IStakes} from "../../src/interfaces/IStakes.sol";
import {Guarded} from "../helpers/Guarded.sol";
import {HookedToken, IHook} from "../helpers/Tokens.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev An account that is handed control while its stake or its bond moves.
contract StakesReentryTest is Guarded, IHook, IArbiter {
    HookedToken private _hooked;
    uint256 private _job;
    Verdict private _ruling;
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

    function test_WhatIsOwedIsCollectedOnceAndAlone() external {
        stakes.put(_job);
        vm.startPrank(address(disputes));
        stakes.slash(_job, address(this), STRANGER);
        stakes.slash(_job, address(this), address(0xA));
        vm.stopPrank();
        _plan(address(stakes), abi.encodeCall(IStakes.collect, (_job, STRANGER)));
        _plan(address(stakes), abi.encodeCall(IStakes.collect, (_job, address(0xA))));

        stakes.collect(_job, STRANGER);

        vm.assertEq(_worked, 0);
        vm.assertEq(_hooked.balanceOf(STRANGER), SLASH / 2);
    }

    /* BONDS */

    function test_ABondThatIsPutDownTwiceAtOnceIsTakenOnce() external {
        IReports.Report memory report = _posted();
        _plan(address(disputes), _challenge(report));

        (bool done,) = address(disputes).call(_challenge(report));

        vm.assertTrue(done);
        vm.assertEq(_worked, 0);
        vm.assertEq(stakes.bonded(_job), BOND);
        vm.assertEq(disputes.challenges(), 1);
    }

    /// @dev Before it is paid, while another's bond is there to be had.
    function test_RevertWhen_AChallengeIsSettledWhileItsBondIsPutDown() external {
        IReports.Report memory report = _posted();
        (bool done,) = address(disputes).call(_challenge(report));
        vm.assertTrue(done);
        for (uint256 ruling = 1; ruling < 3; ++ruling) {
            _ruling = Verdict(ruling);
            _plan(address(disputes), abi.encodeCall(IDisputes.settle, (report, 3, disputes.challenges() + 1)));

            (done,) = address(disputes).call(_challenge(report));

            vm.assertTrue(done);
            vm.assertEq(_worked, 0);
        }
        vm.assertEq(stakes.bonded(_job), 3 * uint256(BOND));
    }

    /// @dev This test is the arbiter.
    function verdict(uint256) external view returns (Verdict) {
        return _ruling;
    }

    function _posted() private returns (IReports.Report memory report) {
        IRegistry.Terms memory terms = _guardedTerms(1);
        terms.form = IRegistry.Form.Open;
        (terms.token, terms.safeguards.arbiter) = (address(_hooked), address(this));
        (terms.safeguards.stake, terms.safeguards.slash) = (0, 0);
        (terms.safeguards.commitWindow, terms.safeguards.revealWindow) = (0, 0);
        _job = _start(terms, 1);
        report = _report(_job, new uint128[](1));
        reports.postList(report, _members(1), new uint128[](1), _sign(report));
    }

    function _challenge(IReports.Report memory report) private pure returns (bytes memory) {
        return abi.encodeCall(IDisputes.challenge, (report, 3, IDisputes.Fault.Payment, uint256(0), int256(1)));
    }

    function _plan(address target, bytes memory call) private {
        if (_calls.length == 0) _hooked.setHook(this);
        _targets.push(target);
        _calls.push(call);
    }
}
