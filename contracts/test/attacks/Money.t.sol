// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {SumTree} from "../../src/SumTree.sol";
import {IJobVault} from "../../src/interfaces/IJobVault.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {Callers} from "../helpers/Callers.sol";
import {MoodyToken, MuteToken} from "../helpers/Tokens.sol";
import {vm} from "../helpers/Vm.sol";

/// @dev Tokens that change their minds, money that nobody asked for, and the smallest amounts.
contract MoneyTest is Callers {
    /* FORCED AND DONATED BALANCES */

    function test_ADonationChangesNoBooksAndCannotBeTaken() external {
        uint256 job = _ready();
        token.mint(address(vault), 5);
        token.mint(address(stakes), 5);
        _settle(job, _amounts(600, 0, 400));
        vm.warp(registry.endsAt(job));
        vm.prank(SPONSOR);
        vault.refund(job);
        vault.claimMany(job, _claimsOf(job, _members(3), _amounts(600, 0, 400)));

        vm.assertEq(token.balanceOf(address(vault)), 5);
        vm.assertEq(vault.reserve(job), 0);
    }

    function test_RevertWhen_ADonationShouldCountAsFunding() external {
        uint256 job = _start(3);
        token.mint(address(vault), 6);
        IReports.Report memory report = _report(job, _amounts(1, 2, 3));
        bytes[] memory signatures = _sign(report);

        vm.expectRevert(abi.encodeWithSelector(IReports.Underfunded.selector, 6, 0));
        reports.postList(report, _members(3), _amounts(1, 2, 3), signatures);
    }

    function test_NoContractTakesEther() external {
        address[5] memory all = [address(registry), address(rounds), address(vault), address(reports), address(stakes)];
        for (uint256 i; i < all.length; ++i) {
            (bool done,) = all[i].call{value: 1}("");
            vm.assertFalse(done);
        }
    }

    /* TOKENS */

    function test_ATokenThatReturnsNothingFundsAndPays() external {
        MuteToken mute = new MuteToken();
        uint256 job = _jobOf(address(mute), _pair(address(0xA), address(0xB)));
        mute.mint(address(this), BUDGET);
        mute.approve(address(vault), BUDGET);
        vault.fund(job, BUDGET);
        _final(job);

        vault.claim(job, 0, address(0xA), 1, _proof(job, _pair(address(0xA), address(0xB)), _pairOf(1, 2), 0));

        vm.assertEq(mute.balanceOf(address(0xA)), 1);
    }

    function test_RevertWhen_ATokenBeginsToFailSilentlyNothingCountsAsPaid() external {
        (uint256 job, MoodyToken moody) = _moody();
        moody.fallSilent();
        SumTree.Node[] memory proof = _proof(job, _pair(address(0xA), address(0xB)), _pairOf(1, 2), 0);

        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(moody)));
        vault.claim(job, 0, address(0xA), 1, proof);
        vm.assertEq(vault.paid(job), 0);
    }

    /// @dev A rebase takes the members' money before we can; it touches no job of another token.
    function test_ARebaseHurtsOnlyItsOwnToken() external {
        (, MoodyToken moody) = _moody();
        uint256 other = _ready();
        _settle(other, _amounts(600, 0, 400));
        moody.rebase();

        vault.claimMany(other, _claimsOf(other, _members(3), _amounts(600, 0, 400)));

        vm.assertEq(vault.paid(other), 1_000);
    }

    /* SMALL */

    function test_ASingleMemberIsPaidToTheLastBaseUnit() external {
        uint256 job = _start(1);
        _fund(job, 1);
        uint128[] memory one = new uint128[](1);
        one[0] = 1;
        _settle(job, one);

        vault.claim(job, 0, _member(0), 1, new SumTree.Node[](0));

        vm.assertEq(token.balanceOf(_member(0)), 1);
        vm.assertEq(token.balanceOf(address(vault)), 0);
    }

    function test_NoDustIsLeftWhenAllIsAllotted() external {
        uint256 job = _start(3);
        _fund(job, 7);
        _settle(job, _amounts(3, 2, 2));

        vault.claimMany(job, _claimsOf(job, _members(3), _amounts(3, 2, 2)));

        vm.assertEq(token.balanceOf(address(vault)), 0);
    }

    function test_AReportOfNothingButZerosPaysNobody() external {
        uint256 job = _ready();
        _settle(job, _amounts(0, 0, 0));

        vm.assertEq(vault.claimMany(job, _claimsOf(job, _members(3), _amounts(0, 0, 0))), 0);
    }

    /// @dev The largest amounts of all members: their sum passes 128 bits, and not the books.
    function test_SumsPast128BitsAreCountedInFull() external {
        uint256 job = _ready();
        uint128 most = type(uint128).max;
        IReports.Report memory report = _report(job, _amounts(most, most, most));
        vm.assertEq(report.total, 3 * uint256(most));
        bytes[] memory signatures = _sign(report);

        vm.expectRevert(abi.encodeWithSelector(IReports.OverBudget.selector, 3 * uint256(most), BUDGET));
        reports.postList(report, _members(3), _amounts(most, most, most), signatures);
    }

    /* REFUNDS */

    function test_RevertWhen_RefundedTwice() external {
        uint256 job = _ready();
        vm.warp(registry.endsAt(job));
        vm.startPrank(SPONSOR);
        vault.refund(job);

        vm.expectRevert(abi.encodeWithSelector(IJobVault.NothingToRefund.selector, job));
        vault.refund(job);
    }

    /* HELPERS */

    function _moody() private returns (uint256 job, MoodyToken moody) {
        moody = new MoodyToken();
        job = _jobOf(address(moody), _pair(address(0xA), address(0xB)));
        moody.mint(address(this), BUDGET);
        moody.approve(address(vault), BUDGET);
        vault.fund(job, BUDGET);
        _final(job);
    }

    function _final(uint256 job) private {
        address[] memory members = _pair(address(0xA), address(0xB));
        IReports.Report memory report = _report(job, members, _pairOf(1, 2));
        reports.postList(report, members, _pairOf(1, 2), _sign(report));
        vm.warp(block.timestamp + WINDOW);
        reports.finalise(job);
    }
}
