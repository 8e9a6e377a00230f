// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Transfers} from "../src/Transfers.sol";
import {IJobVault} from "../src/interfaces/IJobVault.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {House} from "./helpers/House.sol";
import {FeeToken, SilentToken} from "./helpers/Tokens.sol";
import {bound, vm} from "./helpers/Vm.sol";

contract JobVaultFundTest is House {
    function test_AnyoneFundsAJob() external {
        uint256 job = _open(3);
        token.mint(STRANGER, 5);
        vm.startPrank(STRANGER);
        token.approve(address(vault), 5);

        vm.expectEmit(address(vault));
        emit IJobVault.Funded(job, STRANGER, 5);
        vault.fund(job, 5);

        vm.assertEq(vault.funded(job), 5);
        vm.assertEq(vault.reserve(job), 5);
        vm.assertEq(token.balanceOf(address(vault)), 5);
    }

    function testFuzz_FundingAddsUpPerJob(uint256 a, uint256 b, uint256 c) external {
        (a, b, c) = (bound(a, 1, 1e38), bound(b, 1, 1e38), bound(c, 1, 1e38));
        uint256 first = _open(3);
        uint256 second = _open(3);

        _fund(first, a);
        _fund(second, b);
        _fund(first, c);

        vm.assertEq(vault.funded(first), a + c);
        vm.assertEq(vault.funded(second), b);
        vm.assertEq(token.balanceOf(address(vault)), a + b + c);
    }

    function test_RevertWhen_AJobWouldHoldMoreThan128Bits() external {
        uint256 job = _open(3);
        _fund(job, type(uint128).max);
        token.mint(address(this), 1);
        token.approve(address(vault), 1);

        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        vault.fund(job, 1);
    }

    function test_RevertWhen_AnAmountHasMoreThan128Bits() external {
        uint256 job = _open(3);
        uint256 most = 1 << 128;
        token.mint(address(this), most);
        token.approve(address(vault), most);

        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 128, most));
        vault.fund(job, most);
    }

    function test_RevertWhen_NothingIsSent() external {
        uint256 job = _open(3);

        vm.expectRevert(abi.encodeWithSelector(IJobVault.NothingToFund.selector, job));
        vault.fund(job, 0);
    }

    function test_RevertWhen_ThereIsNoSuchJob() external {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownJob.selector, 9));
        vault.fund(9, 1);
    }

    function test_RevertWhen_TheTokenKeepsAFee() external {
        FeeToken fee = new FeeToken();
        fee.mint(address(this), 100);
        fee.approve(address(vault), 100);
        IRegistry.Terms memory terms = _terms(3);
        terms.token = address(fee);
        uint256 job = _open(terms);

        vm.expectRevert(abi.encodeWithSelector(Transfers.InexactTransfer.selector, 100, 99));
        vault.fund(job, 100);
    }

    function test_RevertWhen_TheTokenFailsWithoutReverting() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.token = address(new SilentToken());
        uint256 job = _open(terms);

        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, terms.token));
        vault.fund(job, 100);
    }
}
