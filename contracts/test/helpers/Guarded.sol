// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../../src/interfaces/IRegistry.sol";
import {IReports} from "../../src/interfaces/IReports.sol";
import {AllowList} from "./AllowList.sol";
import {Book} from "./Book.sol";
import {House} from "./House.sol";
import {vm} from "./Vm.sol";

/// @title Guarded
/// @notice Jobs with all safeguards: draws, stakes and an arbiter.
abstract contract Guarded is House {
    uint128 internal constant STAKE = 100e18;
    uint128 internal constant SLASH = 60e18;
    uint128 internal constant BOND = 10e18;
    uint32 internal constant COMMIT = 2 hours;
    uint32 internal constant REVEAL = 1 hours;
    uint32 internal constant RULING = 3 days;
    uint32 internal constant UNBONDING = 5 days;

    bytes32 internal constant DIGEST = keccak256("update");

    function _safeguards() internal view returns (IRegistry.Safeguards memory) {
        return IRegistry.Safeguards(COMMIT, REVEAL, RULING, UNBONDING, STAKE, SLASH, BOND, address(arbiter));
    }

    /// @dev Reports commit to a table alone: draws and stakes are tested with no more.
    function _guardedTerms(uint256 members) internal view returns (IRegistry.Terms memory terms) {
        terms = _terms(members);
        terms.form = IRegistry.Form.Table;
        terms.safeguards = _safeguards();
    }

    /// @dev Reports commit to exact values, or to those of so many joining orders.
    function _valuedTerms(uint256 members, uint256 permutations) internal view returns (IRegistry.Terms memory terms) {
        terms = _guardedTerms(members);
        terms.form = permutations == 0 ? IRegistry.Form.Exact : IRegistry.Form.Orders;
        terms.permutations = uint32(permutations);
    }

    /* STEPS */

    function _put(uint256 job, address account) internal {
        _allowStake(account, STAKE);
        vm.prank(account);
        stakes.put(job);
    }

    function _allowStake(address account, uint256 amount) internal {
        token.mint(account, amount);
        vm.prank(account);
        token.approve(address(stakes), amount);
    }

    /// @dev A funded job that `members` and the committee have staked in, with registration closed.
    function _guardedJob(uint256 members) internal returns (uint256 job) {
        return _guardedJob(_guardedTerms(members), members);
    }

    function _guardedJob(IRegistry.Terms memory terms, uint256 members) internal returns (uint256 job) {
        job = _open(terms);
        bytes32[][] memory list = AllowList.levels(_members(members));
        for (uint256 i; i < members; ++i) {
            _put(job, _member(i));
            vm.prank(_member(i));
            registry.join(job, AllowList.proof(list, i));
        }
        for (uint256 seat; seat < keys.length; ++seat) {
            _put(job, vm.addr(keys[seat]));
        }
        vm.prank(COORDINATOR);
        registry.close(job);
        _fund(job, BUDGET);
    }

    function _begin(uint256 job) internal {
        vm.prank(COORDINATOR);
        rounds.begin(job);
    }

    function _commitment(uint256 job, uint256 member) internal view returns (bytes32) {
        return rounds.hashCommitment(
            job,
            reports.finalRound(job) + 1,
            rounds.drawOf(job).number,
            _member(member),
            DIGEST,
            _salt(rounds.drawOf(job).number, member)
        );
    }

    function _salt(uint256 draw, uint256 member) internal pure returns (bytes32) {
        return keccak256(abi.encode("salt", draw, member));
    }

    function _commit(uint256 job, uint256 member) internal {
        bytes32 commitment = _commitment(job, member);
        vm.prank(_member(member));
        rounds.commitUpdate(job, commitment);
    }

    function _reveal(uint256 job, uint256 member) internal {
        rounds.reveal(job, _member(member), DIGEST, _salt(rounds.drawOf(job).number, member));
    }

    /// @dev A whole draw of the first `members`, all of them honest.
    function _drawSeed(uint256 job, uint256 members) internal returns (bytes32 seed) {
        _begin(job);
        for (uint256 i; i < members; ++i) {
            _commit(job, i);
        }
        vm.warp(rounds.drawOf(job).commitDeadline);
        for (uint256 i; i < members; ++i) {
            _reveal(job, i);
        }
        vm.warp(rounds.drawOf(job).revealDeadline);
        rounds.draw(job);
        (seed,) = rounds.drawn(job, reports.finalRound(job) + 1);
    }

    /// @dev Posts a report that commits to a valuation; the first two of the committee sign.
    function _postValued(uint256 job, uint128[] memory amounts, Book.Pages memory book)
        internal
        returns (IReports.Report memory report)
    {
        report = _valuedReport(job, amounts, book);
        reports.postList(report, _members(amounts.length), amounts, _sign(report));
    }

    function _valuedReport(uint256 job, uint128[] memory amounts, Book.Pages memory book)
        internal
        view
        returns (IReports.Report memory report)
    {
        report = _report(job, amounts);
        (report.permutations, report.tableRoot, report.stepsRoot, report.valuesRoot) = Book.roots(book);
    }

    function _even(uint256 members) internal pure returns (uint128[] memory amounts) {
        amounts = new uint128[](members);
        for (uint256 i; i < members; ++i) {
            amounts[i] = uint128(i + 1);
        }
    }
}
