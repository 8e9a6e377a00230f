// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRounds} from "../src/interfaces/IRounds.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {vm} from "./helpers/Vm.sol";

contract RoundsRevealTest is Guarded {
    function test_AMemberRevealsFromTheDeadlineOn() external {
        uint256 job = _committed();
        bytes32 salt = _salt(1, 1);

        vm.expectEmit(address(rounds));
        emit IRounds.Revealed(job, 1, _member(1), DIGEST, salt);
        vm.prank(STRANGER); // who knows it may send it
        rounds.reveal(job, _member(1), DIGEST, salt);

        vm.assertEq(rounds.drawOf(job).revealed, 1);
        vm.assertEq(rounds.commitmentOf(job, 1, _member(1)), bytes32(uint256(1)));
    }

    function test_RevertWhen_OthersMayStillCommit() external {
        uint256 job = _committed();
        uint256 begins = rounds.drawOf(job).commitDeadline;
        vm.warp(begins - 1);

        _refused(job, 1, DIGEST, abi.encodeWithSelector(IRounds.RevealNotBegun.selector, job, begins));
    }

    function test_AMemberRevealsUpToTheLastSecond() external {
        uint256 job = _committed();
        vm.warp(rounds.drawOf(job).revealDeadline - 1);

        _reveal(job, 1);
    }

    function test_RevertWhen_TheRevealIsLate() external {
        uint256 job = _committed();
        uint256 deadline = rounds.drawOf(job).revealDeadline;
        vm.warp(deadline);

        _refused(job, 1, DIGEST, abi.encodeWithSelector(IRounds.RevealOver.selector, job, deadline));
    }

    function test_RevertWhen_AnotherUpdateIsRevealed() external {
        _refused(_committed(), 1, "another update");
    }

    function test_RevertWhen_ItIsRevealedTwice() external {
        uint256 job = _committed();
        _reveal(job, 1);

        _refused(job, 1, DIGEST);
    }

    function test_RevertWhen_TheMemberNeverCommitted() external {
        _refused(_committed(), 2, DIGEST);
    }

    function test_RevertWhen_NoDrawIsUnderWay() external {
        uint256 job = _guardedJob(3);

        _refused(job, 1, DIGEST, abi.encodeWithSelector(IRounds.NoDraw.selector, job));
    }

    /// @dev Attack: a free-rider commits to what another member committed to, and waits for it to be revealed.
    function test_RevertWhen_ACopiedCommitmentIsRevealed() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        _commit(job, 0);
        bytes32 copied = rounds.commitmentOf(job, 1, _member(0));
        vm.prank(_member(1));
        rounds.commitUpdate(job, copied);
        vm.warp(rounds.drawOf(job).commitDeadline);
        _reveal(job, 0);

        vm.expectRevert(abi.encodeWithSelector(IRounds.WrongReveal.selector, job, 1, _member(1)));
        rounds.reveal(job, _member(1), DIGEST, _salt(1, 0));
    }

    /// @dev Attack: what was revealed in a spoiled draw is played again in the one that repeats it.
    function test_RevertWhen_ARevealOfASpoiledDrawIsReplayed() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        _commit(job, 0);
        _commit(job, 1);
        bytes32 commitment = rounds.commitmentOf(job, 1, _member(0));
        vm.warp(rounds.drawOf(job).commitDeadline);
        _reveal(job, 0);
        vm.warp(rounds.drawOf(job).revealDeadline);
        rounds.expel(job, _one(_member(1)));
        rounds.draw(job);
        vm.prank(_member(0));
        rounds.commitUpdate(job, commitment); // the very same again
        vm.warp(rounds.drawOf(job).commitDeadline);

        vm.expectRevert(abi.encodeWithSelector(IRounds.WrongReveal.selector, job, 2, _member(0)));
        rounds.reveal(job, _member(0), DIGEST, _salt(1, 0));
    }

    /// @dev Attack: a secret of another job.
    function test_RevertWhen_ItIsOfAnotherJob() external {
        uint256 job = _committed();
        uint256 other = _guardedJob(3);
        _begin(other);
        bytes32 commitment = rounds.commitmentOf(job, 1, _member(1));
        vm.prank(_member(1));
        rounds.commitUpdate(other, commitment);
        vm.warp(rounds.drawOf(other).commitDeadline);

        _refused(other, 1, DIGEST);
    }

    function _committed() private returns (uint256 job) {
        job = _guardedJob(3);
        _begin(job);
        _commit(job, 0);
        _commit(job, 1);
        vm.warp(rounds.drawOf(job).commitDeadline);
    }

    function _one(address account) private pure returns (address[] memory accounts) {
        accounts = new address[](1);
        accounts[0] = account;
    }

    function _refused(uint256 job, uint256 member, bytes32 digest) private {
        _refused(job, member, digest, abi.encodeWithSelector(IRounds.WrongReveal.selector, job, 1, _member(member)));
    }

    function _refused(uint256 job, uint256 member, bytes32 digest, bytes memory reason) private {
        vm.expectRevert(reason);
        rounds.reveal(job, _member(member), digest, _salt(1, member));
    }
}
