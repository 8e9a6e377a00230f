// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJobVault} from "../src/interfaces/IJobVault.sol";
import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IReports} from "../src/interfaces/IReports.sol";
import {House} from "./helpers/House.sol";
import {vm} from "./helpers/Vm.sol";

contract JobVaultPauseTest is House {
    uint256 private constant PAUSE = 7 days;

    function setUp() external {
        vm.warp(1_700_000_000);
    }

    function test_TheGuardianPausesNewReports() external {
        uint256 job = _ready();

        vm.expectEmit(address(vault));
        emit IJobVault.Paused(block.timestamp + PAUSE);
        _pause();

        IReports.Report memory report = _report(job, _amounts(1, 2, 3));
        bytes[] memory signatures = _sign(report);
        vm.expectRevert(abi.encodeWithSelector(IReports.ReportsPaused.selector, block.timestamp + PAUSE));
        reports.postList(report, _members(3), _amounts(1, 2, 3), signatures);
    }

    function test_APauseEndsByItself() external {
        uint256 job = _ready();
        _pause();
        vm.warp(block.timestamp + PAUSE);

        _post(job, _amounts(1, 2, 3));
    }

    function test_RevertWhen_OneSecondOfThePauseIsLeft() external {
        uint256 job = _ready();
        _pause();
        vm.warp(block.timestamp + PAUSE - 1);
        IReports.Report memory report = _report(job, _amounts(1, 2, 3));
        bytes[] memory signatures = _sign(report);

        vm.expectRevert(abi.encodeWithSelector(IReports.ReportsPaused.selector, block.timestamp + 1));
        reports.postList(report, _members(3), _amounts(1, 2, 3), signatures);
    }

    /// @dev Attack: a pause that tries to trap what is final, or what waits.
    function test_APauseStopsNoClaimAndNoFinalising() external {
        uint256 job = _ready();
        _fund(job, BUDGET);
        _settle(job, _amounts(1, 2, 3));
        _post(job, _amounts(10, 20, 30));
        _pause();
        vault.claim(job, 0, _member(0), 1, _proof(job, _amounts(1, 2, 3), 0));
        vm.warp(block.timestamp + WINDOW);

        reports.finalise(job);
        vault.claim(job, 1, _member(1), 20, _proof(job, _amounts(10, 20, 30), 1));

        vm.assertEq(vault.paid(job), 21);
        vm.assertTrue(block.timestamp < vault.pausedUntil());
    }

    /* THE END OF A JOB */

    /// @dev Attack: a guardian that pauses until the job is over, so that its sponsor gets it all back.
    function test_APauseAroundTheEndPutsItOff() external {
        uint256 job = _ready();
        uint256 end = registry.endsAt(job);
        vm.warp(end - 1);
        _pause();
        uint256 extended = end - 1 + 2 * PAUSE;
        vm.assertEq(vault.endsAt(job), extended);
        vm.warp(extended - 1);

        _post(job, _amounts(600, 0, 400));

        vm.expectRevert(abi.encodeWithSelector(IJobVault.JobNotOver.selector, job, extended));
        vm.prank(SPONSOR);
        vault.refund(job);
    }

    function test_APauseAtTheEndIsTooLateToPutItOff() external {
        uint256 job = _ready();
        uint256 end = registry.endsAt(job);
        vm.warp(end);
        _pause();

        vm.assertEq(vault.endsAt(job), end);
    }

    function test_APauseLongBeforeTheEndLeavesItWhereItWas() external {
        uint256 job = _ready();
        uint256 end = registry.endsAt(job);
        vm.warp(end - 2 * PAUSE);
        _pause();

        vm.assertEq(vault.endsAt(job), end);
        vm.warp(end - 1);
        _post(job, _amounts(1, 2, 3));
    }

    function test_APauseALittleLaterPutsItOff() external {
        uint256 job = _ready();
        uint256 end = registry.endsAt(job);
        vm.warp(end - 2 * PAUSE + 1);
        _pause();

        vm.assertEq(vault.endsAt(job), end + 1);
    }

    /// @dev Attack: one pause after the other.
    function test_RevertWhen_PausedAgainBeforeAWeekHasPassed() external {
        _pause();
        uint256 earliest = block.timestamp + 2 * PAUSE;
        vm.warp(earliest - 1);

        vm.expectRevert(abi.encodeWithSelector(IJobVault.PausedTooOften.selector, earliest));
        vm.prank(GUARDIAN);
        vault.pause();

        vm.warp(earliest);
        _pause();
    }

    /* RESUMING */

    function test_TheGuardianResumes() external {
        uint256 job = _ready();
        _pause();
        vm.warp(block.timestamp + 1);

        vm.expectEmit(address(vault));
        emit IJobVault.Resumed();
        vm.prank(GUARDIAN);
        vault.resume();

        _post(job, _amounts(1, 2, 3));
    }

    function test_RevertWhen_NothingIsPaused() external {
        _pause();
        vm.warp(block.timestamp + PAUSE);

        vm.expectRevert(abi.encodeWithSelector(IJobVault.NotPaused.selector));
        vm.prank(GUARDIAN);
        vault.resume();
    }

    /// @dev Attack: role takeover. There is no function that changes who the guardian is.
    function test_RevertWhen_AnyoneElsePausesOrResumes() external {
        address[4] memory others = [SPONSOR, COORDINATOR, STRANGER, address(this)];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IJobVault.NotGuardian.selector, others[i]));
            vm.prank(others[i]);
            vault.pause();
        }
        _pause();
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IJobVault.NotGuardian.selector, others[i]));
            vm.prank(others[i]);
            vault.resume();
        }
        vm.assertEq(vault.GUARDIAN(), GUARDIAN);
    }

    /// @dev Attack: role takeover of a job. Its roles are in its terms, and nothing changes these.
    function test_NobodyTakesOverAJobByOpeningItAgain() external {
        uint256 job = _ready();
        IRegistry.Terms memory terms = _terms(3);
        terms.coordinator = STRANGER;
        vm.prank(STRANGER);
        uint256 other = registry.open(terms);

        vm.assertTrue(other != job);
        vm.assertEq(registry.coordinator(job), COORDINATOR);
        vm.assertEq(registry.sponsor(job), SPONSOR);
    }

    function _pause() private {
        vm.prank(GUARDIAN);
        vault.pause();
    }
}
