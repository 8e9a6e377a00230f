// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SumTree} from "../src/SumTree.sol";
import {IJobVault} from "../src/interfaces/IJobVault.sol";
import {House} from "./helpers/House.sol";
import {vm} from "./helpers/Vm.sol";

contract JobVaultClaimManyTest is House {
    function test_EverybodyIsPaidAtOnce() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 50, 350);
        _settle(job, amounts);

        vm.prank(STRANGER);
        uint256 amount = vault.claimMany(job, _claims(job, amounts));

        vm.assertEq(amount, 1_000);
        vm.assertEq(vault.paid(job), 1_000);
        for (uint256 i; i < 3; ++i) {
            vm.assertEq(token.balanceOf(_member(i)), amounts[i]);
        }
    }

    function test_OneWhoClaimedFirstSpoilsNothing() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 50, 350);
        _settle(job, amounts);
        vault.claim(job, 1, _member(1), 50, _proof(job, amounts, 1));

        vm.assertEq(vault.claimMany(job, _claims(job, amounts)), 950);
        vm.assertEq(token.balanceOf(_member(1)), 50);
    }

    function test_TheSameClaimTwiceIsPaidOnce() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 50, 350);
        _settle(job, amounts);
        IJobVault.Claim[] memory claims = _claims(job, amounts);
        claims[1] = claims[0];

        vm.assertEq(vault.claimMany(job, claims), 950);
        vm.assertEq(token.balanceOf(_member(0)), 600);
    }

    function test_WhatWasPaidAlreadyIsNotLoggedAgain() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 0, 400);
        _settle(job, amounts);
        vault.claimMany(job, _claims(job, amounts));

        vm.recordLogs();
        vm.assertEq(vault.claimMany(job, _claims(job, amounts)), 0);

        vm.assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_RevertWhen_OneProofIsWrong() external {
        uint256 job = _ready();
        uint128[] memory amounts = _amounts(600, 50, 350);
        _settle(job, amounts);
        IJobVault.Claim[] memory claims = _claims(job, amounts);
        claims[2].cumulative = 351;

        vm.expectRevert(abi.encodeWithSelector(IJobVault.InvalidProof.selector, job, 2));
        vault.claimMany(job, claims);
    }

    function _claims(uint256 job, uint128[] memory amounts) private pure returns (IJobVault.Claim[] memory claims) {
        claims = new IJobVault.Claim[](amounts.length);
        for (uint256 i; i < claims.length; ++i) {
            SumTree.Node[] memory proof = _proof(job, amounts, i);
            claims[i] = IJobVault.Claim(i, _member(i), amounts[i], proof);
        }
    }
}
