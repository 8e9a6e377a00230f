// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {JobVault} from "../../src/JobVault.sol";
import {Registry} from "../../src/Registry.sol";
import {Reports} from "../../src/Reports.sol";
import {vm} from "../helpers/Vm.sol";
import {Handler} from "./Handler.sol";

/// @dev What holds after any sequence of the handler's actions, of an honest and of a lying committee.
contract BooksInvariantTest {
    Handler private _handler;
    Registry private _registry;
    Reports private _reports;
    JobVault private _vault;

    /// @dev What each member had been paid when last looked at.
    mapping(uint256 job => mapping(uint256 index => uint256 amount)) private _seen;

    function setUp() external {
        _handler = new Handler();
        (address registry, address reports, address vault) = _handler.contracts();
        (_registry, _reports, _vault) = (Registry(registry), Reports(reports), JobVault(vault));
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev 6 and 7. Every call was accepted or refused as the rules say: among them that nothing is finalised before
    /// its deadline or refunded before the end, and that no report is posted while another waits.
    function invariant_NothingSurprisesTheBookkeeper() external view {
        vm.assertEq(_handler.surprise(), "");
    }

    function invariant_NoTransferIsReentered() external view {
        vm.assertEq(_handler.OWNER().reentries(), 0);
    }

    /// @dev 1. Stakes and bonds are held apart, and counted in Guards.t.sol.
    function invariant_TheVaultHoldsWhatItsJobsHold() external view {
        uint256 held;
        for (uint256 job = 1; job <= _handler.JOBS(); ++job) {
            held += _vault.funded(job) - _vault.paid(job) - _vault.refunded(job) + _vault.credited(job);
        }

        vm.assertEq(_handler.HOOKED().balanceOf(address(_vault)), held + _handler.donated());
    }

    /// @dev 2
    function invariant_NoJobPaysMoreThanAllottedOrAllotsMoreThanHeld() external view {
        for (uint256 job = 1; job <= _handler.JOBS(); ++job) {
            vm.assertLe(_vault.paid(job), _vault.allocated(job));
            vm.assertLe(_vault.allocated(job), _vault.funded(job) - _vault.refunded(job));
        }
    }

    /// @dev 9. Jobs are isolated, for an action on one leaves the books of the other as they were.
    function invariant_EveryJobIsAsItsBooksSay() external view {
        for (uint256 job = 1; job <= _handler.JOBS(); ++job) {
            Handler.Ghost memory ghost = _handler.ghosts(job);
            vm.assertEq(_vault.funded(job), ghost.funded);
            vm.assertEq(_vault.allocated(job), ghost.allocated);
            vm.assertEq(_vault.paid(job), ghost.paid);
            vm.assertEq(_vault.refunded(job), ghost.refunded);
            uint256 owed;
            for (uint256 index; index < ghost.members.length; ++index) {
                vm.assertEq(_vault.owed(job, ghost.members[index]), ghost.owed[index]);
                owed += ghost.owed[index];
            }
            vm.assertEq(_vault.credited(job), owed);
            vm.assertEq(_reports.finalRound(job), ghost.finalRound);
            (uint256 round,, uint256 total, uint256 deadline) = _reports.pending(job);
            vm.assertEq(round, ghost.deadline == 0 ? 0 : ghost.finalRound + 1);
            vm.assertEq(total, ghost.waiting);
            vm.assertEq(deadline, ghost.deadline);
        }
    }

    /// @dev 3, and the next
    function invariant_WhatAMemberWasPaidNeverFalls() external {
        for (uint256 job = 1; job <= _handler.JOBS(); ++job) {
            for (uint256 index; index < _handler.ALLOWED(); ++index) {
                uint256 claimed = _vault.claimed(job, index);
                vm.assertLe(_seen[job][index], claimed);
                _seen[job][index] = claimed;
            }
        }
    }

    function invariant_UnderAnHonestCommitteeNobodyIsPaidMoreThanEarned() external view {
        Handler.Ghost memory honest = _handler.ghosts(1);
        for (uint256 index; index < honest.list.length; ++index) {
            vm.assertLe(_vault.claimed(1, index), honest.list[index]);
        }
    }

    /// @dev 4
    function invariant_UnderAnHonestCommitteeWhatIsOpenIsWhatIsAllottedAndNotPaid() external view {
        Handler.Ghost memory honest = _handler.ghosts(1);
        uint256 open;
        for (uint256 index; index < honest.list.length; ++index) {
            open += honest.list[index] - _vault.claimed(1, index);
        }

        vm.assertEq(open, _vault.allocated(1) - _vault.paid(1));
    }

    /// @dev 5
    function invariant_RoundsAllotNoMoreThanTheirBudgets() external view {
        for (uint256 job = 1; job <= _handler.JOBS(); ++job) {
            uint256 budget = _registry.terms(job).roundBudget;
            vm.assertLe(_vault.allocated(job), _reports.finalRound(job) * budget);
        }
    }

    /// @dev 7
    function invariant_EveryMemberHasItsOwnIndexForGood() external view {
        for (uint256 job = 1; job <= _handler.JOBS(); ++job) {
            address[] memory members = _handler.ghosts(job).members;
            bytes32 digest;
            for (uint256 index; index < members.length; ++index) {
                vm.assertEq(_registry.indexOf(job, members[index]), index);
                digest = keccak256(abi.encodePacked(digest, members[index]));
            }
            vm.assertEq(_registry.memberCount(job), members.length);
            vm.assertEq(_registry.membersDigest(job), digest);
        }
    }
}
