// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../src/interfaces/IRegistry.sol";
import {IRounds} from "../src/interfaces/IRounds.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {vm} from "./helpers/Vm.sol";

contract RoundsCommitUpdateTest is Guarded {
    function test_AMemberCommitsUpToTheLastSecond() external {
        uint256 job = _begun();
        vm.warp(rounds.drawOf(job).commitDeadline - 1);
        bytes32 commitment = _commitment(job, 1);

        vm.expectEmit(address(rounds));
        emit IRounds.Committed(job, 1, _member(1), commitment);
        vm.prank(_member(1));
        rounds.commitUpdate(job, commitment);

        vm.assertEq(rounds.commitmentOf(job, 1, _member(1)), commitment);
        vm.assertEq(rounds.drawOf(job).committed, 1);
    }

    function test_ACommitmentIsOfEverythingThatItShouldBindTo() external view {
        bytes32 expected = keccak256(abi.encode(7, 3, 2, _member(1), DIGEST, bytes32("salt")));

        vm.assertEq(rounds.hashCommitment(7, 3, 2, _member(1), DIGEST, "salt"), expected);
    }

    function test_RevertWhen_TheDeadlineIsReached() external {
        uint256 job = _begun();
        bytes32 commitment = _commitment(job, 1);
        uint256 deadline = rounds.drawOf(job).commitDeadline;
        vm.warp(deadline);

        _refused(job, 1, commitment, abi.encodeWithSelector(IRounds.CommitOver.selector, job, deadline));
    }

    function test_RevertWhen_NoDrawIsUnderWay() external {
        uint256 job = _guardedJob(3);

        _refused(job, 1, "commitment", abi.encodeWithSelector(IRounds.NoDraw.selector, job));
    }

    function test_RevertWhen_AMemberCommitsTwice() external {
        uint256 job = _begun();
        _commit(job, 1);

        _refused(job, 1, "other", abi.encodeWithSelector(IRounds.AlreadyCommitted.selector, job, 1, _member(1)));
    }

    function test_RevertWhen_AStrangerCommits() external {
        uint256 job = _begun();
        _put(job, STRANGER);

        vm.expectRevert(abi.encodeWithSelector(IRegistry.NotMember.selector, job, STRANGER));
        vm.prank(STRANGER);
        rounds.commitUpdate(job, "commitment");
    }

    function test_RevertWhen_AMemberIsLeaving() external {
        uint256 job = _begun();
        vm.prank(_member(1));
        stakes.exit(job);

        _refused(job, 1, "commitment", abi.encodeWithSelector(IRounds.NotStaked.selector, job, _member(1)));
    }

    /// @dev What marks a commitment as used must not be committed to: the draw could never end.
    function test_RevertWhen_TheCommitmentIsOneOfTheMarks() external {
        uint256 job = _begun();
        for (uint256 mark; mark < 3; ++mark) {
            bytes32 commitment = bytes32(mark);
            _refused(job, 1, commitment, abi.encodeWithSelector(IRounds.NoCommitment.selector, commitment));
        }

        vm.prank(_member(1));
        rounds.commitUpdate(job, bytes32(uint256(3)));
    }

    function _begun() private returns (uint256 job) {
        job = _guardedJob(3);
        _begin(job);
    }

    function _refused(uint256 job, uint256 member, bytes32 commitment, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(_member(member));
        rounds.commitUpdate(job, commitment);
    }
}
