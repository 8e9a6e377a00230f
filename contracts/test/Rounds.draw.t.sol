// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRounds} from "../src/interfaces/IRounds.sol";
import {Guarded} from "./helpers/Guarded.sol";
import {vm} from "./helpers/Vm.sol";

contract RoundsDrawTest is Guarded {
    function test_TheSeedIsOfAllSecretsAndOfWhatWasTrained() external {
        uint256 job = _guardedJob(3);
        _train(job, "one");
        _begin(job);
        _commit(job, 0);
        _commit(job, 2);
        _train(job, "two"); // while nobody's secret is known
        _openReveals(job);
        _reveal(job, 2);
        _reveal(job, 0);
        _end(job);
        bytes32 mixed = keccak256(abi.encode(_member(0), DIGEST, _salt(1, 0)))
            ^ keccak256(abi.encode(_member(2), DIGEST, _salt(1, 2)));
        bytes32 about = rounds.history(job);
        bytes32 expected = keccak256(abi.encode(job, 1, 1, mixed, about));

        vm.expectEmit(address(rounds));
        emit IRounds.SeedDrawn(job, 1, 1, expected, about);
        vm.prank(STRANGER);
        rounds.draw(job);

        (bytes32 seed, bytes32 history) = rounds.drawn(job, 1);
        vm.assertEq(seed, expected);
        vm.assertEq(history, about);
        vm.assertEq(rounds.drawOf(job).commitDeadline, 0);
    }

    /// @dev Attack: the last to reveal choose the order in which they do.
    function test_TheOrderOfRevealsDoesNotChangeTheSeed() external {
        uint256 one = _guardedJob(3);
        _begin(one);
        _commit(one, 0);
        _commit(one, 1);
        _openReveals(one);
        uint256 before = vm.snapshotState();
        _reveal(one, 0);
        _reveal(one, 1);
        _end(one);
        rounds.draw(one);
        (bytes32 seed,) = rounds.drawn(one, 1);
        vm.revertToState(before);
        _reveal(one, 1);
        _reveal(one, 0);
        _end(one);
        rounds.draw(one);

        (bytes32 again,) = rounds.drawn(one, 1);
        vm.assertEq(again, seed);
    }

    function test_RevertWhen_MembersMayStillReveal() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        _commit(job, 0);
        _openReveals(job);
        _reveal(job, 0);
        uint256 deadline = rounds.drawOf(job).revealDeadline;
        vm.warp(deadline - 1);

        vm.expectRevert(abi.encodeWithSelector(IRounds.RevealNotOver.selector, job, deadline));
        rounds.draw(job);
    }

    function test_RevertWhen_SomebodyIsNotAccountedFor() external {
        uint256 job = _spoiled(2);

        vm.expectRevert(abi.encodeWithSelector(IRounds.Unaccounted.selector, job, 1, 1));
        rounds.draw(job);
    }

    function test_RevertWhen_NobodyCommitted() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        _end(job);

        vm.expectRevert(abi.encodeWithSelector(IRounds.NobodyCommitted.selector, job, 1));
        rounds.draw(job);
    }

    function test_RevertWhen_ItIsDrawnTwice() external {
        uint256 job = _guardedJob(3);
        _drawSeed(job, 3);

        vm.expectRevert(abi.encodeWithSelector(IRounds.NoDraw.selector, job));
        rounds.draw(job);
    }

    function test_EachRoundHasItsOwnSeed() external {
        uint256 job = _guardedJob(3);
        bytes32 first = _drawSeed(job, 3);
        vm.assertTrue(first != 0);
        (bytes32 second,) = rounds.drawn(job, 2);
        vm.assertEq(second, bytes32(0));
    }

    /* A WITHHELD SEED */

    /// @dev Attack: the last to reveal sees the seed that it would make, and keeps its secret.
    function test_AWithheldSecretGivesNoSeedButAnotherDraw() external {
        uint256 job = _spoiled(2);
        rounds.expel(job, _list(1));

        vm.expectEmit(address(rounds));
        emit IRounds.DrawSpoiled(job, 1, 1);
        vm.expectEmit(address(rounds));
        emit IRounds.DrawBegun(job, 1, 2, block.timestamp + COMMIT, block.timestamp + COMMIT + REVEAL);
        rounds.draw(job);

        (bytes32 seed,) = rounds.drawn(job, 1);
        vm.assertEq(seed, bytes32(0));
        vm.assertTrue(rounds.drawOf(job).repeated);
        vm.assertEq(rounds.drawOf(job).committed, 0);
    }

    function test_TheRepeatedDrawIsOfFreshSecretsOnly() external {
        uint256 job = _repeated();
        _commit(job, 0);
        _openReveals(job);
        _reveal(job, 0);
        _end(job);
        rounds.draw(job);

        bytes32 mixed = keccak256(abi.encode(_member(0), DIGEST, _salt(2, 0)));
        (bytes32 seed,) = rounds.drawn(job, 1);
        vm.assertEq(seed, keccak256(abi.encode(job, 1, 2, mixed, rounds.history(job))));
    }

    function test_RevertWhen_WhoWithheldCommitsInTheRepeatedDraw() external {
        uint256 job = _repeated();
        // With a new stake, so that it is the withheld secret alone that bars it.
        _restake(job, _member(1));
        bytes32 commitment = _commitment(job, 1);

        vm.expectRevert(abi.encodeWithSelector(IRounds.DidNotReveal.selector, job, 1, _member(1)));
        vm.prank(_member(1));
        rounds.commitUpdate(job, commitment);
    }

    function test_RevertWhen_WhoDidNotCommitAtFirstJoinsTheRepeatedDraw() external {
        uint256 job = _repeated();

        vm.expectRevert(abi.encodeWithSelector(IRounds.DidNotReveal.selector, job, 1, _member(2)));
        vm.prank(_member(2));
        rounds.commitUpdate(job, "commitment");
    }

    function test_WhereNobodyRevealedTheCoordinatorBeginsAnew() external {
        uint256 job = _spoiled(1);
        rounds.expel(job, _list(1));
        rounds.draw(job);

        vm.assertEq(rounds.drawOf(job).commitDeadline, 0);
        _begin(job);
        _commit(job, 2);
        vm.assertFalse(rounds.drawOf(job).repeated);
    }

    /* UPDATES MEANWHILE */

    /// @dev Attack: a coordinator that has seen the secrets chooses the seed by naming other updates.
    function test_RevertWhen_UpdatesAreCommittedWhileSecretsAreRevealed() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        _commit(job, 0);
        _openReveals(job);

        vm.expectRevert(abi.encodeWithSelector(IRounds.DrawUnderWay.selector, job, 1));
        vm.prank(COORDINATOR);
        rounds.commit(job, 1, "another");
    }

    function test_UpdatesAreCommittedAgainOnceTheSeedIsDrawn() external {
        uint256 job = _guardedJob(3);
        _drawSeed(job, 2);
        (, bytes32 about) = rounds.drawn(job, 1);

        _train(job, "the next round's");

        (, bytes32 still) = rounds.drawn(job, 1);
        vm.assertEq(still, about);
        vm.assertTrue(rounds.history(job) != about);
    }

    function test_ADrawThatNobodyCommitsInHoldsNothingUp() external {
        uint256 job = _guardedJob(3);
        _begin(job);
        _openReveals(job);

        _train(job, "one");
    }

    /* HELPERS */

    function _train(uint256 job, bytes32 root) private {
        uint256 next = rounds.committed(job) + 1;
        vm.prank(COORDINATOR);
        rounds.commit(job, next, root);
    }

    function _openReveals(uint256 job) private {
        vm.warp(rounds.drawOf(job).commitDeadline);
    }

    function _end(uint256 job) private {
        vm.warp(rounds.drawOf(job).revealDeadline);
    }

    /// @dev A draw that is over, in which the second member, and if `count` is 1 nobody else, committed for nothing.
    function _spoiled(uint256 count) private returns (uint256 job) {
        job = _guardedJob(3);
        _begin(job);
        if (count == 2) _commit(job, 0);
        _commit(job, 1);
        _openReveals(job);
        if (count == 2) _reveal(job, 0);
        _end(job);
    }

    function _repeated() private returns (uint256 job) {
        job = _spoiled(2);
        rounds.expel(job, _list(1));
        rounds.draw(job);
    }

    function _restake(uint256 job, address account) private {
        vm.startPrank(account);
        stakes.exit(job);
        (, uint256 releasedAt) = stakes.stakeOf(job, account);
        uint256 now_ = block.timestamp;
        vm.warp(releasedAt);
        stakes.withdraw(job);
        vm.warp(now_);
        vm.stopPrank();
        _put(job, account);
    }

    function _list(uint256 member) private pure returns (address[] memory accounts) {
        accounts = new address[](1);
        accounts[0] = _member(member);
    }
}
