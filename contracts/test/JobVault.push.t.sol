// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Transfers} from "../src/Transfers.sol";
import {IJobVault} from "../src/interfaces/IJobVault.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {Callers} from "./helpers/Callers.sol";
import {Babbler, Burner, Giver, Refuser} from "./helpers/Receivers.sol";
import {MoodyToken, MuteToken} from "./helpers/Tokens.sol";
import {vm} from "./helpers/Vm.sol";

contract JobVaultPushTest is Callers {
    address private constant HONEST = address(0x600D);

    function test_EverybodyIsSentWhatItEarned() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);

        vm.prank(STRANGER);
        uint256 amount = vault.push(job, _claimsOf(job, _members(3), amounts));

        vm.assertEq(amount, 1_000);
        vm.assertEq(vault.paid(job), 1_000);
        vm.assertEq(vault.credited(job), 0);
        vm.assertEq(token.balanceOf(_member(0)), 600);
        vm.assertEq(token.balanceOf(_member(2)), 400);
    }

    function test_RevertWhen_OneProofIsWrong() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);
        IJobVault.Claim[] memory claims = _claimsOf(job, _members(3), amounts);
        claims[2].cumulative = 401;

        vm.expectRevert(abi.encodeWithSelector(IJobVault.InvalidProof.selector, job, 2));
        vault.push(job, claims);
    }

    function test_ASecondPushSendsNothing() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);
        vault.push(job, _claimsOf(job, _members(3), amounts));

        vm.assertEq(vault.push(job, _claimsOf(job, _members(3), amounts)), 0);
        vm.assertEq(token.balanceOf(_member(0)), 600);
    }

    /* RECEIVERS */

    function test_AReceiverThatRevertsHoldsUpNobodyAndIsCredited() external {
        _creditsInstead(address(new Refuser()));
    }

    function test_AReceiverThatBurnsAllItsGasHoldsUpNobodyAndIsCredited() external {
        uint256 used = _creditsInstead(address(new Burner()));
        vm.assertLe(used, 500_000);
    }

    function test_AReceiverThatReturnsAMegabyteHoldsUpNobodyAndIsCredited() external {
        uint256 used = _creditsInstead(address(new Babbler()));
        vm.assertLe(used, 500_000);
    }

    /// @dev Attack: too little gas is sent along, so that every transfer fails and all are made to withdraw.
    function test_RevertWhen_ThereIsTooLittleGasForATransfer() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);
        bytes memory call = abi.encodeCall(IJobVault.push, (job, _claimsOf(job, _members(3), amounts)));

        (bool done, bytes memory answer) = address(vault).call{gas: 180_000}(call);

        vm.assertFalse(done);
        vm.assertEq(bytes32(bytes4(answer)), bytes32(Transfers.TooLittleGas.selector));
        (done,) = address(vault).call{gas: 400_000}(call);
        vm.assertTrue(done);
        vm.assertEq(vault.credited(job), 0);
    }

    /// @dev Attack: a receiver gives part of it back, so that the transfer looks like another amount.
    function test_AReceiverThatGivesSomeBackIsPaidAllTheSame() external {
        address giver = address(new Giver(address(vault), 10));
        (uint256 job, IJobVault.Claim[] memory claims) = _two(giver);

        vault.push(job, claims);

        vm.assertEq(telling.balanceOf(giver), 90);
        vm.assertEq(telling.balanceOf(HONEST), 200);
        vm.assertEq(vault.credited(job), 0);
    }

    /// @dev Whoever gives all of it back is as if it had refused, and can have it again.
    function test_AReceiverThatGivesAllBackIsCreditedWithIt() external {
        _creditsInstead(address(new Giver(address(vault), 100)));
    }

    /* TOKENS */

    function test_ATokenThatReturnsNothingIsPaidOut() external {
        MuteToken mute = new MuteToken();
        (uint256 job, IJobVault.Claim[] memory claims) = _twoOf(address(mute));
        mute.mint(address(this), BUDGET);
        mute.approve(address(vault), BUDGET);
        vault.fund(job, BUDGET);
        _final(job, claims);

        vault.push(job, claims);

        vm.assertEq(mute.balanceOf(HONEST), 200);
        vm.assertEq(vault.credited(job), 0);
    }

    function test_WhereTheTokenFailsSilentlyAllAreCredited() external {
        (uint256 job, MoodyToken moody, IJobVault.Claim[] memory claims) = _moody();
        moody.fallSilent();

        vault.push(job, claims);

        vm.assertEq(vault.credited(job), 300);
        vm.assertEq(vault.owed(job, HONEST), 200);
    }

    function test_RevertWhen_TheTokenTakesMoreThanItWasAskedTo() external {
        (uint256 job, MoodyToken moody, IJobVault.Claim[] memory claims) = _moody();
        moody.takeMore(1);

        vm.expectRevert(abi.encodeWithSelector(Transfers.InexactTransfer.selector, 100, 101));
        vault.push(job, claims);
    }

    /* WITHDRAWING */

    function test_WhatWaitsIsWithdrawnOnceTheReceiverRelents() external {
        Refuser refuser = new Refuser();
        (uint256 job, IJobVault.Claim[] memory claims) = _two(address(refuser));
        vault.push(job, claims);
        vm.expectRevert(bytes("no"));
        vault.withdraw(job, address(refuser));
        refuser.relent();

        vm.expectEmit(address(vault));
        emit IJobVault.Withdrawn(job, address(refuser), 100);
        vm.prank(STRANGER);
        vm.assertEq(vault.withdraw(job, address(refuser)), 100);

        vm.assertEq(telling.balanceOf(address(refuser)), 100);
        vm.assertEq(vault.credited(job), 0);
    }

    function test_RevertWhen_ItIsWithdrawnTwice() external {
        Refuser refuser = new Refuser();
        (uint256 job, IJobVault.Claim[] memory claims) = _two(address(refuser));
        vault.push(job, claims);
        refuser.relent();
        vault.withdraw(job, address(refuser));

        vm.expectRevert(abi.encodeWithSelector(IJobVault.NothingOwed.selector, job, address(refuser)));
        vault.withdraw(job, address(refuser));
    }

    function test_RevertWhen_ItWaitsInAnotherJob() external {
        Refuser refuser = new Refuser();
        (uint256 job, IJobVault.Claim[] memory claims) = _two(address(refuser));
        vault.push(job, claims);
        refuser.relent();

        vm.expectRevert(abi.encodeWithSelector(IJobVault.NothingOwed.selector, job + 1, address(refuser)));
        vault.withdraw(job + 1, address(refuser));
    }

    /* HELPERS */

    /// @dev The receiver gets 100 and refuses, in whatever way; the honest member after it gets its 200.
    function _creditsInstead(address receiver) private returns (uint256 used) {
        (uint256 job, IJobVault.Claim[] memory claims) = _two(receiver);

        vm.expectEmit(address(vault));
        emit IJobVault.Claimed(job, 0, receiver, 100);
        vm.expectEmit(address(vault));
        emit IJobVault.Credited(job, receiver, 100);
        uint256 before = gasleft();
        vm.assertEq(vault.push(job, claims), 300);
        used = before - gasleft();

        vm.assertEq(telling.balanceOf(HONEST), 200);
        vm.assertEq(telling.balanceOf(receiver), 0);
        vm.assertEq(vault.owed(job, receiver), 100);
        vm.assertEq(vault.credited(job), 100);
        vm.assertEq(vault.paid(job), 300);
        vm.assertEq(telling.balanceOf(address(vault)), BUDGET - 200);
    }

    function _two(address receiver) private returns (uint256 job, IJobVault.Claim[] memory claims) {
        address[] memory members = _pair(receiver, HONEST);
        job = _settledJob(members, _pairOf(100, 200));
        claims = _claimsOf(job, members, _pairOf(100, 200));
    }

    function _twoOf(address money) private returns (uint256 job, IJobVault.Claim[] memory claims) {
        address[] memory members = _pair(address(0xA), HONEST);
        job = _jobOf(money, members);
        claims = _claimsOf(job, members, _pairOf(100, 200));
    }

    function _moody() private returns (uint256 job, MoodyToken moody, IJobVault.Claim[] memory claims) {
        moody = new MoodyToken();
        (job, claims) = _twoOf(address(moody));
        moody.mint(address(this), BUDGET);
        moody.approve(address(vault), BUDGET);
        vault.fund(job, BUDGET);
        _final(job, claims);
    }

    function _final(uint256 job, IJobVault.Claim[] memory claims) private {
        address[] memory members = _pair(claims[0].account, claims[1].account);
        IReports.Report memory report = _report(job, members, _pairOf(100, 200));
        reports.postList(report, members, _pairOf(100, 200), _sign(report));
        vm.warp(block.timestamp + WINDOW);
        reports.finalise(job);
    }
}
