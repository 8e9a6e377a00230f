// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {House} from "./helpers/House.sol";
import {vm} from "./helpers/Vm.sol";

contract RegistryOpenTest is House {
    function test_JobsAreNumberedFromOne() external {
        vm.assertEq(_open(3), 1);
        vm.assertEq(_open(3), 2);
    }

    function test_AJobThatWasNeverOpenedIsUnknown() external {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownJob.selector, 1));
        registry.terms(1);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownJob.selector, 0));
        registry.sponsor(0);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownJob.selector, 1));
        registry.memberCount(1);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownJob.selector, 1));
        registry.membersDigest(1);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownJob.selector, 1));
        registry.closed(1);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownJob.selector, 1));
        registry.indexOf(1, _member(0));
    }

    function test_TheCallerBecomesSponsorUnderExactlyTheseTerms() external {
        IRegistry.Terms memory terms = _terms(3);

        vm.expectEmit(address(registry));
        emit IRegistry.JobOpened(1, SPONSOR, terms);
        uint256 job = _open(terms);

        vm.assertEq(registry.sponsor(job), SPONSOR);
        vm.assertEq(keccak256(abi.encode(registry.terms(job))), keccak256(abi.encode(terms)));
        vm.assertEq(registry.memberCount(job), 0);
        vm.assertEq(registry.membersDigest(job), bytes32(0));
        vm.assertFalse(registry.closed(job));
    }

    function test_RevertWhen_NobodyCoordinates() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.coordinator = address(0);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.NoCoordinator.selector));
        registry.open(terms);
    }

    function test_RevertWhen_TheTokenIsNoContract() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.token = STRANGER;

        vm.expectRevert(abi.encodeWithSelector(IRegistry.NoTokenAt.selector, STRANGER));
        registry.open(terms);
    }

    function test_TheLargestBudgetFitsOneMembersAmount() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.roundBudget = type(uint128).max;

        vm.assertEq(_open(terms), 1);
    }

    function test_RevertWhen_TheBudgetIsLargerThanThat() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.roundBudget = uint256(type(uint128).max) + 1;

        vm.expectRevert(abi.encodeWithSelector(IRegistry.BudgetOutOfRange.selector, terms.roundBudget));
        registry.open(terms);
    }

    function test_RevertWhen_TheBudgetIsZero() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.roundBudget = 0;

        vm.expectRevert(abi.encodeWithSelector(IRegistry.BudgetOutOfRange.selector, 0));
        registry.open(terms);
    }

    function test_TheJobMayEndOneSecondAfterItsFirstPossibleWindow() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.endsAt = uint64(block.timestamp) + WINDOW + 1;

        vm.assertEq(_open(terms), 1);
    }

    function test_RevertWhen_NoWindowFitsBeforeTheEnd() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.endsAt = uint64(block.timestamp) + WINDOW;

        vm.expectRevert(abi.encodeWithSelector(IRegistry.EndsTooSoon.selector, terms.endsAt, terms.endsAt));
        registry.open(terms);
    }

    function test_RevertWhen_NoWindowFitsBelow64Bits() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.challengeWindow = type(uint64).max;
        terms.endsAt = type(uint64).max;

        vm.expectPartialRevert(IRegistry.EndsTooSoon.selector);
        registry.open(terms);
    }

    function test_TheWholeCommitteeMayBeNeeded() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.threshold = 3;

        vm.assertEq(_open(terms), 1);
    }

    function test_RevertWhen_MoreMustSignThanThereAre() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.threshold = 4;

        vm.expectRevert(abi.encodeWithSelector(IRegistry.ThresholdOutOfRange.selector, 4, 3));
        registry.open(terms);
    }

    function test_RevertWhen_NobodyMustSign() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.threshold = 0;

        vm.expectRevert(abi.encodeWithSelector(IRegistry.ThresholdOutOfRange.selector, 0, 3));
        registry.open(terms);
    }

    function test_RevertWhen_TheCommitteeNamesOneTwice() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.committee[1] = terms.committee[0];

        vm.expectRevert(
            abi.encodeWithSelector(IRegistry.CommitteeNotAscending.selector, terms.committee[0], terms.committee[0])
        );
        registry.open(terms);
    }

    function test_RevertWhen_TheCommitteeHoldsTheZeroAddress() external {
        IRegistry.Terms memory terms = _terms(3);
        terms.committee[0] = address(0);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.CommitteeNotAscending.selector, address(0), address(0)));
        registry.open(terms);
    }
}
