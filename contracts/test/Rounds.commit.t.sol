// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRounds} from "../src/interfaces/IRounds.sol";
import {House} from "./helpers/House.sol";
import {vm} from "./helpers/Vm.sol";

contract RoundsCommitTest is House {
    function test_EachRoundIsChainedIntoTheHistory() external {
        uint256 job = _open(3);
        bytes32 first = keccak256(abi.encode(bytes32(0), 1, bytes32("one")));
        bytes32 second = keccak256(abi.encode(first, 2, bytes32("two")));

        _commit(job, 1, "one");
        vm.expectEmit(address(rounds));
        emit IRounds.UpdatesCommitted(job, 2, "two", second);
        _commit(job, 2, "two");

        vm.assertEq(rounds.committed(job), 2);
        vm.assertEq(rounds.history(job), second);
    }

    function test_AnotherJobsHistoryIsUntouched() external {
        uint256 job = _open(3);
        uint256 other = _open(3);

        _commit(job, 1, "one");

        vm.assertEq(rounds.committed(other), 0);
        vm.assertEq(rounds.history(other), bytes32(0));
    }

    function test_RevertWhen_ARoundIsLeftOut() external {
        uint256 job = _open(3);

        vm.expectRevert(abi.encodeWithSelector(IRounds.OutOfOrder.selector, job, 2, 1));
        _commit(job, 2, "two");
    }

    function test_RevertWhen_ARoundIsCommittedTwice() external {
        uint256 job = _open(3);
        _commit(job, 1, "one");

        vm.expectRevert(abi.encodeWithSelector(IRounds.OutOfOrder.selector, job, 1, 2));
        _commit(job, 1, "other");
    }

    function test_RevertWhen_TheCallerIsNotTheCoordinator() external {
        uint256 job = _open(3);

        vm.expectRevert(abi.encodeWithSelector(IRounds.NotCoordinator.selector, job, SPONSOR));
        vm.prank(SPONSOR);
        rounds.commit(job, 1, "one");
    }

    function test_RevertWhen_ThereIsNoSuchJob() external {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.UnknownJob.selector, 1));
        _commit(1, 1, "one");
    }

    function _commit(uint256 job, uint256 trainingRound, bytes32 updatesRoot) private {
        vm.prank(COORDINATOR);
        rounds.commit(job, trainingRound, updatesRoot);
    }
}
