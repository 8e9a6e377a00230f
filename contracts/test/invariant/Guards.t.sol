// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Disputes} from "../../src/Disputes.sol";
import {Reports} from "../../src/Reports.sol";
import {Rounds} from "../../src/Rounds.sol";
import {Stakes} from "../../src/Stakes.sol";
import {IRounds} from "../../src/interfaces/IRounds.sol";
import {vm} from "../helpers/Vm.sol";
import {DisputeHandler} from "./DisputeHandler.sol";
import {GuardBooks} from "./GuardBooks.sol";

/// @dev What holds of stakes, draws and disputes after any sequence of the handlers' actions.
contract GuardsInvariantTest {
    DisputeHandler private _handler;
    Stakes private _stakes;
    Rounds private _rounds;
    Reports private _reports;
    Disputes private _disputes;

    function setUp() external {
        _handler = new DisputeHandler();
        _handler.listen();
        (address stakes, address rounds, address reports, address disputes) = _handler.contracts();
        (_stakes, _rounds) = (Stakes(stakes), Rounds(rounds));
        (_reports, _disputes) = (Reports(reports), Disputes(disputes));
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev 6 and 7. Every call was accepted or refused as the rules say: among them that nothing is final before
    /// its deadline or with a challenge open, that nothing is disputed from it on, and that seeds are of those who
    /// revealed in time.
    function invariant_NothingSurprisesTheGuard() external view {
        vm.assertEq(_handler.surprise(), "");
        vm.assertEq(_handler.reentries(), 0);
    }

    /// @dev 1. The balance is what is at stake, bonded, owed and burned.
    function invariant_StakesHoldsWhatItsBooksSay() external view {
        uint256 held;
        for (uint256 job = 1; job <= _handler.JOBS(); ++job) {
            held += _stakes.staked(job) + _stakes.bonded(job) + _stakes.credited(job) + _stakes.burned(job);
        }

        vm.assertEq(_handler.HOOKED().balanceOf(address(_stakes)), held);
    }

    /// @dev 8. Nobody is slashed of more than its stake: what is left of each is what the rules leave; and 9, for an
    /// action on one job leaves the books of the other as they were.
    function invariant_EveryStakeIsAsItsBooksSay() external view {
        for (uint256 job = 1; job <= _handler.JOBS(); ++job) {
            GuardBooks.Ghost memory ghost = _handler.ghosts(job);
            (uint256 staked, uint256 credited) = (0, 0);
            for (uint256 i; i < _handler.ACCOUNTS(); ++i) {
                (uint256 amount, uint256 releasedAt) = _stakes.stakeOf(job, _handler.account(i));
                vm.assertEq(amount, ghost.stake[i]);
                vm.assertEq(releasedAt, ghost.releasedAt[i]);
                vm.assertEq(_stakes.owed(job, _handler.account(i)), ghost.owed[i]);
                staked += amount;
                credited += ghost.owed[i];
            }
            vm.assertEq(_stakes.staked(job), staked);
            vm.assertEq(_stakes.credited(job), credited);
            vm.assertEq(_stakes.bonded(job), ghost.bonded);
            vm.assertEq(_stakes.burned(job), ghost.burned);
        }
    }

    /// @dev 7 and 9 of draws and reports.
    function invariant_EveryDrawAndReportIsAsItsBooksSay() external view {
        for (uint256 job = 1; job <= _handler.JOBS(); ++job) {
            GuardBooks.Ghost memory ghost = _handler.ghosts(job);
            IRounds.Draw memory draw = _rounds.drawOf(job);
            vm.assertEq(draw.number, ghost.draw);
            vm.assertEq(draw.commitDeadline, ghost.commitDeadline);
            vm.assertEq(draw.committed, ghost.committed);
            vm.assertEq(draw.revealed, ghost.revealed);
            vm.assertEq(draw.expelled, ghost.expelled);
            (bytes32 signed, uint256 deadline) = _reports.waiting(job);
            vm.assertEq(deadline, ghost.deadline);
            vm.assertEq(_reports.finalRound(job), ghost.finalRound);
            vm.assertEq(_reports.attempt(job), ghost.attempt);
            if (deadline != 0) vm.assertEq(_disputes.openOn(signed), ghost.open);
        }
    }
}
